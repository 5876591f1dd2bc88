//! What a lying server, or somebody else with access to its database, tries; and what comes of it.

use base64ct::{Base64, Encoding};
use keystead_crypto::access_control::EntityType;
use keystead_crypto::delegation::{
    DelegationContent, NewDelegation, Participant, Permission, SecurityMetadata, make_root_metadata,
};
use keystead_crypto::entity::{
    EntityRef, FieldStatus, Manifests, Object, OpenError, OpenedEntity, SealError, open_entity, open_service,
    seal_entity,
};
use keystead_crypto::exchange::{
    DelegatorSignature, ExchangeData, ExchangeError, ExchangeIndex, NewExchangeData, SenderError, SharedSignature,
    extend_exchange_data, make_exchange_data, verify_exchange_data, verify_sender,
};
use keystead_crypto::give_back::{GiveBackError, KeyUpdate, give_access_back};
use keystead_crypto::identity::{IdentityCertificate, IdentityError, Succession};
use keystead_crypto::key::{KeyTrust, Oaep, OwnerKeys, PinError, Pins, TrustedKey, derive_phrase};
use keystead_crypto::provider::{CryptoProvider, NativeProvider};
use keystead_crypto::secret::EntityKey;
use proptest::prelude::*;
use serde_json::json;

use crate::flows::{make, object};
use crate::support::{Counting, NOW, Person, key, listed, now, stub};

const PATIENT: EntityRef<'_> = EntityRef { entity_type: EntityType::Patient, id: "patient-1" };
const OTHER: EntityRef<'_> = EntityRef { entity_type: EntityType::Patient, id: "patient-2" };

fn entity_key() -> EntityKey {
    EntityKey::from_bytes(&[7; 32]).unwrap()
}

fn seal(entity: EntityRef<'_>, clear: serde_json::Value) -> Object {
    let mut clear = object(clear);
    clear.insert("id".to_owned(), entity.id.into());
    seal_entity(&Counting::default(), &Manifests::default(), entity, &entity_key(), &clear).unwrap()
}

fn open(entity: EntityRef<'_>, stored: &Object) -> OpenedEntity {
    open_entity(&Manifests::default(), entity, &[&entity_key()], stored).unwrap()
}

#[test]
fn a_field_moved_to_another_entity_is_reported() {
    let mine = seal(PATIENT, json!({"note": "mine"}));
    let mut theirs = seal(OTHER, json!({"note": "theirs"}));
    assert!(open(PATIENT, &mine).is_authenticated() && open(OTHER, &theirs).is_authenticated());
    theirs["encryptedSelf"] = mine["encryptedSelf"].clone();
    let opened = open(OTHER, &theirs);
    assert_eq!(opened.body["note"], "mine");
    assert!(!opened.is_authenticated());
    assert_eq!(opened.report[0].status, FieldStatus::Untagged);
    // nor is one of another class with the same id
    let elsewhere = EntityRef { entity_type: EntityType::HealthElement, id: PATIENT.id };
    assert!(!open(elsewhere, &mine).is_authenticated());
}

#[test]
fn a_field_moved_within_an_entity_is_reported() {
    let contact = EntityRef { entity_type: EntityType::Contact, id: "contact-1" };
    let mut sealed = seal(
        contact,
        json!({"services": [
            {"id": "s1", "label": "dose", "content": {"en": {"numberValue": 1}}},
            {"id": "s2", "label": "age", "content": {"en": {"numberValue": 90}}},
        ]}),
    );
    let alone = sealed["services"][0].clone();
    let services = sealed["services"].as_array_mut().unwrap();
    let (first, second) = (services[0]["encryptedSelf"].clone(), services[1]["encryptedSelf"].clone());
    services[0]["encryptedSelf"] = second;
    services[1]["encryptedSelf"] = first;
    let opened = open(contact, &sealed);
    assert_eq!(opened.body["services"][0]["content"]["en"]["numberValue"], 90);
    let untagged = opened.report.iter().filter(|field| field.status == FieldStatus::Untagged);
    let untagged: Vec<_> = untagged.map(|field| field.path.as_str()).collect();
    assert_eq!(untagged, ["services[=s1].encryptedSelf", "services[=s2].encryptedSelf"]);

    // by itself too, and out of another contact
    let key = entity_key();
    let open_alone = |contact, service| open_service(&Manifests::default(), contact, &[&key], service).unwrap();
    assert!(open_alone("contact-1", alone.as_object().unwrap()).is_authenticated());
    assert!(!open_alone("contact-2", alone.as_object().unwrap()).is_authenticated());
    assert!(!open_alone("contact-1", sealed["services"][0].as_object().unwrap()).is_authenticated());
}

