//! Registering, logging in and out.

use anyhow::bail;
use keystead_sdk::anonymous::CompleteError;
use keystead_sdk::api::LoginError;
use keystead_sdk::keys::{KeysError, NewKeyReason};
use keystead_sdk::secret::SecretText;
use keystead_sdk::{AnonymousApi, Api, AuthenticationResult, Captcha, Start};
use serde_json::json;

use super::profile::{Account, AtTheTerminal, Profile};
use super::recovery;
use super::show::Show;

/// How a code is sent.
#[derive(Debug, clap::Args)]
pub(crate) struct ByCode {
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
    /// Id of the healthcare party that all future data is shared with; patients need one
    #[arg(long, value_name = "ID")]
    responsible: Option<String>,
    /// A solved reCAPTCHA [default: a proof of work is done here]
    #[arg(long, value_name = "TOKEN")]
    recaptcha: Option<String>,
    /// A solved FriendlyCaptcha
    #[arg(long, value_name = "SOLUTION", conflicts_with = "recaptcha")]
    friendly_captcha: Option<String>,
}

/// Arguments of `register` and `login`.
#[derive(Debug, clap::Args)]
pub(crate) struct Register {
    #[command(flatten)]
    by_code: ByCode,
    /// First name
    #[arg(long, default_value = "")]
    first_name: String,
    /// Last name
    #[arg(long, default_value = "")]
    last_name: String,
    /// If the key is not on this machine: make a new one and ask those it was shared with to give access back
    #[arg(long)]
    new_key: bool,
    /// If the key is not on this machine: type the recovery key
    #[arg(long, conflicts_with = "new_key")]
    recovery_key: bool,
}

/// Gets somebody in by a one-time code.
pub(crate) async fn register(profile: &Profile, show: &Show, register: Register, known: bool) -> anyhow::Result<()> {
    let recovery_key = match register.recovery_key {
        true => Some(SecretText::from(show.ask("Recovery key")?.as_str())),
        false => None,
    };
    let keys = AtTheTerminal { new_key: register.new_key, recovery_key };
    let name = (register.first_name.as_str(), register.last_name.as_str());
    let (entered, account) = enter(profile, show, register.by_code, name, keys).await?;
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

/// Whoever is logged in proves again who they are, by a one-time code: for what takes more than the token of the profile.
pub(crate) async fn enter_again(profile: &Profile, show: &Show, by_code: ByCode) -> anyhow::Result<Api> {
    let known = profile.api().await?;
    let (entered, account) = enter(profile, show, by_code, ("", ""), AtTheTerminal::default()).await?;
    if (entered.user_id.as_str(), entered.group_id.as_str()) != (known.user_id(), known.group_id()) {
        bail!("the code was for somebody else than this profile's user");
    }
    profile.remember(&account).await?;
    Ok(entered.api)
}

async fn enter(
    profile: &Profile,
    show: &Show,
    by_code: ByCode,
    (first_name, last_name): (&str, &str),
    keys: AtTheTerminal,
) -> anyhow::Result<(AuthenticationResult, Account)> {
    let captcha = match (&by_code.recaptcha, &by_code.friendly_captcha) {
        (Some(token), _) => Captcha::Recaptcha(token.clone()),
        (None, Some(solution)) => Captcha::FriendlyCaptcha(solution.clone()),
        (None, None) => Captcha::Kerberus,
    };
    let (mut start, channel) = match (&by_code.email, &by_code.sms) {
        (Some(address), _) => (Start::by_email(address, captcha), "email"),
        (None, Some(number)) => (Start::by_sms(number, captcha), "sms"),
        (None, None) => bail!("--email or --sms: expected where to send the code"),
    };
    start = start.name(first_name, last_name);
    if let Some(responsible) = &by_code.responsible {
        start = start.responsible(responsible);
    }
    let kind = if by_code.doctor { "hcp" } else { "patient" };
    let process = by_code.process.unwrap_or_else(|| format!("{kind}-{channel}"));
    let application = AnonymousApi::builder()
        .base_url(&by_code.server)
        .gateway_url(by_code.gateway.unwrap_or_else(|| format!("{}/gw", by_code.server.trim_end_matches('/'))))
        .spec_id(by_code.spec)
        .process_by_email(&process)
        .process_by_sms(&process)
        .storage(profile.files()?)
        .key_storage(profile.files()?)
        .crypto_strategies(keys)
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
        server: by_code.server,
        user_name: process.login().to_owned(),
        group: entered.group_id.clone(),
        token: SecretText::from(entered.token.expose()),
    };
    Ok((entered, account))
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
