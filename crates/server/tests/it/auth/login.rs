//! Names and secrets.

use super::{claims, get, hcp, login, tokens};
use crate::support::TestServer;

#[tokio::test]
async fn a_password_logs_in_under_every_name_of_the_user() {
    let server = TestServer::dev().await;
    let made = hcp(&server, "Jorah@Example.org", "dragonstone").await;
    let group = super::group(&server).await;
    let by_group = [format!("{group}:{}", made.user), format!("{group}/{}", made.user)];
    for name in ["jorah@example.org", " JORAH@example.ORG ", &made.user, &by_group[0], &by_group[1]] {
        let (bearer, refresh) = tokens(&server, name, "dragonstone").await;
        assert_eq!(claims(&bearer)["tac"], 20, "{name}");
        assert_eq!(claims(&bearer)["doId"], made.data_owner);
        assert_eq!(claims(&refresh)["tac"], 20);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_wrong_secret_and_an_unknown_name_are_answered_alike() {
    let server = TestServer::dev().await;
    hcp(&server, "jorah", "dragonstone").await;
    let wrong = login(&server, "jorah", "bear island").await;
    let unknown = login(&server, "nobody", "bear island").await;
    assert_eq!((wrong.status, unknown.status), (401, 401));
    for key in ["code", "message", "field", "error"] {
        assert_eq!(wrong.json()[key], unknown.json()[key], "{key}");
    }
    server.stop().await;
}

#[tokio::test]
async fn guessing_is_stopped_and_a_right_secret_forgives() {
    let server = TestServer::dev().await;
    hcp(&server, "jorah", "dragonstone").await;
    for _ in 0..19 {
        assert_eq!(login(&server, "jorah", "wrong").await.status, 401);
    }
    assert_eq!(login(&server, "jorah", "dragonstone").await.status, 200, "the twentieth is still read");
    for _ in 0..20 {
        assert_eq!(login(&server, "jorah", "wrong").await.status, 401);
    }
    let refused = login(&server, "jorah", "dragonstone").await;
    assert_eq!((refused.status, refused.error().as_str()), (429, "TOO_MANY_REQUESTS"));
    assert_eq!(login(&server, "somebody-else", "wrong").await.status, 401, "others are not affected");
    let wait = i64::try_from(refused.retry_after()).unwrap();
    server.advance(wait * 1000);
    assert_eq!(login(&server, "jorah", "dragonstone").await.status, 200, "after the time that was named");
    server.stop().await;
}

#[tokio::test]
async fn many_guesses_at_once_do_not_get_past_the_limit() {
    let server = std::sync::Arc::new(TestServer::dev().await);
    hcp(&server, "jorah", "dragonstone").await;
    let guesses = (0..60).map(|guess| {
        let server = server.clone();
        tokio::spawn(async move { login(&server, "jorah", &format!("guess {guess}")).await.status })
    });
    let mut read = 0;
    for guess in guesses.collect::<Vec<_>>() {
        match guess.await.unwrap() {
            401 => read += 1,
            429 => {}
            other => panic!("{other}"),
        }
    }
    assert!(read <= 20, "{read} guesses were verified");
}

#[tokio::test]
async fn what_is_not_a_login_is_refused_by_name() {
    let server = TestServer::dev().await;
    for (body, field) in [
        (serde_json::json!({}), "username"),
        (serde_json::json!({"username": "jorah"}), "password"),
        (serde_json::json!({"username": 7, "password": "x"}), "username"),
        (serde_json::json!({"username": "jorah", "password": "x".repeat(2000)}), "password"),
    ] {
        let answer = server.post("/rest/v2/auth/login", &body).await;
        assert_eq!((answer.status, answer.json()["field"].as_str()), (400, Some(field)), "{body}");
        assert!(!answer.text.contains("xxxx"), "errors never echo what was sent");
    }
    let garbage = server.http.post(format!("{}/rest/v2/auth/login", server.base)).body("{\"username\": \"jo");
    assert_eq!(crate::support::Answer::of(garbage).await.status, 400);
    server.stop().await;
}

#[tokio::test]
async fn nothing_answers_without_a_bearer_or_with_a_forged_one() {
    let server = TestServer::dev().await;
    hcp(&server, "jorah", "dragonstone").await;
    let (bearer, refresh) = tokens(&server, "jorah", "dragonstone").await;
    assert_eq!(get(&server, &bearer, "/rest/v2/user/matches").await.status, 200);
    let mut parts: Vec<&str> = bearer.split('.').collect();
    let other = {
        use base64::Engine as _;
        let mut claims = claims(&bearer);
        claims["u"] = "somebody".into();
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims.to_string())
    };
    parts[1] = &other;
    let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{other}.");
    for forged in [parts.join("."), unsigned, refresh, String::new(), "a.b.c".to_owned()] {
        assert_eq!(get(&server, &forged, "/rest/v2/user/matches").await.status, 401);
    }
    assert_eq!(server.get("/rest/v2/user/matches").await.status, 401);
    server.stop().await;
}
