//! Two-party wallets: the server's part of making keys, signing, backing up and recovering (`spec/wallet.md`).
//!
//! A data owner has one wallet, with a key on each curve. The server has one half of each pair, sealed in the store;
//! the device has the other, and whoever has one of them has nothing. The protocols are those of `keystead-mpc`; here
//! is what they leave to their callers: who may, one session at a time ([`record`]), which pairs count ([`lifecycle`]),
//! the messages ([`socket`], [`operations`]), and what the client says of its own half ([`confirm`]).
//!
//! The custodian is built in: the half that stands against the client's backup is sealed beside the others. It signs
//! with nothing that the server has.

mod confirm;
mod failure;
mod lifecycle;
mod operations;
mod record;
mod socket;
mod state;

use axum::routing::{get, post};
use http::Method;

use crate::http::{Route, Shape};

/// The endpoints of wallets.
pub fn routes() -> Vec<Route> {
    let wallet = || Shape::Json("{wallet, created, standing, signing?, backup?, pending, publicKeys?, addresses?}");
    vec![
        Route::new(
            Method::GET,
            "/ws/v2/wallet/{operation}",
            "Create, sign, back up or recover a wallet (web socket)",
            get(socket::upgrade),
        ),
        Route::new(Method::GET, "/rest/v2/wallet", "The wallet of the caller", get(state::get)).gives(wallet()),
        Route::new(
            Method::POST,
            "/rest/v2/wallet/confirm",
            "Say whether the client's part of a generation is stored",
            post(confirm::confirm),
        )
        .takes(Shape::Json("{generation, what: signing or backup, stored}"))
        .gives(wallet()),
    ]
}
