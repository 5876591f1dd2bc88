//! `cargo xtask bench NAME`: builds for release and runs a benchmark of the package keystead-bench.

use crate::steps::{command, run as run_command};

/// Runs the benchmark `name`; it prints a table and writes `target/bench/NAME.json`.
pub(crate) fn run(name: &str, arguments: &[String]) -> anyhow::Result<()> {
    run_command(&mut command("cargo", &["build", "--release", "--package", "keystead-cli"]))?;
    let mut bench = command("cargo", &["run", "--release", "--package", "keystead-bench", "--", name]);
    run_command(bench.args(arguments))
}
