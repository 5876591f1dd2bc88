//! E-mail by SMTP.

use std::time::Duration;

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::{self, PoolConfig};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};

use super::Message;
use super::carriers::{DeliveryError, SetupError};
use crate::config::{SmtpConfig, SmtpTls};

/// A pool of connections to the configured mail server.
pub(super) struct MailCarrier {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl MailCarrier {
    pub(super) fn new(config: &SmtpConfig) -> Result<Self, SetupError> {
        let from = config.from.parse().map_err(|_| SetupError("smtp.from: expected an e-mail address".into()))?;
        let timeout = Duration::from_secs(config.timeout_seconds.into());
        let pool = PoolConfig::new().max_size(config.connections.into()).idle_timeout(Duration::from_secs(30));
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.host)
            .port(config.port())
            .tls(tls(config)?)
            .timeout(Some(timeout))
            .pool_config(pool);
        if !config.username.is_empty() {
            let password = config.password.expose().to_owned();
            builder = builder.credentials(Credentials::new(config.username.clone(), password));
        }
        Ok(Self { transport: builder.build(), from })
    }

    /// Begins a conversation and ends it: connection, TLS, credentials.
    pub(super) async fn probe(&self) -> Result<(), DeliveryError> {
        let refused = DeliveryError::Temporary { reason: "the mail server ended the conversation", status: None };
        match self.transport.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err(refused),
            Err(error) => Err(explain(&error)),
        }
    }

    pub(super) async fn carry(&self, message: &Message) -> Result<(), DeliveryError> {
        let mail = compose(&self.from, message)?;
        self.transport.send(mail).await.map(drop).map_err(|error| explain(&error))
    }
}

fn tls(config: &SmtpConfig) -> Result<Tls, SetupError> {
    if config.tls == SmtpTls::None {
        return Ok(Tls::None);
    }
    let mut parameters = TlsParameters::builder(config.host.clone());
    if let Some(path) = &config.ca_file {
        let unusable = |why: String| SetupError(format!("smtp.ca_file: {}: {why}", path.display()));
        let pem = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
        let certificate = Certificate::from_pem(&pem).map_err(|_| unusable("expected certificates as PEM".into()))?;
        parameters = parameters.add_root_certificate(certificate);
    }
    let parameters = parameters.build().map_err(|error| SetupError(format!("smtp: TLS: {error}")))?;
    Ok(match config.tls {
        SmtpTls::Implicit => Tls::Wrapper(parameters),
        _ => Tls::Required(parameters),
    })
}

fn compose(from: &Mailbox, message: &Message) -> Result<lettre::Message, DeliveryError> {
    let refused = DeliveryError::Permanent { reason: "the message cannot be written as e-mail", status: None };
    let to: Address = message.to.parse().map_err(|_| refused)?;
    let mut mail = lettre::Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(message.subject.as_str())
        // a random id, so that the mail server need not make one
        .message_id(None);
    if let Some(address) = &message.reply_to {
        mail = mail.reply_to(Mailbox::new(None, address.parse().map_err(|_| refused)?));
    }
    let kind = if message.html { ContentType::TEXT_HTML } else { ContentType::TEXT_PLAIN };
    mail.singlepart(SinglePart::builder().header(kind).body(message.body.clone())).map_err(|_| refused)
}

/// What the log may know of a failure: never the text of the other side, which may repeat addresses.
fn explain(error: &smtp::Error) -> DeliveryError {
    let status = error.status().map(u16::from);
    // 530 to 539 are about the login: the operator can put it right while the message waits
    if error.is_permanent() && !status.is_some_and(|status| (530..540).contains(&status)) {
        return DeliveryError::Permanent { reason: "the mail server refused the message", status };
    }
    let reason = if status.is_some() {
        "the mail server put the message off"
    } else if error.is_tls() {
        "no TLS with the mail server"
    } else if error.is_timeout() {
        "the mail server did not answer in time"
    } else if error.is_client() {
        "the mail server does not offer what is configured"
    } else {
        "the connection to the mail server failed"
    };
    DeliveryError::Temporary { reason, status }
}

#[cfg(test)]
mod tests {
    use super::super::Channel;
    use super::*;

    fn written(message: &Message) -> String {
        let from: Mailbox = "Keystead <no-reply@example.org>".parse().unwrap();
        String::from_utf8(compose(&from, message).unwrap().formatted()).unwrap()
    }

    #[test]
    fn what_a_client_says_stays_inside_its_header() {
        let evil = "Hello\r\nBcc: everybody@example.org\r\n\r\n<h1>won</h1>";
        let mut message = Message::new(Channel::Email, "dany@example.org".into(), evil, evil.into(), 0);
        // as if it had got past the constructor
        message.subject = evil.into();
        message.reply_to = Some("jorah@example.org".into());
        let mail = written(&message);
        let (head, _) = mail.split_once("\r\n\r\n").unwrap();
        assert!(!head.lines().any(|line| line.to_ascii_lowercase().starts_with("bcc:")), "{head}");
        assert_eq!(head.lines().filter(|line| line.starts_with("To:")).count(), 1);
        assert!(head.contains("Reply-To: jorah@example.org"));
    }

    #[test]
    fn an_address_that_carries_a_header_is_refused() {
        let from: Mailbox = "no-reply@example.org".parse().unwrap();
        for to in ["a@b.org\r\nBcc: c@d.org", "a@b.org, c@d.org", "a@b.org>\r\nDATA", "<a@b.org>", "a@b c.org"] {
            let message = Message::new(Channel::Email, to.into(), "s", String::new(), 0);
            assert!(compose(&from, &message).is_err(), "{to}");
        }
    }

    #[test]
    fn html_says_that_it_is_html() {
        let mut message = Message::new(Channel::Email, "a@b.org".into(), "s", "<p>é</p>".into(), 0);
        message.html = true;
        assert!(written(&message).contains("Content-Type: text/html; charset=utf-8"));
    }
}
