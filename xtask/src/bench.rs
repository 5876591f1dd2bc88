//! `cargo xtask bench NAME`: builds for release and runs a benchmark of the package keystead-bench.

use crate::steps::{command, run as run_command};
use crate::test::official_clients;

/// Runs the benchmark `name`; it prints a table and writes `target/bench/NAME.json`.
pub(crate) fn run(name: &str, arguments: &[String]) -> anyhow::Result<()> {
    run_command(&mut command("cargo", &["build", "--release", "--package", "keystead-cli"]))?;
    if name == "sdk" {
        official_clients()?;
    }
    let mut bench = command("cargo", &["run", "--release", "--package", "keystead-bench", "--", name]);
    run_command(bench.args(arguments))
}
