//! The `keystead` command.

mod admin;
mod client;
mod demo;
mod embedded;
mod reference;
mod serve;

use clap::{Parser, Subcommand};

/// A self-hosted home for end-to-end encrypted records.
#[derive(Debug, Parser)]
#[command(name = "keystead", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Play the tutorials on a server in a temporary directory: what to run first
    Demo(demo::Arguments),
    /// Use one's own data: register, add samples, share, recover
    Client(client::Arguments),
    /// Run the server
    Serve(serve::Arguments),
    /// Set a server up: groups, healthcare parties, users, processes. Works while it runs
    Admin(admin::Arguments),
    /// Print a page of the reference: openapi, errors, command-line
    Reference(reference::Arguments),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Client(arguments) => client::run(arguments),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Serve(arguments) => serve::run(arguments),
        Command::Admin(arguments) => admin::run(arguments),
        Command::Reference(arguments) => reference::run(&arguments),
    }
}
