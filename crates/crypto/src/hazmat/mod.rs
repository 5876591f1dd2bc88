//! Raw primitives. Nothing here knows what it is used for, so nothing here can be used safely by
//! itself; the rest of the crate gives each a purpose.

pub(crate) mod aes_cbc;
pub(crate) mod base32;
pub(crate) mod der;
pub(crate) mod gf256;
pub(crate) mod hash;
pub(crate) mod siv;
pub(crate) mod transcript;
