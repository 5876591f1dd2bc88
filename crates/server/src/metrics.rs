//! What the server counts, for Prometheus: `GET /metrics`. Routes, statuses and kinds, never who or what.
//!
//! Each server has a registry of its own, since several can run in one process.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::{HeaderMap, HeaderValue, Method, header};
use keystead_model::error::ErrorCode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::app::App;
use crate::auth::ClientIp;
use crate::delivery::Channel;
use crate::error::{ApiError, ApiResult};
use crate::http::{Access, Route, Shape};
use crate::keys::Purpose;

/// Upper bounds of the latency histograms, in seconds.
const SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// Everything that is counted.
pub struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    seconds: Family<OfRoute, Histogram>,
    refusals: Family<Refused, Counter>,
    codes: Family<Step, Counter>,
    deliveries: Family<Delivery, Counter>,
    events: Counter,
    sockets: Gauge,
    jobs: Gauge,
    retries: Gauge,
    store: Family<Place, Gauge>,
}

macro_rules! labels {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty),+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
        struct $name { $($field: $type),+ }
    };
}

labels!(
    /// What a request was answered.
    Request { method: String, route: String, status: u16 }
);
labels!(OfRoute { route: String });
labels!(
    /// Why a request was refused.
    Refused { route: String, code: &'static str }
);
labels!(
    /// A step of somebody who registers or logs in by a one-time code.
    Step { step: &'static str }
);
labels!(
    /// What became of a message.
    Delivery { channel: &'static str, outcome: &'static str }
);
labels!(
    /// A part of the store.
    Place { part: &'static str }
);

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("keystead");
        let metrics = Self {
            requests: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            refusals: Family::default(),
            codes: Family::default(),
            deliveries: Family::default(),
            events: Counter::default(),
            sockets: Gauge::default(),
            jobs: Gauge::default(),
            retries: Gauge::default(),
            store: Family::default(),
            registry: Registry::default(),
        };
        registry.register("http_requests", "Requests by route and status", metrics.requests.clone());
        registry.register("http_request_seconds", "How long requests took", metrics.seconds.clone());
        registry.register("http_refusals", "Requests that were refused, by error code", metrics.refusals.clone());
        registry.register(
            "one_time_codes",
            "Steps of registrations and logins by one-time codes",
            metrics.codes.clone(),
        );
        registry.register("deliveries", "What became of e-mails and SMS", metrics.deliveries.clone());
        registry.register("events_told", "Events sent to web sockets", metrics.events.clone());
        registry.register("sockets_open", "Open web sockets", metrics.sockets.clone());
        registry.register("jobs_waiting", "Jobs that wait", metrics.jobs.clone());
        registry.register("jobs_retrying", "Jobs that wait and were tried before", metrics.retries.clone());
        registry.register("store_in_use", "Transactions and waiting writers of the store", metrics.store.clone());
        Self { registry, ..metrics }
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivered {
    /// Its carrier took it.
    Done,
    /// It is tried again.
    PutOff,
    /// It is not tried again.
    GivenUp,
}

impl Metrics {
    /// Counts a request that was answered.
    pub(crate) fn answered(&self, method: &Method, route: &str, status: u16, code: Option<ErrorCode>, took: Duration) {
        let method = method.as_str().to_owned();
        self.requests.get_or_create(&Request { method, route: route.to_owned(), status }).inc();
        self.seconds.get_or_create(&OfRoute { route: route.to_owned() }).observe(took.as_secs_f64());
        if let Some(code) = code {
            self.refusals.get_or_create(&Refused { route: route.to_owned(), code: code.as_str() }).inc();
        }
        if let Some(step) = step(route, status, code) {
            self.codes.get_or_create(&Step { step }).inc();
        }
    }

    /// Counts what became of a message.
    pub(crate) fn delivered(&self, channel: Channel, outcome: Delivered) {
        let outcome = match outcome {
            Delivered::Done => "delivered",
            Delivered::PutOff => "put_off",
            Delivered::GivenUp => "given_up",
        };
        self.deliveries.get_or_create(&Delivery { channel: channel.as_str(), outcome }).inc();
    }

    /// Counts an event that was sent.
    pub(crate) fn told(&self) {
        self.events.inc();
    }

    /// Looks at what is measured and not counted.
    async fn look(&self, app: &App) -> ApiResult<()> {
        let signed = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let (jobs, retries) = app.store.look().await?.waiting_jobs().await?;
        self.jobs.set(signed(jobs));
        self.retries.set(signed(retries));
        self.sockets.set(i64::try_from(app.events.open()).unwrap_or(i64::MAX));
        for (part, value) in app.store.usage() {
            self.store.get_or_create(&Place { part }).set(signed(value));
        }
        Ok(())
    }
}

/// The step of a registration or login by a one-time code that a request was.
fn step(route: &str, status: u16, code: Option<ErrorCode>) -> Option<&'static str> {
    let starts = route == "/gw/{spec}/process/{process}/{request}";
    let validates = route == "/gw/{spec}/process/validate/{token}";
    match (status, code) {
        (200, _) if starts => Some("started"),
        (_, Some(ErrorCode::CaptchaRejected)) if starts => Some("captcha_rejected"),
        (200, _) if validates => Some("validated"),
        (401, _) if validates => Some("wrong_code"),
        (410, _) if validates => Some("expired"),
        (429, _) if starts || validates => Some("limited"),
        _ => None,
    }
}

/// The endpoint.
pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::new(Method::GET, "/metrics", "What the server counts, for Prometheus", get(show))
            .access(Access::Public)
            .gives(Shape::Metrics),
    ]
}

/// # Errors
/// 404 for whom the figures are not: without a token in the configuration they are for this machine only, and never
/// for what a proxy passes on.
async fn show(State(app): State<Arc<App>>, ip: ClientIp, headers: HeaderMap) -> ApiResult<Response> {
    let token = app.config.metrics.token.expose();
    let forwarded = app.config.server.behind_proxy
        || ["x-forwarded-for", "forwarded"].iter().any(|name| headers.contains_key(*name));
    let may = match token.is_empty() {
        true => ip.0.to_canonical().is_loopback() && !forwarded,
        false => {
            let given =
                headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
            let expected = app.keys.digest(Purpose::Token, &[token.as_bytes()]);
            given.is_some_and(|given| app.keys.verify(Purpose::Token, &[given.as_bytes()], &expected))
        }
    };
    if !may {
        return Err(ApiError::not_found("endpoint"));
    }
    app.metrics.look(&app).await?;
    let mut text = String::new();
    encode(&mut text, &app.metrics.registry).map_err(|error| ApiError::internal(error.to_string()))?;
    let mut response = text.into_response();
    let kind = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(response)
}
