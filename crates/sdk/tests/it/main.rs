//! The SDK against a real server in the same process.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test says what is wrong by failing, also in its helpers"
)]

mod accounts;
mod captchas;
mod custodian;
mod documents;
mod events;
mod keys;
mod login;
mod lost_key;
mod lying;
mod lying_senders;
mod records;
mod recovery;
mod registration;
mod report;
mod retries;
mod sealed;
mod secrets;
mod sessions;
mod support;
mod transport;
mod wallet;
mod wallet_channel;
mod wallet_client;
mod wallet_crashes;
mod wallet_drill;
mod wallet_eject;
mod wallet_methods;
mod wallet_policy;
mod wallet_signing;
