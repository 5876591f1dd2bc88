//! A route says what it takes and gives, so that the router and the OpenAPI document are one table.

use axum::routing::MethodRouter;
use http::Method;
use std::sync::Arc;

use crate::app::App;

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Public,
    /// Whoever has a session.
    Session,
    /// Whoever holds a refresh token.
    Refresh,
    /// Whoever has a session; access control keys may be presented (wire 4.2).
    Keys,
    /// A custodian with its API key (portal 1.5).
    Custodian,
    /// A client with its API key or session token, or a data owner with a session.
    Client,
}

/// What a body looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// No body.
    Empty,
    /// An object of a class of [`keystead_model::schema`].
    Object(&'static str),
    /// An array of objects of a class.
    List(&'static str),
    /// A page of objects of a class: `rows` and, where there is more, `nextKeyPair`.
    Page(&'static str),
    /// An array of strings.
    Strings,
    /// A filter (wire 5.6).
    Filter,
    /// What the schema of this name says (see [`crate::portal`]).
    Named(&'static str),
    /// Any JSON object, described by the text.
    Json(&'static str),
    /// Plain text.
    Text,
    /// Octets.
    Octets,
    /// What Prometheus reads.
    Metrics,
}

/// One operation of the API.
pub struct Route {
    /// The HTTP method.
    pub method: Method,
    /// The path with `{parameters}`.
    pub path: String,
    /// What it does, in one line.
    pub summary: &'static str,
    /// Who may call it.
    pub access: Access,
    /// Query parameters it reads.
    pub query: &'static [&'static str],
    /// What it takes.
    pub takes: Shape,
    /// What it gives.
    pub gives: Shape,
    /// The status when it went well; an endpoint that gives nothing answers 204 too.
    pub status: u16,
    /// What carries it out.
    pub handler: MethodRouter<Arc<App>>,
}

impl Route {
    /// A route whose handler is `handler`, a method router for the same method.
    pub fn new(
        method: Method,
        path: impl Into<String>,
        summary: &'static str,
        handler: MethodRouter<Arc<App>>,
    ) -> Self {
        Self {
            method,
            path: path.into(),
            summary,
            access: Access::Session,
            query: &[],
            takes: Shape::Empty,
            gives: Shape::Empty,
            status: 200,
            handler,
        }
    }

    /// Sets who may call it.
    pub fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// Sets the query parameters it reads.
    pub fn query(mut self, names: &'static [&'static str]) -> Self {
        self.query = names;
        self
    }

    /// Sets what it takes.
    pub fn takes(mut self, shape: Shape) -> Self {
        self.takes = shape;
        self
    }

    /// Sets what it gives.
    pub fn gives(mut self, shape: Shape) -> Self {
        self.gives = shape;
        self
    }
    /// Sets the status when it went well.
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }
}
