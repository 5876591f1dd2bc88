//! Our client's part: the same work as `interop/bench/client.mjs`, in a process of its own.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, bail};
use keystead_sdk::Api;
use keystead_sdk::data_samples::DataSample;
use keystead_sdk::storage::{KeyStorage as _, MemoryStorage};

use super::{Outcome, State, Took};
use crate::process::processor_time;

/// Arguments of `keystead-bench sdk-client`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// What both clients are told
    state: PathBuf,
}

/// Works, and prints what it took.
pub(crate) async fn client(arguments: Arguments) -> anyhow::Result<()> {
    let state: State = serde_json::from_slice(&std::fs::read(&arguments.state)?)?;
    let device = MemoryStorage::new();
    for (name, value) in &state.storage {
        device.set_key(name, &value.as_str().into()).await?;
    }

    let clock = Clock::start()?;
    let builder = Api::builder().base_url(&state.base).user_name(&state.user_name).token(state.token.as_str());
    let api = builder.storage(device.clone()).key_storage(device).build().await?;
    let patient = api.patients().get(&state.patient).await?;
    let start = clock.stop()?;

    let samples = api.data_samples();
    let clock = Clock::start()?;
    for number in 0..state.create {
        let sample = DataSample::new("bench").with_text("en", &format!("sample {number}: {}", state.text));
        samples.create_for(patient.id(), vec![sample]).await?;
    }
    let create = clock.stop()?;

    let clock = Clock::start()?;
    let mut read = 0;
    for ids in state.samples.chunks(500) {
        let found = samples.get_all(&ids.iter().map(String::as_str).collect::<Vec<_>>()).await?;
        read +=
            found.records.iter().filter(|one| one.text("en").is_some_and(|text| text.contains(&state.text))).count();
    }
    let reading = clock.stop()?;
    if read != state.samples.len() {
        bail!("read {read} of {}", state.samples.len());
    }
    let outcome = Outcome { start, create, read: reading, peak_kib: peak_kib()? };
    println!("{}", serde_json::to_string(&outcome)?);
    Ok(())
}

/// Time that passes, and time that this process runs.
struct Clock {
    began: Instant,
    ran: std::time::Duration,
}

impl Clock {
    fn start() -> anyhow::Result<Self> {
        Ok(Self { began: Instant::now(), ran: processor_time(std::process::id())? })
    }

    fn stop(self) -> anyhow::Result<Took> {
        let milliseconds = self.began.elapsed().as_secs_f64() * 1e3;
        let ran = processor_time(std::process::id())?.saturating_sub(self.ran);
        Ok(Took { milliseconds, processor: ran.as_secs_f64() * 1e3 })
    }
}

fn peak_kib() -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status").context("no /proc: this needs Linux")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}
