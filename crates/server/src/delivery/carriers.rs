//! Carries messages out of the server, by whichever carrier their channel has.

use crate::app::App;

use super::sms::SmsCarrier;
use super::smtp::MailCarrier;
use super::{Channel, Message};

/// Why a carrier cannot be set up from the configuration.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SetupError(pub(super) String);

/// Why a message was not delivered. Neither variant says to whom or what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeliveryError {
    /// Trying again later may help.
    #[error("{reason}")]
    Temporary {
        /// What happened.
        reason: &'static str,
        /// The status that the other side answered, if it did.
        status: Option<u16>,
    },
    /// Trying again cannot help.
    #[error("{reason}")]
    Permanent {
        /// What happened.
        reason: &'static str,
        /// The status that the other side answered, if it did.
        status: Option<u16>,
    },
}

impl DeliveryError {
    /// The status that the other side answered, for the log.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Temporary { status, .. } | Self::Permanent { status, .. } => *status,
        }
    }
}

/// The configured carriers. Built once: they keep their connections.
pub struct Carriers {
    mail: Option<MailCarrier>,
    sms: Option<SmsCarrier>,
}

impl Carriers {
    /// The carriers of the configuration.
    ///
    /// # Errors
    /// A certificate file cannot be read, or TLS cannot be set up.
    pub fn new(app: &App) -> Result<Self, SetupError> {
        let mail = app.config.smtp.is_set().then(|| MailCarrier::new(&app.config.smtp)).transpose()?;
        let sms = app.config.sms.is_set().then(|| SmsCarrier::new(&app.config.sms, app.http.clone()));
        Ok(Self { mail, sms })
    }

    /// Whether the mail server takes connections and credentials; `None` where there is none.
    ///
    /// # Errors
    /// It does not.
    pub async fn probe_mail(&self) -> Result<Option<()>, DeliveryError> {
        match &self.mail {
            Some(mail) => mail.probe().await.map(Some),
            None => Ok(None),
        }
    }

    /// Whether the SMS provider knows the account; `None` where there is none.
    ///
    /// # Errors
    /// It does not.
    pub async fn probe_sms(&self) -> Result<Option<()>, DeliveryError> {
        match &self.sms {
            Some(sms) => sms.probe().await.map(Some),
            None => Ok(None),
        }
    }

    /// Delivers `message` to the next hop.
    ///
    /// # Errors
    /// It was not taken.
    pub async fn carry(&self, message: &Message) -> Result<(), DeliveryError> {
        let missing = DeliveryError::Temporary { reason: "the channel is not configured", status: None };
        match message.channel {
            Channel::Email => self.mail.as_ref().ok_or(missing)?.carry(message).await,
            Channel::Sms => self.sms.as_ref().ok_or(missing)?.carry(message).await,
        }
    }
}
