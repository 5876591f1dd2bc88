//! A real server for one test, and people who use it through the SDK.

use std::sync::Arc;

use keystead_sdk::anonymous::AnonymousApiBuilder;
use keystead_sdk::storage::MemoryStorage;
use keystead_sdk::testing::{FaultyTransport, ManualTime};
use keystead_sdk::transport::HttpTransport;
use keystead_sdk::{AnonymousApi, Api, ApiBuilder, AuthenticationResult, Captcha, Start};
use keystead_server::auth::password;
use keystead_server::clock::ManualClock;
use keystead_server::config::Config;
use keystead_server::groups::{NewHcp, create_group, create_hcp};
use keystead_server::http::Running;
use keystead_server::jobs::Worker;
use keystead_server::rng::SystemRng;
use keystead_server::{App, ServerKeys};
use keystead_store::sqlite::SqliteStore;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;

/// 2027-01-15T08:00:00Z, where every clock of a test starts.
pub(crate) const START: i64 = 1_800_000_000_000;

/// A running server with one group, and a doctor in it. It stops when it is dropped with the runtime.
pub(crate) struct TestServer {
    pub(crate) app: Arc<App>,
    /// The server's clock.
    pub(crate) clock: Arc<ManualClock>,
    /// The clients' clock.
    pub(crate) time: ManualTime,
    /// What the clients send passes through here.
    pub(crate) transport: FaultyTransport,
    pub(crate) base: String,
    pub(crate) group: String,
    /// The data owner id of the doctor, whose login is `jorah` and password `dragonstone`.
    pub(crate) doctor: String,
    http: reqwest::Client,
    _running: Running,
    _worker: Worker,
    _data: TempDir,
}

impl TestServer {
    /// A server in development mode.
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// A server in development mode with `change` made to its configuration.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut config = Config { dev: true, ..Config::default() };
        config.captcha.kerberus.difficulty = 50;
        config.captcha.kerberus.salts = 4;
        config.server.data = data.path().to_owned();
        change(&mut config);
        config.validate().unwrap();
        let keys = ServerKeys::load_or_make(data.path(), &SystemRng::default()).unwrap();
        let store = Arc::new(SqliteStore::open(data.path(), Default::default()).unwrap());
        let clock = Arc::new(ManualClock::at(START));
        let mut app = App::new(store, config, keys).unwrap();
        app.clock = clock.clone();
        let app = Arc::new(app);
        keystead_server::bootstrap::development(&app).await.unwrap();
        let group = {
            let mut tx = app.store.read().await.unwrap();
            keystead_server::gateway::find_process(&mut *tx, "dev", "hcp-email").await.unwrap().group
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let worker = keystead_server::jobs::start(app.clone()).unwrap();
        let running =
            keystead_server::http::serve(listener, keystead_server::router(app.clone()), Default::default()).unwrap();
        let base = format!("http://{}", running.address);
        let mut server = Self {
            app,
            clock,
            time: ManualTime::at(START),
            transport: FaultyTransport::over(HttpTransport::new().unwrap()),
            base,
            group,
            doctor: String::new(),
            http: keystead_server::http::outgoing().unwrap(),
            _running: running,
            _worker: worker,
            _data: data,
        };
        server.doctor = server.make_doctor(&server.group, "jorah", "dragonstone").await;
        server
    }

