//! `keystead admin user`

use clap::Subcommand;
use keystead_model::entity::user::CLASS;
use keystead_model::query::{Query, Selection};
use keystead_server::audit::{self, Action};
use keystead_server::auth::{password, secret};
use keystead_server::{App, documents, users};
use keystead_store::accounts::{Account, Secret, SecretKind};
use keystead_store::documents::Find;
use serde_json::{Value, json};

use super::group_or_only;

/// What can be done with users.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the users of a group
    List {
        /// The group [default: the only one there is]
        #[arg(long)]
        group: Option<String>,
    },
    /// End a user's sessions and let it log in no more
    Disable(Named),
    /// Let a disabled user log in again
    Enable(Named),
    /// Set a user's password and end its sessions
    Password {
        #[command(flatten)]
        named: Named,
        /// The password, as the client sends it
        #[arg(long)]
        password: String,
    },
    /// Make a token that a user can log in with
    Token {
        #[command(flatten)]
        named: Named,
        /// What the token is called; an earlier one of the same name ends
        #[arg(long, default_value = "admin")]
        name: String,
        /// How long it is valid, in seconds
        #[arg(long, default_value_t = 86_400)]
        seconds: u32,
    },
    /// Demand no second factor from a user any more
    RemoveSecondFactor(Named),
}

/// A user.
#[derive(Debug, clap::Args)]
pub(crate) struct Named {
    /// Id of the user
    #[arg(long)]
    id: String,
    /// The group [default: the only one there is]
    #[arg(long)]
    group: Option<String>,
}

/// Carries out a command on users.
pub(crate) async fn run(app: &App, command: Command) -> anyhow::Result<Value> {
    match command {
        Command::List { group } => list(app, &group_or_only(app, group).await?).await,
        Command::Disable(named) => set_status(app, named, "DISABLED").await,
        Command::Enable(named) => set_status(app, named, "ACTIVE").await,
        Command::Password { named, password } => {
            let account = account(app, named).await?;
            let hash = password::hash(app, &password).await?;
            let mut tx = app.store.write().await?;
            users::set_password(app, &mut *tx, &account, &hash).await?;
            tx.revoke_sessions(&account).await?;
            audit::note(app, &mut *tx, &account.group, audit::OPERATOR, Action::UserModified, &account.user).await?;
            tx.commit().await?;
            Ok(json!({"userId": account.user}))
        }
        Command::Token { named, name, seconds } => {
            let account = account(app, named).await?;
            let token = hex::encode(app.rng.bytes::<24>());
            let secret = Secret {
                kind: SecretKind::Token,
                name,
                digest: secret::token_digest(app, &account, &token),
                created: app.now(),
                expires: Some(app.now() + i64::from(seconds) * 1000),
            };
            let mut tx = app.store.write().await?;
            tx.set_secret(&account, &secret).await?;
            audit::note(app, &mut *tx, &account.group, audit::OPERATOR, Action::TokenMade, &account.user).await?;
            tx.commit().await?;
            Ok(json!({"userId": account.user, "token": token}))
        }
        Command::RemoveSecondFactor(named) => {
            let account = account(app, named).await?;
            let mut tx = app.store.write().await?;
            tx.remove_secret(&account, SecretKind::Totp, "").await?;
            audit::note(app, &mut *tx, &account.group, audit::OPERATOR, Action::SecondFactorRemoved, &account.user)
                .await?;
            tx.commit().await?;
            Ok(json!({"userId": account.user}))
        }
    }
}

async fn list(app: &App, group: &str) -> anyhow::Result<Value> {
    let find = Find {
        group: group.to_owned(),
        class: CLASS.name,
        selection: Selection::unordered(Query::All),
        readable_by: None,
        parts: false,
        after: None,
        limit: None,
    };
    let mut tx = app.store.read().await?;
    let ids: Vec<String> = tx.find(&find).await?.into_iter().map(|hit| hit.id).collect();
    let mut listed = Vec::new();
    for document in tx.documents(group, CLASS.name, &ids, None).await? {
        let user = documents::parse(&document)?;
        let shown =
            ["id", "login", "email", "mobilePhone", "status", "roles", "healthcarePartyId", "patientId", "deviceId"];
        listed.push(user.into_iter().filter(|(key, _)| shown.contains(&key.as_str())).collect::<Value>());
    }
    Ok(Value::Array(listed))
}

async fn account(app: &App, named: Named) -> anyhow::Result<Account> {
    let account = Account { group: group_or_only(app, named.group).await?, user: named.id };
    let found = app.store.read().await?.document(&account.group, CLASS.name, &account.user).await?;
    anyhow::ensure!(found.is_some_and(|user| !user.deleted), "--id: the group has no such user");
    Ok(account)
}

async fn set_status(app: &App, named: Named, status: &str) -> anyhow::Result<Value> {
    let account = account(app, named).await?;
    let mut tx = app.store.write().await?;
    let (stored, mut user) = documents::load(&mut *tx, &account.group, &CLASS, &account.user).await?;
    user.insert("status".to_owned(), json!(status));
    documents::update(app, &mut *tx, &account.group, &CLASS, &stored, user).await?;
    if status == "DISABLED" {
        tx.revoke_sessions(&account).await?;
    }
    audit::note(app, &mut *tx, &account.group, audit::OPERATOR, Action::UserModified, &account.user).await?;
    tx.commit().await?;
    Ok(json!({"userId": account.user, "status": status}))
}
