//! Everything that is run around the code: `cargo xtask test`, `bench`, `docs`, `fuzz`.

mod bench;
mod docs;
mod fuzz;
mod schemathesis;
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
        /// Only the steps with these names (format, lint, unit, schemathesis, docs, interop).
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
    /// Looks for inputs that break a parser, and writes target/fuzz/TARGET.json.
    Fuzz {
        /// Which one: a file of fuzz/fuzz_targets [default: one after the other].
        target: Option<String>,
        /// How long each of them runs.
        #[arg(long, default_value_t = 600)]
        seconds: u64,
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
        Task::Fuzz { target, seconds } => fuzz::run(target.as_deref(), seconds),
        Task::Docs { check } => docs::run(check),
    }
}
