//! The message gateway: people prove an address by a one-time code, and are registered by the first
//! one (wire 2).
//!
//! Everything here is public, so everything is counted: captchas keep programs away, limits hold per
//! address, client and spec, and no answer tells whether an address belongs to a user. Starting never
//! looks for the user; that happens only after the right code.
//!
//! A process ([`ProcessSettings`]) says whom it registers, through which channel, in which group. A
//! spec is nothing but the name that its processes share.

mod body;
mod captcha;
mod challenge;
mod invitation;
mod invite_email;
mod invite_sms;
mod kerberus;
mod limits;
mod names;
mod pending;
mod processes;
mod settings;
mod solution;
mod start;
mod template;
mod validate;

use crate::http::Route;

pub use captcha::CaptchaKind;
pub(crate) use captcha::{probe_friendly_captcha, probe_recaptcha};
pub use processes::{find_process, make_responsible, set_process};
pub use settings::ProcessSettings;
pub use template::Template;

/// The routes of the gateway.
pub fn routes() -> Vec<Route> {
    vec![challenge::route(), start::route(), validate::route(), invite_email::route(), invite_sms::route()]
}
