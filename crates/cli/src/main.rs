//! The `keystead` command.

mod admin;
mod audit;
mod backup;
mod client;
mod config;
mod demo;
mod doctor;
mod embedded;
mod migrate;
mod reference;
mod serve;
mod storage;

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
    /// Read and verify the audit log: who did what to whom
    Audit(audit::Arguments),
    /// Copy the embedded database and the server's secret into a new folder, while the server runs
    Backup(backup::Backup),
    /// Put a backup into an empty data directory, once it was verified
    Restore(backup::Restore),
    /// Check a configuration without starting anything
    #[command(subcommand)]
    Config(config::Command),
    /// Check a deployment: database, disk, clock, mail, SMS, captcha providers, TLS
    Doctor(doctor::Arguments),
    /// Bring a PostgreSQL database to the shape this binary expects, and fill it from an embedded one
    Migrate(migrate::Arguments),
    /// Print a page of the reference: openapi, errors, command-line
    Reference(reference::Arguments),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Audit(arguments) => audit::run(arguments),
        Command::Backup(arguments) => backup::backup(arguments),
        Command::Restore(arguments) => backup::restore(&arguments),
        Command::Config(command) => config::run(command),
        Command::Doctor(arguments) => doctor::run(arguments),
        Command::Client(arguments) => client::run(arguments),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Serve(arguments) => serve::run(arguments),
        Command::Admin(arguments) => admin::run(arguments),
        Command::Migrate(arguments) => migrate::run(&arguments),
        Command::Reference(arguments) => reference::run(&arguments),
    }
}
