//! Web OTPs: used once, within five minutes, for a cookie.

use http::Method;
use serde_json::json;

use super::{TestClient, TestEnvironment, call, client, environment, refused};
use crate::support::{Answer, TestServer};

async fn otp(server: &TestServer, environment: &TestEnvironment, client: &TestClient, method: Method) -> String {
    let path = format!("/api/v1/custodians/clients/{}/web-otp", client.id);
    let answer = call(server, method, &path, &environment.key, None).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json()["id"], client.id);
    answer.json()["otp"].as_str().unwrap().to_owned()
}

async fn validate(server: &TestServer, otp: &str) -> Answer {
    let url = reqwest::Url::parse_with_params(&format!("{}/clients/token/validate", server.base), [("otp", otp)]);
    Answer::of(server.http.get(url.unwrap())).await
}

async fn with_cookie(server: &TestServer, cookie: &str) -> Answer {
    let request = server.http.post(format!("{}/api/v1/analytics/track", server.base));
    Answer::of(request.header("cookie", cookie).json(&json!({}))).await
}

#[tokio::test]
async fn a_web_otp_is_exchanged_once_for_a_cookie_that_scripts_cannot_read() {
    let server = TestServer::dev().await;
    let environment = environment(&server, "env").await;
    let made = client(&server, &environment).await;
    for method in [Method::GET, Method::POST] {
        let otp = otp(&server, &environment, &made, method).await;
        let answer = validate(&server, &otp).await;
        assert_eq!((answer.status, &answer.json()["id"]), (200, &json!(made.id)), "{}", answer.text);
        let cookie = answer.headers["set-cookie"].to_str().unwrap();
        for attribute in ["HttpOnly", "Secure", "SameSite=Strict", "Path=/api/"] {
            assert!(cookie.contains(attribute), "{attribute}");
        }
        let pair = cookie.split(';').next().unwrap();
        assert_eq!(with_cookie(&server, pair).await.status, 200);
        assert_eq!(with_cookie(&server, &format!("other=x; {pair}")).await.status, 200);
        refused(&with_cookie(&server, "keystead_client=nonsense").await, 401, "AUTH_FAILED");
        refused(&validate(&server, &otp).await, 401, "AUTH_FAILED");
    }
}

#[tokio::test]
async fn a_cookie_does_not_help_a_wrong_key_or_a_custodian() {
    let server = TestServer::dev().await;
    let environment = environment(&server, "env").await;
    let made = client(&server, &environment).await;
    let cookie = format!("keystead_client={}", made.session);
    let request = server.http.post(format!("{}/api/v1/analytics/track", server.base)).header("cookie", &cookie);
    refused(&Answer::of(request.bearer_auth("ka_wrong").json(&json!({}))).await, 401, "AUTH_FAILED");
    let request = server.http.post(format!("{}/api/clients", server.base));
    let custodian = format!("keystead_client={}", environment.key);
    refused(&Answer::of(request.header("cookie", &custodian)).await, 401, "AUTH_FAILED");
    refused(&with_cookie(&server, &custodian).await, 401, "AUTH_FAILED");
}

#[tokio::test]
async fn what_is_no_web_otp_or_too_old_is_refused() {
    let server = TestServer::dev().await;
    let environment = environment(&server, "env").await;
    let made = client(&server, &environment).await;
    let fresh = otp(&server, &environment, &made, Method::GET).await;
    let (said, mac) = fresh.split_once('.').unwrap();
    for wrong in ["", "x", ".", &format!("{said}."), &format!(".{mac}"), &format!("{said}x.{mac}"), &made.session] {
        refused(&validate(&server, wrong).await, 401, "AUTH_FAILED");
    }
    refused(&Answer::of(server.http.get(format!("{}/clients/token/validate", server.base))).await, 400, "BAD_REQUEST");
    server.advance(300_000);
    refused(&validate(&server, &fresh).await, 401, "AUTH_FAILED");
    let path = "/api/v1/custodians/clients/nobody/web-otp";
    refused(&call(&server, Method::GET, path, &environment.key, None).await, 404, "NOT_FOUND");
}
