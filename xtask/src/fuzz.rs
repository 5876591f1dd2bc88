//! `cargo xtask fuzz [TARGET]`: builds the targets of `fuzz/` with coverage and gives each to libFuzzer for a while.
//!
//! Works with the stable compiler: coverage comes from an LLVM pass, and sanitizers, which need a nightly one, are
//! not used; the code has no `unsafe`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context as _, bail};
use serde::Serialize;

use crate::steps::{self, command, output, root, works};

/// What libFuzzer wants to be told by the program. As cargo-fuzz sets it.
const FLAGS: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "--cfg fuzzing",
];

/// `target/fuzz/TARGET.json`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    target: String,
    seconds: u64,
    executions: u64,
    executions_per_second: u64,
    /// Edges that were reached.
    coverage: u64,
    /// Inputs that reached something new.
    new_inputs: u64,
    passed: bool,
    /// Inputs that fail, below `target/fuzz/artifacts`.
    findings: Vec<String>,
}

/// Runs `only`, or every target, for `seconds` each.
pub(crate) fn run(only: Option<&str>, seconds: u64) -> anyhow::Result<()> {
    let targets = targets()?;
    let wanted: Vec<&String> = targets.iter().filter(|name| only.is_none_or(|only| only == name.as_str())).collect();
    if wanted.is_empty() {
        bail!("there is no such target; there are: {}", targets.join(", "));
    }
    let programs = build(only)?;
    let mut failed = Vec::new();
    for name in wanted {
        let report = fuzz(&programs, name, seconds)?;
        println!(
            "{name}: {} executions in {} s, {} edges, {}",
            report.executions,
            report.seconds,
            report.coverage,
            if report.passed { "nothing found" } else { "FAILED" }
        );
        if !report.passed {
            failed.push(format!("{name} ({})", report.findings.join(", ")));
        }
    }
    if !failed.is_empty() {
        bail!("found something: {}", failed.join("; "));
    }
    Ok(())
}

fn targets() -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root().join("fuzz/fuzz_targets"))? {
        let path = entry?.path();
        names.extend(path.file_stem().and_then(|name| Some(name.to_str()?.to_owned())));
    }
    names.sort();
    Ok(names)
}

/// Builds; the folder of the programs.
fn build(only: Option<&str>) -> anyhow::Result<PathBuf> {
    if !works("c++", &["--version"]) {
        if !works("apt-get", &["--version"]) {
            bail!("libFuzzer needs a C++ compiler: install one and try again");
        }
        steps::run(&mut command("apt-get", &["update"]))?;
        steps::run(&mut command("apt-get", &["install", "--yes", "--no-install-recommends", "g++"]))?;
    }
    let version = String::from_utf8(output(&mut command("rustc", &["--version", "--verbose"]))?)?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc does not tell its host")?;
    let folder = root().join("target/fuzz/build");
    // with a target named, build scripts and macros are built without the flags
    let mut build = command("cargo", &["build", "--release", "--manifest-path", "fuzz/Cargo.toml", "--target", host]);
    build.arg("--target-dir").arg(&folder).env("RUSTFLAGS", FLAGS.join(" "));
    if let Some(only) = only {
        build.args(["--bin", only]);
    }
    steps::run(&mut build)?;
    Ok(folder.join(host).join("release"))
}

fn fuzz(programs: &Path, name: &str, seconds: u64) -> anyhow::Result<Report> {
    let folder = root().join("target/fuzz");
    let (found, artifacts) = (folder.join("corpus").join(name), folder.join("artifacts").join(name));
    fs::create_dir_all(&found)?;
    if artifacts.exists() {
        fs::remove_dir_all(&artifacts)?;
    }
    fs::create_dir_all(&artifacts)?;
    let log = folder.join(format!("{name}.log"));
    let start = Instant::now();
    // what is new goes into the first folder, the committed seeds are only read
    let status = command(&programs.join(name).to_string_lossy(), &[])
        .arg(&found)
        .arg(root().join("fuzz/corpus").join(name))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .arg(format!("-max_total_time={seconds}"))
        .args(["-print_final_stats=1", "-timeout=300", "-rss_limit_mb=4096", "-max_len=16384"])
        .stderr(fs::File::create(&log)?)
        .stdout(Stdio::null())
        .status()
        .with_context(|| format!("{name} cannot be started"))?;
    let taken = start.elapsed().as_secs();
    let text = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    let statistic = |key: &str| {
        let line = text.lines().rev().find_map(|line| line.strip_prefix("stat::")?.strip_prefix(key));
        line.and_then(|line| line.trim_start_matches(':').trim().parse().ok()).unwrap_or_default()
    };
    let coverage = text.lines().rev().find_map(|line| line.split_once(" cov: ")?.1.split(' ').next()?.parse().ok());
    let mut findings = Vec::new();
    for entry in fs::read_dir(&artifacts)? {
        let entry = entry?.file_name().to_string_lossy().into_owned();
        // an input that is only slow is no finding
        if !entry.starts_with("slow-unit") {
            findings.push(entry);
        }
    }
    let executions: u64 = statistic("number_of_executed_units");
    let report = Report {
        target: name.to_owned(),
        seconds: taken,
        executions,
        executions_per_second: executions / taken.max(1),
        coverage: coverage.unwrap_or_default(),
        new_inputs: statistic("new_units_added"),
        passed: status.success() && findings.is_empty(),
        findings,
    };
    if !report.passed {
        println!("{name}: see {}", log.display());
    }
    fs::write(folder.join(format!("{name}.json")), serde_json::to_string_pretty(&report)? + "\n")?;
    Ok(report)
}
