//! The listening socket: TLS, large heads, places for connections, what is said with every answer.

use std::path::Path;
use std::time::Duration;

use keystead_server::config::TlsConfig;
use keystead_server::http::{Listening, acceptor, serve};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::TestServer;

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures").join(name)
}

/// The routes of a server at another socket.
async fn again(server: &TestServer, options: Listening) -> keystead_server::http::Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    serve(listener, keystead_server::router(server.app.clone()), options).unwrap()
}

#[tokio::test]
async fn tls_is_spoken_by_the_server_itself() {
    let config =
        TlsConfig { certificate_file: Some(fixture("localhost.pem")), key_file: Some(fixture("localhost.key")) };
    let server = TestServer::with(|all| all.tls = config.clone()).await;
    let running = again(&server, Listening { tls: acceptor(&config).unwrap(), connections: None }).await;
    let certificate = std::fs::read(fixture("localhost.pem")).unwrap();
    let trusting = reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(&certificate).unwrap()])
        .build()
        .unwrap();
    let url = format!("https://localhost:{}/health/live", running.address.port());
    let answer = trusting.get(&url).send().await.unwrap();
    assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000");
    assert_eq!(answer.text().await.unwrap(), "live");
    // who speaks in clear hears nothing
    let clear = reqwest::get(url.replace("https", "http")).await;
    assert!(clear.is_err());
    running.stop().await.unwrap();
}

#[tokio::test]
async fn every_answer_is_for_nobody_else_and_for_no_page() {
    let server = TestServer::dev().await;
    for path in ["/health/live", "/nowhere", "/rest/v2/user/current"] {
        let answer = server.get(path).await;
        assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(answer.headers["cache-control"], "no-store", "{path}");
        assert_eq!(answer.headers["referrer-policy"], "no-referrer", "{path}");
        assert!(answer.headers["content-security-policy"].to_str().unwrap().contains("default-src 'none'"), "{path}");
        assert!(!answer.headers.contains_key("strict-transport-security"), "{path}");
    }
}

#[tokio::test]
async fn a_line_of_64_kib_in_the_head_is_read_and_one_without_end_is_not() {
    let server = TestServer::dev().await;
    let send = |length: usize| {
        server.http.get(format!("{}/health/live", server.base)).header("x-long", "k".repeat(length)).send()
    };
    assert_eq!(send(64 * 1024).await.unwrap().status(), 200);
    match send(400 * 1024).await {
        Ok(answer) => assert_eq!(answer.status(), 431),
        // cut off while it was still writing
        Err(error) => assert!(!error.is_timeout(), "{error}"),
    }
    assert_eq!(send(10).await.unwrap().status(), 200);
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_a_place() {
    let server = TestServer::dev().await;
    let running = again(&server, Listening { tls: None, connections: Some(2) }).await;
    let connect = || async {
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        stream.write_all(b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        stream
    };
    let answered = async |stream: &mut TcpStream| {
        let mut start = [0; 12];
        stream.read_exact(&mut start).await.unwrap();
        assert_eq!(&start, b"HTTP/1.1 200");
    };
    let (mut one, mut two) = (connect().await, connect().await);
    answered(&mut one).await;
    answered(&mut two).await;
    let mut three = connect().await;
    let early = tokio::time::timeout(Duration::from_millis(200), three.read_u8()).await;
    assert!(early.is_err(), "answered without a place");
    drop(one);
    let mut rest = [0; 4];
    tokio::time::timeout(Duration::from_secs(10), three.read_exact(&mut rest)).await.unwrap().unwrap();
}
