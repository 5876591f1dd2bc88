//! `keystead migrate`: brings a PostgreSQL database to the shape this binary expects, and fills it from an embedded one.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use keystead_store::Store as _;
use keystead_store::postgres::{Options, PostgresStore};
use serde_json::json;

use crate::storage::Place;

/// Arguments of `keystead migrate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// The data directory of an embedded database, whose server must not run: everything in it is copied and
    /// compared. An interrupted copy goes on where it was
    #[arg(long, value_name = "DIR")]
    from_sqlite: Option<PathBuf>,
}

/// Migrates, and prints what was done as JSON.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let config = arguments.place.config()?;
    ensure!(
        config.server.database.is_set(),
        "--database: expected postgres://…; an embedded database is migrated by `keystead serve`"
    );
    let url = config.server.database.expose();
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let steps = PostgresStore::migrate(url).await.context("the database")?;
        let Some(from) = &arguments.from_sqlite else {
            println!("{}", json!({ "steps": steps }));
            return Ok(());
        };
        let file = from.join("keystead.db");
        ensure!(
            file.is_file(),
            "{}: there is no such file, so {} is no data directory",
            file.display(),
            from.display()
        );
        let store = PostgresStore::connect(url, Options::default()).await.context("the database")?;
        let bar = bar();
        let copied = store.copy_from_sqlite(&file, |progress| {
            bar.set_length(progress.all);
            bar.set_position(progress.done);
            bar.set_message(format!("{} {}", if progress.comparing { "comparing" } else { "copying" }, progress.table));
        });
        let copied = copied.await;
        bar.finish_and_clear();
        store.close().await;
        let tables: Vec<_> = copied?
            .into_iter()
            .map(|copied| json!({ "table": copied.table, "rows": copied.rows, "sha256": hex::encode(copied.digest) }))
            .collect();
        println!("{}", json!({ "steps": steps, "copied": tables }));
        Ok(())
    })
}

fn bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg:<30} [{bar:40}] {human_pos} of {human_len}");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
