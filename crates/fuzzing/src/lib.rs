//! What is fuzzed: one function for each group of parsers, which takes any octets and fails only where the
//! program is wrong.
//!
//! `fuzz/fuzz_targets` hands them to libFuzzer (`cargo xtask fuzz`); the tests of this crate replay
//! `fuzz/corpus` and mutations of it. A function looks for more than panics: what is read is written and read
//! again, what is refused leaves things as they were, a server never answers 5xx.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a target says what is wrong by panicking, and what it prepares is known"
)]

mod crypto;
mod input;
mod model;
mod mpc;
mod portal;
mod sdk;
mod server;

pub use crypto::{crypto_entity, crypto_exchange, crypto_identity, crypto_keys, crypto_recovery};
pub use model::{model_access, model_filter, model_schema, model_share, model_text};
pub use mpc::{mpc_addresses, mpc_channel, mpc_halves, mpc_messages};
pub use portal::server_keys;
pub use sdk::{sdk_import, sdk_sealed, sdk_wallet};
pub use server::{server_events, server_gateway, server_router};

/// One target.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name: that of the function, of the binary in `fuzz/fuzz_targets` and of the folder in `fuzz/corpus`.
    pub name: &'static str,
    /// Takes any octets.
    pub run: fn(&[u8]),
    /// How many random mutations of its corpus the tests try.
    pub mutations: u32,
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target { name: "model_schema", run: model_schema, mutations: 2000 },
    Target { name: "model_filter", run: model_filter, mutations: 2000 },
    Target { name: "model_access", run: model_access, mutations: 2000 },
    Target { name: "model_share", run: model_share, mutations: 2000 },
    Target { name: "model_text", run: model_text, mutations: 2000 },
    Target { name: "crypto_keys", run: crypto_keys, mutations: 2000 },
    Target { name: "crypto_exchange", run: crypto_exchange, mutations: 2000 },
    Target { name: "crypto_entity", run: crypto_entity, mutations: 2000 },
    Target { name: "crypto_identity", run: crypto_identity, mutations: 2000 },
    Target { name: "crypto_recovery", run: crypto_recovery, mutations: 2000 },
    Target { name: "mpc_halves", run: mpc_halves, mutations: 2000 },
    // a session is tens of milliseconds of curve arithmetic in a debug build
    Target { name: "mpc_messages", run: mpc_messages, mutations: 200 },
    Target { name: "mpc_addresses", run: mpc_addresses, mutations: 2000 },
    Target { name: "mpc_channel", run: mpc_channel, mutations: 500 },
    Target { name: "server_router", run: server_router, mutations: 2000 },
    Target { name: "server_gateway", run: server_gateway, mutations: 2000 },
    Target { name: "server_keys", run: server_keys, mutations: 2000 },
    Target { name: "server_events", run: server_events, mutations: 2000 },
    Target { name: "sdk_import", run: sdk_import, mutations: 2000 },
    Target { name: "sdk_sealed", run: sdk_sealed, mutations: 2000 },
    Target { name: "sdk_wallet", run: sdk_wallet, mutations: 2000 },
];
