//! Part e: what the server takes before anybody asks for anything.

use std::time::{Duration, Instant};

use super::scratch;
use crate::process::{Server, keystead};
use crate::report::{Report, median};

const STARTS: usize = 7;
/// Long enough for everything that happens right after the start.
const SETTLE: Duration = Duration::from_secs(3);
const MB: f64 = 1e6;

pub(super) async fn run(report: &mut Report) -> anyhow::Result<()> {
    println!("e: starting the server {STARTS} times …");
    let (mut first, mut again, mut resident) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let data = scratch()?;
        let (server, ready) = start(&data).await?;
        first.push(ready);
        server.stop().await?;
        let (server, ready) = start(&data).await?;
        again.push(ready);
        tokio::time::sleep(SETTLE).await;
        resident.push(server.resident()? as f64 / MB);
        server.stop().await?;
    }
    report.at_most("ready on an empty directory", median(&first), "s", 1.0);
    report.at_most("ready on a directory that was used", median(&again), "s", 1.0);
    report.at_most("idle memory (resident)", median(&resident), "MB", 40.0);
    let size = std::fs::metadata(keystead()?)?.len() as f64 / MB;
    report.at_most("size of the binary", size, "MB", 40.0);
    Ok(())
}

/// A server, and the seconds until it answered that it is ready.
async fn start(data: &tempfile::TempDir) -> anyhow::Result<(Server, f64)> {
    let began = Instant::now();
    let server = Server::keystead(data.path(), &[]).await?;
    server.until_ready().await?;
    Ok((server, began.elapsed().as_secs_f64()))
}
