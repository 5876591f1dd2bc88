//! The custodian: who keeps the half of a backup pair that stands against the client's (portal 1.7).
//!
//! We are it ourselves ([`built_in`]), unless the group has one behind webhooks (portal 3.1): [`settings`] says where,
//! [`guard`] which addresses may be called, [`call`] makes one call, [`webhook`] speaks the two there are, [`share`]
//! is what a half looks like on the way, and [`log`] remembers the calls for an operator.

pub(crate) mod built_in;
mod call;
mod guard;
mod log;
mod routes;
mod settings;
mod share;
mod webhook;

pub use guard::Rules;
pub use routes::routes;
pub use settings::{Format, configure, configure_as, remove};

pub(crate) use call::client;
pub(crate) use settings::{Custodian, of_group, read_webhook};
pub(crate) use share::{Given, Shown};
pub(crate) use webhook::{Question, ask, fetch, push};
