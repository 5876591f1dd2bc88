//! `keystead-bench wallet`: what two-party wallets cost through the server, beside the same protocols with both
//! parties in this process, and beside signing by cggmp24 (`bench/cggmp24`, a workspace of its own).

mod alone;
mod through;

use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::Value;

use self::alone::{Cost, Parties};
use self::through::{Through, Took};
use crate::process::bench_dir;
use crate::report::{Report, median};

/// At most so many times what both parties take in one process.
const OVERHEAD: f64 = 1.3;
/// How much quicker a signature must be than by cggmp24.
const QUICKER: f64 = 100.0;

/// Arguments of `keystead-bench wallet`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// How many wallets are made, backed up and recovered
    #[arg(long, default_value_t = 10)]
    wallets: usize,
    /// How many signatures on each curve, with each wallet
    #[arg(long, default_value_t = 20)]
    signatures: usize,
    /// What `bench/cggmp24` measured, as JSON
    #[arg(long)]
    cggmp24: Option<PathBuf>,
}

/// Measures in turns, and writes the report.
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let through = Through::start().await?;
    let (mut alone, mut took) = (Cost::default(), Took::default());
    for number in 0..=arguments.wallets {
        println!("wallet {number} of {} …", arguments.wallets);
        if number == 1 {
            // the first is for warming up
            (alone, took) = (Cost::default(), Took::default());
        }
        Parties::default().all(arguments.signatures, &mut alone)?;
        through.all(number, arguments.signatures, &mut took).await?;
    }
    let mut report = Report::default();
    let pairs = [
        ("create", &alone.create, &took.create),
        ("sign on secp256k1", &alone.sign_secp256k1, &took.sign_secp256k1),
        ("sign on Ed25519", &alone.sign_ed25519, &took.sign_ed25519),
        ("back up", &alone.back_up, &took.back_up),
        ("recover", &alone.recover, &took.recover),
    ];
    for (name, operation, through) in pairs {
        let (together, through) = (median(&operation.milliseconds), median(through));
        report.note(format!("{name}: both parties in one process"), together, "ms");
        report.note(format!("{name}: through the server"), through, "ms");
        report.at_most(format!("{name}: times as long"), through / together, "", OVERHEAD);
        report.note(format!("{name}: more through the server"), through - together, "ms");
        report.note(format!("{name}: messages"), operation.messages, "");
        report.note(format!("{name}: from the client"), operation.up, "octets");
        report.note(format!("{name}: from the server"), operation.down, "octets");
    }
    if let Some(path) = &arguments.cggmp24 {
        let measured: Value = serde_json::from_slice(&std::fs::read(path)?)?;
        let other = measured.get("signMilliseconds").and_then(Value::as_f64).context("no signMilliseconds")?;
        let ours = median(&alone.sign_secp256k1.milliseconds);
        report.note("sign on secp256k1 by cggmp24, both parties in one process", other, "ms");
        report.at_least("sign on secp256k1: times quicker than cggmp24", other / ours, "", QUICKER);
    }
    let path = bench_dir()?.join("wallet.json");
    report.write(&path)?;
    println!("\n{}\n{}", report.table(), path.display());
    Ok(())
}
