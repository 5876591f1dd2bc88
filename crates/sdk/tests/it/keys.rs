//! The user's keys: made once, never behind the user's back, found again, asked for when missing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use keystead_sdk::anonymous::CompleteError;
use keystead_sdk::api::LoginError;
use keystead_sdk::crypto::key::import::expose_private_key;
use keystead_sdk::crypto::key::{KeyId, ListedKey, PrivateKey};
use keystead_sdk::crypto::provider::{CryptoProvider, NativeProvider};
use keystead_sdk::keys::{CryptoStrategies, KeyDecision, KeysError, MissingKey, MissingKeyChoice, NewKeyReason};
use keystead_sdk::secret::SecretText;
use keystead_sdk::storage::import::import;
use keystead_sdk::storage::{KeyStorage, MemoryStorage, Storage, StorageError};
use keystead_sdk::testing::Fault;
use keystead_sdk::{Api, AuthenticationResult};

use crate::support::{DAENERYS, TestServer};

fn copy(key: &PrivateKey) -> PrivateKey {
    PrivateKey::from_pkcs8(key.expose_pkcs8()).ok().unwrap()
}

/// Decides as it is told, and remembers what it was asked.
struct Decide<F>(F, Arc<Mutex<Vec<MissingKey>>>);

#[async_trait]
impl<F: Fn() -> KeyDecision + Send + Sync> CryptoStrategies for Decide<F> {
    async fn missing_key(&self, missing: &MissingKey) -> KeyDecision {
        self.1.lock().unwrap().push(missing.clone());
        (self.0)()
    }
}

async fn listed(api: &Api) -> Vec<KeyId> {
    let keys = api.data_owners().current().await.unwrap().listed_keys().unwrap();
    keys.keys().iter().map(|listed| listed.key.id()).collect()
}

/// Daenerys on a device that never saw her, with a token from another one.
async fn elsewhere(
    server: &TestServer,
    registered: &AuthenticationResult,
    device: &MemoryStorage,
    decision: impl Fn() -> KeyDecision + Send + Sync + 'static,
) -> (Result<Api, LoginError>, Vec<MissingKey>) {
    let asked: Arc<Mutex<Vec<MissingKey>>> = Arc::default();
    let api = server.api(device).user_name(DAENERYS).token(registered.token.duplicate());
    let outcome = api.crypto_strategies(Decide(decision, asked.clone())).build().await;
    let asked = asked.lock().unwrap().clone();
    (outcome, asked)
}

#[tokio::test]
async fn a_missing_key_is_reported_with_the_choices() {
    let server = TestServer::new().await;
    let registered = server.by_code(&MemoryStorage::new()).await;
    let published = listed(&registered.api).await;
    let device = MemoryStorage::new();
    let anonymous = server.anonymous(&device);
    let process = anonymous.authentication().start(server.daenerys()).await.unwrap();
    let code = server.code(DAENERYS).await;
    let error = anonymous.authentication().complete(&process, &code).await.unwrap_err();
    let CompleteError::Login(LoginError::Keys(KeysError::Missing(missing))) = error else { panic!("{error}") };
    assert_eq!(missing.choices, MissingKeyChoice::ALL);
    assert!(missing.choices.iter().all(|choice| !choice.explanation().is_empty()));
    assert_eq!(missing.unavailable.iter().map(|listed| listed.key.id()).collect::<Vec<_>>(), published);
    assert!(device.names().is_empty(), "nothing was made");
    assert_eq!(listed(&registered.api).await, published, "nothing was published");

    // she decides, and goes on with the same code
    let decided = server.builder(&device).new_key_when_lost().build().unwrap();
    let result = decided.authentication().complete(&process, &code).await.unwrap();
    let created = result.key_pairs[0].public().id();
    assert_eq!(result.api.keys_report().created, Some((created, NewKeyReason::AskPeople)));
    assert_eq!(result.api.keys_report().unavailable, published);
    assert_eq!(listed(&registered.api).await, [published, vec![created]].concat(), "the old key stays listed");
}

