//! An authentication that was started and waits for its code.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a code is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// By e-mail.
    Email,
    /// By SMS.
    Sms,
}

/// An authentication that was started. Holds no secret, but the user's address: store it as you store that.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthenticationProcess {
    version: u8,
    pub(super) request_id: String,
    pub(super) login: String,
    pub(super) channel: Channel,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) first_name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) last_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) responsible: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) language: Option<String>,
    /// Requests whose codes may still be under way, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) earlier: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) group: Option<String>,
}

/// A stored process cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a stored authentication process of this version")]
pub struct ProcessError;

impl AuthenticationProcess {
    pub(super) fn new(request_id: String, login: String, channel: Channel) -> Self {
        Self {
            version: 1,
            request_id,
            login,
            channel,
            first_name: String::new(),
            last_name: String::new(),
            responsible: None,
            language: None,
            earlier: Vec::new(),
            group: None,
        }
    }

    /// The id of the newest request.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// The address that the code was sent to, as it was typed: the login name afterwards.
    pub fn login(&self) -> &str {
        &self.login
    }

    /// How the code was sent.
    pub fn channel(&self) -> Channel {
        self.channel
    }

    /// The group to log in to, where [`crate::api::LoginError::SeveralGroups`] asks to choose one.
    pub fn in_group(mut self, id: impl Into<String>) -> Self {
        self.group = Some(id.into());
        self
    }

    /// What to store.
    pub fn to_json(&self) -> String {
        // a struct of texts always serialises
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads what was stored.
    ///
    /// # Errors
    /// It was not written by [`Self::to_json`], or by a newer version.
    pub fn from_json(json: &str) -> Result<Self, ProcessError> {
        let process: Self = serde_json::from_str(json).map_err(|_| ProcessError)?;
        if process.version == 1 { Ok(process) } else { Err(ProcessError) }
    }

    /// Every request whose code may be typed, the newest first.
    pub(super) fn requests(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.request_id.as_str()).chain(self.earlier.iter().map(String::as_str))
    }
}

impl fmt::Debug for AuthenticationProcess {
    /// Without the address.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthenticationProcess").field("channel", &self.channel).finish_non_exhaustive()
    }
}
