//! The Keystead server: everything that happens between a request and its answer.
//!
//! A request passes the [`http`] layer (limits, request id, error body), the authentication extractor
//! ([`auth::Session`]: who, which group, which access control keys), the handler of one operation,
//! and one transaction of the store. Side effects are rows written in that transaction; a worker
//! carries them out.

pub mod app;
pub mod audit;
pub mod auth;
pub mod blobs;
pub mod bootstrap;
pub mod clock;
pub mod config;
pub mod custody;
pub mod delivery;
pub mod dev;
pub mod doctor;
pub mod documents;
pub mod entities;
pub mod error;
pub mod events;
pub mod exchange;
pub mod gateway;
pub mod groups;
mod health;
pub mod http;
pub mod jobs;
pub mod keys;
pub mod metrics;
pub mod openapi;
pub mod owners;
pub mod recovery;
pub mod rng;
mod routes;
pub mod users;
pub mod wallet;

pub use app::App;
pub use config::Config;
pub use error::ApiError;
pub use keys::ServerKeys;
pub use routes::{router, routes};
