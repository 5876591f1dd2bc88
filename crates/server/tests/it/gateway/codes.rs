//! How long codes live, and how many of them.

use super::{by_email, start, started, validate};
use crate::support::TestServer;

const TO: &str = "grey@example.org";
const MINUTE: i64 = 60_000;

#[tokio::test]
async fn a_code_ends_after_ten_minutes() {
    let server = TestServer::dev().await;
    let (early, late) = (started(&server, TO).await, started(&server, "late@example.org").await);
    let (early_code, late_code) = (server.code(TO).await, server.code("late@example.org").await);
    server.advance(10 * MINUTE - 1);
    assert_eq!(validate(&server, "dev", &early, &early_code).await.status, 200);
    server.advance(1);
    assert_eq!(validate(&server, "dev", &late, &late_code).await.status, 410);
}

#[tokio::test]
async fn a_resend_leaves_the_earlier_code_alive() {
    let server = TestServer::dev().await;
    let first = started(&server, TO).await;
    let code = server.code(TO).await;
    let second = started(&server, TO).await;
    let newer = server.code(TO).await;
    assert_eq!(validate(&server, "dev", &first, &code).await.status, 200);
    assert_eq!(validate(&server, "dev", &second, &newer).await.status, 200);
}

#[tokio::test]
async fn three_codes_live_and_a_fourth_waits_for_the_first_to_end() {
    let server = TestServer::dev().await;
    started(&server, TO).await;
    server.advance(MINUTE);
    started(&server, TO).await;
    started(&server, TO).await;
    let (_, fourth) = start(&server, "dev", "hcp-email", &by_email(TO)).await;
    assert_eq!((fourth.status, fourth.error().as_str()), (429, "TOO_MANY_REQUESTS"));
    let wait = fourth.retry_after();
    assert!((540..=541).contains(&wait), "the first one ends in nine minutes: {wait}");
    assert_eq!(server.outbox(TO).await.len(), 3);
    started(&server, "other@example.org").await;

    server.advance(i64::try_from(wait).unwrap() * 1000);
    started(&server, TO).await;
}

#[tokio::test]
async fn a_used_code_makes_room() {
    let server = TestServer::dev().await;
    let id = started(&server, TO).await;
    let code = server.code(TO).await;
    started(&server, TO).await;
    started(&server, TO).await;
    assert_eq!(start(&server, "dev", "hcp-email", &by_email(TO)).await.1.status, 429);
    assert_eq!(validate(&server, "dev", &id, &code).await.status, 200);
    started(&server, TO).await;
}

#[tokio::test]
async fn parallel_starts_do_not_get_past_three() {
    let server = TestServer::dev().await;
    let body = by_email(TO);
    let all = (0..20).map(|_| start(&server, "dev", "hcp-email", &body));
    let answers = futures_util::future::join_all(all).await;
    assert_eq!(answers.iter().filter(|(_, answer)| answer.status == 200).count(), 3);
    assert_eq!(answers.iter().filter(|(_, answer)| answer.status == 429).count(), 17);
    assert_eq!(server.outbox(TO).await.len(), 3);
}

#[tokio::test]
async fn codes_of_all_processes_count_for_an_address() {
    let server = TestServer::dev().await;
    let group = super::dev_group(&server).await;
    let mut tx = server.app.store.write().await.unwrap();
    keystead_server::gateway::make_responsible(&mut *tx, &group, "hcp").await.unwrap();
    tx.commit().await.unwrap();
    for process in ["hcp-email", "patient-email", "hcp-email"] {
        assert_eq!(start(&server, "dev", process, &by_email(TO)).await.1.status, 200);
    }
    assert_eq!(start(&server, "dev", "patient-email", &by_email(TO)).await.1.status, 429);
}
