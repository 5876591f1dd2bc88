//! `keystead admin group`

use clap::Subcommand;
use keystead_server::{App, groups};
use serde_json::{Value, json};

/// What can be done with groups.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a group
    Create {
        /// What people call it
        #[arg(long)]
        name: String,
        /// Its id [default: a new UUID]
        #[arg(long)]
        id: Option<String>,
    },
    /// List the groups
    List,
}

/// Carries out a command on groups.
pub(crate) async fn run(app: &App, command: Command) -> anyhow::Result<Value> {
    match command {
        Command::Create { name, id } => {
            let id = id.unwrap_or_else(|| app.rng.uuid());
            let mut tx = app.store.write().await?;
            groups::create_group(app, &mut *tx, &id, &name).await?;
            tx.commit().await?;
            Ok(json!({"groupId": id}))
        }
        Command::List => Ok(json!(groups::all(app).await?)),
    }
}
