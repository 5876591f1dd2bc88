//! No answer tells whether an address belongs to a user.

use std::time::{Duration, Instant};

use super::{by_email, start, started, validate};
use crate::support::{Answer, TestServer};

const PEOPLE: usize = 40;

/// What somebody who asks can see, without what is random or of the moment.
fn visible(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let mut headers: Vec<(String, String)> = answer
        .headers
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "date" | "x-request-id"))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    (answer.status, headers, answer.text.clone())
}

async fn timed(server: &TestServer, to: &str) -> (Answer, Duration) {
    let body = by_email(to);
    let begun = Instant::now();
    let (_, answer) = start(server, "dev", "hcp-email", &body).await;
    (answer, begun.elapsed())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[tokio::test]
async fn a_known_and_an_unknown_address_are_answered_alike() {
    let server = TestServer::dev().await;
    let known: Vec<String> = (0..PEOPLE).map(|n| format!("known{n:02}@example.org")).collect();
    for to in &known {
        let id = started(&server, to).await;
        assert_eq!(validate(&server, "dev", &id, &server.code(to).await).await.status, 200);
    }
    let (mut of_known, mut of_unknown) = (Vec::new(), Vec::new());
    for (n, to) in known.iter().enumerate() {
        let (first, time) = timed(&server, to).await;
        of_known.push(time);
        let (second, time) = timed(&server, &format!("other{n:02}@example.org")).await;
        of_unknown.push(time);
        assert_eq!(first.status, 200);
        assert_eq!(visible(&first), visible(&second));
    }
    let (known, unknown) = (median(of_known), median(of_unknown));
    let ratio = known.as_secs_f64() / unknown.as_secs_f64();
    assert!((0.5..2.0).contains(&ratio), "known {known:?}, unknown {unknown:?}");
}

#[tokio::test]
async fn a_full_address_is_refused_alike() {
    let server = TestServer::dev().await;
    let id = started(&server, "known@example.org").await;
    assert_eq!(validate(&server, "dev", &id, &server.code("known@example.org").await).await.status, 200);
    let mut answers = Vec::new();
    for to in ["known@example.org", "other@example.org"] {
        for _ in 0..3 {
            started(&server, to).await;
        }
        answers.push(start(&server, "dev", "hcp-email", &by_email(to)).await.1);
    }
    let [known, unknown] = &mut answers[..] else { unreachable!() };
    for answer in [&mut *known, &mut *unknown] {
        assert_eq!(answer.status, 429);
        let mut body = answer.json();
        body["requestId"] = "".into();
        answer.text = body.to_string();
    }
    assert_eq!(visible(known), visible(unknown));
}