    /// A group of this name; its id.
    pub(crate) async fn make_group(&self, name: &str) -> String {
        let id = self.app.rng.uuid();
        let mut tx = self.app.store.write().await.unwrap();
        create_group(&self.app, &mut *tx, &id, name).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    /// A doctor who administers the group; the data owner id.
    pub(crate) async fn make_doctor(&self, group: &str, login: &str, secret: &str) -> String {
        let new = NewHcp {
            group: group.to_owned(),
            id: None,
            login: login.to_owned(),
            password_hash: password::hash(&self.app, secret).await.unwrap(),
            first_name: Some("Jorah".into()),
            last_name: Some("Mormont".into()),
            email: None,
            admin: true,
        };
        let mut tx = self.app.store.write().await.unwrap();
        let made = create_hcp(&self.app, &mut *tx, new).await.unwrap();
        tx.commit().await.unwrap();
        made.data_owner
    }

    /// The messages to `to`, newest first.
    pub(crate) async fn outbox(&self, to: &str) -> Vec<Value> {
        let url = reqwest::Url::parse_with_params(&format!("{}/dev/outbox", self.base), [("to", to)]).unwrap();
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    /// The newest code sent to `to`.
    pub(crate) async fn code(&self, to: &str) -> String {
        self.outbox(to).await[0]["code"].as_str().unwrap().to_owned()
    }

    /// The builder of an application for patients that remembers things in `device`.
    pub(crate) fn builder(&self, device: &MemoryStorage) -> AnonymousApiBuilder {
        AnonymousApi::builder()
            .base_url(&self.base)
            .gateway_url(format!("{}/gw", self.base))
            .spec_id("dev")
            .process_by_email("patient-email")
            .process_by_sms("patient-sms")
            .storage(device.clone())
            .key_storage(device.clone())
            .time(self.time.clone())
            .transport(self.transport.clone())
    }

    /// An application for patients that remembers things in `device`.
    pub(crate) fn anonymous(&self, device: &MemoryStorage) -> AnonymousApi {
        self.builder(device).build().unwrap()
    }

    /// The builder of an API that remembers things in `device`.
    pub(crate) fn api(&self, device: &MemoryStorage) -> ApiBuilder {
        Api::builder()
            .base_url(&self.base)
            .storage(device.clone())
            .key_storage(device.clone())
            .time(self.time.clone())
            .transport(self.transport.clone())
    }

    /// The doctor, on a new device.
    pub(crate) async fn doctor(&self) -> Api {
        self.api(&MemoryStorage::new()).user_name("jorah").password("dragonstone").build().await.unwrap()
    }

    /// What Daenerys gives to register.
    pub(crate) fn daenerys(&self) -> Start {
        Start::by_email(DAENERYS, Captcha::Recaptcha("solved".into()))
            .name("Daenerys", "Targaryen")
            .responsible(&self.doctor)
    }

    /// Daenerys, registered or logged in by a code.
    pub(crate) async fn by_code(&self, device: &MemoryStorage) -> AuthenticationResult {
        let anonymous = self.anonymous(device);
        let process = anonymous.authentication().start(self.daenerys()).await.unwrap();
        anonymous.authentication().complete(&process, &self.code(DAENERYS).await).await.unwrap()
    }
}

/// An address.
pub(crate) const DAENERYS: &str = "daenerys@example.org";

impl TestServer {
    /// The wallet of a data owner, as the server has it.
    pub(crate) async fn wallet_of(&self, owner: &str) -> Value {
        let mut tx = self.app.store.read().await.unwrap();
        let document = tx.document(&self.group, "Wallet", owner).await.unwrap().unwrap();
        serde_json::from_str(&document.body).unwrap()
    }

    /// Changes a document behind everybody's back, as a lying server does.
    pub(crate) async fn tamper(&self, class: &str, id: &str, change: impl FnOnce(&mut serde_json::Map<String, Value>)) {
        let mut tx = self.app.store.write().await.unwrap();
        let mut document = tx.document(&self.group, class, id).await.unwrap().unwrap();
        let mut body: serde_json::Map<String, Value> = serde_json::from_str(&document.body).unwrap();
        change(&mut body);
        document.body = serde_json::to_string(&body).unwrap();
        let before = document.rev.clone();
        tx.replace(&self.group, class, &document, &before, &Default::default()).await.unwrap();
        tx.commit().await.unwrap();
    }
}

/// Every exchange data that a data owner has a part in, as the server has it.
pub(crate) async fn exchange_data_of(
    server: &TestServer,
    owner: &str,
) -> Vec<keystead_sdk::crypto::exchange::ExchangeData> {
    use keystead_model::entity::exchange_data;
    use keystead_model::query::Selection;
    let mut tx = server.app.store.read().await.unwrap();
    let find = keystead_store::documents::Find {
        group: server.group.clone(),
        class: exchange_data::CLASS.name,
        selection: Selection::unordered(exchange_data::of_participant(owner)),
        readable_by: None,
        parts: false,
        after: None,
        limit: None,
    };
    let ids: Vec<String> = tx.find(&find).await.unwrap().into_iter().map(|hit| hit.id).collect();
    let found = tx.documents(&server.group, exchange_data::CLASS.name, &ids, None).await.unwrap();
    found.iter().map(|document| serde_json::from_str(&document.body).unwrap()).collect()
}

impl TestServer {
    /// A request by somebody with this login and password, without the SDK.
    pub(crate) async fn send_as(
        &self,
        (login, password): (&str, &str),
        method: reqwest::Method,
        path: &str,
        body: &impl serde::Serialize,
    ) {
        let credentials = serde_json::json!({ "username": login, "password": password });
        let url = format!("{}/rest/v2/auth/login", self.base);
        let tokens: Value = self.http.post(url).json(&credentials).send().await.unwrap().json().await.unwrap();
        let sent = self.http.request(method, format!("{}/rest/v2/{path}", self.base)).json(body);
        let answer = sent.bearer_auth(tokens["token"].as_str().unwrap()).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }
}
