//! `keystead admin hcp`

use clap::Subcommand;
use keystead_server::audit::{self, Action};
use keystead_server::auth::password;
use keystead_server::groups::{self, NewHcp};
use keystead_server::{App, gateway};
use serde_json::{Value, json};

use super::group_or_only;

/// What can be done with healthcare parties.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a healthcare party and the user it logs in with
    Create {
        /// Login name
        #[arg(long)]
        login: String,
        /// Password, as the client sends it: without salt (`saltPasswordWithApplicationId: false`)
        #[arg(long)]
        password: String,
        /// Id of the healthcare party [default: a new UUID]
        #[arg(long)]
        id: Option<String>,
        /// First name
        #[arg(long)]
        first_name: Option<String>,
        /// Last name [default: the login name]
        #[arg(long)]
        last_name: Option<String>,
        /// E-mail address, which is a login name too
        #[arg(long)]
        email: Option<String>,
        /// Share the future data of whoever registers through the group's patient processes with it
        #[arg(long)]
        responsible: bool,
        /// Let it administer the group's users
        #[arg(long)]
        admin: bool,
        /// The group [default: the only one there is]
        #[arg(long)]
        group: Option<String>,
    },
}

/// Carries out a command on healthcare parties.
pub(crate) async fn run(app: &App, command: Command) -> anyhow::Result<Value> {
    let Command::Create { login, password, id, first_name, last_name, email, responsible, admin, group } = command;
    let group = group_or_only(app, group).await?;
    let hcp = NewHcp {
        group: group.clone(),
        id,
        last_name: last_name.or_else(|| Some(login.clone())),
        login,
        password_hash: password::hash(app, &password).await?,
        first_name,
        email,
        admin,
    };
    let mut tx = app.store.write().await?;
    let made = groups::create_hcp(app, &mut *tx, hcp).await?;
    if responsible {
        gateway::make_responsible(&mut *tx, &group, &made.data_owner).await?;
    }
    audit::note(app, &mut *tx, &group, audit::OPERATOR, Action::PartyCreated, &made.data_owner).await?;
    tx.commit().await?;
    Ok(json!({"userId": made.user, "dataOwnerId": made.data_owner, "groupId": group}))
}
