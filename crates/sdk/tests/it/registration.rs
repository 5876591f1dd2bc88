//! Registration and login by a one-time code.

use keystead_sdk::anonymous::{CompleteError, StartError};
use keystead_sdk::api::LoginError;
use keystead_sdk::data_owners::DataOwnerType;
use keystead_sdk::keys::NewKeyReason;
use keystead_sdk::progress::Monitor;
use keystead_sdk::storage::MemoryStorage;
use keystead_sdk::users::SharedData;
use keystead_sdk::{AuthenticationProcess, Captcha, Start};

use crate::support::{DAENERYS, TestServer};

fn solved() -> Captcha {
    Captcha::Recaptcha("solved".into())
}

fn wrong(code: &str) -> String {
    let number: u32 = code.parse().unwrap();
    format!("{:06}", (number + 1) % 1_000_000)
}

#[tokio::test]
async fn by_e_mail_with_a_proof_of_work() {
    let server = TestServer::new().await;
    let device = MemoryStorage::new();
    let anonymous = server.anonymous(&device);
    let start = Start::by_email(DAENERYS, Captcha::Kerberus).name("Daenerys", "Targaryen").responsible(&server.doctor);
    let process = anonymous.authentication().start(start).await.unwrap();
    assert_eq!(process.login(), DAENERYS);
    assert_eq!(process.request_id().len(), 36);
    let code = server.code(DAENERYS).await;
    let result = anonymous.authentication().complete(&process, &code).await.unwrap();

    assert_eq!(result.group_id, server.group);
    let user = result.api.users().current().await.unwrap();
    assert_eq!((user.id(), user.email()), (result.user_id.as_str(), Some(DAENERYS)));
    assert_eq!(user.shares_future_data(SharedData::All), [&server.doctor]);
    assert_eq!(result.api.data_owner(), user.patient_id().map(|id| (DataOwnerType::Patient, id)));
    assert_eq!(result.api.authentication().level(), Some(40));

    let key = result.key_pairs[0].public();
    assert_eq!(result.key_pairs.len(), 1);
    assert_eq!(result.api.keys_report().created, Some((key.id(), NewKeyReason::First)));
    let owner = result.api.data_owners().current().await.unwrap();
    assert_eq!(owner.fields()["firstName"], "Daenerys");
    assert_eq!(owner.listed_keys().unwrap().keys().len(), 1);
    assert!(owner.listed_keys().unwrap().get(key.id()).is_some());
}

#[tokio::test]
async fn by_sms() {
    let server = TestServer::new().await;
    let device = MemoryStorage::new();
    let anonymous = server.anonymous(&device);
    let start = Start::by_sms("+32 470 12 34 56", solved()).responsible(&server.doctor).language("fr-BE");
    let process = anonymous.authentication().start(start).await.unwrap();
    let message = &server.outbox("+32470123456").await[0];
    assert_eq!(message["channel"], "sms");
    assert!(message["body"].as_str().unwrap().starts_with("Votre code"));
    // people type codes as they read them
    let code = message["code"].as_str().unwrap();
    let typed = format!(" {} {}\n", &code[..3], &code[3..]);
    let result = anonymous.authentication().complete(&process, &typed).await.unwrap();
    assert_eq!(result.api.users().current().await.unwrap().mobile_phone(), Some("+32470123456"));

    let returning = server.api(&device).user_name("+32 470 12 34 56").token(result.token).build().await.unwrap();
    assert_eq!(returning.user_id(), result.user_id);
}

#[tokio::test]
async fn a_wrong_code_can_be_typed_again() {
    let server = TestServer::new().await;
    let anonymous = server.anonymous(&MemoryStorage::new());
    let process = anonymous.authentication().start(server.daenerys()).await.unwrap();
    let code = server.code(DAENERYS).await;
    for typed in [wrong(&code).as_str(), "", "  ", "../..", "é", &"1".repeat(65)] {
        let error = anonymous.authentication().complete(&process, typed).await.unwrap_err();
        assert!(matches!(error, CompleteError::WrongCode), "{error}");
        assert!(!error.retryable());
    }
    assert_eq!(server.transport.count("validate"), 1, "what cannot be a code is not sent");
    anonymous.authentication().complete(&process, &code).await.unwrap();
}

#[tokio::test]
async fn a_code_ends_by_time_and_by_guessing() {
    let server = TestServer::new().await;
    let anonymous = server.anonymous(&MemoryStorage::new());
    let process = anonymous.authentication().start(server.daenerys()).await.unwrap();
    let code = server.code(DAENERYS).await;
    server.clock.advance(11 * 60_000);
    let late = anonymous.authentication().complete(&process, &code).await.unwrap_err();
    assert!(matches!(late, CompleteError::CodeExpired), "{late}");

    let process = anonymous.authentication().start(server.daenerys()).await.unwrap();
    let code = server.code(DAENERYS).await;
    let guess = wrong(&code);
    let mut last = None;
    for _ in 0..6 {
        last = anonymous.authentication().complete(&process, &guess).await.err();
    }
    assert!(matches!(last, Some(CompleteError::CodeExpired)), "{last:?}");
    let right = anonymous.authentication().complete(&process, &code).await.unwrap_err();
    assert!(matches!(right, CompleteError::CodeExpired), "{right}");
}

