//! What is repeated, what is not, and what happens when an answer is lost.

use std::time::Duration;

use keystead_sdk::devices::Device;
use keystead_sdk::error::{RequestError, WriteError};
use keystead_sdk::storage::MemoryStorage;
use keystead_sdk::testing::Fault;
use keystead_sdk::users::SharedData;
use keystead_sdk::{Captcha, Start};

use crate::support::{DAENERYS, TestServer};

fn busy(retry_after: Option<u64>) -> Fault {
    Fault::Answer { status: 429, retry_after }
}

fn gone(status: u16) -> Fault {
    Fault::Answer { status, retry_after: None }
}

#[tokio::test]
async fn reading_goes_on_after_faults() {
    let server = TestServer::new().await;
    let doctor = server.doctor().await;
    for faults in [
        vec![Fault::NotSent, Fault::AnswerLost, Fault::TimedOut],
        vec![gone(502), gone(503), gone(504)],
        vec![busy(None), Fault::NotSent],
    ] {
        let before = server.transport.count("user/current");
        let attempts = faults.len() + 1;
        server.transport.plan("user/current", faults);
        doctor.users().current().await.unwrap();
        assert_eq!(server.transport.count("user/current") - before, attempts);
    }
}

#[tokio::test]
async fn waits_grow_and_differ() {
    let server = TestServer::new().await;
    let doctor = server.doctor().await;
    server.transport.plan("user/current", vec![Fault::NotSent; 4]);
    let error = doctor.users().current().await.unwrap_err();
    assert!(matches!(error, RequestError::Unreachable(_)), "{error}");
    let slept = server.time.slept();
    assert_eq!(slept.len(), 3, "four attempts");
    for (wait, longest) in slept.iter().zip([250, 500, 1000]) {
        let longest = Duration::from_millis(longest);
        assert!(*wait >= longest / 2 && *wait <= longest, "{wait:?}");
    }
}

#[tokio::test]
async fn the_server_says_when_to_go_on() {
    let server = TestServer::new().await;
    let doctor = server.doctor().await;
    server.transport.plan("user/current", [busy(Some(7))]);
    doctor.users().current().await.unwrap();
    assert_eq!(server.time.slept(), [Duration::from_secs(7)]);

    server.transport.plan("user/current", [busy(Some(3600))]);
    let RequestError::TooManyRequests(refusal) = doctor.users().current().await.unwrap_err() else { panic!() };
    assert_eq!(refusal.retry_after(), Some(Duration::from_secs(3600)), "nobody waits that long in silence");
    assert_eq!(server.time.slept().len(), 1);
}

#[tokio::test]
async fn what_was_made_is_recognised_when_the_answer_was_lost() {
    let server = TestServer::new().await;
    let doctor = server.doctor().await;
    server.transport.plan("/device", [Fault::AnswerLost, Fault::TimedOut]);
    let made = doctor.devices().create(&Device::named("thermometer")).await.unwrap();
    assert_eq!(server.transport.count("POST"), 1 + 3, "a login, and three attempts");
    assert_eq!(doctor.devices().get(made.id()).await.unwrap(), made);
}

#[tokio::test]
async fn another_with_the_same_id_is_not_taken_for_ours() {
    let server = TestServer::new().await;
    let doctor = server.doctor().await;
    let theirs = doctor.devices().create(&Device::named("theirs")).await.unwrap();
    let mut ours = Device::named("ours");
    ours.fields_mut().insert("id".into(), theirs.id().into());
    server.transport.plan("/device", [Fault::AnswerLost]);
    let error = doctor.devices().create(&ours).await.unwrap_err();
    assert!(matches!(error, WriteError::AlreadyExists(_)), "{error}");
}

#[tokio::test]
async fn a_change_whose_answer_was_lost_is_made_once() {
    let server = TestServer::new().await;
    let daenerys = server.by_code(&MemoryStorage::new()).await.api;
    let before = daenerys.users().current().await.unwrap();
    server.transport.plan("PUT ", [Fault::AnswerLost]);
    let after = daenerys.users().share_all_future_data_with(&["a"], SharedData::Medical).await.unwrap();
    assert_eq!(after.shares_future_data(SharedData::Medical), ["a"]);
    let revision = |rev: Option<&str>| rev.unwrap().split('-').next().unwrap().parse::<u64>().unwrap();
    assert_eq!(revision(after.rev()), revision(before.rev()) + 1);
}

#[tokio::test]
async fn one_code_is_sent_although_the_answer_was_lost() {
    let server = TestServer::new().await;
    for captcha in [Captcha::Recaptcha("solved".into()), Captcha::Kerberus] {
        let sent = server.outbox(DAENERYS).await.len();
        server.transport.plan("POST ", [Fault::AnswerLost]);
        let anonymous = server.builder(&MemoryStorage::new()).new_key_when_lost().build().unwrap();
        let start = Start::by_email(DAENERYS, captcha).responsible(&server.doctor);
        let process = anonymous.authentication().start(start).await.unwrap();
        assert_eq!(server.outbox(DAENERYS).await.len(), sent + 1);
        anonymous.authentication().complete(&process, &server.code(DAENERYS).await).await.unwrap();
    }
}

#[tokio::test]
async fn a_code_gets_in_although_an_answer_was_lost() {
    let server = TestServer::new().await;
    for part in ["process/validate", "auth/login", "user/matches", "dataowner/current", "PUT ", "user/token"] {
        let device = MemoryStorage::new();
        let anonymous = server.builder(&device).new_key_when_lost().build().unwrap();
        let process = anonymous.authentication().start(server.daenerys()).await.unwrap();
        let code = server.code(DAENERYS).await;
        server.transport.plan(part, [Fault::AnswerLost]);
        let result = anonymous.authentication().complete(&process, &code).await.unwrap();
        assert_eq!(result.key_pairs.len(), 1, "{part}");
        assert_eq!(server.transport.count(&format!("validate/{}", process.request_id())), 1, "a code is given once");
        server.api(&device).user_name(DAENERYS).token(result.token).build().await.unwrap();
    }
}

#[tokio::test]
async fn completing_can_be_called_again_after_any_failure() {
    let server = TestServer::new().await;
    for part in ["process/validate", "auth/login", "user/matches", "dataowner/current", "PUT ", "user/token"] {
        let device = MemoryStorage::new();
        let anonymous = server.builder(&device).new_key_when_lost().build().unwrap();
        let process = anonymous.authentication().start(server.daenerys()).await.unwrap();
        let code = server.code(DAENERYS).await;
        server.transport.plan(part, vec![Fault::AnswerLost; 4]);
        let first = anonymous.authentication().complete(&process, &code).await;
        if let Err(error) = &first {
            assert!(error.retryable(), "{part}: {error}");
        }
        server.transport.clear();
        let result = anonymous.authentication().complete(&process, &code).await.unwrap();
        assert_eq!(result.key_pairs.len(), 1, "{part}: one key was made, however often it was tried");
        let names = device.names();
        assert_eq!(names.iter().filter(|name| name.contains(".rsa.device.")).count(), 1, "{part}");
    }
}

#[tokio::test]
async fn what_is_in_doubt_is_not_repeated_blindly() {
    let server = TestServer::new().await;
    let anonymous = server.anonymous(&MemoryStorage::new());
    let process = anonymous.authentication().start(server.daenerys()).await.unwrap();
    server.transport.plan("process/validate", [Fault::AnswerLost]);
    let error = anonymous.authentication().complete(&process, "000000").await.unwrap_err();
    // the guess may have counted; asking again might count twice
    assert_eq!(server.transport.count("process/validate"), 1);
    assert!(error.retryable(), "{error}");
}
