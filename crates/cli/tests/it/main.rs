//! The `keystead` command as an operator meets it: real processes, real signals, real files.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test says what is wrong by failing, also in its helpers"
)]

mod client;
mod contacts;
mod custodian;
mod demo;
mod eject;
mod http;
mod kill;
mod log;
mod mail;
mod nodes;
mod operate;
mod process;
mod start;
mod wallet_kills;
