//! `keystead doctor`: examines a deployment where it runs, and says what to put right.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use keystead_server::doctor::{Finding, Health, examine};
use keystead_server::rng::SystemRng;
use keystead_server::{App, Config, ServerKeys};
use keystead_store::Store as _;
use keystead_store::sqlite::SqliteStore;

/// Room that should be left for the database and its log.
const ROOM: u64 = 1 << 30;

/// Arguments of `keystead doctor`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Where the database and the server's secret are [default: ./keystead-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// A configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// Examines, prints what was found, and fails if something is wrong.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let mut config = Config::load(arguments.config.as_deref())?;
    if let Some(data) = arguments.data {
        config.server.data = data;
    }
    let data = config.server.data.clone();
    if !data.join("keystead.db").is_file() {
        bail!("{}: there is no database: start the server once, or name another folder with --data", data.display());
    }
    let doubts = crate::config::doubts(&config);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut findings = runtime.block_on(async {
        let keys = ServerKeys::load_or_make(&data, &SystemRng::default()).context("the server's secret")?;
        let store = Arc::new(SqliteStore::open(&data, Default::default()).context("the database")?);
        let app = App::new(store.clone(), config, keys)?;
        let findings = examine(&app).await;
        store.close().await;
        anyhow::Ok(findings)
    })?;
    findings.push(disk(&data));
    findings.extend(doubts.into_iter().map(|doubt| Finding {
        what: "configuration",
        health: Health::Skipped,
        says: doubt.to_owned(),
    }));
    if arguments.json {
        println!("{}", serde_json::to_string(&findings)?);
    } else {
        for Finding { what, health, says } in &findings {
            let sign = match health {
                Health::Good => "good",
                Health::Skipped => "-",
                Health::Bad => "BAD",
            };
            println!("{sign:<5} {what:<17} {says}");
        }
    }
    match findings.iter().filter(|finding| finding.health == Health::Bad).count() {
        0 => Ok(()),
        wrong => bail!("{wrong} of {} are not as they should be", findings.len()),
    }
}

/// How much room is left where the data is.
fn disk(data: &Path) -> Finding {
    let (health, says) = match rustix::fs::statvfs(data) {
        Ok(found) => {
            let free = found.f_bavail.saturating_mul(found.f_frsize);
            let says = format!("{:.1} GB free", free as f64 / 1e9);
            if free >= ROOM { (Health::Good, says) } else { (Health::Bad, format!("{says}: expected 1 GB at least")) }
        }
        Err(error) => (Health::Bad, format!("the room that is left cannot be told: {error}")),
    };
    Finding { what: "disk", health, says }
}
