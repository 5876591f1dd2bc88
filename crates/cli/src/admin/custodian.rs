//! `keystead admin custodian`: environments, API keys of custodians, and clients that lost theirs.

use clap::Subcommand;
use keystead_server::portal::{self, Custodian, Environment};
use keystead_server::{App, groups};
use serde_json::{Value, json};

/// What can be done with custodians and their environments.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make an environment, with a group of its own, and its first API key
    Create {
        /// What the custodian is called
        #[arg(long)]
        name: String,
        /// What the environment is called
        #[arg(long, default_value = "Development")]
        environment: String,
        /// Id of the custodian, to give one several environments [default: a new UUID]
        #[arg(long)]
        custodian: Option<String>,
        /// A group that there is already, to become the environment [default: a new one]
        #[arg(long)]
        group: Option<String>,
        /// Keep the clients' cipher texts here, rather than in the custodian's application
        #[arg(long)]
        backup_with_portal: bool,
    },
    /// List the environments
    List,
    /// Say who keeps the clients' cipher texts: this server, or the custodian's application
    Backup {
        /// Id of the environment
        #[arg(long)]
        environment: String,
        /// Whether this server does
        #[arg(long, action = clap::ArgAction::Set)]
        with_portal: bool,
    },
    /// API keys of custodians
    #[command(subcommand)]
    Keys(Keys),
    /// Keys of clients
    #[command(subcommand)]
    Client(Client),
}

/// What can be done with API keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Make an API key: told once
    Create {
        /// Id of the environment
        #[arg(long)]
        environment: String,
        /// What the key is called
        #[arg(long)]
        label: Option<String>,
    },
    /// List the API keys of an environment
    List {
        /// Id of the environment
        #[arg(long)]
        environment: String,
    },
    /// Revoke an API key
    Revoke {
        /// Id of the environment
        #[arg(long)]
        environment: String,
        /// Id of the key, which is the part of it between the two dots
        #[arg(long)]
        id: String,
    },
}

/// What can be done with the keys of a client.
#[derive(Debug, Subcommand)]
pub(crate) enum Client {
    /// Revoke every key and session token of a client
    Revoke(Named),
    /// Revoke every key and session token of a client, and make a new API key: told once
    Renew(Named),
}

/// A client.
#[derive(Debug, clap::Args)]
pub(crate) struct Named {
    /// Id of the environment
    #[arg(long)]
    environment: String,
    /// Id of the client
    #[arg(long)]
    id: String,
}

/// Carries out a command on custodians.
pub(crate) async fn run(app: &App, command: Command) -> anyhow::Result<Value> {
    match command {
        Command::Create { name, environment, custodian, group, backup_with_portal } => {
            let custodian = Custodian { id: custodian.unwrap_or_else(|| app.rng.uuid()), name };
            create(app, custodian, &environment, group, backup_with_portal).await
        }
        Command::List => list(app).await,
        Command::Backup { environment, with_portal } => {
            let mut changed = find(app, &environment).await?;
            changed.backup_with_portal_enabled = with_portal;
            let mut tx = app.store.write().await?;
            portal::set_environment(app, &mut *tx, &changed).await?;
            tx.commit().await?;
            Ok(json!(changed))
        }
        Command::Keys(command) => keys(app, command).await,
        Command::Client(command) => client(app, command).await,
    }
}

async fn create(
    app: &App,
    custodian: Custodian,
    name: &str,
    group: Option<String>,
    backup_with_portal: bool,
) -> anyhow::Result<Value> {
    let mut tx = app.store.write().await?;
    let id = match group {
        Some(id) => {
            let groups = tx.groups().await?;
            anyhow::ensure!(groups.contains(&id), "--group: there is no such group");
            let taken = portal::find_environment(&mut *tx, &id).await?.is_some();
            anyhow::ensure!(!taken, "--group: it is an environment already");
            id
        }
        None => {
            let id = app.rng.uuid();
            groups::create_group(app, &mut *tx, &id, &custodian.name).await?;
            id
        }
    };
    let mut environment = Environment::new(&id, name, custodian);
    environment.backup_with_portal_enabled = backup_with_portal;
    portal::set_environment(app, &mut *tx, &environment).await?;
    let key = portal::make_key(app, &mut *tx, &id, None).await?;
    tx.commit().await?;
    Ok(json!({"environment": environment, "apiKey": key}))
}

async fn list(app: &App) -> anyhow::Result<Value> {
    let mut tx = app.store.read().await?;
    let mut environments = Vec::new();
    for group in tx.groups().await? {
        environments.extend(portal::find_environment(&mut *tx, &group).await?);
    }
    Ok(json!(environments))
}

async fn find(app: &App, environment: &str) -> anyhow::Result<Environment> {
    let found = portal::find_environment(&mut *app.store.read().await?, environment).await?;
    found.ok_or_else(|| anyhow::anyhow!("--environment: there is no such environment"))
}

async fn keys(app: &App, command: Keys) -> anyhow::Result<Value> {
    match command {
        Keys::Create { environment, label } => {
            find(app, &environment).await?;
            let mut tx = app.store.write().await?;
            let key = portal::make_key(app, &mut *tx, &environment, label.as_deref()).await?;
            tx.commit().await?;
            Ok(json!({"apiKey": key}))
        }
        Keys::List { environment } => {
            find(app, &environment).await?;
            Ok(json!(portal::list_keys(app, &environment).await?))
        }
        Keys::Revoke { environment, id } => {
            let mut tx = app.store.write().await?;
            let revoked = portal::revoke_key(app, &mut *tx, &environment, &id).await?;
            tx.commit().await?;
            Ok(json!({"revoked": revoked}))
        }
    }
}

async fn client(app: &App, command: Client) -> anyhow::Result<Value> {
    let mut tx = app.store.write().await?;
    let answer = match command {
        Client::Revoke(Named { environment, id }) => {
            json!({"revoked": portal::revoke_client(app, &mut *tx, &environment, &id).await?})
        }
        Client::Renew(Named { environment, id }) => {
            json!({"clientApiKey": portal::renew_client_key(app, &mut *tx, &environment, &id).await?})
        }
    };
    tx.commit().await?;
    Ok(answer)
}
