//! What a client calls with its key or session token (portal 2.2).

pub(super) mod quiet;
pub(super) mod web_otp;
