//! Losing keys and getting them back.

use keystead_crypto::exchange::{extend_exchange_data, verify_exchange_data, verify_sender};
use keystead_crypto::give_back::{KeyUpdate, give_access_back};
use keystead_crypto::identity::{Approval, ApprovalMethod, IdentityCertificate, IdentityKey, Succession};
use keystead_crypto::key::{KeyTrust, Oaep, OwnerKeys, PinError, Pins, TrustedKey, derive_phrase, key_claim};
use keystead_crypto::legacy::{open_access, open_exchange_keys, open_exchange_keys_towards, wrap_exchange_key};
use keystead_crypto::provider::{CryptoProvider, NativeProvider};
use keystead_crypto::recovery::legacy_shares::{combine_legacy_shares, split_legacy_key};
use keystead_crypto::recovery::{
    ExchangeSecrets, KeyShare, RecoveryError, RecoveryKey, ShareError, combine_shares, open_exchange_secrets,
    open_key_pairs, open_transfer_keys, restore_exchange_data, seal_exchange_secrets, seal_key_pairs,
    seal_transfer_key, split_key,
};
use keystead_crypto::secret::ExchangeKey;
use serde_json::json;

use crate::flows::{make, object};
use crate::support::{Counting, NOW, Person, key, now, stub};

#[test]
fn recovery_keys_bring_private_keys_back() {
    let ada = Person::with(
        "ada",
        &[
            ("A", Oaep::Sha1, KeyTrust::Verified),
            ("A2", Oaep::Sha256, KeyTrust::Device),
            ("C", Oaep::Sha256, KeyTrust::Unverified),
        ],
    );
    let recovery_key = RecoveryKey::make(&ada.random);
    let data = seal_key_pairs(&ada.random, &recovery_key, "ada", ada.ring.keys(), Some(NOW)).unwrap();
    let recovered = open_key_pairs(&RecoveryKey::parse(&recovery_key.expose_text()).ok().unwrap(), &data).ok().unwrap();
    assert!(recovered.authentic);
    let found: Vec<_> =
        recovered.content.iter().map(|key| (key.owner.as_str(), key.private.public().id(), key.padding)).collect();
    let expected = [("ada", key("A").public().id(), Oaep::Sha1), ("ada", key("A2").public().id(), Oaep::Sha256)];
    assert_eq!(found, expected);

    let other = RecoveryKey::make(&ada.random);
    assert_eq!(open_key_pairs(&other, &data).err(), Some(RecoveryError::OtherKey));
    assert_eq!(open_exchange_secrets(&recovery_key, &data).err(), Some(RecoveryError::OtherType));
    let stolen = keystead_crypto::recovery::RecoveryData { recipient: "eve".into(), ..data.clone() };
    assert!(open_key_pairs(&recovery_key, &stolen).is_ok_and(|recovered| !recovered.authentic));
    let none = seal_key_pairs(&ada.random, &recovery_key, "ada", ada.ring.keys().filter(|key| !key.is_usable()), None);
    assert_eq!(none.err(), Some(RecoveryError::Nothing));
}

#[test]
fn recovery_keys_bring_exchange_data_back() {
    let (ada, bob) = (Person::new("ada", &["A"]), Person::new("bob", &["B"]));
    let (data, open) = make(&ada, &bob);
    let secrets = now(ExchangeSecrets::of(ada.crypto(), &data)).ok().unwrap();
    let recovery_key = RecoveryKey::make(&ada.random);
    let sealed = seal_exchange_secrets(&ada.random, &recovery_key, "bob", &[secrets], None).unwrap();

    let bob_later = Person::new("bob", &["P"]);
    let mut recovered = open_exchange_secrets(&recovery_key, &sealed).ok().unwrap();
    assert!(recovered.authentic);
    let secrets = recovered.content.remove(0);
    let (restored, restored_open) = now(restore_exchange_data(bob_later.crypto(), "bob", &data, secrets)).ok().unwrap();
    assert!(restored_open.exchange_key() == open.exchange_key());
    assert!(now(restored.open(&bob_later.ring)).is_ok());
    // Ada still recognises it as hers
    let verification = now(verify_exchange_data(ada.crypto(), &restored, &open, "ada", &[])).unwrap();
    assert!(verification.is_safe_for_writing());
}

