//! A real server for one test: SQLite in a temporary directory, a free port, a worker.

use std::io;
use std::sync::{Arc, Mutex, OnceLock};

use keystead_server::clock::ManualClock;
use keystead_server::config::{Config, Rate};
use keystead_server::http::Running;
use keystead_server::jobs::Worker;
use keystead_server::rng::SystemRng;
use keystead_server::{App, ServerKeys};
use keystead_store::sqlite::SqliteStore;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;

/// 2027-01-15T08:00:00Z, where every [`ManualClock`] of a test starts.
pub(crate) const START: i64 = 1_800_000_000_000;

/// A running server. It stops when it is dropped with the runtime of its test.
pub(crate) struct TestServer {
    /// What its handlers share, to look into the store or to prepare it.
    pub(crate) app: Arc<App>,
    /// Its clock, which stands still until it is moved.
    pub(crate) clock: Arc<ManualClock>,
    /// `http://127.0.0.1:port`
    pub(crate) base: String,
    /// A client that follows no redirect.
    pub(crate) http: reqwest::Client,
    running: Running,
    worker: Worker,
    _data: TempDir,
}

impl TestServer {
    /// A server in development mode, with its group and processes.
    pub(crate) async fn dev() -> Self {
        Self::dev_with(|_| {}).await
    }

    /// The same, with `change` made to the configuration.
    pub(crate) async fn dev_with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config { dev: true, ..easy() };
        change(&mut config);
        Self::start(config).await
    }

    /// A server as in production, with `change` made to a configuration whose proof of work is
    /// quick.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = easy();
        change(&mut config);
        Self::start(config).await
    }

    async fn start(mut config: Config) -> Self {
        let data = tempfile::tempdir().unwrap();
        config.server.data = data.path().to_owned();
        config.validate().unwrap();
        Self::over(data, config, START).await
    }

    /// Stops, and starts again over the same directory.
    pub(crate) async fn restarted(self) -> Self {
        let Self { app, clock, running, worker, _data: data, .. } = self;
        running.stop().await.unwrap();
        worker.stop().await;
        app.store.close().await;
        let now = keystead_server::clock::Clock::now(&*clock);
        Self::over(data, app.config.clone(), now).await
    }

    async fn over(data: TempDir, config: Config, now: i64) -> Self {
        let dev = config.dev;
        let keys = ServerKeys::load_or_make(data.path(), &SystemRng::default()).unwrap();
        let store = Arc::new(SqliteStore::open(data.path(), Default::default()).unwrap());
        let clock = Arc::new(ManualClock::at(now));
        let mut app = App::new(store, config, keys).unwrap();
        app.clock = clock.clone();
        let app = Arc::new(app);
        if dev {
            keystead_server::bootstrap::development(&app).await.unwrap();
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let worker = keystead_server::jobs::start(app.clone()).unwrap();
        let running =
            keystead_server::http::serve(listener, keystead_server::router(app.clone()), Default::default()).unwrap();
        let base = format!("http://{}", running.address);
        let http = keystead_server::http::outgoing().unwrap();
        Self { app, clock, base, http, running, worker, _data: data }
    }

    /// Moves the clock by `ms` and lets the worker look.
    pub(crate) fn advance(&self, ms: i64) {
        self.clock.advance(ms);
        self.app.jobs.wake();
    }

    /// `GET path`
    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.http.get(format!("{}{path}", self.base))).await
    }

    /// `POST path` with a JSON body.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.http.post(format!("{}{path}", self.base)).json(body)).await
    }

    /// The messages to `to` in the outbox of the development mode, newest first.
    pub(crate) async fn outbox(&self, to: &str) -> Vec<Value> {
        let url = reqwest::Url::parse_with_params(&format!("{}/dev/outbox", self.base), [("to", to)]).unwrap();
        serde_json::from_value(Answer::of(self.http.get(url)).await.json()).unwrap()
    }

    /// The newest code sent to `to`.
    pub(crate) async fn code(&self, to: &str) -> String {
        self.outbox(to).await[0]["code"].as_str().unwrap().to_owned()
    }

    /// How many jobs wait, and how many of them were tried before.
    pub(crate) async fn jobs(&self) -> (u64, u64) {
        self.app.store.read().await.unwrap().waiting_jobs().await.unwrap()
    }

    /// Whether a job waits for another try within a minute. While it is being tried it does not: it is
    /// claimed for longer than that.
    pub(crate) async fn put_off(&self) -> bool {
        let mut tx = self.app.store.write().await.unwrap();
        // dropped uncommitted, so nothing is claimed
        !tx.claim_jobs(self.app.now() + 60_000, i64::MAX, 1).await.unwrap().is_empty()
    }

    /// Stops as `keystead serve` does.
    pub(crate) async fn stop(self) {
        self.running.stop().await.unwrap();
        self.worker.stop().await;
    }
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: u16,
    /// The headers.
    pub(crate) headers: http::HeaderMap,
    /// The body.
    pub(crate) text: String,
}

impl Answer {
    /// Sends `request`.
    pub(crate) async fn of(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, text: response.text().await.unwrap() }
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The stable code of an error.
    pub(crate) fn error(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// Seconds after which to try again.
    pub(crate) fn retry_after(&self) -> u64 {
        self.headers["retry-after"].to_str().unwrap().parse().unwrap()
    }
}

/// Waits for `what` to become true, for at most ten seconds of real time.
pub(crate) async fn until<F: Future<Output = bool>>(what: impl Fn() -> F) {
    for _ in 0..2_000 {
        if what().await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("it did not happen in time");
}

/// A rate that no test reaches.
pub(crate) fn ample() -> Rate {
    Rate { burst: 1_000_000, per_hour: 3_600_000 }
}

fn easy() -> Config {
    let mut config = Config::default();
    config.captcha.kerberus.difficulty = 4;
    config.captcha.kerberus.salts = 2;
    config
}

/// Everything that any test of this process logs, at every level, from the first call on.
pub(crate) fn logs() -> Logs {
    static LOGS: OnceLock<Logs> = OnceLock::new();
    let logs = LOGS.get_or_init(|| {
        let logs = Logs::default();
        let writer = logs.clone();
        tracing_subscriber::fmt()
            .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .init();
        logs
    });
    logs.clone()
}

/// See [`logs`].
#[derive(Clone, Default)]
pub(crate) struct Logs(Arc<Mutex<Vec<u8>>>);

impl Logs {
    /// The lines so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        String::from_utf8_lossy(&self.0.lock().unwrap()).lines().map(str::to_owned).collect()
    }
}

impl io::Write for Logs {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
