//! The development mode's window: every message that would have been sent, on a page and as JSON.
//!
//! These routes show one-time codes to anybody, so they exist only with `--dev`.

mod escape;
mod outbox;
mod page;

use crate::http::Route;

/// The routes of the development mode. Leave them out everywhere else.
pub fn routes() -> Vec<Route> {
    vec![page::route(), outbox::route()]
}
