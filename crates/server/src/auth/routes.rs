//! The endpoints under `/rest/v2/auth`.

use axum::routing::{get, post};
use http::Method;

use super::{login, matches, renew};
use crate::http::{Access, Route, Shape};

/// Login, refresh, switch, logout.
pub fn routes() -> Vec<Route> {
    let at = |path: &str| format!("/rest/v2/{path}");
    vec![
        Route::new(Method::POST, at("auth/login"), "Log in with a name and a secret", post(login::login))
            .access(Access::Public)
            .query(&["duration", "groupId", "applicationId"])
            .takes(Shape::Object("LoginCredentials"))
            .gives(Shape::Object("JwtResponse")),
        Route::new(Method::POST, at("auth/check"), "Check a name and a secret", post(login::check))
            .access(Access::Public)
            .takes(Shape::Object("LoginCredentials")),
        Route::new(Method::POST, at("auth/refresh"), "Get a new bearer token", post(renew::refresh))
            .access(Access::Refresh)
            .query(&["duration", "totp"])
            .gives(Shape::Object("JwtResponse")),
        Route::new(Method::POST, at("auth/switch/{groupId}"), "Get the tokens of another group", post(renew::switch))
            .access(Access::Refresh)
            .query(&["duration"])
            .gives(Shape::Object("JwtResponse")),
        Route::new(Method::POST, at("auth/invalidate"), "End the session of a refresh token", post(renew::invalidate))
            .access(Access::Refresh)
            .gives(Shape::Object("JwtResponse")),
        Route::new(Method::POST, at("auth/logout"), "End the caller's session", post(renew::logout))
            .gives(Shape::Object("JwtResponse")),
        Route::new(Method::GET, at("auth/logout"), "End the caller's session", get(renew::logout))
            .gives(Shape::Object("JwtResponse")),
        Route::new(Method::GET, at("user/matches"), "The users that the login was valid for", get(matches::matches))
            .gives(Shape::List("UserGroup")),
    ]
}
