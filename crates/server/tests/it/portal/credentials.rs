//! Keys of custodians and clients, and session tokens: who gets in with which, where, and for how long.

use http::Method;
use keystead_server::portal::{make_key, renew_client_key, revoke_client, revoke_key};
use serde_json::json;

use super::{call, client, environment, get, post, refused, try_client};
use crate::support::{TestServer, logs};

const HOUR: i64 = 3_600_000;

#[tokio::test]
async fn a_client_is_made_under_each_address_and_its_keys_work() {
    let server = TestServer::dev().await;
    let environment = environment(&server, "env").await;
    let mut ids = Vec::new();
    for (path, status) in
        [("/api/clients", 201), ("/api/v1/custodians/clients", 201), ("/api/v3/custodians/me/clients", 200)]
    {
        for (body, abstracted) in
            [(None, false), (Some(json!({})), false), (Some(json!({"isAccountAbstracted": true, "x": 1})), true)]
        {
            let answer = call(&server, Method::POST, path, &environment.key, body.as_ref()).await;
            assert_eq!(answer.status, status, "{}", answer.text);
            let made = answer.json();
            assert_eq!(made["isAccountAbstracted"], abstracted);
            for key in ["clientApiKey", "clientSessionToken"] {
                assert_eq!(try_client(&server, made[key].as_str().unwrap()).await, 200);
            }
            ids.push(made["id"].as_str().unwrap().to_owned());
        }
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 9);
}

#[tokio::test]
async fn bodies_that_are_not_right_are_refused_by_field() {
    let server = TestServer::dev().await;
    let environment = environment(&server, "env").await;
    for body in [json!({"isAccountAbstracted": "yes"}), json!([]), json!("text")] {
        refused(&post(&server, "/api/clients", &environment.key, &body).await, 400, "BAD_REQUEST");
    }
    let request = server.http.post(format!("{}/api/clients", server.base)).bearer_auth(&environment.key);
    let answer = crate::support::Answer::of(request.body("{\"isAccount")).await;
    refused(&answer, 400, "BAD_REQUEST");
    let answer = post(&server, "/api/clients", &environment.key, &json!({"x": "a".repeat(200_000)})).await;
    refused(&answer, 413, "BAD_REQUEST");
}

#[tokio::test]
async fn each_kind_of_key_opens_what_is_for_it_and_nothing_else() {
    let server = TestServer::dev().await;
    let environment = environment(&server, "env").await;
    let made = client(&server, &environment).await;
    for key in [&made.key, &made.session] {
        assert_eq!(try_client(&server, key).await, 200);
        for path in ["/api/clients", "/api/v1/custodians/clients", "/api/v3/custodians/me/clients"] {
            refused(&post(&server, path, key, &json!({})).await, 401, "AUTH_FAILED");
        }
        let session = format!("/api/v1/custodians/clients/{}/session", made.id);
        refused(&post(&server, &session, key, &json!({})).await, 401, "AUTH_FAILED");
    }
    assert_eq!(try_client(&server, &environment.key).await, 401);
    // nor is any of them a session of the rest of the server
    for key in [&made.key, &made.session, &environment.key] {
        assert_eq!(get(&server, "/rest/v2/user/current", key).await.status, 401);
    }
}

#[tokio::test]
async fn what_is_no_key_is_refused() {
    let server = TestServer::dev().await;
    let environment = environment(&server, "env").await;
    let made = client(&server, &environment).await;
    let altered = |key: &str| {
        let (rest, last) = key.split_at(key.len() - 1);
        format!("{rest}{}", if last == "A" { "B" } else { "A" })
    };
    // the key of a client dressed as a custodian's, a session token as a key, and the other way round
    let dressed = [
        made.key.replacen("ka_", "kc_", 1),
        made.session.replacen("ks_", "ka_", 1),
        made.key.replacen("ka_", "ks_", 1),
    ];
    let mut wrong = vec![altered(&environment.key), altered(&made.key), altered(&made.session)];
    wrong.extend(dressed);
    wrong.extend(["".into(), "kc_".into(), "nonsense".into(), "kc_a.b.c".into(), "ka_e30.00.x".into()]);
    for key in &wrong {
        refused(&post(&server, "/api/clients", key, &json!({})).await, 401, "AUTH_FAILED");
        assert_eq!(try_client(&server, key).await, 401, "{key}");
    }
    for authorization in ["Basic a2V5OmtleQ==", "Bearer", "kc_", "\u{e9}"] {
        let request = server.http.post(format!("{}/api/clients", server.base)).header("authorization", authorization);
        refused(&crate::support::Answer::of(request).await, 401, "AUTH_FAILED");
    }
    let without = server.post("/api/clients", &json!({})).await;
    refused(&without, 401, "AUTH_FAILED");
}

