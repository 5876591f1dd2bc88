//! `cargo xtask bench NAME`: builds for release and runs a benchmark of the package keystead-bench.

use std::path::PathBuf;

use crate::steps::{command, output, root, run as run_command};
use crate::test::official_clients;

/// Runs the benchmark `name`; it prints a table and writes `target/bench/NAME.json`.
pub(crate) fn run(name: &str, arguments: &[String]) -> anyhow::Result<()> {
    run_command(&mut command("cargo", &["build", "--release", "--package", "keystead-cli"]))?;
    if name == "sdk" {
        official_clients()?;
    }
    let mut bench = command("cargo", &["run", "--release", "--package", "keystead-bench", "--", name]);
    if name == "wallet" {
        bench.arg("--cggmp24").arg(cggmp24()?);
    }
    run_command(bench.args(arguments))
}

/// Signs with cggmp24, which is in a workspace of its own; the file with what it took.
fn cggmp24() -> anyhow::Result<PathBuf> {
    let folder = root().join("target/bench");
    std::fs::create_dir_all(&folder)?;
    let mut run =
        command("cargo", &["run", "--release", "--manifest-path", "bench/cggmp24/Cargo.toml", "--target-dir"]);
    run.arg(root().join("target/bench-cggmp24")).arg("--").arg(folder.join("cggmp24-primes.json")).arg("20");
    let measured = folder.join("cggmp24.json");
    std::fs::write(&measured, output(&mut run)?)?;
    Ok(measured)
}
