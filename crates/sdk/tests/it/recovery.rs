//! Losing a device and getting the keys back without anybody's help, or with a recovery key of somebody.

use std::time::Duration;

use async_trait::async_trait;
use keystead_model::Object;
use keystead_sdk::api::LoginError;
use keystead_sdk::crypto::exchange::ExchangeData;
use keystead_sdk::crypto::key::{KeyRing, KeyTrust, Oaep, PrivateKey};
use keystead_sdk::crypto::provider::{CryptoProvider, NativeProvider, SystemRandom};
use keystead_sdk::crypto::recovery::legacy_shares::split_legacy_key;
use keystead_sdk::crypto::recovery::{RecoveryDataType, seal_transfer_key};
use keystead_sdk::data_samples::DataSample;
use keystead_sdk::healthcare_elements::HealthcareElement;
use keystead_sdk::keys::{CryptoStrategies, KeyDecision, KeysError, MissingKey, NewKeyReason};
use keystead_sdk::patients::Patient;
use keystead_sdk::recovery::{RecoveryError, RecoveryKeyError, RestoredExchange, open_exported_keys};
use keystead_sdk::secret::SecretText;
use keystead_sdk::storage::MemoryStorage;
use keystead_sdk::testing::Fault;
use keystead_sdk::{Api, AuthenticationResult};
use serde_json::{Value, json};

use crate::support::{DAENERYS, TestServer, exchange_data_of};

/// Answers with a recovery key.
struct Typed(String);

#[async_trait]
impl CryptoStrategies for Typed {
    async fn missing_key(&self, _: &MissingKey) -> KeyDecision {
        KeyDecision::RecoveryKey(SecretText::from(self.0.as_str()))
    }
}

/// Makes a new key beside the one on another device.
struct SecondDevice;

#[async_trait]
impl CryptoStrategies for SecondDevice {
    async fn missing_key(&self, _: &MissingKey) -> KeyDecision {
        KeyDecision::NewKey(NewKeyReason::OtherDevice)
    }
}

async fn enter(
    server: &TestServer,
    registered: &AuthenticationResult,
    device: &MemoryStorage,
    strategies: impl CryptoStrategies + 'static,
) -> Result<Api, LoginError> {
    let api = server.api(device).user_name(DAENERYS).token(registered.token.duplicate());
    api.crypto_strategies(strategies).build().await
}

async fn typed(server: &TestServer, registered: &AuthenticationResult, text: &str) -> RecoveryKeyError {
    let outcome = enter(server, registered, &MemoryStorage::new(), Typed(text.to_owned())).await;
    let error = outcome.err().and_then(|error| match error {
        LoginError::Keys(KeysError::RecoveryKey(error)) => Some(error),
        _ => None,
    });
    error.unwrap()
}

/// A doctor's colleague, as good as any other.
async fn colleague(server: &TestServer) -> (String, Api) {
    let id = server.make_doctor(&server.group, "barristan", "selmy-selmy").await;
    let api = server.api(&MemoryStorage::new()).user_name("barristan").password("selmy-selmy").build().await.unwrap();
    (id, api)
}

/// The keys of `owner`: this one.
async fn ring(owner: &str, key: &PrivateKey) -> KeyRing {
    let mut ring = KeyRing::new();
    let own = PrivateKey::from_pkcs8(key.expose_pkcs8()).ok().unwrap();
    ring.add(&NativeProvider, owner, own, Oaep::Sha256, KeyTrust::Device).await.unwrap();
    ring
}

fn ids(api: &Api) -> Vec<String> {
    api.key_pairs().iter().map(|key| key.public().id().to_string()).collect()
}