#[test]
fn an_old_key_is_transferred_to_a_new_one() {
    let both = Person::new("ada", &["A", "A2"]);
    let (data, open) = make(&both, &both);
    let [old, new] = ["A", "A2"].map(key);
    let transfer = seal_transfer_key(open.exchange_key(), "ada", new.public(), &old).unwrap();
    let mut owner = stub(&["A", "A2"].map(|name| key(name).public().to_spki_hex()));
    owner["transferKeys"] = json!({(transfer.source.as_str()): {(transfer.target.as_str()): transfer.sealed}});

    let device = Person::new("ada", &["A2"]);
    let open = now(data.open(&device.ring)).ok().unwrap();
    let listed = OwnerKeys::of(&object(owner.clone())).unwrap();
    let missing = [listed.get(old.public().id()).unwrap().clone()];
    let recovered = open_transfer_keys("ada", &object(owner.clone()), &[open.exchange_key()], &missing);
    assert!(recovered.len() == 1 && recovered[0].private == old && recovered[0].authentic);
    let others = open_transfer_keys("bob", &object(owner.clone()), &[open.exchange_key()], &missing);
    assert!(others.len() == 1 && !others[0].authentic);
    assert!(open_transfer_keys("ada", &object(owner), &[open.exchange_key()], &[]).is_empty());
}

#[test]
fn any_key_is_split_and_put_together() {
    let ada = Person::with("ada", &[("A2", Oaep::Sha256, KeyTrust::Device)]);
    let shares = split_key(&ada.random, &ada.signer(), ada.own(), 3, 5).ok().unwrap();
    let reread: Vec<_> = shares.iter().map(|share| KeyShare::from_bytes(&share.to_bytes()).ok().unwrap()).collect();
    for share in &reread {
        assert_eq!(now(share.verify(&NativeProvider, key("A2").public())), Ok(()));
        assert!(now(share.verify(&NativeProvider, key("A").public())).is_err());
        assert_eq!((share.owner(), share.threshold(), share.key()), ("ada", 3, key("A2").public().id()));
    }
    for chosen in [[0, 1, 2], [4, 2, 0], [1, 3, 4]] {
        let chosen: Vec<_> =
            chosen.iter().map(|at| KeyShare::from_bytes(&shares[*at].to_bytes()).ok().unwrap()).collect();
        let (recovered, padding) = combine_shares(&chosen).ok().unwrap();
        assert!(recovered == key("A2") && padding == Oaep::Sha256);
    }
    assert_eq!(combine_shares(&reread[..2]).err(), Some(ShareError::TooFew));
    assert_eq!(combine_shares(&[]).err(), Some(ShareError::TooFew));
    let twice: Vec<_> =
        [0, 0, 1].iter().map(|at| KeyShare::from_bytes(&shares[*at].to_bytes()).ok().unwrap()).collect();
    assert_eq!(combine_shares(&twice).err(), Some(ShareError::TooFew));

    // a notary who lies is found out
    let mut bytes = shares[3].to_bytes().to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    let wrong = KeyShare::from_bytes(&bytes).ok().unwrap();
    assert_eq!(now(wrong.verify(&NativeProvider, key("A2").public())), Err(ShareError::Wrong(vec![4])));
    let mixed: Vec<_> = reread.into_iter().take(3).chain([wrong]).collect();
    assert_eq!(combine_shares(&mixed).err().unwrap().culprits(), [4]);

    let others = split_key(&ada.random, &ada.signer(), ada.own(), 3, 5).ok().unwrap();
    let mixed: Vec<_> = shares.into_iter().take(2).chain(others).collect();
    assert_eq!(combine_shares(&mixed).err(), Some(ShareError::DifferentSets));
    assert_eq!(split_key(&ada.random, &ada.signer(), ada.own(), 1, 5).err(), Some(ShareError::Threshold));
    assert_eq!(split_key(&ada.random, &ada.signer(), ada.own(), 4, 3).err(), Some(ShareError::Threshold));
}

#[test]
fn legacy_shares_round_trip() {
    let random = Counting::default();
    let secret = key("A");
    let mut shares = split_legacy_key(&random, &secret, 2, 3).ok().unwrap();
    shares.remove(1);
    let exchange_key = ExchangeKey::make(&random);
    let partition = shares[0].seal(&exchange_key).unwrap();
    let opened = keystead_crypto::recovery::legacy_shares::LegacyShare::open(&partition, &exchange_key).unwrap();
    assert_eq!(opened.expose(), shares[0].expose());
    assert!(combine_legacy_shares(&shares).is_ok_and(|key| key == secret));
    let single = split_legacy_key(&random, &secret, 1, 1).ok().unwrap();
    assert!(combine_legacy_shares(&single).is_ok_and(|key| key == secret));
}

