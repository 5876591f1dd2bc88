//! `keystead doctor`: examines a deployment where it runs, and says what to put right.

use std::path::Path;

use anyhow::bail;
use keystead_server::doctor::{Finding, Health, examine};

use crate::storage::{self, Place};

/// Room that should be left for the database and its log.
const ROOM: u64 = 1 << 30;

/// Arguments of `keystead doctor`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// Examines, prints what was found, and fails if something is wrong.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let config = arguments.place.config()?;
    let data = config.server.data.clone();
    if !config.server.database.is_set() && !data.join("keystead.db").is_file() {
        bail!("{}: there is no database: start the server once, or name another folder with --data", data.display());
    }
    let doubts = crate::config::doubts(&config);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut findings = runtime.block_on(async {
        let app = storage::open(config).await?;
        let findings = examine(&app).await;
        app.store.close().await;
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
