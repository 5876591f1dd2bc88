//! The outbox of the development mode, and that there is none otherwise.

use serde_json::json;

use super::{start, started};
use crate::support::TestServer;

#[tokio::test]
async fn the_outbox_lists_the_newest_first() {
    let server = TestServer::dev().await;
    started(&server, "a@example.org").await;
    server.advance(1_000);
    started(&server, "b@example.org").await;
    started(&server, "a@example.org").await;
    let all = server.outbox("").await;
    let to: Vec<&str> = all.iter().map(|message| message["to"].as_str().unwrap()).collect();
    assert_eq!(to, ["a@example.org", "b@example.org", "a@example.org"]);
    let keys: Vec<&String> = all[0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["to", "channel", "subject", "body", "code", "at"]);
    assert_eq!(server.outbox(" A@Example.ORG ").await.len(), 2);
    assert_eq!(server.outbox("c@example.org").await.len(), 0);
}

#[tokio::test]
async fn the_page_shows_messages_as_text_and_what_to_start_with() {
    let server = TestServer::dev().await;
    let body = json!({
        "firstName": "<script>alert(1)</script>", "email": "'<b>'@example.org", "g-recaptcha-response": "t",
    });
    assert_eq!(start(&server, "dev", "hcp-email", &body).await.1.status, 400, "no address");
    started(&server, "o'neill&sons@example.org").await;
    let code = server.code("o'neill&sons@example.org").await;
    let page = server.get("/dev").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'nonce-"));
    let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
    assert!(page.text.contains(&format!("<style nonce=\"{nonce}\">")));
    assert!(page.text.contains("o&#39;neill&amp;sons@example.org"));
    assert!(page.text.contains(&code));
    for text in ["patient-email", "hcp-sms", &format!("{}/gw", server.base), "keystead admin hcp create"] {
        assert!(page.text.contains(text), "{text}");
    }
    for text in ["<script", "http-equiv=\"refresh\" content=\"0", "src=", "href="] {
        assert!(!page.text.contains(text), "{text}");
    }
}

#[tokio::test]
async fn outside_of_the_development_mode_there_is_neither() {
    let server = TestServer::with(|_| {}).await;
    for path in ["/dev", "/dev/outbox", "/dev/outbox?to=a@example.org"] {
        assert_eq!(server.get(path).await.status, 404);
    }
}
