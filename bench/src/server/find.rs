//! Part d: finding the contacts of one patient and reading them, on a small and on a large database.
//!
//! What the official client does for every list: `match` gives all ids, `byIds` the entities.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::Arguments;
use crate::client::{Client, request};
use crate::fill::{self, PER_PATIENT};
use crate::process::{Hcp, Server, bench_dir};
use crate::report::{Report, median, quantile};
use crate::seeded::{Kind, Stream, uuid};

const SMALL: u64 = 10_000;
const ROUNDS: usize = 20;
/// How many octets are read at once to warm a file up.
const CHUNK: usize = 1 << 20;

pub(super) async fn run(arguments: &Arguments, report: &mut Report) -> anyhow::Result<()> {
    let large = if arguments.quick { arguments.contacts / 10 } else { arguments.contacts };
    let mut databases =
        [Database::prepare(SMALL, arguments.reuse).await?, Database::prepare(large, arguments.reuse).await?];
    println!("d: match and byIds at {SMALL} and {large} contacts …");
    for round in 0..=ROUNDS {
        for database in &mut databases {
            database.round(arguments.count(500)).await?;
            if round == 0 {
                database.took.clear();
            }
        }
    }
    for database in &databases {
        let name = format!("match and byIds at {} contacts", database.contacts);
        report.note(format!("{name}, p50"), median(&database.took), "ms");
        report.note(format!("{name}, p99"), quantile(&database.took, 0.99), "ms");
    }
    let [small, large] = &databases;
    let ratio = |share| quantile(&large.took, share) / quantile(&small.took, share);
    report.at_most(
        format!("match and byIds, {} to {SMALL} contacts: ratio of p50", large.contacts),
        ratio(0.5),
        "",
        1.5,
    );
    report.note(format!("match and byIds, {} to {SMALL} contacts: ratio of p99", large.contacts), ratio(0.99), "");
    Ok(())
}

/// A server over a filled database.
struct Database {
    contacts: u64,
    hcp: String,
    authorization: String,
    client: Client,
    asked: u64,
    took: Vec<f64>,
    _server: Server,
}

impl Database {
    async fn prepare(contacts: u64, reuse: bool) -> anyhow::Result<Self> {
        let data = bench_dir()?.join(format!("filled-{contacts}"));
        if !(reuse && is_filled(&data)) {
            fill_new(&data, contacts).await?;
        }
        let server = Server::keystead(&data, &[]).await?;
        server.until_ready().await?;
        warm_up(&data.join("keystead.db"))?;
        // One more healthcare party could not read anything: log in as the one who wrote it all.
        let hcp = Hcp::load(&std::fs::read_to_string(marker(&data))?)?;
        let authorization = hcp.log_in(server.address).await?;
        let client = Client::connect(server.address).await?;
        Ok(Self { contacts, hcp: hcp.id, authorization, client, asked: 0, took: Vec::new(), _server: server })
    }

    async fn round(&mut self, questions: usize) -> anyhow::Result<()> {
        for _ in 0..questions {
            let patient = Stream::new(Kind::Patient, self.asked).next() % (self.contacts / PER_PATIENT);
            self.asked += 1;
            let began = Instant::now();
            let read = self.contacts_of(patient).await?;
            self.took.push(began.elapsed().as_secs_f64() * 1000.0);
            ensure!(read == PER_PATIENT, "a patient has {PER_PATIENT} contacts, not {read}");
        }
        Ok(())
    }

    /// Finds and reads the contacts of a patient; how many there are.
    async fn contacts_of(&mut self, patient: u64) -> anyhow::Result<u64> {
        let filter = json!({
            "$type": "ContactByDataOwnerPatientOpeningDateFilter",
            "dataOwnerId": self.hcp,
            "secretForeignKeys": [uuid(Kind::Patient, patient)],
        });
        let ids = self.post("/rest/v2/contact/match", &filter).await?;
        let contacts = self.post("/rest/v2/contact/byIds", &json!({ "ids": ids })).await?;
        Ok(contacts.as_array().map_or(0, Vec::len) as u64)
    }

    async fn post(&mut self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let headers = [("authorization", self.authorization.as_str())];
        self.client.send(&request("POST", path, &headers, body.to_string().as_bytes())).await?.json()
    }
}

/// Reads a file once, so that it is in memory as it is after some time of use. Nothing of what is
/// measured here is about the disk.
fn warm_up(file: &Path) -> anyhow::Result<()> {
    let mut file = std::fs::File::open(file)?;
    let mut chunk = vec![0; CHUNK];
    while file.read(&mut chunk)? > 0 {}
    Ok(())
}

/// Written when a database is filled, with the healthcare party who can read it.
fn marker(data: &Path) -> PathBuf {
    data.join("filled.json")
}

fn is_filled(data: &Path) -> bool {
    marker(data).exists()
}

/// The server makes the group, `keystead admin` the healthcare party; the contacts are written past both.
async fn fill_new(data: &Path, contacts: u64) -> anyhow::Result<()> {
    if data.exists() {
        std::fs::remove_dir_all(data).with_context(|| format!("{}: cannot be emptied", data.display()))?;
    }
    let server = Server::keystead(data, &[]).await?;
    server.until_ready().await?;
    let hcp = Hcp::create(data, "jorah", &[]).await?;
    server.stop().await?;
    fill::fill(data, &hcp.group, &hcp.id, contacts).await?;
    std::fs::write(marker(data), hcp.to_json())?;
    Ok(())
}
