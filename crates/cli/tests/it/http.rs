//! Calls to a server that may be killed while it answers.

use std::time::Duration;

use serde_json::{Value, json};

use crate::process::Hcp;

/// Somebody who calls a server.
#[derive(Clone)]
pub(crate) struct Caller {
    http: reqwest::Client,
    base: String,
    headers: Vec<(&'static str, String)>,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: u16,
    /// The body.
    pub(crate) text: String,
}

impl Answer {
    /// The body as JSON, of an answer that says it went well.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.well().text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    /// Whether it says that it went well.
    pub(crate) fn is_well(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The same, if it went well.
    #[track_caller]
    pub(crate) fn well(&self) -> &Self {
        assert!(self.is_well(), "the server answered {}: {}", self.status, self.text);
        self
    }

    /// The same, if it has this status.
    #[track_caller]
    pub(crate) fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }
}

impl Caller {
    /// Somebody without a session.
    pub(crate) fn new(base: String) -> Self {
        let builder = reqwest::Client::builder().timeout(Duration::from_secs(20)).tcp_nodelay(true);
        Self { http: builder.build().unwrap(), base, headers: Vec::new() }
    }

    /// The same, with one header more.
    pub(crate) fn with(&self, name: &'static str, value: impl Into<String>) -> Self {
        let mut caller = self.clone();
        caller.headers.push((name, value.into()));
        caller
    }

    /// The same, without a session.
    pub(crate) fn anonymous(&self) -> Self {
        Self { headers: Vec::new(), ..self.clone() }
    }

    /// The same, logged in.
    pub(crate) async fn logged_in(&self, hcp: &Hcp) -> Self {
        let body = json!({"username": hcp.login, "password": hcp.password});
        let tokens = self.post("/rest/v2/auth/login", &body).await.unwrap().json();
        self.with("authorization", format!("Bearer {}", tokens["token"].as_str().unwrap()))
    }

    /// The same, at a server that has been started again.
    pub(crate) fn at(&self, base: String) -> Self {
        Self { base, ..self.clone() }
    }

    /// `GET path`. `None` where the server is gone before it has answered.
    pub(crate) async fn get(&self, path: &str) -> Option<Answer> {
        self.send("GET", path, Vec::new()).await
    }

    /// `POST path` with JSON.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Option<Answer> {
        self.send("POST", path, body.to_string().into_bytes()).await
    }

    /// `PUT path` with JSON.
    pub(crate) async fn put(&self, path: &str, body: &Value) -> Option<Answer> {
        self.send("PUT", path, body.to_string().into_bytes()).await
    }

    /// Any request.
    pub(crate) async fn send(&self, method: &str, path: &str, body: Vec<u8>) -> Option<Answer> {
        let mut request = self.http.request(method.parse().unwrap(), format!("{}{path}", self.base));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if !body.is_empty() {
            request = request.header("content-type", "application/json").body(body);
        }
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        Some(Answer { status, text: response.text().await.ok()? })
    }
}