#[tokio::test]
async fn a_recovery_key_on_paper_brings_everything_back() {
    let server = TestServer::new().await;
    // her responsible doctor, with a key to share with
    drop(server.doctor().await);
    let registered = server.by_code(&MemoryStorage::new()).await;
    let api = &registered.api;
    let patient = api.patients().current().await.unwrap();
    let element = api.healthcare_elements().create_for(patient.id(), HealthcareElement::new("asthma")).await.unwrap();
    let kit = api.recovery().make_recovery_key(None).await.unwrap();
    assert_eq!(kit.text().expose().len(), 64);
    assert!(kit.qr_svg().unwrap().expose().starts_with("<?xml"));
    assert_eq!(api.recovery().list().await.unwrap()[0].id(), kit.id());

    // as people type it
    let text = kit.text().expose().to_lowercase().replace('-', " ");
    let device = MemoryStorage::new();
    let back = enter(&server, &registered, &device, Typed(text)).await.unwrap();
    assert_eq!(ids(&back), ids(api));
    assert!(back.keys_report().unavailable.is_empty() && back.keys_report().created.is_none());
    assert!(back.healthcare_elements().get(element.id()).await.unwrap().is_authenticated());
    assert!(device.names().iter().any(|name| name.contains(".rsa.recovered.")));
    assert_eq!(back.recovery().list().await.unwrap().len(), 1, "the report counts it on this device too");
    // the next start asks nobody
    let again = server.api(&device).user_name(DAENERYS).token(registered.token.duplicate()).build().await.unwrap();
    assert!(again.keys_report().unverified.is_empty());

    assert!(again.recovery().delete(kit.id()).await.unwrap());
    assert!(!again.recovery().delete(kit.id()).await.unwrap());
    assert!(api.recovery().list().await.unwrap().is_empty(), "made here, deleted there");
    assert!(matches!(typed(&server, &registered, kit.text().expose()).await, RecoveryKeyError::NotFound));
}

