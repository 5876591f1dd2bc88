//! The router and the listening socket.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::connect_info::IntoMakeServiceWithConnectInfo;
use http::{HeaderName, Method, header};
use keystead_model::error::ErrorCode;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tower_http::cors::{Any, CorsLayer};

use super::{Route, finish};
use crate::app::App;
use crate::error::ApiError;

/// The router over `routes`.
pub fn router(app: Arc<App>, routes: Vec<Route>) -> Router {
    let mut router = Router::new();
    for route in routes {
        router = router.route(&route.path, route.handler);
    }
    router
        .fallback(|| async { ApiError::not_found("endpoint") })
        .method_not_allowed_fallback(|| async {
            ApiError::new(ErrorCode::MethodNotAllowed, "the endpoint does not offer this method")
        })
        .layer(cors())
        .layer(axum::middleware::from_fn_with_state(app.clone(), finish))
        .with_state(app)
}

/// What browsers may do from other origins (wire 1.7).
fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::ACCEPT,
            HeaderName::from_static("icure-access-control-keys"),
            HeaderName::from_static("refresh-token"),
            HeaderName::from_static("token"),
            HeaderName::from_static("icure-request-autofix-anonymity"),
        ])
        .expose_headers([HeaderName::from_static("icure-minimum-required-auth-level")])
}

/// A server that accepts connections until it is stopped.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Running {
    /// Stops accepting, lets requests under way finish, and returns when they have.
    ///
    /// # Errors
    /// The accept loop failed.
    pub async fn stop(self) -> std::io::Result<()> {
        self.stop.send_replace(true);
        self.task.await.map_err(std::io::Error::other)?
    }
}

/// Serves `router` at `listener`.
///
/// # Errors
/// The socket has no local address.
pub fn serve(listener: TcpListener, router: Router) -> std::io::Result<Running> {
    let address = listener.local_addr()?;
    let (stop, mut stopped) = watch::channel(false);
    let service: IntoMakeServiceWithConnectInfo<Router, SocketAddr> = router.into_make_service_with_connect_info();
    let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
        // small answers must not wait for a full packet; a socket that refuses is served all the same
        let _ = stream.set_nodelay(true);
    });
    let serving = axum::serve(listener, service).with_graceful_shutdown(async move {
        let _ = stopped.wait_for(|stop| *stop).await;
    });
    Ok(Running { address, stop, task: tokio::spawn(serving.into_future()) })
}
