//! The custodian: who keeps the half of a backup pair that stands against the client's (portal 1.7).
//!
//! We are it ourselves, unless the group has another one.

pub(crate) mod built_in;
