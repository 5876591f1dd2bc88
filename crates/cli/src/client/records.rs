//! Data samples, and whom they are shared with.

use anyhow::{Context as _, bail};
use clap::Subcommand;
use keystead_sdk::Api;
use keystead_sdk::data_owners::DataOwnerType;
use keystead_sdk::data_samples::DataSample;
use keystead_sdk::entities::Shared;
use keystead_sdk::users::SharedData;
use serde_json::{Value, json};

use super::profile::Profile;
use super::show::Show;

/// What can be done with data samples.
#[derive(Debug, Subcommand)]
pub(crate) enum Sample {
    /// Add a sample
    Add {
        /// What it is about; stays in clear
        label: String,
        /// A text; is sealed
        #[arg(long)]
        text: Option<String>,
        /// A number; is sealed
        #[arg(long, conflicts_with = "text")]
        number: Option<f64>,
        /// The unit of the number
        #[arg(long, requires = "number")]
        unit: Option<String>,
        /// A tag in clear, to be searched for: TYPE|CODE|VERSION
        #[arg(long)]
        tag: Vec<String>,
        /// The language of the content
        #[arg(long, default_value = "en")]
        language: String,
        /// The patient [default: oneself]
        #[arg(long, value_name = "ID")]
        patient: Option<String>,
    },
    /// List the samples that can be read
    List {
        /// The patient [default: oneself]
        #[arg(long, value_name = "ID")]
        patient: Option<String>,
    },
    /// Show one sample with all of its fields
    Show {
        /// Its id
        id: String,
    },
    /// Delete a sample
    Delete {
        /// Its id
        id: String,
    },
}

/// Arguments of `share`.
#[derive(Debug, clap::Args)]
pub(crate) struct Share {
    /// The sample
    id: String,
    /// The data owner to share it with
    #[arg(long, value_name = "ID")]
    with: String,
    /// Let them change it too
    #[arg(long)]
    write: bool,
}

/// Arguments of `share-future`.
#[derive(Debug, clap::Args)]
pub(crate) struct ShareFuture {
    /// The data owner to share with
    #[arg(long, value_name = "ID")]
    with: String,
    /// Stop it
    #[arg(long)]
    stop: bool,
}

/// Carries out a command on samples.
pub(crate) async fn sample(profile: &Profile, show: &Show, command: Sample) -> anyhow::Result<()> {
    let api = profile.api().await?;
    match command {
        Sample::Add { label, text, number, unit, tag, language, patient } => {
            let mut sample = DataSample::new(&label);
            sample = match (text, number, unit) {
                (Some(text), _, _) => sample.with_text(&language, &text),
                (None, Some(number), Some(unit)) => sample.with_measure(&language, number, &unit),
                (None, Some(number), None) => sample.with_number(&language, number),
                (None, None, _) => bail!("--text or --number: expected something to seal"),
            };
            for tag in &tag {
                let mut parts = tag.splitn(3, '|');
                let (Some(kind), Some(code), Some(version)) = (parts.next(), parts.next(), parts.next()) else {
                    bail!("--tag: expected TYPE|CODE|VERSION");
                };
                sample = sample.with_tag(kind, code, version);
            }
            let patient = patient_or_self(&api, patient).await?;
            let made = api.data_samples().create_for(&patient, vec![sample]).await?;
            let made = made.first().context("nothing was made")?;
            show.outcome(made.id(), &json!({ "id": made.id(), "contactId": made.contact_id() }))
        }
        Sample::List { patient } => {
            let patient = patient_or_self(&api, patient).await?;
            let found = api.data_samples().list_for(&patient).await?;
            let mut lines: Vec<String> = found.records.iter().map(line).collect();
            if !found.unreadable.is_empty() {
                lines.push(format!("{} more that no key on this machine opens", found.unreadable.len()));
            }
            let samples: Vec<_> = found.records.iter().map(object).collect();
            show.outcome(&lines.join("\n"), &json!({ "samples": samples, "unreadable": found.unreadable }))
        }
        Sample::Show { id } => {
            let sample = api.data_samples().get(&id).await?;
            let mut fields = sample.fields().clone();
            for plumbing in ["encryptedSelf", "securityMetadata", "secretForeignKeys"] {
                fields.remove(plumbing);
            }
            let text = serde_json::to_string_pretty(&fields)?;
            let sealed =
                if sample.is_authenticated() { "yes" } else { "no: another client wrote it, or it was changed" };
            show.outcome(
                &format!("{text}\nas it was sealed: {sealed}"),
                &json!({ "sample": fields, "authenticated": sample.is_authenticated() }),
            )
        }
        Sample::Delete { id } => {
            let sample = api.data_samples().get(&id).await?;
            api.data_samples().delete(&sample).await?;
            show.outcome("Deleted.", &json!({ "deleted": id }))
        }
    }
}

/// Shares a sample.
pub(crate) async fn share(profile: &Profile, show: &Show, share: Share) -> anyhow::Result<()> {
    let api = profile.api().await?;
    let sample = api.data_samples().get(&share.id).await?;
    let how = if share.write { Shared::Write } else { Shared::Read };
    api.data_samples().share(&sample, &share.with, how).await?;
    show.outcome("Shared.", &json!({ "shared": share.id, "with": share.with }))
}

/// Shares everything from now on, or stops it.
pub(crate) async fn share_future(profile: &Profile, show: &Show, share: ShareFuture) -> anyhow::Result<()> {
    let users = profile.api().await?.users();
    let user = match share.stop {
        true => users.stop_sharing_data_with(&[&share.with], SharedData::All).await?,
        false => users.share_all_future_data_with(&[&share.with], SharedData::All).await?,
    };
    let with = user.shares_future_data(SharedData::All);
    let text = format!(
        "From now on everything new is shared with: {}",
        if with.is_empty() { "nobody".into() } else { with.join(", ") }
    );
    show.outcome(&text, &json!({ "sharedWith": with }))
}

async fn patient_or_self(api: &Api, patient: Option<String>) -> anyhow::Result<String> {
    match (patient, api.data_owner()) {
        (Some(patient), _) => Ok(patient),
        (None, Some((DataOwnerType::Patient, _))) => Ok(api.patients().current().await?.id().to_owned()),
        (None, _) => bail!("--patient: expected whose samples, since you are no patient"),
    }
}

fn line(sample: &DataSample) -> String {
    let content = sample.fields().get("content").and_then(Value::as_object);
    let content = content.and_then(|content| content.values().next()).map(value).unwrap_or_default();
    format!("{}  {:<16} {content}", sample.id(), sample.label().unwrap_or_default())
}

/// A short form of a content.
fn value(content: &Value) -> String {
    if let Some(text) = content.get("stringValue").and_then(Value::as_str) {
        return text.to_owned();
    }
    if let Some(measure) = content.get("measureValue") {
        let unit = measure.get("unit").and_then(Value::as_str).unwrap_or_default();
        return format!("{} {unit}", measure.get("value").unwrap_or(&Value::Null));
    }
    content.get("numberValue").unwrap_or(content).to_string()
}

fn object(sample: &DataSample) -> Value {
    json!({
        "id": sample.id(),
        "label": sample.label(),
        "content": sample.fields().get("content"),
        "authenticated": sample.is_authenticated(),
    })
}
