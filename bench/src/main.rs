//! Benchmarks of Keystead, run by `cargo xtask bench NAME`.
//!
//! Every figure that is a ratio comes from one run, with one client, of processes that take turns: what
//! disturbs the machine disturbs all of them. See docs/reference/benchmarks.md.

mod bare;
mod client;
mod contact;
mod fill;
mod give_back;
mod load;
mod people;
mod process;
mod report;
mod sdk;
mod seeded;
mod server;
mod wallet;

use clap::{Parser, Subcommand};

/// What Keystead costs, measured beside handlers that do nothing else.
#[derive(Debug, Parser)]
#[command(name = "keystead-bench")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure the server, and write target/bench/server.json
    Server(server::Arguments),
    /// Measure our client beside the official one, and write target/bench/sdk.json
    Sdk(sdk::Arguments),
    /// Measure what it costs to give access back, and write target/bench/give-back.json
    GiveBack(give_back::Arguments),
    /// Measure wallets, and write target/bench/wallet.json
    Wallet(wallet::Arguments),
    /// Our client's part of `sdk`
    #[command(hide = true)]
    SdkClient(sdk::ClientArguments),
    /// Serve bare handlers over SQLite, to compare with
    Bare(bare::Arguments),
    /// Fill a data directory with contacts, bypassing HTTP
    Fill(fill::Arguments),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        // One thread: the client must leave the other core to the server.
        Command::Server(arguments) => {
            tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(server::run(arguments))
        }
        Command::Sdk(arguments) => {
            tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(sdk::run(arguments))
        }
        Command::GiveBack(arguments) => {
            tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(give_back::run(arguments))
        }
        Command::Wallet(arguments) => {
            tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(wallet::run(arguments))
        }
        Command::SdkClient(arguments) => {
            tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(sdk::client(arguments))
        }
        Command::Bare(arguments) => {
            tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(bare::run(arguments))
        }
        Command::Fill(arguments) => {
            tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(fill::run(&arguments))
        }
    }
}