#[test]
fn a_root_taken_for_an_element_is_reported() {
    let mut sealed = seal(PATIENT, json!({"note": "n", "notes": [{"id": "1", "markdown": {"en": "m"}}]}));
    sealed["notes"][0]["encryptedSelf"] = sealed["encryptedSelf"].clone();
    let opened = open(PATIENT, &sealed);
    assert_eq!(opened.report.iter().filter(|field| field.status == FieldStatus::Untagged).count(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn flipped_or_cut_ciphertext_is_never_authentic(at: usize, bit in 0_u8..8, cut: usize) {
        let sealed = seal(PATIENT, json!({"note": "a note of some length"}));
        let bytes = Base64::decode_vec(sealed["encryptedSelf"].as_str().unwrap()).unwrap();
        let mut flipped = bytes.clone();
        flipped[at % bytes.len()] ^= 1 << bit;
        for changed in [&flipped[..], &bytes[..cut % bytes.len()]] {
            let mut stored = sealed.clone();
            stored["encryptedSelf"] = Base64::encode_string(changed).into();
            match open_entity(&Manifests::default(), PATIENT, &[&entity_key()], &stored) {
                Ok(opened) => prop_assert!(!opened.is_authenticated()),
                Err(error) => prop_assert_eq!(error, OpenError::NoKey),
            }
        }
    }
}

#[test]
fn a_value_planted_in_clear_is_reported() {
    let mut sealed = seal(PATIENT, json!({"note": "n", "insurabilities": [{"insuranceId": "i"}]}));
    sealed.insert("warning".to_owned(), "allergic to nothing".into());
    let opened = open(PATIENT, &sealed);
    assert!(!opened.is_authenticated());
    let planted = opened.report.iter().find(|field| field.status == FieldStatus::InClear).unwrap();
    assert_eq!(planted.path, "warning");
    // what is sealed wins over what stands beside it; and every server fills in times
    sealed.shift_remove("warning");
    sealed.insert("note".to_owned(), "planted".into());
    sealed.insert("created".to_owned(), 1.into());
    let opened = open(PATIENT, &sealed);
    assert_eq!(opened.body["note"], "n");
    assert!(opened.is_authenticated());

    // an element with everything in clear, and one without anything sealed
    let mut sealed = seal(PATIENT, json!({"insurabilities": [{"insuranceId": "i"}]}));
    sealed["insurabilities"] = json!([{"insuranceId": "planted"}]);
    let statuses: Vec<_> = open(PATIENT, &sealed).report.iter().map(|field| field.status).collect();
    assert!(statuses.contains(&FieldStatus::Missing) && statuses.contains(&FieldStatus::InClear));

    // all of it in clear
    let clear = object(json!({"id": "patient-1", "note": "planted"}));
    assert!(!open(PATIENT, &clear).is_authenticated());

    let contact = EntityRef { entity_type: EntityType::Contact, id: "contact-1" };
    let mut sealed = seal(contact, json!({"services": [{"id": "s1", "content": {"en": {"numberValue": 1}}}]}));
    sealed["services"][0] = json!({"id": "s1", "content": {"en": {"numberValue": 2}}});
    assert!(!open(contact, &sealed).is_authenticated());
}

#[test]
fn sealed_content_cannot_change_what_the_server_acts_on() {
    let manifests = Manifests::default().with(EntityType::Patient, ["note", "rev", "securityMetadata"]).unwrap();
    let clear = object(json!({"id": "patient-1", "rev": "9-x", "securityMetadata": {}, "note": "n"}));
    let mut sealed = seal_entity(&Counting::default(), &manifests, PATIENT, &entity_key(), &clear).unwrap();
    sealed.insert("rev".to_owned(), "1-a".into());
    let opened = open(PATIENT, &sealed);
    assert_eq!(opened.body["rev"], "1-a");
    assert!(!opened.body.contains_key("securityMetadata"));
}

#[test]
fn an_entity_of_another_key_is_not_sealed_over() {
    let sealed = seal(PATIENT, json!({"note": "n"}));
    let other = EntityKey::from_bytes(&[8; 32]).unwrap();
    assert_eq!(open_entity(&Manifests::default(), PATIENT, &[&other], &sealed).err(), Some(OpenError::NoKey));
    let resealed = seal_entity(&Counting::default(), &Manifests::default(), PATIENT, &other, &sealed);
    assert_eq!(resealed.err(), Some(SealError::OtherKey));
}

#[test]
fn a_delegation_moved_to_another_entity_is_reported() {
    let ada = Person::new("ada", &["A"]);
    let (_, own) = make(&ada, &ada);
    let (key, side) = (entity_key(), Participant { id: "ada", anonymous: false });
    let root = NewDelegation {
        entity: PATIENT,
        exchange_data: &own,
        delegator: side,
        delegate: side,
        content: DelegationContent { secret_ids: &["s"], owning_entity_ids: &["o"], encryption_keys: &[&key] },
        permissions: Permission::Write,
    };
    let metadata: SecurityMetadata = make_root_metadata(&Object::new(), &root, &[]).unwrap();
    let mut index = ExchangeIndex::new();
    index.add(own);
    let authentic = |entity| {
        let opened = metadata.open_with(entity, &index);
        [
            opened[0].secret_ids[0].authentic,
            opened[0].owning_entity_ids[0].authentic,
            opened[0].encryption_keys[0].authentic,
        ]
    };
    assert_eq!(authentic(PATIENT), [true; 3]);
    assert_eq!(authentic(OTHER), [false; 3]);

    // a secret id taken for the id of the owning entity
    let mut swapped = metadata.clone();
    let delegation = swapped.secure_delegations.values_mut().next().unwrap();
    std::mem::swap(&mut delegation.secret_ids, &mut delegation.owning_entity_ids);
    let opened = swapped.open_with(PATIENT, &index);
    assert!(!opened[0].secret_ids[0].authentic && !opened[0].owning_entity_ids[0].authentic);
}

#[test]
fn a_substituted_public_key_raises_the_alarm_and_gets_nothing() {
    let (ada, bob) = (Person::new("ada", &["A"]), Person::new("bob", &["B"]));
    let mut pins = Pins::default();
    let trusted = pins.pin_first_use("bob", &bob.listed(), NOW).unwrap();
    assert_eq!(trusted.len(), 1);

    let replaced = OwnerKeys::of(&object(stub(&[key("C").public().to_spki_hex()]))).unwrap();
    let assessment = pins.assess("bob", &replaced);
    assert!(assessment.is_alarming() && assessment.trusted.is_empty());
    assert_eq!((assessment.unknown.len(), assessment.missing.len()), (1, 1));
    let new = NewExchangeData { delegator: "ada", delegate: "bob", delegate_keys: &assessment.trusted, signer: None };
    assert_eq!(now(make_exchange_data(ada.crypto(), new)).err(), Some(ExchangeError::NoDelegateKey));

    // beside the right one: shared with the right one only
    let both = ["B", "C"].map(|name| key(name).public().to_spki_hex());
    let assessment = pins.assess("bob", &OwnerKeys::of(&object(stub(&both))).unwrap());
    assert!(assessment.is_alarming() && assessment.missing.is_empty());
    let new = NewExchangeData { delegate_keys: &assessment.trusted, ..new };
    let (data, _) = now(make_exchange_data(ada.crypto(), new)).ok().unwrap();
    assert!(!data.is_for(key("C").public().fingerprint()));

    // listed for the other padding
    let moved = json!({"publicKey": key("B").public().to_spki_hex()});
    let assessment = pins.assess("bob", &OwnerKeys::of(&object(moved)).unwrap());
    assert!(assessment.is_alarming() && assessment.trusted.is_empty() && assessment.moved.len() == 1);
}

#[test]
fn a_key_with_the_same_fingerprint_is_another_key() {
    let org = Person::new("org", &["ORG"]);
    let mut pins = Pins::default();
    pins.pin_first_use("org", &org.listed(), NOW).unwrap();
    let forged = OwnerKeys::of(&object(stub(&[key("COLLIDING").public().to_spki_hex()]))).unwrap();
    assert_eq!(forged.keys()[0].key.fingerprint(), org.own().public().fingerprint());
    let assessment = pins.assess("org", &forged);
    assert!(assessment.is_alarming() && assessment.trusted.is_empty());
    let phrase = derive_phrase("org", org.own().public()).to_string();
    assert_eq!(pins.confirm("org", &forged.keys()[0].clone(), &phrase, NOW).err(), Some(PinError::PhraseDiffers));

    // in a map, it would take the place of the other
    let ada = Person::new("ada", &["ORG"]);
    let delegate_keys = [TrustedKey::dangerously_assume(&forged.keys()[0])];
    let new = NewExchangeData { delegator: "ada", delegate: "org", delegate_keys: &delegate_keys, signer: None };
    assert_eq!(now(make_exchange_data(ada.crypto(), new)).err(), Some(ExchangeError::FingerprintCollision));
    let (data, _) = make(&ada, &Person::new("bob", &["B"]));
    let mut without = data.clone();
    for map in [&mut without.exchange_key, &mut without.access_control_secret, &mut without.shared_signature_key] {
        map.remove(&key("ORG").public().fingerprint().v2());
    }
    let bob = Person::with("bob", &[("B", Oaep::Sha256, KeyTrust::Device), ("ORG", Oaep::Sha256, KeyTrust::Device)]);
    let extended = now(extend_exchange_data(bob.crypto(), &without, &delegate_keys, None));
    assert_eq!(extended.err(), Some(ExchangeError::FingerprintCollision));
}

#[test]
fn exchange_data_that_a_server_made_is_not_written_with() {
    // The server knows Ada's public key, so it can make exchange data from Ada to Ada whose secrets it knows.
    let ada = Person::new("ada", &["A"]);
    let (mut planted, _) = make(&ada, &ada);
    planted.delegator_signature.clear();
    let open = now(planted.open(&ada.ring)).ok().unwrap();
    let verification = now(verify_exchange_data(ada.crypto(), &planted, &open, "ada", &[])).unwrap();
    assert_eq!((verification.shared, verification.delegator), (SharedSignature::Cardinal, DelegatorSignature::Unknown));
    assert!(!verification.is_safe_for_writing());

    // Nor does letting a second device in make it so.
    let second = [TrustedKey::dangerously_assume(&listed("A2"))];
    let extended = now(extend_exchange_data(ada.crypto(), &planted, &second, Some(&ada.signer()))).unwrap().unwrap();
    assert!(extended.delegator_signature.is_empty());
    let verification = now(verify_exchange_data(ada.crypto(), &extended, &open, "ada", &[])).unwrap();
    assert!(!verification.is_safe_for_writing());
}

#[test]
fn changed_exchange_data_is_not_written_with() {
    let (ada, bob) = (Person::new("ada", &["A"]), Person::new("bob", &["B"]));
    let (data, _) = make(&ada, &bob);
    let (other, _) = make(&ada, &bob);
    let eve = Base64::encode_string(&now(NativeProvider.encrypt(key("C").public(), Oaep::Sha256, &[1; 32])).unwrap());
    let fingerprint = key("C").public().fingerprint().v2();
    type Change<'a> = (&'a str, &'a dyn Fn(&mut ExchangeData));
    let changes: [Change<'_>; 6] = [
        ("delegate", &|data| data.delegate = "eve".to_owned()),
        ("exchange key of another", &|data| data.exchange_key = other.exchange_key.clone()),
        ("secret of another", &|data| data.access_control_secret = other.access_control_secret.clone()),
        ("another recipient", &|data| {
            data.exchange_key.insert(fingerprint.clone(), eve.clone());
        }),
        ("no shared signature", &|data| data.shared_signature.clear()),
        ("another's delegator signature", &|data| data.delegator_signature = other.delegator_signature.clone()),
    ];
    for (what, change) in changes {
        let mut changed = data.clone();
        change(&mut changed);
        let open = now(changed.open(&ada.ring)).ok().unwrap();
        let verification = now(verify_exchange_data(ada.crypto(), &changed, &open, "ada", &[])).unwrap();
        assert!(!verification.is_safe_for_writing(), "{what}");
        // letting another key in does not repair it
        let new = [TrustedKey::dangerously_assume(&listed("P"))];
        let extended = now(extend_exchange_data(ada.crypto(), &changed, &new, Some(&ada.signer()))).unwrap().unwrap();
        let verification = now(verify_exchange_data(ada.crypto(), &extended, &open, "ada", &[])).unwrap();
        assert!(!verification.is_safe_for_writing(), "{what}, extended");
    }
}

#[test]
fn ids_that_could_stand_for_other_fields_are_refused() {
    let ada = Person::new("ada", &["A"]);
    for id in ["bob\"],[\"x", "bob\\", "bob\n", ""] {
        let keys = [TrustedKey::dangerously_assume(&listed("B"))];
        let new = NewExchangeData { delegator: "ada", delegate: id, delegate_keys: &keys, signer: None };
        assert_eq!(now(make_exchange_data(ada.crypto(), new)).err(), Some(ExchangeError::Id), "{id}");
    }
}

#[test]
fn forged_senders_are_told_from_true_ones() {
    let (ada, bob) = (Person::new("ada", &["A"]), Person::new("bob", &["B"]));
    let (data, _) = make(&ada, &bob);
    let mut pins = Pins::default();
    let trusted = pins.pin_first_use("ada", &ada.listed(), NOW).unwrap();
    let check = |data: &ExchangeData, pins: &Pins| {
        let open = now(data.open(&bob.ring)).ok().unwrap();
        now(verify_sender(bob.crypto(), data, &open, &trusted, pins.of(&data.delegator)))
    };
    let sender = check(&data, &pins).unwrap();
    pins.remember_identity("ada", &sender.identity).unwrap();

    // stripped: noticed because Ada is known to sign
    let mut stripped = data.clone();
    stripped.delegator_signature.retain(|_, value| value.len() == 88);
    assert_eq!(check(&stripped, &pins).err(), Some(SenderError::Stripped));
    assert_eq!(check(&stripped, &Pins::default()).err(), Some(SenderError::Unsigned));

    // somebody else's, in Ada's name
    let delegate_keys = bob.trusted();
    let eve_as_ada = Person::new("ada", &["C"]);
    let signer = eve_as_ada.signer();
    let new =
        NewExchangeData { delegator: "ada", delegate: "bob", delegate_keys: &delegate_keys, signer: Some(&signer) };
    let (forged, _) = now(make_exchange_data(eve_as_ada.crypto(), new)).ok().unwrap();
    assert_eq!(check(&forged, &pins).err(), Some(SenderError::UnknownKey));

    // Ada's signature on other secrets, other participants, another id
    let (others, _) = make(&ada, &bob);
    let mut mixed = others.clone();
    mixed.delegator_signature = data.delegator_signature.clone();
    assert_eq!(check(&mixed, &pins).err(), Some(SenderError::Forged));
    for change in [
        &(|data: &mut ExchangeData| data.id = "other".to_owned()) as &dyn Fn(&mut ExchangeData),
        &|data| data.delegate = "eve".to_owned(),
        &|data| data.exchange_key = others.exchange_key.clone(),
        &|data| data.shared_signature_key = others.shared_signature_key.clone(),
    ] {
        let mut changed = data.clone();
        change(&mut changed);
        assert_eq!(check(&changed, &pins).err(), Some(SenderError::Forged));
    }
    // Eve's certificate for Ada's identity key, and under another name
    let mut renamed = data.clone();
    let (name, value) = renamed.delegator_signature.iter().find(|(_, value)| value.len() > 88).unwrap();
    let (name, value) = (name.clone(), value.clone());
    renamed.delegator_signature.remove(&name);
    renamed.delegator_signature.insert("0".repeat(22), value);
    assert_eq!(check(&renamed, &pins).err(), Some(SenderError::Stripped));
}

#[test]
fn certificates_are_of_one_owner_and_one_key() {
    let (ada, bob) = (Person::new("ada", &["A"]), Person::new("bob", &["B"]));
    let certificate = now(IdentityCertificate::make(ada.own())).unwrap();
    let verify = |owner, name| now(certificate.verify(&NativeProvider, owner, key(name).public()));
    assert!(verify("ada", "A").is_ok());
    assert_eq!(verify("bob", "A").err(), Some(IdentityError::Signature));
    assert_eq!(verify("ada", "B").err(), Some(IdentityError::OtherSubject));
    let succession = now(Succession::make(ada.own(), bob.own().public(), NOW)).unwrap();
    let verified = now(succession.verify(&NativeProvider, "ada", key("A").public())).unwrap();
    assert!(now(succession.verify(&NativeProvider, "bob", key("A").public())).is_err());

    // a succession speaks for its key, by a pinned one, only
    let mut pins = Pins::default();
    let b = listed("B");
    assert_eq!(pins.succeed(&b, &verified, NOW).err(), Some(PinError::NoSuccession));
    pins.pin_first_use("ada", &ada.listed(), NOW).unwrap();
    assert_eq!(pins.succeed(&listed("C"), &verified, NOW).err(), Some(PinError::NoSuccession));
    assert!(pins.clone().succeed(&b, &verified, NOW).is_ok());
    pins.revoke("ada", key("A").public().id());
    assert_eq!(pins.succeed(&b, &verified, NOW).err(), Some(PinError::NoSuccession));
}

#[test]
fn forged_requests_for_access_are_refused() {
    let ada_later = Person::new("ada", &["A2"]);
    let pins = Pins::default();
    let request =
        KeyUpdate { owner: "ada".to_owned(), key: key("A2").public().clone(), possession: None, succession: None };
    let published = ada_later.listed();
    let check = |request: &KeyUpdate, author: &str, listed: &OwnerKeys| {
        now(request.check(&NativeProvider, author, listed, &pins))
    };
    assert!(check(&request, "ada", &published).is_ok_and(|checked| !checked.is_proven()));
    assert_eq!(check(&request, "eve", &published).err(), Some(GiveBackError::NotTheOwner));
    let elsewhere = OwnerKeys::of(&object(stub(&[key("A").public().to_spki_hex()]))).unwrap();
    assert_eq!(check(&request, "ada", &elsewhere).err(), Some(GiveBackError::NotPublished));

    // the proof of another key, or for another owner
    let of = |id, name| now(IdentityCertificate::make(Person::new(id, &[name]).own())).unwrap();
    let with = |possession| KeyUpdate { possession: Some(possession), ..request.clone() };
    assert!(check(&with(of("ada", "A2")), "ada", &published).is_ok_and(|checked| checked.is_proven()));
    let refused = |error| Some(GiveBackError::Proof(error));
    assert_eq!(check(&with(of("ada", "C")), "ada", &published).err(), refused(IdentityError::OtherSubject));
    assert_eq!(check(&with(of("eve", "A2")), "ada", &published).err(), refused(IdentityError::Signature));

    // a key whose fingerprint is right
    let forged = KeyUpdate { owner: "org".to_owned(), key: key("COLLIDING").public().clone(), ..request.clone() };
    assert_eq!(check(&forged, "org", &Person::new("org", &["ORG"]).listed()).err(), Some(GiveBackError::NotPublished));

    // the phrase of another key does not approve it
    let checked = check(&request, "ada", &published).unwrap();
    let wrong = derive_phrase("ada", key("A").public()).to_string();
    let mut pins = Pins::default();
    assert_eq!(checked.approve_by_phrase(&mut pins, &wrong, NOW).err(), Some(PinError::PhraseDiffers));
    // and an approval for Ada lets her into nothing of others
    let approved = checked.approve_by_phrase(&mut pins, &checked.phrase().to_string(), NOW).unwrap();
    let (bob, eve) = (Person::new("bob", &["B"]), Person::new("eve", &["C"]));
    let (data, _) = make(&bob, &eve);
    let given = now(give_access_back(bob.crypto(), &approved, &data, None));
    assert_eq!(given.err(), Some(ExchangeError::OtherParticipants));
}

#[test]
fn a_succession_by_a_key_that_is_not_pinned_counts_for_nothing() {
    let eve = Person::new("ada", &["C", "A2"]);
    let succession = now(Succession::make(eve.own(), key("A2").public(), NOW)).unwrap();
    let request = KeyUpdate {
        owner: "ada".to_owned(),
        key: key("A2").public().clone(),
        possession: None,
        succession: Some(succession),
    };
    let mut pins = Pins::default();
    pins.pin_first_use("ada", &Person::new("ada", &["A"]).listed(), NOW).unwrap();
    let all = ["A", "C", "A2"].map(|name| key(name).public().to_spki_hex());
    let listed = OwnerKeys::of(&object(stub(&all))).unwrap();
    let checked = now(request.check(&NativeProvider, "ada", &listed, &pins)).unwrap();
    assert!(!checked.is_succession());
}
