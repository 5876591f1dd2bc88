//! `keystead admin`: sets a server up. Works on the data directory, also while the server runs.

mod custodian;
mod group;
mod hcp;
mod process;
mod user;
mod wallet;

use anyhow::bail;
use clap::Subcommand;
use keystead_server::{App, groups};

use crate::storage::{self, Place};

/// Arguments of `keystead admin`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Custodians: organisations whose applications use wallets through the interface of Portal
    #[command(subcommand)]
    Custodian(custodian::Command),
    /// Groups: each is a database of its own
    #[command(subcommand)]
    Group(group::Command),
    /// Healthcare parties with a user to log in
    #[command(subcommand)]
    Hcp(hcp::Command),
    /// Processes: ways to register and log in by a one-time code
    #[command(subcommand)]
    Process(process::Command),
    /// Wallets: what applications are to know of the server
    #[command(subcommand)]
    Wallet(wallet::Command),
    /// Users: list, disable, enable, set a password, make a token
    #[command(subcommand)]
    User(user::Command),
}

/// Carries out an administrator's command and prints JSON.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let config = arguments.place.config()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answer = runtime.block_on(async {
        let app = storage::open(config).await?;
        let answer = match arguments.command {
            Command::Custodian(command) => custodian::run(&app, command).await,
            Command::Group(command) => group::run(&app, command).await,
            Command::Hcp(command) => hcp::run(&app, command).await,
            Command::Process(command) => process::run(&app, command).await,
            Command::User(command) => user::run(&app, command).await,
            Command::Wallet(command) => Ok(wallet::run(&app, command)),
        };
        app.store.close().await;
        answer
    })?;
    println!("{answer}");
    Ok(())
}

/// The group named, or the only one there is.
async fn group_or_only(app: &App, named: Option<String>) -> anyhow::Result<String> {
    let groups = groups::all(app).await?;
    match (named, groups.as_slice()) {
        (Some(named), _) if groups.contains(&named) => Ok(named),
        (Some(_), _) => bail!("--group: there is no such group"),
        (None, [only]) => Ok(only.clone()),
        (None, []) => bail!("there is no group yet: make one with `keystead admin group create --name NAME`"),
        (None, _) => bail!("there are several groups: say which with --group"),
    }
}
