//! Guessing codes.

use keystead_server::config::Rate;
use keystead_server::delivery::Channel;

use super::{by_email, process, start, started, validate, with_work, wrong};
use crate::support::{TestServer, ample};

const TO: &str = "grey@example.org";

#[tokio::test]
async fn five_wrong_codes_end_a_request() {
    let server = TestServer::dev().await;
    let id = started(&server, TO).await;
    let code = server.code(TO).await;
    let mut guess = code.clone();
    for _ in 0..5 {
        guess = wrong(&guess);
        let answer = validate(&server, "dev", &id, &guess).await;
        assert_eq!((answer.status, answer.error().as_str()), (401, "UNAUTHORIZED"));
    }
    let right = validate(&server, "dev", &id, &code).await;
    assert_eq!((right.status, right.error().as_str()), (410, "CODE_EXPIRED"));
}

#[tokio::test]
async fn four_wrong_codes_are_forgiven() {
    let server = TestServer::dev().await;
    let id = started(&server, TO).await;
    let code = server.code(TO).await;
    for guess in [&wrong(&code)[..], "x", "12345678901234567890", &code[..5]] {
        assert_eq!(validate(&server, "dev", &id, guess).await.status, 401);
    }
    assert_eq!(validate(&server, "dev", &id, &code).await.status, 200);
}

/// Whoever sends all their guesses at once gets no more of them.
#[tokio::test]
async fn parallel_guesses_are_counted_too() {
    let server = TestServer::dev().await;
    let id = started(&server, TO).await;
    let code: u64 = server.code(TO).await.parse().unwrap();
    let guesses: Vec<String> = (1..=60).map(|n| format!("{:06}", (code + n) % 1_000_000)).collect();
    let all = guesses.iter().map(|guess| validate(&server, "dev", &id, guess));
    let answers = futures_util::future::join_all(all).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 401).count(), 5);
    assert_eq!(answers.iter().filter(|answer| answer.status == 410).count(), 55);
}

/// Three live codes of five tries each, again and again, are slowed down over the hours: the odds of
/// a patient attacker stay small.
#[tokio::test]
async fn new_requests_do_not_give_new_guesses_for_ever() {
    let server = TestServer::with(|config| {
        config.smtp.host = "localhost".into();
        config.smtp.port = Some(1);
        config.smtp.from = "no-reply@example.org".into();
        config.gateway.starts_per_address = ample();
        config.gateway.starts_per_ip = ample();
        config.gateway.failures_per_ip = ample();
        config.gateway.wrong_codes_per_address = Rate { burst: 30, per_hour: 2 };
    })
    .await;
    process(&server, Channel::Email, |settings| settings.code_length = 12).await;

    let mut guesses = 0;
    for _ in 0..24 * 6 {
        let body = with_work(&server, "clinic", &by_email(TO)).await;
        let (id, answer) = start(&server, "clinic", "join", &body).await;
        if answer.status == 200 {
            for _ in 0..20 {
                if validate(&server, "clinic", &id, &format!("{guesses:012}")).await.status != 401 {
                    break;
                }
                guesses += 1;
            }
        }
        server.advance(10 * 60_000);
    }
    // 30 at once and 2 an hour, and what is left of the request during which the limit is reached
    assert!((60..=30 + 48 + 4).contains(&guesses), "{guesses} guesses in a day");
}