#[tokio::test]
async fn each_decision_is_carried_out() {
    let server = TestServer::new().await;
    let registered = server.by_code(&MemoryStorage::new()).await;
    let own = registered.key_pairs[0].public().id();

    let (outcome, asked) = elsewhere(&server, &registered, &MemoryStorage::new(), || KeyDecision::Stop).await;
    assert!(matches!(outcome, Err(LoginError::Keys(KeysError::Missing(_)))));
    assert_eq!(asked.len(), 1);

    let (outcome, _) = elsewhere(&server, &registered, &MemoryStorage::new(), || KeyDecision::Keyless).await;
    let keyless = outcome.unwrap();
    assert!(keyless.key_pairs().is_empty());
    keyless.users().current().await.unwrap();

    let saved = copy(&registered.key_pairs[0]);
    let device = MemoryStorage::new();
    let (outcome, _) = elsewhere(&server, &registered, &device, move || KeyDecision::UseKeys(vec![copy(&saved)])).await;
    assert_eq!(outcome.unwrap().key_pairs()[0].public().id(), own);
    let (outcome, asked) = elsewhere(&server, &registered, &device, || KeyDecision::Stop).await;
    assert_eq!(outcome.unwrap().keys_report().unverified, [], "a key that was handed over stays trusted");
    assert!(asked.is_empty());

    let foreign = NativeProvider.make_private_key(Default::default()).await.unwrap();
    let decision = move || KeyDecision::UseKeys(vec![copy(&foreign)]);
    let (outcome, _) = elsewhere(&server, &registered, &MemoryStorage::new(), decision).await;
    assert!(matches!(outcome, Err(LoginError::Keys(KeysError::Foreign))));

    let (outcome, _) = elsewhere(&server, &registered, &MemoryStorage::new(), || KeyDecision::UseKeys(vec![])).await;
    assert!(matches!(outcome, Err(LoginError::Keys(KeysError::Missing(_)))));

    for because in [NewKeyReason::OtherDevice, NewKeyReason::StartFresh] {
        let (outcome, _) =
            elsewhere(&server, &registered, &MemoryStorage::new(), move || KeyDecision::NewKey(because)).await;
        let created = outcome.unwrap().keys_report().created.unwrap();
        assert_eq!(created.1, because);
        assert!(listed(&registered.api).await.contains(&created.0));
    }
}

#[tokio::test]
async fn a_key_that_could_not_be_published_is_published_by_the_next_start() {
    let server = TestServer::new().await;
    let device = MemoryStorage::new();
    let anonymous = server.anonymous(&device);
    let process = anonymous.authentication().start(server.daenerys()).await.unwrap();
    let code = server.code(DAENERYS).await;
    server.transport.plan("PUT ", vec![Fault::NotSent; 4]);
    let error = anonymous.authentication().complete(&process, &code).await.unwrap_err();
    assert!(error.retryable(), "{error}");
    let kept = device.names();
    let result = anonymous.authentication().complete(&process, &code).await.unwrap();
    assert!(kept.iter().all(|name| device.names().contains(name)));
    let made = device.names().iter().filter(|name| name.contains(".rsa.device.")).count();
    assert_eq!(made, 1, "the key of the first attempt is used, no other is made");
    assert_eq!(result.key_pairs.len(), 1);
    assert_eq!(listed(&result.api).await, [result.key_pairs[0].public().id()]);
    assert_eq!(result.api.keys_report().created.unwrap().1, NewKeyReason::First);
    assert!(result.api.keys_report().published_again.is_empty());
}

#[tokio::test]
async fn a_key_that_the_server_hides_is_published_again() {
    let server = TestServer::new().await;
    let device = MemoryStorage::new();
    let registered = server.by_code(&device).await;
    let own = registered.key_pairs[0].public().id();
    let owner = registered.api.data_owner().unwrap().1.to_owned();
    server
        .tamper("Patient", &owner, |patient| {
            patient.remove("publicKeysForOaepWithSha256");
        })
        .await;
    let again = server.api(&device).user_name(DAENERYS).token(registered.token).build().await.unwrap();
    assert_eq!(again.keys_report().published_again, [own]);
    assert_eq!(again.keys_report().created, None, "no new identity was made");
    assert_eq!(listed(&again).await, [own]);
}

#[tokio::test]
async fn a_device_that_lost_its_keys_remembers_that_there_were_some() {
    let server = TestServer::new().await;
    let device = MemoryStorage::new();
    let registered = server.by_code(&device).await;
    let owner = registered.api.data_owner().unwrap().1.to_owned();
    server
        .tamper("Patient", &owner, |patient| {
            patient.remove("publicKeysForOaepWithSha256");
        })
        .await;
    for name in device.names().iter().filter(|name| name.contains(".rsa.")) {
        device.remove_key(name).await.unwrap();
    }
    let error = server.api(&device).user_name(DAENERYS).token(registered.token).build().await.unwrap_err();
    assert!(matches!(error, LoginError::Keys(KeysError::Missing(_))), "not taken for a first start: {error}");
}

/// A key storage that says yes and forgets.
struct Forgetful;

#[async_trait]
impl KeyStorage for Forgetful {
    async fn get_key(&self, _: &str) -> Result<Option<SecretText>, StorageError> {
        Ok(None)
    }

    async fn set_key(&self, _: &str, _: &SecretText) -> Result<(), StorageError> {
        Ok(())
    }

