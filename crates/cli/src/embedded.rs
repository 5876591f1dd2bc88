//! The server in this process: everything that `keystead serve` starts, and that `keystead demo` starts too.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use keystead_server::http::{Listening, Running};
use keystead_server::jobs::Worker;
use keystead_server::{App, Config, bootstrap};
use tokio::net::TcpListener;

/// A running server.
pub(crate) struct Embedded {
    pub(crate) app: Arc<App>,
    running: Running,
    worker: Worker,
}

impl Embedded {
    /// Opens the data directory, and listens.
    pub(crate) async fn start(config: Config) -> anyhow::Result<Self> {
        let listen = config.server.listen;
        let app = Arc::new(crate::storage::open(config).await?);
        if app.config.dev {
            bootstrap::development(&app).await?;
        }
        if !app.config.server.database.is_set() {
            keystead_server::jobs::take_back(&app).await?;
        }
        let listener = TcpListener::bind(listen).await.with_context(|| format!("{listen}: cannot listen"))?;
        let worker = keystead_server::jobs::start(app.clone())?;
        let tls = keystead_server::http::acceptor(&app.config.tls)?;
        let options = Listening { tls, connections: Some(app.config.server.max_connections) };
        let running = keystead_server::http::serve(listener, keystead_server::router(app.clone()), options)?;
        Ok(Self { app, running, worker })
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
        self.app.store.close().await;
        Ok(())
    }
}
