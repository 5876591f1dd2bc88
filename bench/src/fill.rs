//! Fills a data directory with contacts, past HTTP: the store is written as the server would write it.
//!
//! A million contacts over HTTP would take longer than the measurement. What is written is the same:
//! the bodies of [`crate::contact`], and beside them what the model crate derives from each.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, ensure};
use keystead_model::Object;
use keystead_model::access;
use keystead_model::entity::contact::CLASS;
use keystead_model::rev::Rev;
use keystead_store::Store as _;
use keystead_store::documents::{Document, Projection, Written};
use keystead_store::sqlite::{Options, SqliteStore};
use serde_json::Value;

use crate::contact;

/// How many contacts each patient has.
pub(crate) const PER_PATIENT: u64 = 10;
/// How many contacts are committed together.
const BATCH: u64 = 5_000;

/// Arguments of `keystead-bench fill`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The data directory, made by `keystead serve`
    #[arg(long)]
    data: PathBuf,
    /// The group, from `keystead admin hcp create`
    #[arg(long)]
    group: String,
    /// The healthcare party who made and can read the contacts, from `keystead admin hcp create`
    #[arg(long)]
    hcp: String,
    /// How many contacts
    #[arg(long)]
    contacts: u64,
}

/// Fills the directory.
pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    fill(&arguments.data, &arguments.group, &arguments.hcp, arguments.contacts).await
}

/// Writes `contacts` contacts of `hcp`, [`PER_PATIENT`] for each patient, in an order in which the
/// contacts of one patient are far from each other.
pub(crate) async fn fill(data: &Path, group: &str, hcp: &str, contacts: u64) -> anyhow::Result<()> {
    let patients = contacts / PER_PATIENT;
    ensure!(patients > 0, "at least {PER_PATIENT} contacts");
    fill_with(data, group, contacts, |number| contact::object(number, number % patients, hcp)).await
}

/// Writes `contacts` contacts, each as `make` makes it.
pub(crate) async fn fill_with(
    data: &Path,
    group: &str,
    contacts: u64,
    make: impl Fn(u64) -> Object,
) -> anyhow::Result<()> {
    // A large cache and rare checkpoints: the pages that random ids touch are written once, not often.
    let options = Options { writer_cache_kib: 2 << 20, checkpoint_pages: 200_000, ..Options::default() };
    let store = SqliteStore::open(data, options).context("the database")?;
    let began = Instant::now();
    let mut number = 0;
    while number < contacts {
        let end = contacts.min(number + BATCH);
        let mut tx = store.write().await?;
        while number < end {
            let (document, projection) = stored(make(number))?;
            let written = tx.create(group, CLASS.name, &document, &projection).await?;
            ensure!(written == Written::Done, "the directory has contacts of an earlier fill");
            number += 1;
        }
        tx.commit().await?;
        print!("\r{number} of {contacts} contacts, {:.0} s", began.elapsed().as_secs_f64());
        std::io::stdout().flush()?;
    }
    println!();
    store.close().await;
    Ok(())
}

/// The document and what is kept beside it.
fn stored(mut object: Object) -> anyhow::Result<(Document, Projection)> {
    let projection = Projection {
        postings: (CLASS.postings)(&object),
        grants: access::grants(None, &object),
        services: (CLASS.services)(&object),
        unique: (CLASS.unique)(&object),
    };
    let rev = Rev::make_first([7; 16]);
    object.insert("rev".to_owned(), Value::from(rev.as_str()));
    let id = object.get("id").and_then(Value::as_str).context("a contact without an id")?.to_owned();
    let body = serde_json::to_string(&object)?;
    Ok((Document { id, rev: rev.as_str().to_owned(), deleted: false, body, created_by: None }, projection))
}
