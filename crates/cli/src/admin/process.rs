//! `keystead admin process`

use anyhow::Context as _;
use clap::Subcommand;
use keystead_server::App;
use keystead_server::audit::{self, Action};
use keystead_server::gateway::{self, ProcessSettings};
use serde_json::{Value, json};

/// What can be done with processes.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the processes with their settings
    List,
    /// Make a process or replace its settings
    Set {
        /// The spec it belongs to: a name that apps configure
        #[arg(long)]
        spec: String,
        /// Its id within the spec
        #[arg(long)]
        id: String,
        /// Settings as JSON, e.g. {"kind":"patient","channel":"email","group":"…"}
        #[arg(long)]
        settings: String,
    },
    /// Remove a process
    Remove {
        /// The spec it belongs to
        #[arg(long)]
        spec: String,
        /// Its id within the spec
        #[arg(long)]
        id: String,
    },
}

/// Carries out a command on processes.
pub(crate) async fn run(app: &App, command: Command) -> anyhow::Result<Value> {
    match command {
        Command::List => {
            let processes = app.store.read().await?.processes().await?;
            let listed = processes.iter().map(|process| {
                let settings: Value = serde_json::from_str(&process.settings).unwrap_or(Value::Null);
                json!({"spec": process.spec, "id": process.id, "settings": settings})
            });
            Ok(listed.collect())
        }
        Command::Set { spec, id, settings } => {
            let settings = ProcessSettings::parse(&settings).context("--settings")?;
            let mut tx = app.store.write().await?;
            gateway::set_process(&mut *tx, &spec, &id, &settings).await?;
            let target = format!("{spec}/{id}");
            audit::note(app, &mut *tx, &settings.group, audit::OPERATOR, Action::ProcessChanged, &target).await?;
            tx.commit().await?;
            Ok(json!({"spec": spec, "id": id}))
        }
        Command::Remove { spec, id } => {
            let mut tx = app.store.write().await?;
            let removed = tx.remove_process(&spec, &id).await?;
            tx.commit().await?;
            Ok(json!({"removed": removed}))
        }
    }
}
