//! The server in this process: everything that `keystead serve` starts, and that `keystead demo` starts too.

use std::fs::{File, TryLockError};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use keystead_server::http::{Listening, Running};
use keystead_server::jobs::Worker;
use keystead_server::{App, Config, bootstrap};
use tokio::net::TcpListener;

/// A running server.
pub(crate) struct Embedded {
    pub(crate) app: Arc<App>,
    running: Running,
    worker: Worker,
    _alone: Option<File>,
}

impl Embedded {
    /// Opens the data directory, and listens.
    pub(crate) async fn start(config: Config) -> anyhow::Result<Self> {
        let listen = config.server.listen;
        let alone = match config.server.database.is_set() {
            false => Some(alone(&config.server.data)?),
            true => None,
        };
        let app = Arc::new(crate::storage::open(config).await?);
        if app.config.dev {
            bootstrap::development(&app).await?;
        }
        if alone.is_some() {
            keystead_server::jobs::take_back(&app).await?;
        }
        let listener = TcpListener::bind(listen).await.with_context(|| format!("{listen}: cannot listen"))?;
        let worker = keystead_server::jobs::start(app.clone())?;
        let tls = keystead_server::http::acceptor(&app.config.tls)?;
        let options = Listening { tls, connections: Some(app.config.server.max_connections) };
        let running = keystead_server::http::serve(listener, keystead_server::router(app.clone()), options)?;
        Ok(Self { app, running, worker, _alone: alone })
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

/// Makes sure that no other server has this directory: each takes what the one before it left as its own. Ends with the
/// process, however that ends.
fn alone(data: &Path) -> anyhow::Result<File> {
    let shown = data.display();
    std::fs::create_dir_all(data).with_context(|| format!("{shown}: cannot be made"))?;
    let file = File::create(data.join("server.lock")).with_context(|| format!("{shown}: cannot be written"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => bail!("{shown}: another server runs on this directory"),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("{shown}: cannot be locked")),
    }
}
