//! What is said between a Keystead server and its clients.
//!
//! Everything here is pure: no I/O, no clock, no randomness. The crate knows the shape of every
//! entity ([`schema`]), who may do what with one ([`access`], [`share`]), what of it is searchable
//! ([`entity`]), how a filter becomes a query over what is searchable ([`filter`], [`query`]), and how
//! the halves of a wallet come into force and are retired ([`wallet`]).

pub mod access;
pub mod class;
pub mod entity;
pub mod error;
pub mod filter;
pub mod fuzzy;
pub mod query;
pub mod rev;
pub mod schema;
pub mod share;
pub mod wallet;

/// A JSON object in the order it was written.
pub type Object = serde_json::Map<String, serde_json::Value>;
