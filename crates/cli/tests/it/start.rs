//! Starting and stopping. What it costs is measured by `cargo xtask bench server`, on a release build.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::http::Caller;
use crate::process::{PATIENCE, Server, spawn};

/// A debug build on a busy machine; a release build is ready in well under one second.
const READY_WITHIN: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn is_ready_within_seconds_on_an_empty_directory_and_on_a_used_one() {
    let data = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let server = Server::dev(data.path());
        assert!(server.ready_in < READY_WITHIN, "{:?}", server.ready_in);
        Caller::new(server.base()).get("/health/ready").await.unwrap().well();
        let (status, _) = server.stop();
        assert!(status.success(), "{status}");
    }
}

#[test]
fn no_two_servers_run_on_one_directory() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::dev(data.path());
    let second = spawn(data.path(), &["--dev"], &[]).wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(!second.status.success() && said.contains("another server runs on this directory"), "{said}");
    server.kill();
    assert!(Server::dev(data.path()).stop().0.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_waits_for_the_request_under_way_and_takes_no_other() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::dev(data.path());
    let body = r#"{"username": "nobody", "password": "wrong"}"#;
    let (first, rest) = body.split_at(20);
    let head = format!("POST /rest/v2/auth/login HTTP/1.1\r\nhost: k\r\ncontent-length: {}\r\n\r\n", body.len());

    let mut under_way = TcpStream::connect(server.address).await.unwrap();
    under_way.write_all(format!("{head}{first}").as_bytes()).await.unwrap();
    // When a later request of another connection is answered, the first one has been taken up.
    Caller::new(server.base()).get("/health/live").await.unwrap().well();
    server.ask_to_stop();
    wait_until_refused(&server).await;

    under_way.write_all(rest.as_bytes()).await.unwrap();
    let mut answer = String::new();
    tokio::time::timeout(PATIENCE, under_way.read_to_string(&mut answer)).await.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    let (status, output) = server.ended();
    assert!(status.success(), "{status}: {output}");
}

/// New connections are refused once the server has begun to stop.
async fn wait_until_refused(server: &Server) {
    let deadline = Instant::now() + PATIENCE;
    while TcpStream::connect(server.address).await.is_ok() {
        assert!(Instant::now() < deadline, "the server still takes connections");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