/// The whole of a lost key: request, checks, phrase, give-back, the sender's signature afterwards.
#[test]
fn access_is_given_back_after_a_phrase() {
    let (ada, bob) = (Person::new("ada", &["A"]), Person::new("bob", &["B"]));
    let (from_bob, _) = make(&bob, &ada);
    let (from_ada, open_before) = make(&ada, &bob);
    let mut pins = Pins::default();
    pins.pin_first_use("ada", &ada.listed(), NOW).unwrap();

    // Ada's new device
    let ada_later = Person::new("ada", &["A2"]);
    assert!(now(from_bob.open(&ada_later.ring)).is_err());
    let request = KeyUpdate {
        owner: "ada".to_owned(),
        key: ada_later.own().public().clone(),
        possession: Some(now(IdentityCertificate::make(ada_later.own())).unwrap()),
        succession: None,
    };
    let properties = request.to_properties();
    let listed = OwnerKeys::of(&object(stub(&["A", "A2"].map(|name| key(name).public().to_spki_hex())))).unwrap();

    // Bob
    assert!(pins.assess("ada", &listed).is_alarming());
    let received = KeyUpdate::from_properties(&properties).unwrap();
    assert_eq!(received, request);
    let checked = now(received.check(&NativeProvider, "ada", &listed, &pins)).unwrap();
    assert!(checked.is_proven() && !checked.is_succession());
    assert_eq!(checked.phrase(), derive_phrase("ada", ada_later.own().public()));
    assert_eq!(checked.approve_by_succession(&mut pins, NOW).err(), Some(PinError::NoSuccession));
    let shown_on_her_device = derive_phrase("ada", ada_later.own().public()).to_string();
    let approved = checked.approve_by_phrase(&mut pins, &shown_on_her_device, NOW).unwrap();
    let scanned = key_claim("ada", ada_later.own().public());
    assert!(checked.approve_by_scan(&mut pins, &scanned, NOW).is_ok());
    assert!(!pins.assess("ada", &listed).is_alarming());

    let signer = bob.signer();
    let mut given = Vec::new();
    for data in [&from_bob, &from_ada] {
        let extended = now(give_access_back(bob.crypto(), &approved, data, Some(&signer))).unwrap().unwrap();
        assert!(now(extended.open(&ada_later.ring)).is_ok());
        assert_eq!(now(give_access_back(bob.crypto(), &approved, &extended, Some(&signer))).unwrap(), None);
        given.push(extended);
    }
    // Bob signed for the new key in his own; in Ada's the entry shows as added by somebody
    let open = now(given[0].open(&ada_later.ring)).ok().unwrap();
    let sender = now(verify_sender(ada_later.crypto(), &given[0], &open, &bob.trusted(), None)).unwrap();
    assert!(sender.added.is_empty() && sender.recipients.contains(&ada_later.own().public().id()));
    let knows_both = Person::new("bob", &["B"]);
    let mut trusted = ada.trusted();
    trusted.extend(ada_later.trusted());
    let sender = now(verify_sender(knows_both.crypto(), &given[1], &open_before, &trusted, None)).unwrap();
    assert_eq!(sender.added, [ada_later.own().public().fingerprint().v2()]);

    let approval = Approval {
        giver: String::new(),
        owner: "ada".to_owned(),
        key: approved.key().id(),
        method: approved.method(),
        made: NOW,
        exchange_data: given.iter().map(|data| data.id.clone()).collect(),
    };
    let record = approval.clone().sign(&signer);
    let identity = IdentityKey::derive(bob.own().private()).public();
    let read = Approval::open(&record, &identity).unwrap();
    assert_eq!((read.giver.as_str(), read.method, read.exchange_data.len()), ("bob", ApprovalMethod::Person, 2));
    assert!(Approval::open(&record, &IdentityKey::derive(ada.own().private()).public()).is_err());
}

