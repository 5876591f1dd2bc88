//! `keystead admin wallet`

use clap::Subcommand;
use keystead_server::App;
use serde_json::{Value, json};

/// What can be asked about wallets.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the public key of the channels that wallets travel in: applications pin it
    ChannelKey,
}

/// Carries out a command on wallets.
pub(crate) fn run(app: &App, command: Command) -> Value {
    match command {
        Command::ChannelKey => json!({ "key": app.keys.channel().public().to_string() }),
    }
}
