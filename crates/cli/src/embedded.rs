//! The server in this process: everything that `keystead serve` starts, and that `keystead demo` starts too.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use keystead_server::http::{Listening, Running};
use keystead_server::jobs::Worker;
use keystead_server::rng::SystemRng;
use keystead_server::{App, Config, ServerKeys, bootstrap};
use keystead_store::Store as _;
use keystead_store::sqlite::SqliteStore;
use tokio::net::TcpListener;

/// A running server.
pub(crate) struct Embedded {
    pub(crate) app: Arc<App>,
    store: Arc<SqliteStore>,
    running: Running,
    worker: Worker,
}

impl Embedded {
    /// Opens the data directory, and listens.
    pub(crate) async fn start(config: Config) -> anyhow::Result<Self> {
        let data = config.server.data.clone();
        std::fs::create_dir_all(&data).with_context(|| format!("{}: cannot be made", data.display()))?;
        let keys = ServerKeys::load_or_make(&data, &SystemRng::default()).context("the server's secret")?;
        let store = Arc::new(SqliteStore::open(&data, Default::default()).context("the database")?);
        let listen = config.server.listen;
        let app = Arc::new(App::new(store.clone(), config, keys)?);
        if app.config.dev {
            bootstrap::development(&app).await?;
        }
        let listener = TcpListener::bind(listen).await.with_context(|| format!("{listen}: cannot listen"))?;
        let worker = keystead_server::jobs::start(app.clone())?;
        let tls = keystead_server::http::acceptor(&app.config.tls)?;
        let options = Listening { tls, connections: Some(app.config.server.max_connections) };
        let running = keystead_server::http::serve(listener, keystead_server::router(app.clone()), options)?;
        Ok(Self { app, store, running, worker })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.running.address
    }

    /// Tells the web sockets to come back, finishes the requests under way, and closes the database.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.app.events.stop().await;
        self.running.stop().await?;
        self.worker.stop().await;
        self.store.close().await;
        Ok(())
    }
}
