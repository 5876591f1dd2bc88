//! Data of the generations before exchange data, for reading (crypto 7).
//!
//! A pair of data owners shares an exchange key that stands, encrypted, in the delegator's own
//! document ([`open_exchange_keys`]); entities carry three maps of values under it ([`open_access`]).
//! Nothing new is written in this form, but for letting a new key into an old exchange key
//! ([`wrap_exchange_key`]).

mod access;
mod exchange_keys;

pub use access::{LegacyAccess, open_access};
pub use exchange_keys::{LegacyExchangeKey, open_exchange_keys, open_exchange_keys_towards, wrap_exchange_key};
