//! `crates/server`: the whole router, in process, over the store in memory.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::BodyExt as _;
use keystead_model::access::Caller;
use keystead_server::auth::password;
use keystead_server::clock::ManualClock;
use keystead_server::config::{Config, Rate};
use keystead_server::events::Wanted;
use keystead_server::groups::{NewHcp, create_hcp};
use keystead_server::http::Endpoints;
use keystead_server::rng::Rng;
use keystead_server::{App, ServerKeys};
use keystead_store::memory::MemoryStore;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

use crate::input::{line, parts};

/// Random numbers that are the same in every run, so that what was found is found again.
#[derive(Default)]
struct Repeating(AtomicU64);

impl Rng for Repeating {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(32) {
            let hash = Sha256::digest(self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes());
            chunk.copy_from_slice(&hash[..chunk.len()]);
        }
    }
}

const OWNER: &str = "00000000-0000-4000-8000-000000000001";
const PASSWORD: &str = "winter is coming";
const START: i64 = 1_800_000_000_000;
/// How many inputs a server serves before it is made anew, so that it neither grows nor forgets its purpose.
pub(crate) const INPUTS: u32 = 500;

/// A server with a healthcare party that administers its group and is logged in.
struct World {
    runtime: Runtime,
    router: Endpoints,
    bearer: String,
    refresh: String,
    user: String,
    group: String,
    left: u32,
}

impl World {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let app = app();
        let (user, group) = runtime.block_on(prepare(&app));
        let mut world = Self {
            runtime,
            router: keystead_server::router(app),
            bearer: String::new(),
            refresh: String::new(),
            user,
            group,
            left: INPUTS,
        };
        let login = json!({"username": "admin", "password": PASSWORD}).to_string();
        let request = Request::post("/rest/v2/auth/login").header(header::CONTENT_TYPE, "application/json");
        let (status, answer) = world.send(request.body(Body::from(login)).unwrap());
        assert_eq!(status, StatusCode::OK, "{answer}");
        world.bearer = format!("Bearer {}", answer["token"].as_str().unwrap());
        answer["refreshToken"].as_str().unwrap().clone_into(&mut world.refresh);
        world
    }

    /// Sends a request. The answer must not say that the server failed.
    fn send(&self, mut request: Request<Body>) -> (StatusCode, Value) {
        let shown = format!("{} {}", request.method(), request.uri());
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 1))));
        self.runtime.block_on(async {
            let response = self.router.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
            let (head, body) = response.into_parts();
            let body = body.collect().await.unwrap_or_else(|error| panic!("{shown}: {error}")).to_bytes();
            let text = String::from_utf8_lossy(&body);
            assert!(!head.status.is_server_error(), "{shown}: {} {text}", head.status);
            let kind = head.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
            let value: Value = if kind.starts_with("application/json") && !shown.starts_with("HEAD ") {
                serde_json::from_slice(&body).unwrap_or_else(|error| panic!("{shown}: no JSON, {error}: {text}"))
            } else {
                Value::Null
            };
            if head.status.is_client_error() && !shown.starts_with("HEAD ") {
                for field in ["status", "error", "code", "message", "requestId"] {
                    assert!(value.get(field).is_some(), "{shown}: an error without {field}: {text}");
                }
            }
            (head.status, value)
        })
    }

    /// `METHOD /path`, lines of headers, an empty line, the body; `{owner}`, `{user}` and `{group}` are filled in.
    /// The bearer is added unless an `Authorization` is given.
    fn request(&self, data: &[u8]) -> Option<Request<Body>> {
        let (first, mut rest) = line(data);
        let first = self.filled(std::str::from_utf8(first).ok()?);
        let (method, path) = first.split_once(' ')?;
        let mut request = Request::new(Body::empty());
        *request.method_mut() = Method::from_bytes(method.as_bytes()).ok()?;
        *request.uri_mut() = path.parse::<Uri>().ok().filter(|uri| uri.path().starts_with('/'))?;
        let headers = request.headers_mut();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_str(&self.bearer).unwrap());
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert("refresh-token", HeaderValue::from_str(&self.refresh).unwrap());
        loop {
            let (header, after) = line(rest);
            rest = after;
            let Some(colon) = header.iter().position(|byte| *byte == b':') else { break };
            let name = HeaderName::from_bytes(&header[..colon]).ok()?;
            headers.insert(name, HeaderValue::from_bytes(header[colon + 1..].trim_ascii()).ok()?);
        }
        *request.body_mut() = match std::str::from_utf8(rest) {
            Ok(text) => Body::from(self.filled(text)),
            Err(_) => Body::from(rest.to_vec()),
        };
        Some(request)
    }

    fn filled(&self, text: &str) -> String {
        text.replace("{owner}", OWNER).replace("{user}", &self.user).replace("{group}", &self.group)
    }
}