#[test]
fn access_is_given_back_on_an_older_keys_word() {
    let (ada, bob) = (Person::new("ada", &["A", "A2"]), Person::new("bob", &["B"]));
    let mut pins = Pins::default();
    pins.pin_first_use("ada", &Person::new("ada", &["A"]).listed(), NOW).unwrap();
    let new = ada.ring.get(key("A2").public().id()).unwrap();
    let request = KeyUpdate {
        owner: "ada".to_owned(),
        key: new.public().clone(),
        possession: Some(now(IdentityCertificate::make(new)).unwrap()),
        succession: Some(now(Succession::make(ada.own(), new.public(), NOW)).unwrap()),
    };
    let received = KeyUpdate::from_properties(&request.to_properties()).unwrap();
    let checked = now(received.check(&NativeProvider, "ada", &ada.listed(), &pins)).unwrap();
    assert!(checked.is_succession());
    let approved = checked.approve_by_succession(&mut pins, NOW).unwrap();
    let (data, _) = make(&bob, &Person::new("ada", &["A"]));
    assert!(now(give_access_back(bob.crypto(), &approved, &data, None)).unwrap().is_some());
    assert_eq!(Pins::from_json(&pins.to_json()).unwrap(), pins);
}

#[test]
fn a_revoked_key_stays_out() {
    let ada = Person::new("ada", &["A"]);
    let mut pins = Pins::default();
    pins.pin_first_use("ada", &ada.listed(), NOW).unwrap();
    assert_eq!(pins.pin_first_use("ada", &ada.listed(), NOW).err(), Some(PinError::NotFirst));
    pins.revoke("ada", key("A").public().id());
    let assessment = pins.assess("ada", &ada.listed());
    assert!(assessment.trusted.is_empty() && assessment.unknown.is_empty());
    let phrase = derive_phrase("ada", key("A").public()).to_string();
    assert_eq!(pins.confirm("ada", &ada.listed().keys()[0].clone(), &phrase, NOW).err(), Some(PinError::Revoked));
}

#[test]
fn legacy_exchange_keys_in_every_form() {
    let ring = Person::with("ada", &[("A", Oaep::Sha1, KeyTrust::Device)]);
    let exchange_key = ExchangeKey::from_bytes(&[5; 16]).unwrap();
    let sealed =
        hex::encode(now(NativeProvider.encrypt(key("A").public(), Oaep::Sha1, exchange_key.expose())).unwrap());
    let (spki, v1) = (key("A").public().to_spki_hex(), key("A").public().fingerprint().v1());
    for name in [v1.as_str(), spki.as_str(), ""] {
        let owner =
            json!({"aesExchangeKeys": {(spki.as_str()): {"bob": {name: sealed}}, "xy": {"bob": {name: sealed}}}});
        let keys = now(open_exchange_keys(&ring.ring, "ada", &object(owner))).ok().unwrap();
        assert!(keys.len() == 1 && keys[0].key == exchange_key && keys[0].delegate == "bob");
        let answer = json!({"ada": {"0000": {name: sealed}}});
        let keys = now(open_exchange_keys_towards(&ring.ring, "bob", &object(answer))).ok().unwrap();
        assert!(keys.len() == 1 && keys[0].key == exchange_key && keys[0].delegator == "ada");
    }
    let oldest = json!({"hcPartyKeys": {"bob": [sealed, "00"]}});
    let keys = now(open_exchange_keys(&ring.ring, "ada", &object(oldest))).ok().unwrap();
    assert!(keys.len() == 1 && keys[0].key == exchange_key);

    // a new key is let in
    let later = Person::new("ada", &["A2"]);
    let trusted = TrustedKey::held(later.own());
    let (name, value) = now(wrap_exchange_key(&NativeProvider, &keys[0].key, &trusted)).unwrap();
    let owner = json!({"aesExchangeKeys": {(spki.as_str()): {"bob": {(name.as_str()): value}}}});
    let keys = now(open_exchange_keys(&later.ring, "ada", &object(owner))).ok().unwrap();
    assert!(keys.len() == 1 && keys[0].key == exchange_key);
    assert!(open_access(&object(json!({})), &["ada"], &keys).encryption_keys.is_empty());
}

#[test]
fn a_second_device_is_let_in_by_the_first() {
    let first = Person::new("ada", &["A"]);
    let (data, open) = make(&first, &first);
    let second = TrustedKey::dangerously_assume(&crate::support::listed("A2"));
    let extended = now(extend_exchange_data(first.crypto(), &data, &[second], Some(&first.signer()))).unwrap().unwrap();
    let opened = now(extended.open(&Person::new("ada", &["A2"]).ring)).ok().unwrap();
    assert!(opened.exchange_key() == open.exchange_key());
}
