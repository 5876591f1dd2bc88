//! `keystead-bench sdk`: our client beside the official one, on one server in one run.

mod ours;
mod prepare;

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use tokio::process::Command;

pub(crate) use ours::{Arguments as ClientArguments, client};

use crate::process::bench_dir;
use crate::report::{Report, median};

/// Arguments of `keystead-bench sdk`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A tenth of everything: to see that it works, not to publish
    #[arg(long)]
    quick: bool,
    /// The folder with the official client's part and its packages
    #[arg(long, default_value = "interop")]
    official: std::path::PathBuf,
}

/// How often each client does everything; they take turns.
const ROUNDS: usize = 3;

/// A part of what a client tells.
type Part = fn(&Outcome) -> Took;

/// What both clients are told.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct State {
    base: String,
    user_name: String,
    token: String,
    patient: String,
    /// What both find in every sample.
    text: String,
    /// How many samples are made, one after another.
    create: usize,
    /// The samples to read.
    samples: Vec<String>,
    /// The entries of the key storage.
    storage: std::collections::BTreeMap<String, String>,
}

/// What a client took.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Took {
    milliseconds: f64,
    processor: f64,
}

/// What a client tells.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    start: Took,
    create: Took,
    read: Took,
    peak_kib: f64,
}

/// Prepares a server, lets both clients work, and writes the report.
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    println!("preparing 100 counterparts and 10,000 samples …");
    let world = prepare::World::make(arguments.quick).await?;
    let file = bench_dir()?.join("sdk-state.json");
    let (mut ours, mut official) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        println!("round {round} of {ROUNDS}: our client …");
        ours.push(
            told(Command::new(std::env::current_exe()?).arg("sdk-client").arg(&file), &file, &world.state).await?,
        );
        println!("round {round} of {ROUNDS}: the official client …");
        let script = arguments.official.join("bench/client.mjs");
        official.push(told(Command::new("node").arg(script).arg(&file), &file, &world.state).await?);
    }
    std::fs::remove_file(&file)?;
    let mut report = Report::default();
    let tasks: [(String, Part, f64); 3] = [
        ("start with 100 counterparts and read the own patient".to_owned(), |one| one.start, 5.0),
        (format!("create {} samples, one by one", world.state.create), |one| one.create, 10.0),
        (format!("read {} samples", world.state.samples.len()), |one| one.read, 10.0),
    ];
    for (task, took, goal) in tasks {
        let of = |outcomes: &[Outcome], what: fn(&Took) -> f64| {
            median(&outcomes.iter().map(|one| what(&took(one))).collect::<Vec<_>>())
        };
        let (our_time, their_time) = (of(&ours, |took| took.milliseconds), of(&official, |took| took.milliseconds));
        let (our_work, their_work) = (of(&ours, |took| took.processor), of(&official, |took| took.processor));
        report.note(format!("{task}: ours"), our_time, "ms");
        report.note(format!("{task}: ours, processor time of the client"), our_work, "ms");
        report.note(format!("{task}: official"), their_time, "ms");
        report.note(format!("{task}: official, processor time of the client"), their_work, "ms");
        report.at_least(format!("{task}: times faster"), their_time / our_time, "", goal);
        report.note(format!("{task}: times faster, processor time of the clients alone"), their_work / our_work, "");
    }
    let peak = |outcomes: &[Outcome]| median(&outcomes.iter().map(|one| one.peak_kib / 1024.0).collect::<Vec<_>>());
    report.note("peak memory: ours", peak(&ours), "MiB");
    report.note("peak memory: official", peak(&official), "MiB");
    report.at_most("peak memory: ours, part of the official client's", peak(&ours) / peak(&official), "", 0.2);
    let path = bench_dir()?.join("sdk.json");
    report.write(&path)?;
    println!("\n{}\n{}", report.table(), path.display());
    Ok(())
}

async fn told(command: &mut Command, file: &Path, state: &State) -> anyhow::Result<Outcome> {
    // the token in it is good for this server only, which ends with this run
    std::fs::write(file, serde_json::to_vec(state)?)?;
    let output = command.stderr(Stdio::inherit()).output().await.context("a client cannot be started")?;
    if !output.status.success() {
        bail!("a client ended with {}", output.status);
    }
    let text = String::from_utf8(output.stdout)?;
    let line = text.lines().rfind(|line| line.starts_with('{')).context("a client told nothing")?;
    Ok(serde_json::from_str(line)?)
}
