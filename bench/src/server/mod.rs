//! `keystead-bench server`: what the server costs, beside what it should cost.

mod create;
mod events;
mod find;
mod footprint;
mod logins;
mod postgres;
mod read;

use anyhow::Context as _;
use tempfile::TempDir;

use crate::bare::Threads;
use crate::client::request;
use crate::contact::contact;
use crate::load::Subject;
use crate::process::{Environment, Hcp, Server, bench_dir};
use crate::report::Report;
use crate::seeded::{Kind, uuid};

/// Arguments of `keystead-bench server`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A tenth of everything: to see that it works, not to publish
    #[arg(long)]
    quick: bool,
    /// Only these parts
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// How many contacts the larger database of part d has
    #[arg(long, default_value_t = 1_000_000)]
    contacts: u64,
    /// Part d measures the databases that an earlier run left in target/bench
    #[arg(long)]
    reuse: bool,
}

/// The parts of the benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Creating contacts
    A,
    /// Reading contacts
    B,
    /// Logging in by one-time codes
    C,
    /// Filters on a small and a large database
    D,
    /// Memory, start and size
    E,
    /// Creating and reading contacts on PostgreSQL
    F,
    /// Telling sockets of changes
    G,
}

impl Arguments {
    fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    /// A count, or a tenth of it.
    fn count(&self, full: usize) -> usize {
        if self.quick { full / 10 } else { full }
    }
}

/// Runs the parts and writes the report.
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let mut report = Report::default();
    if arguments.wants(Part::E) {
        footprint::run(&mut report).await.context("part e")?;
    }
    if arguments.wants(Part::A) {
        create::run(&arguments, &mut report).await.context("part a")?;
    }
    if arguments.wants(Part::B) {
        read::run(&arguments, &mut report).await.context("part b")?;
    }
    if arguments.wants(Part::C) {
        logins::run(&arguments, &mut report).await.context("part c")?;
    }
    if arguments.wants(Part::D) {
        find::run(&arguments, &mut report).await.context("part d")?;
    }
    if arguments.wants(Part::F) {
        postgres::run(&arguments, &mut report).await.context("part f")?;
    }
    if arguments.wants(Part::G) {
        events::run(&arguments, &mut report).await.context("part g")?;
    }
    let path = bench_dir()?.join("server.json");
    report.write(&path)?;
    println!("\n{}\n{}", report.table(), path.display());
    Ok(())
}

/// An empty directory on the disk that holds the target directory.
fn scratch() -> anyhow::Result<TempDir> {
    Ok(tempfile::Builder::new().prefix("data-").tempdir_in(bench_dir()?)?)
}

/// Keystead on an empty directory, with a healthcare party.
struct Keystead {
    hcp: Hcp,
    server: Server,
    data: TempDir,
}

impl Keystead {
    async fn start() -> anyhow::Result<Self> {
        Self::start_with(&[]).await
    }

    async fn start_with(environment: Environment<'_>) -> anyhow::Result<Self> {
        let data = scratch()?;
        let server = Server::keystead(data.path(), environment).await?;
        server.until_ready().await?;
        let hcp = Hcp::create(data.path(), "jorah", environment).await?;
        Ok(Self { hcp, server, data })
    }

    /// Creates contacts.
    async fn creator(&self) -> anyhow::Result<Subject> {
        let authorization = self.hcp.log_in(self.server.address).await?;
        let hcp = self.hcp.id.clone();
        Subject::new(&self.server, move |number| {
            let body = contact(number, number / 10, &hcp).to_string();
            request("POST", "/rest/v2/contact", &[("authorization", &authorization)], body.as_bytes())
        })
    }
}

/// The bare handlers on an empty database.
struct Bare {
    server: Server,
    _data: Option<TempDir>,
}

impl Bare {
    async fn start(threads: Threads) -> anyhow::Result<Self> {
        let data = scratch()?;
        let threads = match threads {
            Threads::Inline => "inline",
            Threads::Blocking => "blocking",
        };
        let arguments =
            ["bare".as_ref(), "--threads".as_ref(), threads.as_ref(), "--data".as_ref(), data.path().as_os_str()];
        let server = Server::start(&std::env::current_exe()?, &arguments, &[]).await?;
        Ok(Self { server, _data: Some(data) })
    }

    /// On PostgreSQL.
    async fn on(database: &str) -> anyhow::Result<Self> {
        let server = Server::start(&std::env::current_exe()?, &["bare", "--database", database], &[]).await?;
        Ok(Self { server, _data: None })
    }

    /// Inserts the same octets as [`Keystead::creator`].
    fn creator(&self, hcp: &str) -> anyhow::Result<Subject> {
        let hcp = hcp.to_owned();
        Subject::new(&self.server, move |number| {
            let body = contact(number, number / 10, &hcp).to_string();
            request("POST", &format!("/{}", uuid(Kind::Contact, number)), &[], body.as_bytes())
        })
    }
}

/// Writes down the rates of Keystead and of the better of two bare handlers, and their ratio.
fn compare(report: &mut Report, what: &str, subjects: &[Subject], goal: Option<f64>) {
    let [keystead, inline, blocking] = subjects else { return };
    let bare = if inline.rate() >= blocking.rate() { inline } else { blocking };
    let named = [("keystead", keystead), ("bare, inline", inline), ("bare, blocking pool", blocking)];
    describe(report, what, &named);
    let (name, ratio) = (format!("{what}: ratio to the faster bare handler"), keystead.rate() / bare.rate());
    match goal {
        Some(goal) => report.at_least(name, ratio, "", goal),
        None => report.note(name, ratio, ""),
    }
}

/// Writes down what was measured of each.
fn describe(report: &mut Report, what: &str, subjects: &[(&str, &Subject)]) {
    for (name, subject) in subjects {
        report.note(format!("{what}: {name}"), subject.rate(), "requests/s");
        report.note(format!("{what}: {name}, p50"), subject.latency(0.5), "ms");
        report.note(format!("{what}: {name}, p99"), subject.latency(0.99), "ms");
        report.note(format!("{what}: {name}, processor time of the server"), subject.cost(), "us/request");
    }
}