#[tokio::test]
async fn recovery_keys_that_do_not_work_say_why() {
    let server = TestServer::new().await;
    let doctor = server.doctor().await;
    let registered = server.by_code(&MemoryStorage::new()).await;
    let recovery = registered.api.recovery();
    let kit = recovery.make_recovery_key(Some(Duration::from_secs(3600))).await.unwrap();
    assert_eq!(kit.expires(), Some(crate::support::START + 3_600_000));
    let text = kit.text().expose();

    for broken in ["", "dragon", &text[..63], &text.replace('-', "!")] {
        assert!(matches!(typed(&server, &registered, broken).await, RecoveryKeyError::NotARecoveryKey), "{broken}");
    }
    let other = if text.starts_with('A') { "B" } else { "A" };
    let mistyped = format!("{other}{}", &text[1..]);
    assert!(matches!(typed(&server, &registered, &mistyped).await, RecoveryKeyError::NotFound));

    let of_doctor = doctor.recovery().make_recovery_key(None).await.unwrap();
    let error = typed(&server, &registered, of_doctor.text().expose()).await;
    assert!(matches!(error, RecoveryKeyError::ForSomebodyElse));
    let error = recovery.use_exchange_recovery(kit.text()).await.unwrap_err();
    assert!(matches!(error, RecoveryError::Key(RecoveryKeyError::OtherPurpose)));

    server.transport.plan("/recoverydata/", vec![Fault::NotSent; 4]);
    let error = typed(&server, &registered, text).await;
    assert!(error.retryable(), "{error}");
    server.transport.clear();

    server.tamper("RecoveryData", kit.id(), |data| data["encryptedSelf"] = json!("AAAA")).await;
    assert!(matches!(typed(&server, &registered, text).await, RecoveryKeyError::Damaged));
    assert!(recovery.list().await.unwrap().is_empty(), "what was replaced brings nothing back");

    let kit = recovery.make_recovery_key(Some(Duration::from_secs(3600))).await.unwrap();
    server.clock.advance(4_000_000);
    assert!(matches!(typed(&server, &registered, kit.text().expose()).await, RecoveryKeyError::NotFound));
    assert!(recovery.list().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_recovery_key_counts_only_when_the_server_kept_it() {
    let server = TestServer::new().await;
    let registered = server.by_code(&MemoryStorage::new()).await;
    let recovery = registered.api.recovery();
    // the answer is lost, the second attempt finds its own work
    server.transport.plan("POST ", [Fault::AnswerLost]);
    let kit = recovery.make_recovery_key(None).await.unwrap();
    enter(&server, &registered, &MemoryStorage::new(), Typed(kit.text().expose().to_owned())).await.unwrap();
    // something on the way says that it is there, and it is not
    let answer = |status| Fault::Answer { status, retry_after: None };
    server.transport.plan("POST ", [answer(502), answer(409)]);
    assert!(matches!(recovery.make_recovery_key(None).await, Err(RecoveryError::NotKept)));
    assert_eq!(recovery.list().await.unwrap().len(), 1);
    // official clients do not look at the answer
    server.transport.plan("POST ", [answer(403)]);
    let error = recovery.make_recovery_key(None).await.unwrap_err();
    assert!(matches!(error, RecoveryError::Record(_)) && !error.retryable());

    let made = recovery.make_recovery_key(None).await.unwrap();
    assert_ne!(made.id(), kit.id());
    assert_eq!(recovery.delete_all(Some(RecoveryDataType::ExchangeKeyRecovery)).await.unwrap(), 0);
    assert_eq!(recovery.delete_all(None).await.unwrap(), 2);
    assert!(recovery.list().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_patient_gets_access_back_by_a_recovery_key_of_the_doctor() {
    let server = TestServer::new().await;
    let doctor = server.doctor().await;
    let (_, other) = colleague(&server).await;
    let registered = server.by_code(&MemoryStorage::new()).await;
    let patient = registered.api.patients().current().await.unwrap();
    let me = patient.id().to_owned();
    let diary = vec![DataSample::new("diary").with_text("en", "slept well")];
    let made = registered.api.data_samples().create_for(&me, diary).await.unwrap();

    let lost = enter(&server, &registered, &MemoryStorage::new(), SecondDevice).await.unwrap();
    assert!(lost.data_samples().get(made[0].id()).await.is_err());
    let nothing = other.recovery().give_recovery_of_exchange_keys(&me, None).await;
    assert!(matches!(nothing, Err(RecoveryError::Nothing)));
    let kit = doctor.recovery().give_recovery_of_exchange_keys(&me, None).await.unwrap();
    let stolen = other.recovery().use_exchange_recovery(kit.text()).await.unwrap_err();
    assert!(matches!(stolen, RecoveryError::Key(RecoveryKeyError::ForSomebodyElse)));
    assert!(matches!(typed(&server, &registered, kit.text().expose()).await, RecoveryKeyError::OtherPurpose));

    // interrupted after the write, and used again
    server.transport.plan("PUT ", vec![Fault::AnswerLost; 4]);
    let error = lost.recovery().use_exchange_recovery(kit.text()).await.unwrap_err();
    assert!(matches!(error, RecoveryError::Record(_)), "{error}");
    let outcome = lost.recovery().use_exchange_recovery(kit.text()).await.unwrap();
    assert_eq!(outcome, RestoredExchange { restored: 0, open_before: 1, unusable: 0 });
    assert_eq!(lost.data_samples().get(made[0].id()).await.unwrap().text("en"), Some("slept well"));

    let late = doctor.recovery().give_recovery_of_exchange_keys(&me, Some(Duration::from_secs(1))).await.unwrap();
    // waiting between attempts moved the clock of the clients
    server.clock.advance(600_000);
    let error = lost.recovery().use_exchange_recovery(late.text()).await.unwrap_err();
    assert!(matches!(error, RecoveryError::Key(RecoveryKeyError::NotFound)));
}

#[tokio::test]
async fn a_doctor_gets_access_back_by_a_recovery_key_of_a_patient() {
    let server = TestServer::new().await;
    drop(server.doctor().await);
    let registered = server.by_code(&MemoryStorage::new()).await;
    let patient = registered.api.patients().current().await.unwrap();
    let element = HealthcareElement::new("asthma");
    let element = registered.api.healthcare_elements().create_for(patient.id(), element).await.unwrap();

    let device = MemoryStorage::new();
    let login = || server.api(&device).user_name("jorah").password("dragonstone").new_key_when_lost();
    let lost = login().build().await.unwrap();
    assert!(lost.healthcare_elements().get(element.id()).await.is_err());
    let kit = registered.api.recovery().give_recovery_of_exchange_keys(&server.doctor, None).await.unwrap();
    server.transport.plan("PUT ", [Fault::AnswerLost]);
    let outcome = lost.recovery().use_exchange_recovery(kit.text()).await.unwrap();
    assert_eq!(outcome, RestoredExchange { restored: 1, open_before: 0, unusable: 0 });
    assert!(lost.healthcare_elements().get(element.id()).await.unwrap().is_authenticated());
    // and the next time too: the map that leads there was mended
    let later = login().build().await.unwrap();
    assert!(later.healthcare_elements().get(element.id()).await.unwrap().is_authenticated());
}

#[tokio::test]
async fn exported_keys_open_with_their_passphrase_only() {
    let server = TestServer::new().await;
    let registered = server.by_code(&MemoryStorage::new()).await;
    let passphrase = SecretText::from("mother of dragons");
    let short = registered.api.recovery().export_keys(&"dragons".into()).unwrap_err();
    assert!(matches!(short, RecoveryError::PassphraseTooShort));
    let file = registered.api.recovery().export_keys(&passphrase).unwrap();
    let own = registered.key_pairs[0].public();
    assert!(!file.windows(16).any(|part| part == &registered.key_pairs[0].expose_pkcs8()[100..116]));

    let wrong = open_exported_keys(&file, &"Mother of dragons".into()).err().unwrap();
    assert!(matches!(wrong, RecoveryError::WrongPassphrase));
    assert!(matches!(open_exported_keys(b"{}", &passphrase).err().unwrap(), RecoveryError::NotAnExport));
    let mut changed = file.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert!(matches!(open_exported_keys(&changed, &passphrase).err().unwrap(), RecoveryError::WrongPassphrase));

    let key = open_exported_keys(&file, &passphrase).unwrap().remove(0);
    assert_eq!(key.public(), own);
    let api = server.api(&MemoryStorage::new()).user_name(DAENERYS).token(registered.token.duplicate());
    let api = api.key_pair(key).build().await.unwrap();
    assert_eq!(ids(&api), ids(&registered.api));

    let doctor = server.doctor().await;
    let foreign = doctor.recovery().import_keys(&file, &passphrase).await.unwrap_err();
    assert!(matches!(foreign, RecoveryError::ForSomebodyElse));
}

#[tokio::test]
async fn whoever_holds_one_own_key_gets_the_others() {
    let server = TestServer::new().await;
    let first = MemoryStorage::new();
    let registered = server.by_code(&first).await;
    let passphrase = SecretText::from("mother of dragons");
    let file = registered.api.recovery().export_keys(&passphrase).unwrap();
    let device = MemoryStorage::new();
    let second = enter(&server, &registered, &device, SecondDevice).await.unwrap();
    assert_eq!(second.keys_report().transfer_keys_made, 0, "there is nothing to connect with one key");

    // the second device cannot write the connection down, and starts all the same
    server.transport.plan("/dataowner/stub", vec![Fault::Answer { status: 503, retry_after: None }; 8]);
    let report = second.recovery().import_keys(&file, &passphrase).await.unwrap();
    assert!(report.transfer_keys_missing && report.unavailable.is_empty());
    server.transport.clear();
    // somebody else changes the data owner at the same moment
    server.transport.plan("PUT ", [Fault::Answer { status: 409, retry_after: None }]);
    let report = second.reload_keys().await.unwrap();
    assert_eq!((report.transfer_keys_made, report.transfer_keys_missing), (2, false));
    assert_eq!(second.reload_keys().await.unwrap().transfer_keys_made, 0, "once is enough");

    let report = registered.api.reload_keys().await.unwrap();
    assert_eq!(report.recovered.len(), 1);
    assert!(report.unavailable.is_empty() && report.unverified.is_empty(), "nobody need be asked: {report:?}");
    let mut both = [ids(&registered.api), ids(&second)];
    both.iter_mut().for_each(|ids| ids.sort());
    assert_eq!(both[0], both[1]);
    // it was kept: without the connection it is still here
    let me = registered.api.data_owner().unwrap().1.to_owned();
    server.tamper("Patient", &me, |patient| drop(patient.remove("transferKeys"))).await;
    assert!(registered.api.reload_keys().await.unwrap().unavailable.is_empty());
}

#[tokio::test]
async fn a_transfer_key_for_another_key_is_not_taken() {
    let server = TestServer::new().await;
    drop(server.doctor().await);
    let registered = server.by_code(&MemoryStorage::new()).await;
    registered.api.patients().current().await.unwrap();
    let second = enter(&server, &registered, &MemoryStorage::new(), SecondDevice).await.unwrap();
    let me = second.data_owner().unwrap().1.to_owned();
    let own = &registered.key_pairs[0];
    let ring = ring(&me, own).await;
    let data = exchange_data_of(&server, &me).await;
    let data = data.iter().find(|data| data.delegator == me && data.delegate == me).unwrap();
    let open = data.open(&ring).await.ok().unwrap();
    // sealed as it should be, with a key of somebody who can open the user's exchange data
    let foreign = NativeProvider.make_private_key(Default::default()).await.unwrap();
    let foreign = seal_transfer_key(open.exchange_key(), &me, own.public(), &foreign).unwrap().sealed;
    let name = second.key_pairs()[0].public().fingerprint().v1();
    for sealed in [foreign, "00".repeat(64), "zz".to_owned()] {
        let nonsense = json!({ (own.public().fingerprint().v1()): { (name.as_str()): sealed } });
        server.tamper("Patient", &me, |patient| drop(patient.insert("transferKeys".into(), nonsense))).await;
        let report = registered.api.reload_keys().await.unwrap();
        assert_eq!((report.recovered.len(), report.unavailable.len()), (0, 1));
    }
}

#[tokio::test]
async fn notaries_put_a_legacy_key_together() {
    let server = TestServer::new().await;
    let doctor = server.doctor().await;
    let (other_id, _other) = colleague(&server).await;
    let patient = doctor.patients().create(Patient::new("Viserys", "Targaryen")).await.unwrap();
    let shared = keystead_sdk::entities::Shared::Read;
    doctor.patients().share(&patient, &other_id, shared).await.unwrap();
    let third = server.make_doctor(&server.group, "tyrion", "lannister-l").await;
    server.api(&MemoryStorage::new()).user_name("tyrion").password("lannister-l").build().await.unwrap();
    doctor.patients().share(&patient, &third, shared).await.unwrap();

    let legacy = NativeProvider.make_private_key(Default::default()).await.unwrap();
    let random = SystemRandom::default();
    let shares = split_legacy_key(&random, &legacy, 2, 2).ok().unwrap();
    let ring = ring(&server.doctor, &doctor.key_pairs()[0]).await;
    let mut partitions = Object::new();
    for (notary, share) in [&other_id, &third].into_iter().zip(&shares) {
        let data = exchange_data_of(&server, &server.doctor).await;
        let data: Vec<ExchangeData> = data.into_iter().filter(|data| data.delegate == *notary).collect();
        let open = data[0].open(&ring).await.ok().unwrap();
        partitions.insert(notary.clone(), json!(share.seal(open.exchange_key()).unwrap()));
    }
    let hex = legacy.public().to_spki_hex();
    let set = |partitions: Object| {
        let hex = hex.clone();
        move |hcp: &mut Object| {
            hcp.insert("publicKey".into(), json!(hex));
            hcp.insert("privateKeyShamirPartitions".into(), Value::Object(partitions));
        }
    };
    let mut one = partitions.clone();
    one.remove(&third);
    server.tamper("HealthcareParty", &server.doctor, set(one)).await;
    assert_eq!(doctor.reload_keys().await.unwrap().unavailable, [legacy.public().id()], "one share is not enough");
    server.tamper("HealthcareParty", &server.doctor, set(partitions)).await;
    let report = doctor.reload_keys().await.unwrap();
    assert_eq!(report.recovered, [legacy.public().id()]);
    assert_eq!(report.unverified, [legacy.public().id()], "whoever holds the exchange keys could have written it");
}
