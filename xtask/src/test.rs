//! `cargo xtask test`: installs what is missing, then runs every check and every test.

use std::time::Instant;

use anyhow::bail;

use crate::steps::{self, command, root, works};
use crate::{docs, schemathesis};

type Step = (&'static str, fn() -> anyhow::Result<()>);

/// In the order of how fast they tell what is wrong.
const STEPS: &[Step] = &[
    ("format", format),
    ("lint", lint),
    ("unit", unit),
    ("schemathesis", schemathesis::run),
    ("docs", documents),
    ("interop", interop),
    ("interop-postgres", interop_postgres),
];

fn run_steps(steps: &[&Step]) -> anyhow::Result<()> {
    let mut times = Vec::new();
    for (name, step) in steps {
        println!("\n=== {name}");
        let start = Instant::now();
        step()?;
        times.push(format!("{name} {} s", start.elapsed().as_secs()));
    }
    println!("\nall steps passed: {}", times.join(", "));
    Ok(())
}

/// Runs all steps, or those named in `only`.
pub(crate) fn run(only: &[String]) -> anyhow::Result<()> {
    if let Some(unknown) = only.iter().find(|name| !STEPS.iter().any(|(step, _)| step == name)) {
        bail!("there is no step {unknown:?}");
    }
    let wanted: Vec<&Step> =
        STEPS.iter().filter(|(name, _)| only.is_empty() || only.iter().any(|o| o == name)).collect();
    run_steps(&wanted)
}

fn format() -> anyhow::Result<()> {
    run_command("cargo", &["fmt", "--all", "--check"])
}

fn lint() -> anyhow::Result<()> {
    run_command("cargo", &["clippy", "--workspace", "--all-targets", "--all-features", "--", "--deny", "warnings"])
}

fn unit() -> anyhow::Result<()> {
    if !works("cargo", &["nextest", "--version"]) {
        run_command("cargo", &["install", "cargo-nextest", "--locked"])?;
    }
    install_postgres()?;
    run_command("cargo", &["nextest", "run", "--workspace", "--all-features", "--no-fail-fast"])?;
    run_command("cargo", &["test", "--workspace", "--doc", "--quiet"])
}

fn documents() -> anyhow::Result<()> {
    docs::run(true)
}

/// The official clients from their npm packages, against the server built here.
fn interop() -> anyhow::Result<()> {
    steps::build()?;
    official_clients()?;
    steps::run(command("npm", &["test"]).current_dir(root().join("interop")))
}

/// The same on PostgreSQL: a server of its own for every file.
fn interop_postgres() -> anyhow::Result<()> {
    steps::build()?;
    install_postgres()?;
    official_clients()?;
    steps::run(command("npm", &["test"]).current_dir(root().join("interop")).env("KEYSTEAD_ENGINE", "postgres"))
}

/// Where Debian puts the programs of each version.
const POSTGRES: &str = "/usr/lib/postgresql";

fn install_postgres() -> anyhow::Result<()> {
    let installed = std::fs::read_dir(POSTGRES).is_ok_and(|versions| {
        versions.filter_map(Result::ok).any(|version| version.path().join("bin/initdb").is_file())
    });
    if installed {
        return Ok(());
    }
    if !works("apt-get", &["--version"]) {
        bail!("the tests need PostgreSQL 15 or newer below {POSTGRES}: install it and try again");
    }
    run_command("apt-get", &["update"])?;
    run_command("apt-get", &["install", "--yes", "--no-install-recommends", "postgresql"])
}

/// Installs Node.js where it is missing, and the packages of the official clients and of the example custodian.
pub(crate) fn official_clients() -> anyhow::Result<()> {
    install_node()?;
    for folder in ["interop", "examples/custodian"] {
        steps::run(command("npm", &["ci", "--no-audit", "--no-fund"]).current_dir(root().join(folder)))?;
    }
    Ok(())
}

fn install_node() -> anyhow::Result<()> {
    if works("node", &["--version"]) && works("npm", &["--version"]) {
        return Ok(());
    }
    if !works("apt-get", &["--version"]) {
        bail!("the interop suite needs Node.js 20 or newer with npm: install them and try again");
    }
    run_command("apt-get", &["update"])?;
    run_command("apt-get", &["install", "--yes", "nodejs", "npm"])
}

fn run_command(program: &str, arguments: &[&str]) -> anyhow::Result<()> {
    println!("$ {program} {}", arguments.join(" "));
    steps::run(&mut command(program, arguments))
}
