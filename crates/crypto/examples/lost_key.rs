//! A patient loses the device. Two ways back: a recovery key on paper, and a doctor who gives access
//! back after comparing seven words.
//!
//! `cargo run -p keystead-crypto --example lost_key`

use keystead_crypto::exchange::{Crypto, NewExchangeData, make_exchange_data};
use keystead_crypto::give_back::{KeyUpdate, give_access_back};
use keystead_crypto::identity::IdentityCertificate;
use keystead_crypto::key::{KeyRing, KeySize, KeyTrust, Oaep, OwnerKeys, Pins, derive_phrase};
use keystead_crypto::provider::{CryptoProvider, NativeProvider, SystemRandom};
use keystead_crypto::recovery::{RecoveryKey, open_key_pairs, seal_key_pairs};
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

fn listed(rings: &[&KeyRing]) -> Result<OwnerKeys, Failure> {
    let keys: Vec<_> = rings.iter().flat_map(|ring| ring.keys()).map(|key| key.public().to_spki_hex()).collect();
    let stub = json!({"id": "patient", "publicKeysForOaepWithSha256": keys});
    Ok(OwnerKeys::of(stub.as_object().ok_or("an object")?)?)
}

fn main() -> Result<(), Failure> {
    pollster::block_on(async {
        let random = SystemRandom::default();
        let (doctor, old_device) = (device("doctor").await?, device("patient").await?);
        let mut pins = Pins::default();
        let patient_keys = pins.pin_first_use("patient", &listed(&[&old_device])?, NOW)?;
        let crypto = Crypto { provider: &NativeProvider, random: &random, ring: &doctor };
        let new =
            NewExchangeData { delegator: "doctor", delegate: "patient", delegate_keys: &patient_keys, signer: None };
        let (data, _) = make_exchange_data(crypto, new).await?;

        // beforehand: a recovery key for the drawer
        let paper = RecoveryKey::make(&random);
        let kit = seal_key_pairs(&random, &paper, "patient", old_device.keys(), None)?;
        println!("recovery key: {}", *paper.expose_text());

        // the device is gone; with the paper, the key comes back
        let typed = RecoveryKey::parse(&paper.expose_text().to_lowercase())?;
        let recovered = open_key_pairs(&typed, &kit)?;
        println!("the recovery key gives back {} private key(s)", recovered.content.len());

        // without it: a new key, and a request to the doctor
        let new_device = device("patient").await?;
        let new_key = new_device.keys().next().ok_or("a key")?;
        let request = KeyUpdate {
            owner: "patient".to_owned(),
            key: new_key.public().clone(),
            possession: Some(IdentityCertificate::make(new_key).await?),
            succession: None,
        };
        let words = derive_phrase("patient", new_key.public());
        println!("the new device shows: {words}");
        println!("without help it opens the exchange data: {}", data.open(&new_device).await.is_ok());

        // the doctor's side: what arrived, what the server lists now, what the patient reads out
        let received = KeyUpdate::from_properties(&request.to_properties())?;
        let now_listed = listed(&[&old_device, &new_device])?;
        let checked = received.check(&NativeProvider, "patient", &now_listed, &pins).await?;
        println!("the author holds the key: {}", checked.is_proven());
        let approved = checked.approve_by_phrase(&mut pins, &words.to_string(), NOW)?;
        let extended = give_access_back(crypto, &approved, &data, None).await?.ok_or("something to do")?;
        println!("after the give-back it does: {}", extended.open(&new_device).await.is_ok());
        Ok(())
    })
}
