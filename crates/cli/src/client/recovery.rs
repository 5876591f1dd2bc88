//! When a key is lost: asking, giving back, recovery keys, and what would come back.

use std::time::Duration;

use anyhow::Context as _;
use keystead_sdk::Api;
use keystead_sdk::give_back::Approval;
use serde_json::json;

use super::profile::Profile;
use super::show::Show;

/// Arguments of `give-back`.
#[derive(Debug, clap::Args)]
pub(crate) struct GiveBack {
    /// The notification
    notification: String,
    /// The words that the person's device shows, as they read them out [default: they are asked for]
    #[arg(long)]
    words: Option<String>,
}

/// Arguments of `recovery-kit`.
#[derive(Debug, clap::Args)]
pub(crate) struct Kit {
    /// Days until it ends [default: never]
    #[arg(long)]
    days: Option<u64>,
    /// Show a QR code too
    #[arg(long)]
    qr: bool,
}

/// What others ask for.
pub(crate) async fn notifications(profile: &Profile, show: &Show) -> anyhow::Result<()> {
    let api = profile.api().await?;
    let pending = api.notifications().pending_since(0).await?;
    let mut lines = Vec::new();
    let mut objects = Vec::new();
    for notification in &pending.records {
        let from = notification.access_request().map(|request| request.owner_id().to_owned());
        let kind = notification.kind().unwrap_or_default();
        lines.push(match &from {
            Some(from) => format!("{}  {from} has a new key and asks for access", notification.id()),
            None => format!("{}  {kind}", notification.id()),
        });
        objects.push(json!({ "id": notification.id(), "kind": kind, "from": from }));
    }
    if lines.is_empty() {
        lines.push("Nothing is pending.".to_owned());
    }
    show.outcome(&lines.join("\n"), &json!({ "pending": objects }))
}

/// Lets somebody's new key in.
pub(crate) async fn give_back(profile: &Profile, show: &Show, command: GiveBack) -> anyhow::Result<()> {
    let api = profile.api().await?;
    let notification = api.notifications().get(&command.notification).await?;
    let request = notification.access_request().context("the notification does not ask for access")?;
    let words = match command.words {
        Some(words) => words,
        None => {
            eprintln!(
                "Call the person. On their new device `keystead client words` shows words; type what they read out."
            );
            show.ask("Words")?
        }
    };
    api.data_owners().give_access_back_to(&request, Approval::Phrase(&words)).await?;
    api.notifications().complete(&notification).await?;
    show.outcome("Access is given back.", &json!({ "givenBackTo": request.owner_id() }))
}

/// The words for one's own key.
pub(crate) async fn words(profile: &Profile, show: &Show) -> anyhow::Result<()> {
    let phrase = profile.api().await?.data_owners().own_phrase()?.to_string();
    show.outcome(&phrase, &json!({ "words": phrase }))
}

/// Asks everybody the data was shared with.
pub(crate) async fn ask_back(profile: &Profile, show: &Show) -> anyhow::Result<()> {
    ask(&profile.api().await?, show).await
}

/// Asks everybody the data was shared with, and says what comes next.
pub(crate) async fn ask(api: &Api, show: &Show) -> anyhow::Result<()> {
    let asked = api.notifications().request_access().await?;
    let phrase = api.data_owners().own_phrase()?.to_string();
    let text = format!(
        "{} asked to give access back. Whoever does will call you; read these words to them:\n\n  {phrase}\n",
        asked.asked.len(),
    );
    show.outcome(&text, &json!({ "asked": asked.asked, "words": phrase }))
}

/// Makes a recovery key.
pub(crate) async fn kit(profile: &Profile, show: &Show, command: Kit) -> anyhow::Result<()> {
    let api = profile.api().await?;
    let expires = command.days.map(|days| Duration::from_secs(days.saturating_mul(86_400)));
    let kit = api.recovery().make_recovery_key(expires).await?;
    let mut text = format!(
        "Write this down or print it, and keep it where you would keep a passport. Whoever has it and your account can \
         read everything:\n\n  {}\n",
        kit.text().expose(),
    );
    if command.qr {
        text.push('\n');
        text.push_str(kit.qr_terminal()?.expose());
    }
    show.outcome(&text, &json!({ "recoveryKey": kit.text().expose(), "expires": kit.expires() }))
}

/// What would come back if this device died now.
pub(crate) async fn report(profile: &Profile, show: &Show) -> anyhow::Result<()> {
    let api = profile.api().await?;
    let (bar, monitor) = show.bar("looking at every record");
    let report = api.recovery().report(&monitor).await?;
    bar.finish_and_clear();
    let mut lines = vec![format!(
        "If this device died now, {} of {} records would come back.",
        report.recoverable(),
        report.readable(),
    )];
    for class in &report.classes {
        if class.readable > 0 {
            lines.push(format!("  {:<18} {} of {}", format!("{:?}", class.class), class.recoverable, class.readable));
        }
    }
    for counterpart in &report.counterparts {
        lines.push(format!("through {}: {}", counterpart.id(), counterpart.alone.records));
    }
    for kit in &report.recovery_keys {
        lines.push(format!("with a recovery key: {}", kit.records));
    }
    for key in &report.other_keys {
        lines.push(format!("with another key of yours, on another device: {}", key.records));
    }
    if report.at_risk() > 0 {
        lines.push(format!("{} would be lost. `keystead client recovery-kit` makes a recovery key.", report.at_risk()));
    }
    let classes: Vec<_> = report
        .classes
        .iter()
        .map(|class| {
            json!({
                "class": format!("{:?}", class.class),
                "readable": class.readable,
                "recoverable": class.recoverable,
                "atRisk": class.at_risk,
                "sharedWithNobody": class.shared_with_nobody,
            })
        })
        .collect();
    let through: Vec<_> = report
        .counterparts
        .iter()
        .map(|one| json!({ "dataOwnerId": one.id(), "records": one.alone.records }))
        .collect();
    let object = json!({
        "readable": report.readable(),
        "recoverable": report.recoverable(),
        "atRisk": report.at_risk(),
        "classes": classes,
        "through": through,
        "recoveryKeys": report.recovery_keys.iter().map(|kit| kit.records).collect::<Vec<_>>(),
    });
    show.outcome(&lines.join("\n"), &object)
}
