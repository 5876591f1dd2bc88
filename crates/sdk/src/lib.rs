//! The client of Keystead: everything that may see plaintext.
//!
//! Somebody who is not logged in begins with an [`AnonymousApi`]: it sends a one-time code to an e-mail
//! address or a phone, and turns the code into an [`Api`] with keys of its own. Somebody who saved a token
//! or has a password goes straight to [`Api::builder`]. An [`Api`] has sub-clients by noun:
//!
//! | sub-client | what for |
//! |---|---|
//! | [`Api::authentication`] | log out, another group, tokens for other devices |
//! | [`Api::users`] | the account, and whom future data is shared with |
//! | [`Api::data_owners`] | who owns data, and their public keys |
//! | [`Api::healthcare_professionals`], [`Api::devices`] | read and make them |
//! | [`Api::patients`] | the records that everything else belongs to |
//! | [`Api::data_samples`] | measurements and observations of a patient |
//! | [`Api::documents`] | files of a patient, with their attachments |
//! | [`Api::notifications`] | what others ask for, and asking them |
//! | [`Api::healthcare_elements`] | what a patient has |
//! | [`events::Subscription`] | what a filter finds, and what becomes of it; from `subscribe` of each of these |
//! | [`Api::recovery`] | what brings keys back, and what would be lost without |
//! | [`Api::wallet`] | keys that sign on chains, in two halves |
//!
//! ```no_run
//! use keystead_sdk::{AnonymousApi, Captcha, Start};
//!
//! # async fn example(code: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let anonymous = AnonymousApi::builder()
//!     .base_url("https://records.example.org")
//!     .gateway_url("https://records.example.org/gw")
//!     .spec_id("our-app")
//!     .process_by_email("patient-email")
//!     .build()?;
//! let start = Start::by_email("daenerys@example.org", Captcha::Kerberus).name("Daenerys", "Targaryen");
//! let process = anonymous.authentication().start(start).await?;
//! // the user reads the code in the e-mail and types it
//! let result = anonymous.authentication().complete(&process, code).await?;
//! println!("user {} in {}", result.user_id, result.group_id);
//! # Ok(())
//! # }
//! ```
//!
//! Time, randomness, HTTP, storage and RSA are traits with defaults for a program on a computer; in a
//! browser the bindings give others. Nothing here reads a clock or a file by itself.

pub mod anonymous;
pub mod api;
pub mod authentication;
mod call;
pub mod captcha;
pub mod data_owners;
pub mod data_samples;
pub mod devices;
mod directory;
mod document;
pub mod documents;
pub mod entities;
pub mod error;
pub mod events;
mod exchange;
pub mod give_back;
pub mod healthcare_elements;
pub mod healthcare_professionals;
pub mod keys;
pub mod notifications;
pub mod patients;
pub mod progress;
pub mod recovery;
pub mod secret;
pub mod session;
pub mod storage;
#[cfg(feature = "testing")]
pub mod testing;
pub mod time;
pub mod transport;
pub mod trust;
pub mod users;
#[cfg(not(target_family = "wasm"))]
pub mod wallet;

pub use anonymous::{AnonymousApi, AuthenticationProcess, AuthenticationResult, Start};
pub use api::{Api, ApiBuilder};
pub use captcha::Captcha;
pub use keystead_crypto as crypto;
