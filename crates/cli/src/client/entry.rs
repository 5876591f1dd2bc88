//! Registering, logging in and out.

use anyhow::bail;
use keystead_sdk::anonymous::CompleteError;
use keystead_sdk::api::LoginError;
use keystead_sdk::keys::{KeysError, NewKeyReason};
use keystead_sdk::secret::SecretText;
use keystead_sdk::{AnonymousApi, Captcha, Start};
use serde_json::json;

use super::profile::{Account, AtTheTerminal, Profile};
use super::recovery;
use super::show::Show;

/// Arguments of `register` and `login`.
#[derive(Debug, clap::Args)]
pub(crate) struct Register {
    /// The server
    #[arg(long, default_value = "http://127.0.0.1:16043")]
    server: String,
    /// The message gateway [default: /gw on the server]
    #[arg(long)]
    gateway: Option<String>,
    /// The gateway's spec
    #[arg(long, default_value = "dev")]
    spec: String,
    /// Send the code by e-mail to this address
    #[arg(long, value_name = "ADDRESS", conflicts_with = "sms")]
    email: Option<String>,
    /// Send the code by SMS to this number
    #[arg(long, value_name = "NUMBER")]
    sms: Option<String>,
    /// The process [default: patient-email or patient-sms, hcp-email or hcp-sms with --doctor]
    #[arg(long)]
    process: Option<String>,
    /// Be a healthcare party, not a patient
    #[arg(long)]
    doctor: bool,
    /// First name
    #[arg(long, default_value = "")]
    first_name: String,
    /// Last name
    #[arg(long, default_value = "")]
    last_name: String,
    /// Id of the healthcare party that all future data is shared with; patients need one
    #[arg(long, value_name = "ID")]
    responsible: Option<String>,
    /// A solved reCAPTCHA [default: a proof of work is done here]
    #[arg(long, value_name = "TOKEN")]
    recaptcha: Option<String>,
    /// A solved FriendlyCaptcha
    #[arg(long, value_name = "SOLUTION", conflicts_with = "recaptcha")]
    friendly_captcha: Option<String>,
    /// If the key is not on this machine: make a new one and ask those it was shared with to give access back
    #[arg(long)]
    new_key: bool,
    /// If the key is not on this machine: type the recovery key
    #[arg(long, conflicts_with = "new_key")]
    recovery_key: bool,
}

/// Gets somebody in by a one-time code.
pub(crate) async fn register(profile: &Profile, show: &Show, register: Register, known: bool) -> anyhow::Result<()> {
    let captcha = match (&register.recaptcha, &register.friendly_captcha) {
        (Some(token), _) => Captcha::Recaptcha(token.clone()),
        (None, Some(solution)) => Captcha::FriendlyCaptcha(solution.clone()),
        (None, None) => Captcha::Kerberus,
    };
    let (mut start, channel) = match (&register.email, &register.sms) {
        (Some(address), _) => (Start::by_email(address, captcha), "email"),
        (None, Some(number)) => (Start::by_sms(number, captcha), "sms"),
        (None, None) => bail!("--email or --sms: expected where to send the code"),
    };
    start = start.name(&register.first_name, &register.last_name);
    if let Some(responsible) = &register.responsible {
        start = start.responsible(responsible);
    }
    let kind = if register.doctor { "hcp" } else { "patient" };
    let process = register.process.unwrap_or_else(|| format!("{kind}-{channel}"));
    let recovery_key = match register.recovery_key {
        true => Some(SecretText::from(show.ask("Recovery key")?.as_str())),
        false => None,
    };
    let application = AnonymousApi::builder()
        .base_url(&register.server)
        .gateway_url(register.gateway.unwrap_or_else(|| format!("{}/gw", register.server.trim_end_matches('/'))))
        .spec_id(register.spec)
        .process_by_email(&process)
        .process_by_sms(&process)
        .storage(profile.files()?)
        .key_storage(profile.files()?)
        .crypto_strategies(AtTheTerminal { new_key: register.new_key, recovery_key })
        .build()?;

    let authentication = application.authentication();
    let (bar, monitor) = show.bar("solving a proof of work");
    let process = authentication.start(start.monitor(monitor)).await?;
    bar.finish_and_clear();
    let entered = loop {
        let code = show.ask(&format!("Code sent to {}", process.login()))?;
        match authentication.complete(&process, &code).await {
            Err(CompleteError::WrongCode) => eprintln!("The code is wrong."),
            Err(CompleteError::Login(LoginError::Keys(KeysError::Missing(missing)))) => {
                let choices: Vec<_> =
                    missing.choices.iter().map(|choice| format!("  - {}", choice.explanation())).collect();
                bail!(
                    "your key is not on this machine. What you can do:\n{}\nWith a recovery key: --recovery-key. With a \
                     new key, and access from the people you shared with: --new-key.",
                    choices.join("\n")
                );
            }
            outcome => break outcome?,
        }
    };
    let account = Account {
        server: register.server,
        user_name: process.login().to_owned(),
        group: entered.group_id.clone(),
        token: SecretText::from(entered.token.expose()),
    };
    profile.remember(&account).await?;
    let owner = entered.api.data_owner().map(|(_, id)| id.to_owned());
    let text = match known {
        true => format!("Logged in. Your id: {}", owner.as_deref().unwrap_or("none")),
        false => format!("Registered. Your id: {}", owner.as_deref().unwrap_or("none")),
    };
    show.outcome(&text, &json!({ "userId": entered.user_id, "dataOwnerId": owner, "groupId": entered.group_id }))?;
    if let Some((_, NewKeyReason::AskPeople)) = entered.api.keys_report().created {
        recovery::ask(&entered.api, show).await?;
    }
    Ok(())
}

/// Ends the session.
pub(crate) async fn logout(profile: &Profile, show: &Show) -> anyhow::Result<()> {
    if let Ok(api) = profile.api().await {
        // the token is forgotten in any case
        let _ = api.authentication().log_out().await;
    }
    profile.forget().await?;
    show.outcome("Logged out. Your keys stay on this machine.", &json!({ "loggedOut": true }))
}

/// Who is logged in.
pub(crate) async fn whoami(profile: &Profile, show: &Show) -> anyhow::Result<()> {
    let api = profile.api().await?;
    let report = api.keys_report();
    let owner = api.data_owner().map(|(_, id)| id.to_owned());
    let (here, elsewhere) = (api.key_pairs().len(), report.unavailable.len());
    let text = format!(
        "user {}\nid {}\ngroup {}\nkeys on this machine {here}, elsewhere or lost {elsewhere}",
        api.user_id(),
        owner.as_deref().unwrap_or("none"),
        api.group_id(),
    );
    show.outcome(
        &text,
        &json!({
            "userId": api.user_id(),
            "dataOwnerId": owner,
            "groupId": api.group_id(),
            "keysHere": here,
            "keysElsewhere": elsewhere,
        }),
    )
}
