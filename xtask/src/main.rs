//! Everything that is run around the code: `cargo xtask test`, `cargo xtask bench`, `cargo xtask docs`.

mod bench;
mod docs;
mod steps;
mod test;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "xtask", about = "Everything that is run around the code")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Installs what is missing and runs every check and test.
    Test {
        /// Only the steps with these names (format, lint, unit, docs, interop).
        #[arg(long)]
        only: Vec<String>,
    },
    /// Runs a benchmark and writes target/bench/NAME.json.
    Bench {
        /// Which one: server.
        name: String,
        /// Arguments of the benchmark.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Writes the generated pages of docs/reference.
    Docs {
        /// Changes nothing and fails where a page is not what it would be.
        #[arg(long)]
        check: bool,
    },
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().task {
        Task::Test { only } => test::run(&only),
        Task::Bench { name, arguments } => bench::run(&name, &arguments),
        Task::Docs { check } => docs::run(check),
    }
}