#[tokio::test]
async fn a_key_of_one_environment_sees_nothing_of_another() {
    let server = TestServer::dev().await;
    let (ours, theirs) = (environment(&server, "ours").await, environment(&server, "theirs").await);
    let made = client(&server, &ours).await;
    for path in [
        format!("/api/v1/custodians/clients/{}/session", made.id),
        format!("/api/v3/custodians/me/clients/{}/sessions", made.id),
        format!("/api/v1/custodians/clients/{}/web-otp", made.id),
        format!("/api/v3/custodians/me/clients/{}/web-otp", made.id),
    ] {
        refused(&post(&server, &path, &theirs.key, &json!({})).await, 404, "NOT_FOUND");
        assert_eq!(post(&server, &path, &ours.key, &json!({})).await.status, 200);
    }
    // the secret of one group is worth nothing in another
    let parts: Vec<&str> = made.key.split('.').collect();
    let group = theirs.key.strip_prefix("kc_").unwrap().split('.').next().unwrap();
    assert_eq!(try_client(&server, &format!("ka_{group}.{}.{}", parts[1], parts[2])).await, 401);
}

#[tokio::test]
async fn a_session_token_lives_a_day_from_its_last_use_and_a_week_at_most() {
    let server = TestServer::dev().await;
    let environment = environment(&server, "env").await;
    let made = client(&server, &environment).await;
    server.advance(24 * HOUR - 1);
    assert_eq!(try_client(&server, &made.session).await, 200, "within a day");
    // used a day less a moment after it was made, so it lives on; seven times in all
    for _ in 1..7 {
        server.advance(23 * HOUR);
        assert_eq!(try_client(&server, &made.session).await, 200, "a day after the last use");
    }
    // 6 * 23 + 24 hours less a moment have passed
    server.advance(6 * HOUR + 1);
    assert_eq!(try_client(&server, &made.session).await, 401, "a week is over");
    assert_eq!(try_client(&server, &made.key).await, 200, "the API key has no end");

    let path = format!("/api/v1/custodians/clients/{}/session", made.id);
    let answer = post(&server, &path, &environment.key, &json!({})).await.json();
    assert_eq!(answer["id"], made.id);
    assert_eq!(answer["isAccountAbstracted"], false);
    let session = answer["clientSessionToken"].as_str().unwrap();
    server.advance(24 * HOUR);
    assert_eq!(try_client(&server, session).await, 401, "a day without use");
}

#[tokio::test]
async fn a_client_has_so_many_session_tokens_at_most() {
    let server = TestServer::dev().await;
    let environment = environment(&server, "env").await;
    let made = client(&server, &environment).await;
    let path = format!("/api/v3/custodians/me/clients/{}/sessions", made.id);
    let mut sessions = Vec::new();
    for _ in 0..100 {
        server.advance(60_000);
        assert_eq!(try_client(&server, &made.session).await, 200);
        let answer = post(&server, &path, &environment.key, &json!({})).await.json();
        sessions.push(answer["clientSessionToken"].as_str().unwrap().to_owned());
    }
    assert_eq!(try_client(&server, &sessions[0]).await, 401, "not used for longest: it made room");
    server.advance(60_000);
    for session in sessions[1..].iter().chain([&made.session]) {
        assert_eq!(try_client(&server, session).await, 200);
    }
    assert_eq!(try_client(&server, &made.key).await, 200);
}

