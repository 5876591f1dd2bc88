//! What a custodian calls with its key (portal 2.1).

pub(super) mod clients;
pub(super) mod eject;
pub(super) mod read;
pub(super) mod sessions;
pub(super) mod webhook;