#[tokio::test]
async fn when_two_codes_arrive_either_is_right() {
    let server = TestServer::new().await;
    for newest in [true, false] {
        let anonymous = server.anonymous(&MemoryStorage::new());
        let anonymous = if newest {
            anonymous
        } else {
            // the second time she exists already, and her key is on no device
            server.builder(&MemoryStorage::new()).new_key_when_lost().build().unwrap()
        };
        let process = anonymous.authentication().start(server.daenerys()).await.unwrap();
        let first = server.code(DAENERYS).await;
        let process = anonymous.authentication().resend(&process, solved(), &Monitor::new()).await.unwrap();
        let second = server.code(DAENERYS).await;
        let typed = if newest { second } else { first };
        anonymous.authentication().complete(&process, &typed).await.unwrap();
    }
}

#[tokio::test]
async fn the_application_may_be_restarted_in_between() {
    let server = TestServer::new().await;
    let device = MemoryStorage::new();
    let stored = {
        let anonymous = server.anonymous(&device);
        anonymous.authentication().start(server.daenerys()).await.unwrap().to_json()
    };
    assert!(stored.starts_with(r#"{"version":1,"requestId":""#), "{stored}");
    assert!(stored.contains(r#""login":"daenerys@example.org""#), "{stored}");
    let process = AuthenticationProcess::from_json(&stored).unwrap();
    let code = server.code(DAENERYS).await;
    server.anonymous(&device).authentication().complete(&process, &code).await.unwrap();
    for text in ["", "{}", &stored.replace(r#""version":1"#, r#""version":2"#)] {
        assert!(AuthenticationProcess::from_json(text).is_err(), "{text}");
    }
}

#[tokio::test]
async fn a_second_login_finds_the_same_user_and_key() {
    let server = TestServer::new().await;
    let device = MemoryStorage::new();
    let first = server.by_code(&device).await;
    let second = server.by_code(&device).await;
    assert_eq!(first.user_id, second.user_id);
    assert_eq!(first.key_pairs[0].public(), second.key_pairs[0].public());
    assert_eq!(second.api.keys_report().created, None);
    let listed = second.api.data_owners().current().await.unwrap().listed_keys().unwrap();
    assert_eq!(listed.keys().len(), 1);
    // one token per device: the first one was replaced
    let old = server.api(&device).user_name(DAENERYS).token(first.token).build().await.unwrap_err();
    assert!(matches!(old, LoginError::WrongCredentials(_)), "{old}");
}

#[tokio::test]
async fn what_is_wrong_with_a_start_is_said() {
    let server = TestServer::new().await;
    let anonymous = server.anonymous(&MemoryStorage::new());
    let authentication = anonymous.authentication();
    let field = |error: StartError| match error {
        StartError::InvalidField(refusal) => refusal.field().unwrap().to_owned(),
        other => panic!("{other}"),
    };
    let bad = Start::by_email("daenerys", solved()).responsible(&server.doctor);
    assert_eq!(field(authentication.start(bad).await.unwrap_err()), "email");
    let bad = Start::by_sms("dragon", solved()).responsible(&server.doctor);
    assert_eq!(field(authentication.start(bad).await.unwrap_err()), "mobilePhone");
    let bad = Start::by_email(DAENERYS, solved()).responsible("nobody");
    assert_eq!(field(authentication.start(bad).await.unwrap_err()), "hcpId");

    let elsewhere = server.builder(&MemoryStorage::new()).spec_id("elsewhere/..").build().unwrap();
    let error = elsewhere.authentication().start(server.daenerys()).await.unwrap_err();
    assert!(matches!(error, StartError::UnknownProcess(_)), "{error}");

    let only_sms = keystead_sdk::AnonymousApi::builder()
        .base_url(&server.base)
        .gateway_url(&server.base)
        .spec_id("dev")
        .process_by_sms("patient-sms")
        .storage(MemoryStorage::new())
        .key_storage(MemoryStorage::new())
        .build()
        .unwrap();
    let error = only_sms.authentication().start(server.daenerys()).await.unwrap_err();
    assert!(matches!(error, StartError::Configuration(_)), "{error}");
}

#[tokio::test]
async fn too_many_codes_say_when_to_go_on() {
    let server = TestServer::new().await;
    let anonymous = server.anonymous(&MemoryStorage::new());
    let mut outcome = Ok(());
    for _ in 0..4 {
        outcome = anonymous.authentication().start(server.daenerys()).await.map(|_| ());
    }
    let error = outcome.unwrap_err();
    assert!(matches!(error, StartError::TooManyCodes(_)), "{error}");
    assert!(error.retryable());
    assert!(error.retry_after().unwrap().as_secs() > 60);
    assert!(server.time.slept().is_empty(), "nobody waits that long in silence");
}
