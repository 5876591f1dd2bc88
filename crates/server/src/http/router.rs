//! The router: every route, what browsers may do, what is said with every answer.

use std::sync::Arc;

use axum::Router;
use axum::response::Response;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Method, header};
use keystead_model::error::ErrorCode;
use tower::ServiceBuilder;
use tower_http::cors::{Any, CorsLayer};
use tower_http::timeout::RequestBodyTimeoutLayer;

use super::older::Endpoints;
use super::{Route, finish};
use crate::app::App;
use crate::error::ApiError;

/// The router over `routes`.
pub fn router(app: Arc<App>, routes: Vec<Route>) -> Endpoints {
    let mut router = Router::new();
    for route in routes {
        router = router.route(&route.path, route.handler);
    }
    let router = router
        .fallback(|| async { ApiError::not_found("endpoint") })
        .method_not_allowed_fallback(|| async {
            ApiError::new(ErrorCode::MethodNotAllowed, "the endpoint does not offer this method")
        })
        // one layer, since a router boxes each of its layers for every request
        .layer(
            ServiceBuilder::new()
                .layer(axum::middleware::from_fn_with_state(app.clone(), finish))
                .layer(cors())
                .layer(RequestBodyTimeoutLayer::new(BODY)),
        )
        .with_state(app);
    Endpoints(router)
}

/// How long a client may pause in the middle of a body.
const BODY: Duration = Duration::from_secs(30);

/// What is said with every answer that does not say otherwise: it is data, for nobody else and for no page.
pub(super) fn protect(app: &App, response: &mut Response) {
    let headers = response.headers_mut();
    let mut set = |name, value| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    set(header::CACHE_CONTROL, "no-store");
    set(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    if app.config.tls.files().is_some() {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
}

/// What browsers may do from other origins (wire 1.7).
fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::ACCEPT,
            HeaderName::from_static("icure-access-control-keys"),
            HeaderName::from_static("refresh-token"),
            HeaderName::from_static("token"),
            HeaderName::from_static("icure-request-autofix-anonymity"),
            HeaderName::from_static("x-portal-trace-id"),
        ])
        .expose_headers([HeaderName::from_static("icure-minimum-required-auth-level")])
}
