//! `keystead backup` and `keystead restore`: the embedded database and the server's secret, as they were at one
//! moment, with what is needed to know that nothing is missing.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use keystead_server::Config;
use keystead_store::Store as _;
use keystead_store::sqlite::{SqliteStore, verify};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The files of a data directory.
const FILES: [&str; 2] = ["keystead.db", "secret.key"];
/// What a backup says of itself.
const MANIFEST: &str = "backup.json";

/// Arguments of `keystead backup`.
#[derive(Debug, clap::Args)]
pub(crate) struct Backup {
    /// The folder to make
    to: PathBuf,
    /// Where the database and the server's secret are [default: ./keystead-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// A configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Arguments of `keystead restore`.
#[derive(Debug, clap::Args)]
pub(crate) struct Restore {
    /// The folder that `keystead backup` made
    from: PathBuf,
    /// The data directory to make, or an empty one
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    /// The version of the command that made it.
    version: String,
    /// How many documents the database holds.
    documents: u64,
    files: Vec<Copied>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Copied {
    name: String,
    bytes: u64,
    sha256: String,
}

/// Copies the data directory, and reads the copy back.
pub(crate) fn backup(arguments: Backup) -> anyhow::Result<()> {
    let mut config = Config::load(arguments.config.as_deref())?;
    if let Some(data) = arguments.data {
        config.server.data = data;
    }
    let (data, to) = (config.server.data, arguments.to);
    for name in FILES {
        let path = data.join(name);
        ensure!(
            path.is_file(),
            "{}: there is no such file, so {} is no data directory",
            path.display(),
            data.display()
        );
    }
    make_private(&to)?;
    let made = copy(&data, &to);
    if made.is_err() {
        // half a backup would be taken for a whole one some day
        let _ = fs::remove_dir_all(&to);
    }
    let manifest = made?;
    println!("{}", serde_json::to_string(&manifest)?);
    Ok(())
}

fn copy(data: &Path, to: &Path) -> anyhow::Result<Manifest> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = SqliteStore::open(data, Default::default()).context("the database")?;
        let copied = store.backup(&to.join("keystead.db")).await;
        store.close().await;
        copied.context("the copy of the database")
    })?;
    fs::copy(data.join("secret.key"), to.join("secret.key")).context("the copy of secret.key")?;
    let documents = verify(&to.join("keystead.db")).context("the copy of the database")?;
    let files = FILES.iter().map(|name| describe(to, name)).collect::<anyhow::Result<_>>()?;
    let manifest = Manifest { version: env!("CARGO_PKG_VERSION").to_owned(), documents, files };
    fs::write(to.join(MANIFEST), serde_json::to_string_pretty(&manifest)?)?;
    make_durable(to)?;
    Ok(manifest)
}

/// Verifies a backup, and puts it into an empty data directory.
pub(crate) fn restore(arguments: &Restore) -> anyhow::Result<()> {
    let (from, data) = (&arguments.from, &arguments.data);
    let text = fs::read_to_string(from.join(MANIFEST))
        .with_context(|| format!("{}: there is no {MANIFEST}, so this is no backup", from.display()))?;
    let manifest: Manifest = serde_json::from_str(&text).with_context(|| format!("{MANIFEST} cannot be read"))?;
    for name in FILES {
        let expected = manifest.files.iter().find(|file| file.name == name);
        let expected = expected.with_context(|| format!("{MANIFEST} does not list {name}"))?;
        let found = describe(from, name)?;
        ensure!(found.sha256 == expected.sha256, "{name} is not what was backed up: its digest differs");
    }
    let documents = verify(&from.join("keystead.db")).context("the database of the backup")?;
    ensure!(
        documents == manifest.documents,
        "the database holds {documents} documents, expected {}",
        manifest.documents
    );
    if fs::read_dir(data).is_ok_and(|mut entries| entries.next().is_some()) {
        bail!("{}: expected an empty folder, or none: nothing is overwritten", data.display());
    }
    if !data.is_dir() {
        make_private(data)?;
    }
    for name in FILES {
        // under another name first, so that an interrupted restore is no data directory
        let beside = data.join(format!("{name}.restoring"));
        fs::copy(from.join(name), &beside).with_context(|| format!("{}: cannot be written", beside.display()))?;
        fs::rename(&beside, data.join(name))?;
    }
    make_durable(data)?;
    println!("{}", serde_json::to_string(&manifest)?);
    Ok(())
}

fn describe(folder: &Path, name: &str) -> anyhow::Result<Copied> {
    let path = folder.join(name);
    let mut file = fs::File::open(&path).with_context(|| format!("{}: cannot be read", path.display()))?;
    let (mut digest, mut bytes) = (Sha256::new(), 0);
    let mut piece = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut piece)?;
        let Some(read) = piece.get(..read).filter(|read| !read.is_empty()) else { break };
        digest.update(read);
        bytes += read.len() as u64;
    }
    Ok(Copied { name: name.to_owned(), bytes, sha256: hex::encode(digest.finalize()) })
}

/// Makes a folder that only its owner can read.
fn make_private(folder: &Path) -> anyhow::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).with_context(|| format!("{}: expected a folder that can be made", folder.display()))
}

fn make_durable(folder: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        fs::File::open(entry?.path())?.sync_all()?;
    }
    Ok(fs::File::open(folder)?.sync_all()?)
}
