//! SMS by an HTTP provider that speaks like Twilio.

use http::StatusCode;

use super::Message;
use super::carriers::DeliveryError;
use crate::config::SmsConfig;

/// The configured provider.
pub(super) struct SmsCarrier {
    http: reqwest::Client,
    config: SmsConfig,
    url: String,
}

impl SmsCarrier {
    pub(super) fn new(config: &SmsConfig, http: reqwest::Client) -> Self {
        let base = config.base_url.trim_end_matches('/');
        let url = format!("{base}/2010-04-01/Accounts/{}/Messages.json", config.account_sid);
        Self { http, config: config.clone(), url }
    }

    /// Asks for the account, which sends nothing.
    pub(super) async fn probe(&self) -> Result<(), DeliveryError> {
        let url = format!("{}.json", self.url.trim_end_matches("/Messages.json"));
        let request = self.http.get(url).basic_auth(&self.config.account_sid, Some(self.config.auth_token.expose()));
        let answer = request.send().await;
        let answer = answer
            .map_err(|_| DeliveryError::Temporary { reason: "the SMS provider cannot be reached", status: None })?;
        let status = Some(answer.status().as_u16());
        match answer.status() {
            found if found.is_success() => Ok(()),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(DeliveryError::Permanent {
                reason: "the SMS provider refuses sms.account_sid or sms.auth_token",
                status,
            }),
            _ => Err(DeliveryError::Permanent { reason: "the SMS provider does not know the account", status }),
        }
    }

    pub(super) async fn carry(&self, message: &Message) -> Result<(), DeliveryError> {
        let form = [("From", self.config.from.as_str()), ("To", &message.to), ("Body", &message.body)];
        let answer = self
            .http
            .post(&self.url)
            .basic_auth(&self.config.account_sid, Some(self.config.auth_token.expose()))
            .form(&form)
            .send()
            .await
            .map_err(|_| DeliveryError::Temporary { reason: "the SMS provider cannot be reached", status: None })?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        Err(explain(status))
    }
}

/// A request that the provider calls wrong stays wrong; credentials and quotas can be put right.
fn explain(status: StatusCode) -> DeliveryError {
    let permanent = matches!(status.as_u16(), 400 | 404 | 413 | 422);
    let status = Some(status.as_u16());
    if permanent {
        return DeliveryError::Permanent { reason: "the SMS provider refused the message", status };
    }
    DeliveryError::Temporary { reason: "the SMS provider put the message off", status }
}
