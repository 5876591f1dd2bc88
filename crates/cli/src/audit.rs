//! `keystead audit`: reads the audit log, and verifies that nothing in it was changed.

use anyhow::bail;
use clap::Subcommand;
use keystead_server::{App, audit, groups};
use serde_json::json;

use crate::storage::{self, Place};

/// Arguments of `keystead audit`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Read every log from its beginning to its end: fails if an entry was changed, removed or inserted
    Verify,
    /// Print the entries of a group as JSON lines, oldest first
    Show {
        /// The group
        #[arg(long)]
        group: String,
        /// Only those after the entry with this number
        #[arg(long, default_value_t = 0)]
        after: u64,
    },
}

/// Carries out a command.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let config = arguments.place.config()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let app = storage::open(config).await?;
        let outcome = match arguments.command {
            Command::Verify => verify(&app).await,
            Command::Show { group, after } => show(&app, &group, after).await,
        };
        app.store.close().await;
        outcome
    })
}

async fn verify(app: &App) -> anyhow::Result<()> {
    let (mut verified, mut broken) = (Vec::new(), 0);
    for group in groups::all(app).await? {
        verified.push(match audit::verify(app, &group).await? {
            Ok(entries) => json!({ "group": group, "entries": entries, "verified": true }),
            Err(found) => {
                broken += 1;
                json!({ "group": group, "verified": false, "reason": found.to_string() })
            }
        });
    }
    println!("{}", serde_json::to_string(&verified)?);
    if broken > 0 {
        bail!("{broken} of {} logs are not as they were written", verified.len());
    }
    Ok(())
}

async fn show(app: &App, group: &str, after: u64) -> anyhow::Result<()> {
    for entry in audit::entries(app, group, after).await? {
        println!("{}", serde_json::to_string(&entry)?);
    }
    Ok(())
}