#[tokio::test]
async fn keys_are_revoked_one_by_one_and_those_of_a_client_all_together() {
    let server = TestServer::dev().await;
    let environment = environment(&server, "env").await;
    let made = client(&server, &environment).await;
    let mut tx = server.app.store.write().await.unwrap();
    let second = make_key(&server.app, &mut *tx, "env", None).await.unwrap();
    let id = environment.key.split('.').nth(1).unwrap();
    assert!(!revoke_key(&server.app, &mut *tx, "env", made.key.split('.').nth(1).unwrap()).await.unwrap());
    assert!(revoke_key(&server.app, &mut *tx, "env", id).await.unwrap());
    assert!(!revoke_key(&server.app, &mut *tx, "env", id).await.unwrap());
    tx.commit().await.unwrap();
    refused(&post(&server, "/api/clients", &environment.key, &json!({})).await, 401, "AUTH_FAILED");
    assert_eq!(post(&server, "/api/clients", &second, &json!({})).await.status, 201);

    let mut tx = server.app.store.write().await.unwrap();
    assert_eq!(revoke_client(&server.app, &mut *tx, "env", &made.id).await.unwrap(), 2);
    let renewed = renew_client_key(&server.app, &mut *tx, "env", &made.id).await.unwrap();
    assert!(renew_client_key(&server.app, &mut *tx, "env", "nobody").await.is_err());
    tx.commit().await.unwrap();
    for key in [&made.key, &made.session] {
        assert_eq!(try_client(&server, key).await, 401);
    }
    assert_eq!(try_client(&server, &renewed).await, 200);
}

#[tokio::test]
async fn callers_are_limited_each_for_itself() {
    let server = TestServer::dev_with(|config| {
        config.portal.custodian_calls_per_minute = 3;
        config.portal.client_calls_per_minute = 2;
    })
    .await;
    let environment = environment(&server, "env").await;
    let (one, other) = (client(&server, &environment).await, client(&server, &environment).await);
    let third = post(&server, "/api/clients", &environment.key, &json!({})).await;
    assert_eq!(third.status, 201);
    let fourth = post(&server, "/api/clients", &environment.key, &json!({})).await;
    refused(&fourth, 429, "ERROR");
    assert_eq!(fourth.retry_after(), 20);
    for (key, status) in [(&one.key, 200), (&one.session, 200), (&one.key, 429), (&other.key, 200)] {
        assert_eq!(try_client(&server, key).await, status);
    }
    server.advance(30_000);
    assert_eq!(try_client(&server, &one.key).await, 200);
    assert_eq!(post(&server, "/api/clients", &environment.key, &json!({})).await.status, 201);
}

#[tokio::test]
async fn no_key_is_kept_or_logged() {
    let logs = logs();
    let server = TestServer::dev().await;
    let environment = environment(&server, "env").await;
    let made = client(&server, &environment).await;
    assert_eq!(try_client(&server, &made.session).await, 200);
    assert_eq!(try_client(&server, "ks_ZW52.00000000000000000000000000000000.a-secret-that-is-wrong").await, 401);
    let secrets: Vec<&str> =
        [&environment.key, &made.key, &made.session].iter().map(|key| key.rsplit('.').next().unwrap()).collect();
    for line in logs.lines() {
        for secret in secrets.iter().chain(&["a-secret-that-is-wrong"]) {
            assert!(!line.contains(secret), "{line}");
        }
    }
    let mut kept = 0;
    for entry in std::fs::read_dir(&server.app.config.server.data).unwrap() {
        let octets = std::fs::read(entry.unwrap().path()).unwrap();
        kept += octets.windows(made.id.len()).filter(|part| *part == made.id.as_bytes()).count();
        for secret in &secrets {
            assert!(!octets.windows(secret.len()).any(|part| part == secret.as_bytes()));
        }
    }
    assert!(kept > 0, "the files that were searched have the client in them");
}

#[tokio::test]
async fn unknown_addresses_and_methods_are_answered_as_objects_with_an_error() {
    let server = TestServer::dev().await;
    let environment = environment(&server, "env").await;
    for path in ["/api", "/api/", "/api/v3/clients/me/nothing", "/api/v9/swaps", "/clients/token/other", "/sdk/x"] {
        refused(&get(&server, path, &environment.key).await, 404, "NOT_FOUND");
    }
    let answer = call(&server, Method::DELETE, "/api/clients", &environment.key, None).await;
    refused(&answer, 405, "NOT_FOUND");
    // the rest of the server keeps its own shape
    assert_eq!(server.get("/rest/v2/nothing").await.error(), "NOT_FOUND");
}
