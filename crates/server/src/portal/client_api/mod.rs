//! What a client calls with its key or session token (portal 2.2).

pub(super) mod cipher_text;
pub(super) mod eject;
pub(super) mod me;
pub(super) mod pairs;
pub(super) mod quiet;
pub(super) mod web_otp;
