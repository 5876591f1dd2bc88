//! The listening socket: connections with their limits, with TLS or without, until the server stops.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::ConnectInfo;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tower::Layer as _;

use super::Endpoints;

/// How long a client may take for the head of a request, and be silent between two requests.
const HEAD: Duration = Duration::from_secs(75);
/// How long a client may take to agree on TLS.
const AGREE: Duration = Duration::from_secs(10);
/// The head of a request at most: lines of 64 KiB carry access control keys (wire 1.1).
const HEAD_BYTES: usize = 256 * 1024;
/// How long requests under way may take when the server stops.
const DRAIN: Duration = Duration::from_secs(30);
/// After a failure to accept, for instance for lack of file descriptors.
const BREATH: Duration = Duration::from_millis(100);

/// A server that accepts connections until it is stopped.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Running {
    /// Stops accepting, lets requests under way finish, and returns when they have.
    ///
    /// # Errors
    /// The accept loop failed.
    pub async fn stop(self) -> std::io::Result<()> {
        self.stop.send_replace(true);
        self.task.await.map_err(std::io::Error::other)
    }
}

/// What a listening socket is given.
#[derive(Default)]
pub struct Listening {
    /// TLS, or clear text for a proxy and for development.
    pub tls: Option<TlsAcceptor>,
    /// Connections at a time; more wait.
    pub connections: Option<usize>,
}

/// Serves `endpoints` at `listener`.
///
/// # Errors
/// The socket has no local address.
pub fn serve(listener: TcpListener, endpoints: Endpoints, options: Listening) -> std::io::Result<Running> {
    let address = listener.local_addr()?;
    let (stop, stopped) = watch::channel(false);
    let task = tokio::spawn(accept(listener, endpoints, options, stopped));
    Ok(Running { address, stop, task })
}

async fn accept(listener: TcpListener, endpoints: Endpoints, options: Listening, mut stopped: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(options.connections.unwrap_or(Semaphore::MAX_PERMITS)));
    let graceful = GracefulShutdown::new();
    loop {
        let place = tokio::select! {
            place = places.clone().acquire_owned() => place,
            () = wait(&mut stopped) => break,
        };
        let Ok(place) = place else { break };
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::error!(kind = %error.kind(), "no connection could be accepted");
                    tokio::time::sleep(BREATH).await;
                    continue;
                }
            },
            () = wait(&mut stopped) => break,
        };
        let (endpoints, tls, watcher) = (endpoints.clone(), options.tls.clone(), graceful.watcher());
        tokio::spawn(async move {
            // small answers must not wait for a full packet; a socket that refuses is served all the same
            let _ = stream.set_nodelay(true);
            match tls {
                None => converse(stream, peer, endpoints, watcher).await,
                // whoever cannot agree is gone: it may have been a port scan
                Some(tls) => {
                    if let Ok(Ok(stream)) = tokio::time::timeout(AGREE, tls.accept(stream)).await {
                        converse(stream, peer, endpoints, watcher).await;
                    }
                }
            }
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not finish in time");
    }
}

async fn wait(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

/// Serves the requests of one connection.
async fn converse<S>(stream: S, peer: SocketAddr, endpoints: Endpoints, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = TowerToHyperService::new(Extension(ConnectInfo(peer)).layer(endpoints));
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(HEAD_BYTES);
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "a connection broke");
    }
}
