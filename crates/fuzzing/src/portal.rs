//! The keys of `crates/server`'s interface of Portal: custodian and client API keys, session tokens, web OTPs.

use std::cell::RefCell;
use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::BodyExt as _;
use keystead_server::groups::create_group;
use keystead_server::http::Endpoints;
use keystead_server::portal::{Custodian, Environment, make_key, set_environment};
use serde_json::Value;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

use crate::input::{line, parts};
use crate::server::{INPUTS, app};

const GROUP: &str = "env";

/// An environment with a client, and everything that opens something of theirs.
struct World {
    runtime: Runtime,
    router: Endpoints,
    custodian: String,
    client: String,
    session: String,
    otp: String,
    id: String,
    left: u32,
}

impl World {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let app = app();
        let custodian = runtime.block_on(async {
            let environment =
                Environment::new(GROUP, "Development", Custodian { id: "acme".into(), name: "Acme".into() });
            let mut tx = app.store.write().await.unwrap();
            create_group(&app, &mut *tx, GROUP, "Acme").await.unwrap_or_else(|_| panic!("a group"));
            set_environment(&app, &mut *tx, &environment).await.unwrap_or_else(|_| panic!("an environment"));
            let key = make_key(&app, &mut *tx, GROUP, None).await.unwrap_or_else(|_| panic!("a key"));
            tx.commit().await.unwrap();
            key
        });
        let router = keystead_server::router(app);
        let [client, session, otp, id] = [const { String::new() }; 4];
        let mut world = Self { runtime, router, custodian, client, session, otp, id, left: INPUTS };
        let made = world.asks(Method::POST, "/api/v3/custodians/me/clients", "{}");
        let text = |answer: &Value, key: &str| answer[key].as_str().unwrap().to_owned();
        (world.client, world.session) = (text(&made, "clientApiKey"), text(&made, "clientSessionToken"));
        world.id = text(&made, "id");
        let otp = world.asks(Method::GET, &format!("/api/v3/custodians/me/clients/{}/web-otp", world.id), "");
        world.otp = text(&otp, "otp");
        world
    }

    /// What the custodian is answered.
    fn asks(&self, method: Method, path: &str, body: &'static str) -> Value {
        let request = Request::builder().method(method).uri(path);
        let request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.custodian));
        let (status, answer) = self.send(request.body(Body::from(body)).unwrap());
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer
    }

    /// Sends a request. Whatever fails is said as callers of Portal read it.
    fn send(&self, mut request: Request<Body>) -> (StatusCode, Value) {
        // without the query, which has an OTP
        let shown = format!("{} {}", request.method(), request.uri().path());
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 1))));
        self.runtime.block_on(async {
            let response = self.router.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
            let (head, body) = response.into_parts();
            let body = body.collect().await.unwrap_or_else(|error| panic!("{shown}: {error}")).to_bytes();
            assert!(!head.status.is_server_error(), "{shown}: {}", head.status);
            let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
            if head.status.is_client_error() {
                for field in ["error", "id", "message", "requestId"] {
                    assert!(answer[field].is_string(), "{shown}: an error without {field}: {answer}");
                }
                for secret in [&self.custodian, &self.client, &self.session, &self.otp] {
                    assert!(!String::from_utf8_lossy(&body).contains(secret.as_str()), "{shown}: an error with a key");
                }
            }
            (head.status, answer)
        })
    }

    fn filled(&self, text: &str) -> String {
        let keys = [
            ("{custodian}", &self.custodian),
            ("{client}", &self.client),
            ("{session}", &self.session),
            ("{otp}", &self.otp),
            ("{id}", &self.id),
        ];
        keys.iter().fold(text.to_owned(), |text, (name, key)| text.replace(name, key))
    }

    /// `how` (bearer, cookie or otp), a tab, the key; maybe another tab, a place in it, a tab, what is put there instead.
    fn presented(&self, told: &str) -> Option<(String, String)> {
        let mut fields = told.split('\t');
        let (how, mut key) = (fields.next()?, self.filled(fields.next()?));
        if let (Some(at), Some(other)) = (fields.next(), fields.next()) {
            let at = at.parse::<usize>().ok()? % key.len().max(1);
            if key.is_char_boundary(at) && key.is_char_boundary(at + 1) {
                key.replace_range(at..(at + 1).min(key.len()), other);
            }
        }
        Some((how.to_owned(), key))
    }

    /// One call: who presents what, `METHOD /path`, the body. Only the keys themselves open anything.
    fn call(&self, data: &[u8]) {
        let (told, rest) = line(data);
        let (asked, body) = line(rest);
        let (Ok(told), Ok(asked)) = (std::str::from_utf8(told), std::str::from_utf8(asked)) else { return };
        let Some((how, key)) = self.presented(told) else { return };
        let asked = self.filled(asked);
        let (method, path) = asked.split_once(' ').unwrap_or((asked.as_str(), "/api/v3/clients/me"));
        let mut known = [Method::GET, Method::POST, Method::PATCH, Method::PUT].into_iter();
        let Some(method) = known.find(|known| known.as_str() == method) else { return };
        let (method, path, header, value) = match how.as_str() {
            "bearer" => (method, path.to_owned(), header::AUTHORIZATION, format!("Bearer {key}")),
            "cookie" => (method, path.to_owned(), header::COOKIE, format!("keystead_client={key}")),
            _ => (Method::GET, format!("/clients/token/validate?otp={key}"), header::ACCEPT, "*/*".to_owned()),
        };
        let ours = |uri: &Uri| ["/api/", "/clients/token/"].iter().any(|of| uri.path().starts_with(of));
        let Some(uri) = path.parse::<Uri>().ok().filter(ours) else { return };
        let Ok(value) = HeaderValue::from_str(&value) else { return };
        let request = Request::builder().method(method).uri(uri).header(header, value);
        let request = request.header(header::CONTENT_TYPE, "application/json");
        let (status, answer) = self.send(request.body(Body::from(body.to_vec())).unwrap());
        // spaces and what follows the name of another cookie are not part of a key
        let said = key.trim().split(';').next().unwrap_or_default();
        let right = match how.as_str() {
            "bearer" => [&self.custodian, &self.client, &self.session].contains(&&said.to_owned()),
            "cookie" => [&self.client, &self.session].contains(&&said.to_owned()),
            // percent escapes and further parameters are read before
            _ => key.contains(['%', '&', '+', '#']) || key == self.otp,
        };
        assert!(right || !status.is_success(), "{how} {path} was let in: {answer}");
    }
}

/// Up to four calls with keys.
pub fn server_keys(data: &[u8]) {
    thread_local!(static WORLD: RefCell<Option<World>> = const { RefCell::new(None) });
    WORLD.with(|world| {
        // taken out while it serves: after a failure the next one gets a new server
        let mut current = world.take().filter(|world| world.left > 0).unwrap_or_else(World::new);
        current.left -= 1;
        for part in parts(data).into_iter().take(4) {
            current.call(part);
        }
        world.replace(Some(current));
    });
}
