//! Measures the embedded engine: what a commit costs, and how finding scales.
//!
//! ```text
//! cargo run --release -p keystead-store --example bench -- commit
//! cargo run --release -p keystead-store --example bench -- find [DIRECTORY [QUESTION]]
//! ```
//! `commit` compares with bare SQLite statements that write the same bytes with the same durability,
//! in the same run. `find` compares a store of 1,000,000 contacts with one of 10,000; they are built
//! in DIRECTORY (several GB) and used again if they are there; QUESTION is a part of the names of those
//! to be asked. Each prints a table and writes
//! `target/bench/store-NAME.json`.

mod commit;
mod contacts;
mod find;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;

/// What can go wrong here; only ever printed.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let what = arguments.next().unwrap_or_default();
    let directory = arguments.next().map_or_else(|| PathBuf::from("target/bench/store"), PathBuf::from);
    let outcome = match what.as_str() {
        "commit" => commit::run(),
        "find" => find::run(&directory, &arguments.next().unwrap_or_default()),
        _ => Err("say what to measure: commit or find".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
