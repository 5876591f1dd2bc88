//! The endpoints, in the order of the tables of portal 2.1 and 2.2.

use axum::routing::{MethodRouter, get, post};
use http::Method;

use super::client_api::{quiet, web_otp};
use super::custodian_api::{clients, sessions};
use crate::app::App;
use crate::http::{Access, Route, Shape};

const MADE: Shape = Shape::Named("PortalClientKeys");
const SESSION: Shape = Shape::Named("PortalSession");
const OTP: Shape = Shape::Named("PortalOtp");

/// The endpoints of this interface.
pub fn routes() -> Vec<Route> {
    let mut routes = of_custodians();
    routes.extend(of_clients());
    routes
}

type Handler = MethodRouter<std::sync::Arc<App>>;

fn of_custodians() -> Vec<Route> {
    let route = |method: Method, path: &str, summary, handler: Handler| {
        Route::new(method, format!("/api/{path}"), summary, handler).access(Access::Custodian)
    };
    let make = |path: &str| route(Method::POST, path, "Make a client", post(clients::create));
    let created = |path: &str| make(path).takes(Shape::Named("PortalNewClient")).gives(MADE).status(201);
    let session = "Make a session token of a client";
    let otp = "Make a web OTP of a client";
    vec![
        created("clients"),
        created("v1/custodians/clients"),
        route(Method::POST, "v3/custodians/me/clients", "Make a client", post(clients::create_v3))
            .takes(Shape::Named("PortalNewClient"))
            .gives(MADE),
        route(Method::POST, "v1/custodians/clients/{id}/session", session, post(sessions::session)).gives(SESSION),
        route(Method::POST, "v3/custodians/me/clients/{id}/sessions", session, post(sessions::session)).gives(SESSION),
        route(Method::GET, "v1/custodians/clients/{id}/web-otp", otp, get(sessions::web_otp)).gives(OTP),
        route(Method::POST, "v1/custodians/clients/{id}/web-otp", otp, post(sessions::web_otp)).gives(OTP),
        route(Method::GET, "v3/custodians/me/clients/{id}/web-otp", otp, get(sessions::web_otp)).gives(OTP),
        route(Method::POST, "v3/custodians/me/clients/{id}/web-otp", otp, post(sessions::web_otp)).gives(OTP),
    ]
}

fn of_clients() -> Vec<Route> {
    let route = |method: Method, path: &str, summary, handler: Handler| {
        Route::new(method, path, summary, handler).access(Access::Client)
    };
    let told = "What SDKs tell unasked: answered, and not kept";
    let analytics = |path: &str| {
        route(Method::POST, path, told, post(quiet::analytics))
            .takes(Shape::Named("PortalAnything"))
            .gives(Shape::Named("PortalDone"))
    };
    let metrics = |path: &str| {
        route(Method::POST, path, told, post(quiet::metrics))
            .takes(Shape::Named("PortalAnything"))
            .gives(Shape::Named("PortalStatus"))
    };
    vec![
        Route::new(
            Method::GET,
            "/clients/token/validate",
            "Exchange a web OTP for a session token in a cookie",
            get(web_otp::validate),
        )
        .access(Access::Public)
        .query(&["otp"])
        .gives(Shape::Named("PortalId")),
        analytics("/api/v1/analytics/identify"),
        analytics("/api/v1/analytics/track"),
        metrics("/sdk/metrics"),
        metrics("/api/v3/clients/me/sdk/metrics"),
    ]
}
