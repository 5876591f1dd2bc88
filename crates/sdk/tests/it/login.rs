//! Returning users: tokens, passwords, groups; what is wrong is said.

use std::time::Duration;

use keystead_sdk::Api;
use keystead_sdk::api::{ConfigurationError, LoginError};
use keystead_sdk::data_owners::DataOwnerType;
use keystead_sdk::storage::MemoryStorage;
use keystead_sdk::transport::RetryPolicy;

use crate::support::{DAENERYS, TestServer};

#[tokio::test]
async fn with_the_saved_token() {
    let server = TestServer::new().await;
    let device = MemoryStorage::new();
    let registered = server.by_code(&device).await;
    let again = server.api(&device).user_name(DAENERYS).token(registered.token).build().await.unwrap();
    assert_eq!((again.user_id(), again.group_id()), (registered.user_id.as_str(), server.group.as_str()));
    assert_eq!(again.key_pairs()[0].public(), registered.key_pairs[0].public());
    assert_eq!(again.authentication().level(), Some(10));
    assert_eq!(again.users().current().await.unwrap().id(), registered.user_id);
}

#[tokio::test]
async fn with_saved_key_pairs_instead_of_a_key_storage() {
    let server = TestServer::new().await;
    let registered = server.by_code(&MemoryStorage::new()).await;
    let saved = registered.key_pairs.into_iter().next().unwrap();
    let id = saved.public().id();
    let device = MemoryStorage::new();
    let again = server.api(&device).user_name(DAENERYS).token(registered.token).key_pair(saved).build().await.unwrap();
    assert_eq!(again.key_pairs()[0].public().id(), id);
    assert_eq!(again.keys_report().created, None);
    assert!(again.keys_report().unverified.is_empty());
    assert!(device.names().iter().any(|name| name.starts_with("org.taktik.icure.rsa.recovered.")), "it was kept");
}

#[tokio::test]
async fn with_a_password() {
    let server = TestServer::new().await;
    let doctor = server.doctor().await;
    assert_eq!(doctor.data_owner(), Some((DataOwnerType::Hcp, server.doctor.as_str())));
    assert_eq!(doctor.authentication().level(), Some(20));
    for (name, secret) in [("jorah", "wrong"), ("nobody", "dragonstone")] {
        let error = server.api(&MemoryStorage::new()).user_name(name).password(secret).build().await.unwrap_err();
        assert!(matches!(error, LoginError::WrongCredentials(_)), "{error}");
        assert!(!error.retryable());
    }
}

#[tokio::test]
async fn with_a_password_that_an_official_client_set() {
    let server = TestServer::new().await;
    // printf 'dragonstoneorg.example.dragons' | openssl dgst -sha256 -binary | base64
    let stored = "M2V3MPEHkel1eyImle9s7f2zd1y3L2vKYOgBhMKC3e4=";
    server.make_doctor(&server.group, "official", stored).await;
    let api = || server.api(&MemoryStorage::new()).user_name("official").application_id("org.example.dragons");
    api().password("dragonstone").salt_password_with_application_id().build().await.unwrap();
    let unsalted = api().password("dragonstone").build().await.unwrap_err();
    assert!(matches!(unsalted, LoginError::WrongCredentials(_)));
}

#[tokio::test]
async fn who_is_in_several_groups_chooses_and_switches() {
    let server = TestServer::new().await;
    let second = server.make_group("Meereen").await;
    server.make_doctor(&server.group, "barristan", "selmy").await;
    let there = server.make_doctor(&second, "barristan", "selmy").await;
    let api = |device: &MemoryStorage| server.api(device).user_name("barristan").password("selmy");
    let device = MemoryStorage::new();

    let LoginError::SeveralGroups(mut groups) = api(&device).build().await.unwrap_err() else { panic!() };
    groups.sort_by(|a, b| a.group_name.cmp(&b.group_name));
    assert_eq!(
        groups.iter().map(|group| group.group_name.as_deref()).collect::<Vec<_>>(),
        [Some("Development"), Some("Meereen")]
    );

    let here = api(&device).group(&server.group).build().await.unwrap();
    assert_eq!(here.group_id(), server.group);
    let error = here.authentication().switch_group("nowhere").await.unwrap_err();
    assert!(matches!(error, LoginError::NoSuchGroup), "{error}");
    assert_eq!(
        here.authentication().switch_group(&second).await.unwrap().data_owner(),
        Some((DataOwnerType::Hcp, there.as_str()))
    );
    here.users().current().await.unwrap();
    let api = api(&device).group(&second).build().await.unwrap();
    assert_eq!(api.data_owner(), Some((DataOwnerType::Hcp, there.as_str())));
    let same = api.authentication().switch_group(&second).await.unwrap();
    assert_eq!((same.user_id(), same.group_id()), (api.user_id(), second.as_str()));
    same.users().current().await.unwrap();

    let error =
        server.api(&device).user_name("barristan").password("selmy").group("nowhere").build().await.unwrap_err();
    assert!(matches!(error, LoginError::NoSuchGroup), "{error}");
}

#[tokio::test]
async fn a_token_for_another_device() {
    let server = TestServer::new().await;
    let doctor = server.doctor().await;
    let token = doctor.authentication().create_token("phone / at home", Duration::from_secs(86_400)).await.unwrap();
    let key = doctor.key_pairs().remove(0);
    let phone = server.api(&MemoryStorage::new()).user_name("jorah").token(token).key_pair(key).build().await.unwrap();
    let user = phone.users().current().await.unwrap();
    assert!(user.fields()["authenticationTokens"]["phone / at home"]["validity"] == 86_400);
}

#[tokio::test]
async fn a_builder_says_what_is_missing() {
    let missing = |error: LoginError| match error {
        LoginError::Configuration(error) => error.to_string(),
        other => panic!("{other}"),
    };
    let api = || Api::builder().base_url("http://127.0.0.1:1").user_name("jorah");
    assert_eq!(missing(Api::builder().build().await.unwrap_err()), "base_url is missing");
    assert_eq!(missing(api().build().await.unwrap_err()), "token or password is missing");
    let salted = api().password("p").salt_password_with_application_id();
    assert_eq!(missing(salted.build().await.unwrap_err()), "application_id is missing");
    let plain = api().base_url("http://records.example.org").token("t");
    let LoginError::Configuration(error) = plain.build().await.unwrap_err() else { panic!() };
    assert!(matches!(error, ConfigurationError::PlainHttp("base_url")));
}

#[tokio::test]
async fn a_server_that_is_not_there() {
    let device = MemoryStorage::new();
    let policy = RetryPolicy { attempts: 2, first_wait: Duration::from_millis(1), ..RetryPolicy::default() };
    let api = Api::builder().base_url("http://127.0.0.1:9").storage(device.clone()).key_storage(device).retries(policy);
    let error = api.user_name("jorah").token("t").build().await.unwrap_err();
    assert!(error.retryable(), "{error}");
    assert_eq!(error.to_string(), "the server cannot be reached");
}