    async fn remove_key(&self, _: &str) -> Result<(), StorageError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_key_is_published_only_when_it_is_safe() {
    let server = TestServer::new().await;
    let api = server.api(&MemoryStorage::new()).user_name("jorah").password("dragonstone");
    let error = api.key_storage(Forgetful).build().await.unwrap_err();
    assert!(matches!(error, LoginError::Keys(KeysError::NotKept)), "{error}");
    assert_eq!(server.transport.count("PUT "), 0);
}

/// Confirms every key that it is asked about.
struct ConfirmAll;

#[async_trait]
impl CryptoStrategies for ConfirmAll {
    async fn verify_own_keys(&self, unverified: &[ListedKey]) -> Vec<KeyId> {
        unverified.iter().map(|listed| listed.key.id()).collect()
    }
}

#[tokio::test]
async fn keys_of_official_clients_are_taken_over() {
    let server = TestServer::new().await;
    let registered = server.by_code(&MemoryStorage::new()).await;
    let key = &registered.key_pairs[0];
    let owner = registered.api.data_owner().unwrap().1;
    let fingerprint = key.public().fingerprint().v1();
    let value = || SecretText::from(expose_private_key(key).as_str());
    let api = |device: &MemoryStorage| server.api(device).user_name(DAENERYS).token(registered.token.duplicate());
    let cache = (
        format!("org.taktik.icure.rsa.{owner}.verification.self"),
        SecretText::from(format!(r#"{{"{fingerprint}":true}}"#)),
    );

    for (name, cached, trusted) in [
        (format!("org.taktik.icure.rsa.device.{owner}.{fingerprint}"), false, true),
        (format!("org.taktik.icure.rsa.recovered.{owner}.{fingerprint}"), true, true),
        (format!("org.taktik.icure.rsa.recovered.{owner}.{fingerprint}"), false, false),
        (format!("org.taktik.icure.rsa.{owner}.{fingerprint}"), false, false),
        (format!("org.taktik.icure.rsa.{owner}"), true, true),
    ] {
        let mut entries = BTreeMap::from([(name.clone(), value()), ("unrelated".to_owned(), "x".into())]);
        entries.insert(format!("org.taktik.icure.rsa.{owner}.{}", "0".repeat(32)), "damaged".into());
        if cached {
            entries.insert(cache.0.clone(), cache.1.duplicate());
        }
        let device = MemoryStorage::new();
        let imported = import(&entries, None, &device, &device).await.unwrap();
        assert_eq!((imported.keys, imported.unreadable), (vec![key.public().id()], 1), "{name}");
        assert_eq!(imported.verified, usize::from(cached));
        let outcome = api(&device).build().await;
        if trusted {
            assert_eq!(outcome.unwrap().key_pairs()[0].public(), key.public(), "{name}");
            continue;
        }
        let Err(LoginError::Keys(KeysError::Missing(missing))) = outcome else { panic!("{name}") };
        assert_eq!(missing.unverified.len(), 1, "here, but nobody confirmed it");
        let confirmed = api(&device).crypto_strategies(ConfirmAll).build().await.unwrap();
        assert!(confirmed.keys_report().unverified.is_empty());
        api(&device).build().await.unwrap();
    }
}

#[tokio::test]
async fn a_damaged_record_stops_instead_of_deciding() {
    let server = TestServer::new().await;
    let device = MemoryStorage::new();
    let registered = server.by_code(&device).await;
    let names = device.names();
    let record = names.iter().find(|name| name.starts_with("org.keystead.own-keys.")).unwrap();
    Storage::set(&device, record, "{").await.unwrap();
    let error = server.api(&device).user_name(DAENERYS).token(registered.token).build().await.unwrap_err();
    let damaged = matches!(error, LoginError::Keys(KeysError::Storage(StorageError::Corrupted(_))));
    assert!(damaged, "{error}");
}

#[tokio::test]
async fn keys_are_loaded_again_on_request() {
    let server = TestServer::new().await;
    let device = MemoryStorage::new();
    let registered = server.by_code(&device).await;
    let own = registered.key_pairs[0].public().id();
    let (outcome, _) =
        elsewhere(&server, &registered, &MemoryStorage::new(), || KeyDecision::NewKey(NewKeyReason::OtherDevice)).await;
    let other = outcome.unwrap();
    let new = other.keys_report().created.unwrap().0;
    assert!(registered.api.keys_report().unavailable.is_empty());

    let report = registered.api.reload_keys().await.unwrap();
    assert_eq!((report.unavailable, report.created), (vec![new], None));
    let keys = other.key_pairs();
    let value = SecretText::from(expose_private_key(&keys[0]).as_str());
    let name = keystead_sdk::crypto::key::import::device_key_name(
        registered.api.data_owner().unwrap().1,
        keys[0].public().fingerprint(),
    );
    device.set_key(&name, &value).await.unwrap();
    assert!(registered.api.reload_keys().await.unwrap().unavailable.is_empty());
    let ids: Vec<KeyId> = registered.api.key_pairs().iter().map(|key| key.public().id()).collect();
    assert_eq!(ids, [own, new]);
}
