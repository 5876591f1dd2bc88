//! A doctor shares a record with a patient, who reads it and knows from whom it is.
//!
//! `cargo run -p keystead-crypto --example share_a_record`

use keystead_crypto::access_control::EntityType;
use keystead_crypto::delegation::{
    DelegationContent, NewDelegation, Participant, Permission, SecurityMetadata, make_root_metadata,
};
use keystead_crypto::entity::{EntityRef, Manifests, Object, open_entity, seal_entity};
use keystead_crypto::exchange::{
    Crypto, ExchangeData, ExchangeIndex, NewExchangeData, make_exchange_data, verify_sender,
};
use keystead_crypto::identity::SignerIdentity;
use keystead_crypto::key::{KeyRing, KeySize, KeyTrust, Oaep, OwnerKeys, Pins};
use keystead_crypto::provider::{CryptoProvider, NativeProvider, SystemRandom};
use keystead_crypto::random::make_uuid;
use keystead_crypto::secret::EntityKey;
use serde_json::json;

type Failure = Box<dyn std::error::Error>;

/// When the example plays, in milliseconds since 1970.
const NOW: i64 = 1_795_000_000_000;

async fn device(owner: &str) -> Result<KeyRing, Failure> {
    let mut ring = KeyRing::new();
    let key = NativeProvider.make_private_key(KeySize::default()).await?;
    ring.add(&NativeProvider, owner, key, Oaep::Sha256, KeyTrust::Device).await?;
    Ok(ring)
}

/// What the server answers when asked for somebody's public keys.
fn listed(ring: &KeyRing) -> Result<OwnerKeys, Failure> {
    let keys: Vec<_> = ring.keys().map(|key| key.public().to_spki_hex()).collect();
    let stub = json!({"id": "someone", "publicKeysForOaepWithSha256": keys});
    Ok(OwnerKeys::of(stub.as_object().ok_or("an object")?)?)
}

fn main() -> Result<(), Failure> {
    pollster::block_on(async {
        let random = SystemRandom::default();
        let (doctor, patient) = (device("doctor").await?, device("patient").await?);

        let (data, stored) = write(&doctor, &random, &patient).await?;
        println!("the server keeps:\n{}\n", serde_json::to_string_pretty(&stored)?);
        read(&patient, &random, &doctor, &data, &stored).await
    })
}

async fn write(doctor: &KeyRing, random: &SystemRandom, patient: &KeyRing) -> Result<(ExchangeData, Object), Failure> {
    // the patient's keys, seen for the first time: pinned
    let mut pins = Pins::default();
    let delegate_keys = pins.pin_first_use("patient", &listed(patient)?, NOW)?;
    let own_key = doctor.keys().next().ok_or("a key")?;
    let signer = SignerIdentity::make(own_key).await?;
    let crypto = Crypto { provider: &NativeProvider, random, ring: doctor };
    let to_self = NewExchangeData { delegator: "doctor", delegate: "doctor", delegate_keys: &[], signer: None };
    let (_, own) = make_exchange_data(crypto, to_self).await?;
    let to_patient =
        NewExchangeData { delegate: "patient", delegate_keys: &delegate_keys, signer: Some(&signer), ..to_self };
    let (data, shared) = make_exchange_data(crypto, to_patient).await?;

    let record = EntityRef { entity_type: EntityType::HealthElement, id: "record-1" };
    let (entity_key, secret_id) = (EntityKey::make(random), make_uuid(random));
    let root = NewDelegation {
        entity: record,
        exchange_data: &own,
        delegator: Participant { id: "doctor", anonymous: false },
        delegate: Participant { id: "doctor", anonymous: false },
        content: DelegationContent {
            secret_ids: &[&secret_id],
            owning_entity_ids: &["patient"],
            encryption_keys: &[&entity_key],
        },
        permissions: Permission::Write,
    };
    // patients are not named in records
    let to_patient = NewDelegation {
        exchange_data: &shared,
        delegate: Participant { id: "patient", anonymous: true },
        permissions: Permission::Read,
        ..root
    };
    let clear = json!({"id": "record-1", "openingDate": 20261120, "descr": "asthma", "note": "since childhood"});
    let clear = clear.as_object().ok_or("an object")?;
    let metadata = make_root_metadata(clear, &root, &[to_patient])?;
    let mut stored = seal_entity(random, &Manifests::default(), record, &entity_key, clear)?;
    stored.insert("securityMetadata".to_owned(), metadata.to_json());
    Ok((data, stored))
}

async fn read(
    patient: &KeyRing,
    random: &SystemRandom,
    doctor: &KeyRing,
    data: &ExchangeData,
    stored: &Object,
) -> Result<(), Failure> {
    let mut pins = Pins::default();
    let trusted = pins.pin_first_use("doctor", &listed(doctor)?, NOW)?;
    let crypto = Crypto { provider: &NativeProvider, random, ring: patient };
    let mut index = ExchangeIndex::new();
    let open = index.add(data.open(patient).await?);
    let sender = verify_sender(crypto, data, &open, &trusted, pins.of("doctor")).await?;
    pins.remember_identity("doctor", &sender.identity)?;

    let record = EntityRef { entity_type: EntityType::HealthElement, id: "record-1" };
    let delegations = SecurityMetadata::of(stored)?.open_with(record, &index);
    let keys: Vec<_> = delegations.iter().flat_map(|one| &one.encryption_keys).map(|key| &key.value).collect();
    let opened = open_entity(&Manifests::default(), record, &keys, stored)?;
    println!("the patient reads: {:?}, {:?}", opened.body.get("descr"), opened.body.get("note"));
    println!("sealed for this record by a holder of its key: {}", opened.is_authenticated());
    println!("under exchange data made by: {}", data.delegator);
    Ok(())
}
