//! Logins, sessions and tokens over HTTP.

mod login;
mod second_factor;
mod sessions;

use keystead_server::auth::password;
use keystead_server::groups::{self, CreatedHcp, NewHcp};
use serde_json::{Value, json};

use crate::support::{Answer, TestServer};

/// A healthcare party with a password, as `keystead admin hcp create` makes one.
pub(crate) async fn hcp(server: &TestServer, login: &str, password: &str) -> CreatedHcp {
    let group = group(server).await;
    let password_hash = password::hash(&server.app, password).await.unwrap();
    let new = NewHcp {
        group,
        id: None,
        login: login.to_owned(),
        password_hash,
        first_name: None,
        last_name: Some("Mormont".to_owned()),
        email: None,
        admin: false,
    };
    let mut tx = server.app.store.write().await.unwrap();
    let made = groups::create_hcp(&server.app, &mut *tx, new).await.unwrap();
    tx.commit().await.unwrap();
    made
}

/// The group of the development mode.
pub(crate) async fn group(server: &TestServer) -> String {
    server.app.store.read().await.unwrap().groups().await.unwrap().remove(0)
}

async fn login(server: &TestServer, name: &str, secret: &str) -> Answer {
    server.post("/rest/v2/auth/login", &json!({"username": name, "password": secret})).await
}

/// Logs in and gives the bearer and the refresh token.
pub(crate) async fn tokens(server: &TestServer, name: &str, secret: &str) -> (String, String) {
    let answer = login(server, name, secret).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let text = |key: &str| answer.json()[key].as_str().unwrap().to_owned();
    (text("token"), text("refreshToken"))
}

/// `GET path` with a bearer.
async fn get(server: &TestServer, bearer: &str, path: &str) -> Answer {
    Answer::of(server.http.get(format!("{}{path}", server.base)).bearer_auth(bearer)).await
}

/// `POST path` with a refresh token and no body.
async fn renew(server: &TestServer, refresh: &str, path: &str) -> Answer {
    Answer::of(server.http.post(format!("{}{path}", server.base)).header("Refresh-Token", refresh)).await
}

/// What a token says, decoded as the official client does: with the standard alphabet.
fn claims(token: &str) -> Value {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD_NO_PAD;
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&STANDARD_NO_PAD.decode(payload).unwrap()).unwrap()
}
