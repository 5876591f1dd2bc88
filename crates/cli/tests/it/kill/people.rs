//! Clients who register until the server is gone.
//!
//! A registration is four calls. Each changes several things in one transaction: the start keeps a
//! request and sends a message, the validation uses the code up, makes a user with its patient and
//! accepts the code for a login, the login begins a session.

use serde_json::{Value, json};

use super::ledger::Written;
use crate::contacts::new_id;
use crate::http::Caller;

/// Somebody who was about to register, and what the server acknowledged of it.
pub(crate) struct Person {
    address: String,
    request_id: String,
    started: bool,
    validated: bool,
    bearer: Option<String>,
}

/// Registers one person after the other.
pub(crate) async fn register(anybody: Caller) -> Written {
    let mut written = Written::default();
    loop {
        let mut person = Person::new();
        let complete = person.register(&anybody).await.is_some();
        written.people.push(person);
        if !complete {
            return written;
        }
    }
}

impl Person {
    fn new() -> Self {
        let address = format!("{}@example.org", new_id());
        Self { address, request_id: new_id(), started: false, validated: false, bearer: None }
    }

    /// `None` where the server is gone before it has answered everything.
    async fn register(&mut self, anybody: &Caller) -> Option<()> {
        let body = json!({
            "firstName": "", "lastName": "", "g-recaptcha-response": "solved",
            "email": self.address, "mobilePhone": "",
        });
        anybody.post(&format!("/gw/dev/process/patient-email/{}", self.request_id), &body).await?.well();
        self.started = true;
        let code = self.code(anybody).await?.expect("an acknowledged message is in the outbox");
        self.validate(anybody, &code).await?.well();
        self.validated = true;
        let tokens = self.log_in(anybody, &code).await?.json();
        self.bearer = Some(tokens["token"].as_str().unwrap().to_owned());
        Some(())
    }

    /// Whether everything that was acknowledged is there, and nothing by half; then completes the
    /// registration, if it was started. True where there is a user in the end.
    pub(crate) async fn check(self, anybody: &Caller) -> bool {
        let Some(code) = self.code(anybody).await.unwrap() else {
            assert!(!self.started, "an acknowledged message is not in the outbox");
            // Without its message there is no request either: a wrong code would be answered 401.
            self.validate(anybody, "000000").await.unwrap().is(404);
            return false;
        };
        let mut answer = self.log_in(anybody, &code).await.unwrap();
        if !self.validated && !answer.is_well() {
            // The code was not used up, since the user was not made.
            answer.is(401);
            self.validate(anybody, &code).await.unwrap().well();
            answer = self.log_in(anybody, &code).await.unwrap();
        }
        let tokens = answer.json();
        let user = only_user(anybody, tokens["token"].as_str().unwrap()).await;
        if let Some(bearer) = &self.bearer {
            assert_eq!(only_user(anybody, bearer).await, user, "the session of before");
        }
        true
    }

    /// The code in the outbox, if there is one.
    async fn code(&self, anybody: &Caller) -> Option<Option<String>> {
        let messages = anybody.get(&format!("/dev/outbox?to={}", self.address)).await?.json();
        let messages = messages.as_array().unwrap();
        assert!(messages.len() < 2, "a message was sent twice");
        Some(messages.first().map(|message| message["code"].as_str().unwrap().to_owned()))
    }

    async fn validate(&self, anybody: &Caller, code: &str) -> Option<crate::http::Answer> {
        anybody.get(&format!("/gw/dev/process/validate/{}-{code}", self.request_id)).await
    }

    async fn log_in(&self, anybody: &Caller, code: &str) -> Option<crate::http::Answer> {
        anybody.post("/rest/v2/auth/login", &json!({"username": self.address, "password": code})).await
    }
}

/// The user behind a session: exactly one, and with a patient that is there.
async fn only_user(anybody: &Caller, bearer: &str) -> Value {
    let session = anybody.with("authorization", format!("Bearer {bearer}"));
    let users = session.get("/rest/v2/user/matches").await.unwrap().json();
    let [user] = users.as_array().unwrap().as_slice() else { panic!("not one user: {users}") };
    let owner = session.get("/rest/v2/dataowner/current").await.unwrap().json();
    assert_eq!((&owner["type"], &owner["dataOwner"]["id"]), (&json!("patient"), &user["patientId"]), "{owner}");
    user.clone()
}
