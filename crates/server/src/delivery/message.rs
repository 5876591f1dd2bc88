//! One message to one address.

use keystead_store::EpochMs;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::error::{ApiError, ApiResult};

/// How a message reaches its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// E-mail.
    Email,
    /// A text message to a telephone.
    Sms,
}

impl Channel {
    /// The name in settings and in the outbox.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
        }
    }
}

/// A message. It has no `Debug`, since every field is somebody's.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// How it is sent.
    pub channel: Channel,
    /// The address in its compared form.
    pub to: String,
    /// The subject of an e-mail; empty for an SMS.
    pub subject: String,
    /// The text.
    pub body: String,
    /// Whether the text is HTML.
    pub html: bool,
    /// Where answers to an e-mail go, where that is not its sender.
    pub reply_to: Option<String>,
    /// The one-time code inside, for the outbox of the development mode; never sealed.
    #[serde(skip)]
    pub code: Option<String>,
    /// When it is no longer worth delivering.
    pub expires: EpochMs,
}

impl Message {
    /// A plain text without reply address or code. Line breaks and other control characters of the
    /// subject become spaces, so that it cannot begin another header.
    pub fn new(channel: Channel, to: String, subject: &str, body: String, expires: EpochMs) -> Self {
        let subject = subject.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        Self { channel, to, subject, body, html: false, reply_to: None, code: None, expires }
    }

    /// The message as the payload of the job `id`.
    pub(super) fn seal(&self, app: &App, id: &str) -> ApiResult<Vec<u8>> {
        let plain = zeroize::Zeroizing::new(
            serde_json::to_vec(self).map_err(|_| ApiError::internal("a message could not be written as JSON"))?,
        );
        Ok(app.keys.seal(app.rng.as_ref(), &context(id), &plain))
    }

    /// The message of the job `id`; `None` where its payload was not made by [`Self::seal`] with the
    /// same secret.
    pub(crate) fn open(app: &App, id: &str, payload: &[u8]) -> Option<Self> {
        let plain = app.keys.open(&context(id), payload)?;
        serde_json::from_slice(&plain).ok()
    }
}

fn context(id: &str) -> String {
    format!("job:{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_one_line() {
        let subject = "Hi\r\nBcc: all@example.org\u{0}\u{85}";
        let message = Message::new(Channel::Email, "a@b.org".into(), subject, String::new(), 0);
        assert_eq!(message.subject, "Hi  Bcc: all@example.org  ");
    }
}
