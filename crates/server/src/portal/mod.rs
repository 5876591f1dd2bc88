//! The REST interface of Portal (portal 2), so that custodians and applications written for it find what they know:
//! clients that a custodian makes, their sessions, wallets, pairs and backups, under `/api/…`.
//!
//! A custodian's environment is a group; its key administers the [`clients`] in it. A client's key, or a session token,
//! is another way to be the owner of a wallet: its protocols run over `/ws/v2/wallet/…` like those of data owners, who
//! may call the client's part of this interface too. [`view`] and [`said`] translate between Portal's words and the
//! rules of wallets, which are elsewhere; [`credential`] keeps the keys, as digests.

mod body;
mod callers;
mod cipher_texts;
mod client_api;
mod clients;
mod credential;
mod custodian_api;
mod environment;
mod error;
mod limits;
mod object;
mod operator;
mod otp;
mod point;
mod records;
mod release;
mod routes;
mod said;
mod schemas;
mod token;
mod view;

pub(crate) use callers::{KeyHolder, key_holder, refuse_names_of_clients};
pub use credential::Listed;
pub use environment::{Custodian, Environment, find_environment, set_environment};
pub(crate) use error::{ErrorId, error_body, speaks};
pub use limits::Limits;
pub use operator::{list_keys, make_key, renew_client_key, revoke_client, revoke_key};
pub use routes::routes;
pub(crate) use schemas::schemas;
