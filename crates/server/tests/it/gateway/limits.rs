//! Limits per address, client and spec.

use keystead_server::config::{Config, Rate};
use keystead_server::delivery::Channel;

use super::{by_email, process, start, validate, with_work};
use crate::support::{Answer, TestServer, ample};

async fn server(change: impl FnOnce(&mut Config)) -> TestServer {
    let server = TestServer::with(|config| {
        config.smtp.host = "localhost".into();
        config.smtp.port = Some(1);
        config.smtp.from = "no-reply@example.org".into();
        config.gateway.starts_per_address = ample();
        config.gateway.starts_per_ip = ample();
        config.gateway.starts_per_spec = ample();
        config.gateway.failures_per_ip = ample();
        change(config);
    })
    .await;
    process(&server, Channel::Email, |_| {}).await;
    server
}

async fn ask(server: &TestServer, to: &str) -> Answer {
    let body = with_work(server, "clinic", &by_email(to)).await;
    start(server, "clinic", "join", &body).await.1
}

async fn ask_from(server: &TestServer, ip: &str, to: &str) -> u16 {
    let body = with_work(server, "clinic", &by_email(to)).await;
    let url = format!("{}/gw/clinic/process/join/{}", server.base, server.app.rng.uuid());
    Answer::of(server.http.post(url).header("x-forwarded-for", ip).json(&body)).await.status
}

#[tokio::test]
async fn per_address() {
    let server = server(|config| config.gateway.starts_per_address = Rate { burst: 2, per_hour: 60 }).await;
    assert_eq!(ask(&server, "a@example.org").await.status, 200);
    assert_eq!(ask(&server, "A@example.org").await.status, 200);
    let third = ask(&server, "a@example.org").await;
    assert_eq!((third.status, third.retry_after()), (429, 60));
    assert_eq!(ask(&server, "b@example.org").await.status, 200);
    server.advance(60_000);
    assert_eq!(ask(&server, "a@example.org").await.status, 200);
}

#[tokio::test]
async fn per_spec() {
    let server = server(|config| config.gateway.starts_per_spec = Rate { burst: 3, per_hour: 3600 }).await;
    for n in 0..3 {
        assert_eq!(ask(&server, &format!("{n}@example.org")).await.status, 200);
    }
    let fourth = ask(&server, "3@example.org").await;
    assert_eq!((fourth.status, fourth.retry_after()), (429, 1));
    server.advance(1_000);
    assert_eq!(ask(&server, "3@example.org").await.status, 200);
}

#[tokio::test]
async fn per_client_and_per_network_of_a_client() {
    let server = server(|config| {
        config.gateway.starts_per_ip = Rate { burst: 1, per_hour: 60 };
        config.server.behind_proxy = true;
    })
    .await;
    assert_eq!(ask_from(&server, "192.0.2.1", "a@example.org").await, 200);
    assert_eq!(ask_from(&server, "192.0.2.1", "b@example.org").await, 429);
    assert_eq!(ask_from(&server, "192.0.2.2", "b@example.org").await, 200);
    // what a client puts before the proxy's own entry counts for nothing
    assert_eq!(ask_from(&server, "198.51.100.7, 192.0.2.1", "c@example.org").await, 429);
    assert_eq!(ask_from(&server, "2001:db8::1", "c@example.org").await, 200);
    assert_eq!(ask_from(&server, "2001:db8::2", "d@example.org").await, 429);
    assert_eq!(ask_from(&server, "2001:db8:0:1::1", "d@example.org").await, 200);
}

#[tokio::test]
async fn a_refusal_takes_from_no_limit() {
    let server = server(|config| {
        config.gateway.starts_per_address = Rate { burst: 1, per_hour: 1 };
        config.gateway.starts_per_spec = Rate { burst: 2, per_hour: 1 };
    })
    .await;
    assert_eq!(ask(&server, "a@example.org").await.status, 200);
    for _ in 0..5 {
        assert_eq!(ask(&server, "a@example.org").await.status, 429);
    }
    assert_eq!(ask(&server, "b@example.org").await.status, 200, "the spec has one left");
}

#[tokio::test]
async fn failures_of_a_client_close_the_door_for_it() {
    let server = server(|config| config.gateway.failures_per_ip = Rate { burst: 3, per_hour: 60 }).await;
    let body = with_work(&server, "clinic", &by_email("a@example.org")).await;
    let (id, answer) = start(&server, "clinic", "join", &body).await;
    assert_eq!(answer.status, 200);
    let mut unsolved = body.clone();
    unsolved["kerberus-response"]["id"] = "00".into();
    assert_eq!(start(&server, "clinic", "join", &unsolved).await.1.status, 403);
    assert_eq!(validate(&server, "clinic", &id, "x").await.status, 401);
    assert_eq!(validate(&server, "clinic", &id, "y").await.status, 401);
    let closed = validate(&server, "clinic", &id, "z").await;
    assert_eq!((closed.status, closed.retry_after()), (429, 60));
    assert_eq!(start(&server, "clinic", "join", &unsolved).await.1.status, 429);
    server.advance(60_000);
    assert_eq!(validate(&server, "clinic", &id, "z").await.status, 401);
}

#[tokio::test]
async fn development_mode_has_room_for_a_load_test() {
    let server = TestServer::dev().await;
    for n in 0..1_200 {
        let (_, answer) = start(&server, "dev", "hcp-email", &by_email(&format!("{n}@example.org"))).await;
        assert_eq!(answer.status, 200);
    }
}
