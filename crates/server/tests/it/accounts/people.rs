//! People who call the server, each with a session.

use keystead_server::auth::{password, secret};
use keystead_server::groups::{NewHcp, create_hcp};
use keystead_server::users::register::{Address, Registrant, RegistrantKind, find_or_register};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, TestServer};

/// A server with its one group.
pub(super) struct World {
    pub(super) server: TestServer,
    pub(super) group: String,
}

/// Somebody with a session.
#[derive(Clone)]
pub(super) struct Person {
    pub(super) user: String,
    pub(super) owner: String,
    bearer: String,
    base: String,
    http: reqwest::Client,
}

impl World {
    pub(super) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// The same, with changes to the configuration.
    pub(super) async fn with(change: impl FnOnce(&mut keystead_server::Config)) -> Self {
        let server = TestServer::dev_with(change).await;
        let group = crate::auth::group(&server).await;
        Self { server, group }
    }

    /// A healthcare party; its password is its login.
    pub(super) async fn hcp(&self, login: &str) -> Person {
        self.make_hcp(login, false).await
    }

    /// A healthcare party who administers the group.
    pub(super) async fn admin(&self) -> Person {
        self.make_hcp("admin", true).await
    }

    async fn make_hcp(&self, login: &str, admin: bool) -> Person {
        let app = &self.server.app;
        let new = NewHcp {
            group: self.group.clone(),
            id: None,
            login: login.to_owned(),
            password_hash: password::hash(app, login).await.unwrap(),
            first_name: None,
            last_name: Some(login.to_owned()),
            email: None,
            admin,
        };
        let mut tx = app.store.write().await.unwrap();
        let made = create_hcp(app, &mut *tx, new).await.unwrap();
        tx.commit().await.unwrap();
        self.person(&made.user, &made.data_owner, &self.log_in(login, login).await.unwrap())
    }

    /// A patient who registered by e-mail.
    pub(super) async fn patient(&self, email: &str) -> Person {
        let account = self.register(&self.registrant(email)).await;
        let person = self.person(&account, "", &self.log_in(email, "123456").await.unwrap());
        let owner = person.get("dataowner/current").await.json()["dataOwner"]["id"].as_str().unwrap().to_owned();
        Person { owner, ..person }
    }

    pub(super) fn registrant(&self, email: &str) -> Registrant {
        Registrant {
            group: self.group.clone(),
            kind: RegistrantKind::Patient,
            address: Address::Email(email.to_owned()),
            first_name: "Daenerys".into(),
            last_name: "Targaryen".into(),
            responsible: Some("responsible".into()),
        }
    }

    /// Registers somebody as the gateway does after the code 123456; the user's id.
    pub(super) async fn register(&self, registrant: &Registrant) -> String {
        let app = &self.server.app;
        let mut tx = app.store.write().await.unwrap();
        let account = find_or_register(app, &mut *tx, registrant).await.unwrap();
        secret::accept_code(app, &mut *tx, &account, "123456").await.unwrap();
        tx.commit().await.unwrap();
        account.user
    }

    /// The bearer of a login, or the status of a refused one.
    pub(super) async fn log_in(&self, name: &str, secret: &str) -> Result<String, u16> {
        let answer = self.server.post("/rest/v2/auth/login", &json!({"username": name, "password": secret})).await;
        match answer.status {
            200 => Ok(answer.json()["token"].as_str().unwrap().to_owned()),
            status => Err(status),
        }
    }

    /// Somebody with this bearer.
    pub(super) fn person(&self, user: &str, owner: &str, bearer: &str) -> Person {
        Person {
            user: user.to_owned(),
            owner: owner.to_owned(),
            bearer: bearer.to_owned(),
            base: self.server.base.clone(),
            http: self.server.http.clone(),
        }
    }

    /// The same person with a session of another secret.
    pub(super) async fn again(&self, person: &Person, name: &str, secret: &str) -> Person {
        self.person(&person.user, &person.owner, &self.log_in(name, secret).await.unwrap())
    }

    pub(super) async fn stop(self) {
        self.server.stop().await;
    }
}

impl Person {
    pub(super) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.at(method, &format!("/rest/v2/{path}"))
    }

    /// What it sends in the header `Authorization`.
    pub(super) fn authorization(&self) -> String {
        format!("Bearer {}", self.bearer)
    }

    /// A request of any path.
    pub(super) fn at(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.bearer)
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    pub(super) async fn delete(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::DELETE, path)).await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(&body)).await
    }

    pub(super) async fn put(&self, path: &str, body: Value) -> Answer {
        Answer::of(self.request(Method::PUT, path).json(&body)).await
    }

    /// The JSON of a GET that has to succeed.
    pub(super) async fn read(&self, path: &str) -> Value {
        ok(self.get(path).await)
    }

    /// Publishes the public key with this number.
    pub(super) async fn publish(&self, number: u32) -> Value {
        let mut body = self.read(&format!("dataowner/stub/{}", self.owner)).await;
        body["stub"]["publicKeysForOaepWithSha256"].as_array_mut().unwrap().push(json!(key(number)));
        ok(self.put("dataowner/stub", body).await)
    }

    /// Creates a patient record that this healthcare party may modify, and gives its id.
    pub(super) async fn add_patient(&self, id: &str) -> String {
        let delegation =
            json!({"delegator": self.owner, "delegate": self.owner, "exchangeDataId": "x", "permissions": "WRITE"});
        let metadata = json!({"secureDelegations": {delegation_key(id): delegation}});
        ok(self.post("patient", json!({"id": id, "firstName": "Sansa", "securityMetadata": metadata})).await);
        id.to_owned()
    }
}

/// Some delegation key.
pub(super) fn delegation_key(seed: &str) -> String {
    let sum = seed.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    format!("{sum:064x}")
}

/// A public key that looks like one: an RSA modulus of 2048 bits and exponent 65537.
pub(super) fn key(number: u32) -> String {
    format!("30820122300d06092a864886f70d01010105000382010f003082010a0282010100c0{number:0510x}0203010001")
}

/// The fingerprint of version 2 of [`key`].
pub(super) fn fingerprint(number: u32) -> String {
    let key = key(number);
    key[key.len() - 32..key.len() - 10].to_owned()
}

/// The JSON of an answer that has to be a success.
pub(super) fn ok(answer: Answer) -> Value {
    assert!((200..300).contains(&answer.status), "{}: {}", answer.status, answer.text);
    answer.json()
}

/// Demands a refusal with this status; the field it names.
pub(super) fn refused(answer: Answer, status: u16) -> String {
    assert_eq!(answer.status, status, "{}", answer.text);
    answer.json()["field"].as_str().unwrap_or_default().to_owned()
}
