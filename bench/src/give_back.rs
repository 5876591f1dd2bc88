//! `keystead-bench give-back`: what it costs a doctor to let a patient's new key in, with few records and with
//! many.

use std::time::Instant;

use anyhow::Context as _;
use keystead_model::Object;
use keystead_sdk::data_samples::DataSample;
use keystead_sdk::give_back::Approval;
use keystead_sdk::storage::MemoryStorage;
use keystead_sdk::{Api, Captcha, Start};
use keystead_store::Store as _;
use keystead_store::sqlite::SqliteStore;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fill::fill_with;
use crate::people::{application, code};
use crate::process::{Hcp, PASSWORD, Server, bench_dir};
use crate::report::{Report, median};
use crate::seeded::{Kind, uuid};

const EMAIL: &str = "daenerys@example.org";
/// The worst of the medians is at most this much above the best.
const SPREAD: f64 = 1.1;

/// Arguments of `keystead-bench give-back`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// How many records the patient has
    #[arg(long, value_delimiter = ',', default_values_t = [10, 10_000, 1_000_000])]
    records: Vec<u64>,
    /// How often the key is lost, at each size; the sizes take turns
    #[arg(long, default_value_t = 25)]
    rounds: usize,
}

/// Loses the key again and again, and writes the report.
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let mut worlds = Vec::new();
    for records in &arguments.records {
        println!("a patient with {records} records …");
        worlds.push((records, World::make(*records).await?, Vec::new()));
    }
    println!("losing the key {} times each …", arguments.rounds);
    // the first round does not count: what is read for the first time comes from the disk
    for round in 0..=arguments.rounds {
        for (_, world, took) in &mut worlds {
            let milliseconds = world.lose_and_give_back().await?;
            if round > 0 {
                took.push(milliseconds);
            }
        }
    }
    let mut report = Report::default();
    let mut medians = Vec::new();
    for (records, _, took) in &worlds {
        let middle = median(took);
        report.note(format!("give access back to a patient with {records} records, p50"), middle, "ms");
        medians.push(middle);
    }
    let (worst, best) =
        (medians.iter().copied().fold(f64::MIN, f64::max), medians.iter().copied().fold(f64::MAX, f64::min));
    report.at_most("slowest to quickest", worst / best, "", SPREAD);
    let path = bench_dir()?.join("give-back.json");
    report.write(&path)?;
    println!("\n{}\n{}", report.table(), path.display());
    Ok(())
}

/// A server, a patient with many records, and the doctor they are shared with.
struct World {
    server: Server,
    doctor: Api,
    /// With which the patient logs in on every new device.
    token: String,
    /// A sample that must be readable again.
    sample: String,
    _data: TempDir,
}

impl World {
    async fn make(records: u64) -> anyhow::Result<Self> {
        let data = tempfile::Builder::new().prefix("data-").tempdir_in(bench_dir()?)?;
        let server = Server::keystead(data.path(), &[]).await?;
        server.until_ready().await?;
        let hcp = Hcp::create(data.path(), "jorah", &[]).await?;
        let device = MemoryStorage::new();
        log_in(&server, &device).await?;
        let (patient, token) = register(&server, &hcp).await?;
        let own = patient.patients().current().await?;
        let sample = DataSample::new("bench").with_text("en", "a line of text");
        let made = patient.data_samples().create_for(own.id(), vec![sample]).await?;
        let made = made.first().context("nothing was made")?;
        let (contact, sample) = (made.contact_id().context("in no contact")?.to_owned(), made.id().to_owned());
        server.stop().await?;

        // the same contact again and again: shared like the first, under other ids
        let store = SqliteStore::open(data.path(), Default::default())?;
        let stored = store.read().await?.document(&hcp.group, "Contact", &contact).await?.context("no contact")?;
        store.close().await;
        let first: Object = serde_json::from_str(&stored.body)?;
        fill_with(data.path(), &hcp.group, records, |number| copy(&first, number)).await?;

        let server = Server::keystead(data.path(), &[]).await?;
        server.until_ready().await?;
        let doctor = log_in(&server, &device).await?;
        Ok(Self { server, doctor, token, sample, _data: data })
    }

    /// The patient loses the key and asks; how long it takes the doctor to give access back, in milliseconds.
    async fn lose_and_give_back(&self) -> anyhow::Result<f64> {
        let device = MemoryStorage::new();
        let builder = Api::builder().base_url(format!("http://{}", self.server.address)).user_name(EMAIL);
        let builder = builder.token(self.token.as_str()).storage(device.clone()).key_storage(device);
        let patient = builder.new_key_when_lost().build().await?;
        patient.notifications().request_access().await?;
        let pending = self.doctor.notifications().pending_since(0).await?.records;
        let notification = pending.first().context("the doctor was not asked")?;
        let request = notification.access_request().context("not a request for access")?;
        let scan = patient.data_owners().own_scan()?;
        let began = Instant::now();
        self.doctor.data_owners().give_access_back_to(&request, Approval::Scan(&scan)).await?;
        let took = began.elapsed().as_secs_f64() * 1e3;
        self.doctor.notifications().complete(notification).await?;
        patient.reload_keys().await?;
        patient.data_samples().get(&self.sample).await.context("the old sample does not come back")?;
        Ok(took)
    }
}

/// The doctor, on a device that is kept.
async fn log_in(server: &Server, device: &MemoryStorage) -> anyhow::Result<Api> {
    let builder = Api::builder().base_url(format!("http://{}", server.address)).user_name("jorah").password(PASSWORD);
    Ok(builder.storage(device.clone()).key_storage(device.clone()).build().await?)
}

/// The patient, for the first time; and a token for later.
async fn register(server: &Server, hcp: &Hcp) -> anyhow::Result<(Api, String)> {
    let application = application(server, &MemoryStorage::new()).build()?;
    let start = Start::by_email(EMAIL, Captcha::Recaptcha("solved".into())).name("Daenerys", "Targaryen");
    let process = application.authentication().start(start.responsible(&hcp.id)).await?;
    let entered = application.authentication().complete(&process, &code(server, EMAIL).await?).await?;
    Ok((entered.api, entered.token.expose().to_owned()))
}

/// The contact `number` like the first.
fn copy(first: &Object, number: u64) -> Object {
    let mut copy = first.clone();
    copy.remove("rev");
    copy.insert("id".to_owned(), json!(uuid(Kind::Contact, number)));
    if let Some(Value::Array(services)) = copy.get_mut("services") {
        for service in services.iter_mut().filter_map(Value::as_object_mut) {
            service.insert("id".to_owned(), json!(uuid(Kind::Service, number)));
        }
    }
    copy
}
