//! The server over HTTP: a real one on a free port for every test.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test says what is wrong by failing, also in its helpers"
)]

mod accounts;
mod auth;
mod gateway;
mod listening;
mod portal;
mod smtp;
mod support;
mod trust;