/// A server over the store in memory that refuses nobody for calling often.
pub(crate) fn app() -> Arc<App> {
    let ample = Rate { burst: 1_000_000, per_hour: 3_600_000 };
    let mut config = Config { dev: true, ..Config::default() };
    config.captcha.kerberus.difficulty = 4;
    config.captcha.kerberus.salts = 2;
    config.gateway.starts_per_address = ample;
    config.gateway.starts_per_ip = ample;
    config.gateway.starts_per_spec = ample;
    config.gateway.failures_per_ip = ample;
    config.portal.custodian_calls_per_minute = 60_000;
    config.portal.client_calls_per_minute = 60_000;
    let mut app = App::new(Arc::new(MemoryStore::new()), config, ServerKeys::derive(&[7; 32]).unwrap()).unwrap();
    app.rng = Arc::new(Repeating::default());
    app.clock = Arc::new(ManualClock::at(START));
    Arc::new(app)
}

async fn prepare(app: &App) -> (String, String) {
    keystead_server::bootstrap::development(app).await.unwrap_or_else(|_| panic!("bootstrap"));
    let group = app.store.read().await.unwrap().groups().await.unwrap().remove(0);
    let password_hash = password::hash(app, PASSWORD).await.unwrap_or_else(|_| panic!("hash"));
    let new = NewHcp {
        group: group.clone(),
        id: Some(OWNER.to_owned()),
        login: "admin".to_owned(),
        password_hash,
        first_name: None,
        last_name: Some("Stark".to_owned()),
        email: None,
        admin: true,
    };
    let mut tx = app.store.write().await.unwrap();
    let made = create_hcp(app, &mut *tx, new).await.unwrap_or_else(|_| panic!("a healthcare party"));
    tx.commit().await.unwrap();
    (made.user, group)
}

/// `serve` says whether the session still lives: requests can end it.
fn with_world(serve: impl FnOnce(&World) -> bool) {
    thread_local!(static WORLD: RefCell<Option<World>> = const { RefCell::new(None) });
    WORLD.with(|world| {
        // taken out while it serves: after a failure the next one gets a new server
        let mut current = world.take().filter(|world| world.left > 0).unwrap_or_else(World::new);
        current.left = if serve(&current) { current.left - 1 } else { 0 };
        world.replace(Some(current));
    });
}

/// Up to eight requests, one after the other.
pub fn server_router(data: &[u8]) {
    with_world(|world| {
        let mut alive = true;
        for part in parts(data).into_iter().take(8) {
            let Some(request) = world.request(part) else { continue };
            let own = request.headers()[header::AUTHORIZATION] == world.bearer;
            let (status, _) = world.send(request);
            alive &= !own || status != StatusCode::UNAUTHORIZED;
        }
        alive
    });
}

/// Up to four bodies for the message gateway, the first lines being what follows `/gw/dev/`. Nobody is logged in.
pub fn server_gateway(data: &[u8]) {
    with_world(|world| {
        for part in parts(data).into_iter().take(4) {
            let (path, body) = line(part);
            let Ok(path) = std::str::from_utf8(path) else { continue };
            let Ok(uri) = format!("/gw/dev/{path}").parse::<Uri>() else { continue };
            let method = if body.is_empty() { Method::GET } else { Method::POST };
            let request = Request::builder().method(method).uri(uri).header(header::CONTENT_TYPE, "application/json");
            world.send(request.body(Body::from(body.to_vec())).unwrap());
        }
        true
    });
}

/// The first message of a socket of events, and what its filter means for a data owner.
pub fn server_events(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok((wanted, keys)) = Wanted::read(text) else { return };
    let (again, same_keys) = Wanted::read(text).unwrap_or_else(|_| panic!("read once, refused then: {text}"));
    assert!(wanted == again && keys == same_keys, "read as two things: {text}");
    let caller = Caller { data_owner: Some(OWNER.to_owned()), delegation_keys: keys, ..Caller::default() };
    if let Err(error) = wanted.query(&caller) {
        assert!(error.to_string().contains("filter"), "an error that names no field: {error}");
    }
}
