//! Users: who may log in, and which data owner each of them is (wire 6.4).
//!
//! A user's document never holds a secret: passwords and tokens are digests beside it, and the
//! document only says that there is a password. Whoever may log in as a user may act as its data owner,
//! so the rules about changing users ([`rules`]) are as strict as those about keys.

mod by_ids;
mod create;
mod delete;
mod document;
mod find;
mod modify;
pub mod names;
mod owner;
mod password;
mod properties;
mod read;
pub mod register;
mod roles;
mod routes;
mod rules;
mod second_factor;
mod tokens;

pub(crate) use document::{finish, insert};
pub(crate) use password::PASSWORD_SET;
pub use password::set_password;
pub use routes::routes;
pub(crate) use rules::may_read;
