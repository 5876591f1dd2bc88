//! Who is calling: logins, sessions and tokens (wire 3).

pub mod basic;
mod bearers;
mod class;
mod client_ip;
mod grant;
pub mod login;
mod matches;
pub mod password;
mod renew;
mod routes;
pub mod secret;
mod session;
mod token;
pub mod totp;

pub use bearers::Bearers;
pub use class::AuthClass;
pub use client_ip::ClientIp;
pub use routes::routes;
pub use session::Session;
pub use token::{Claims, TokenKind, decode, issue, safe_in_token};
