//! The least that an HTTP server over a database can do: take octets and insert them, select octets and
//! give them. What Keystead costs is measured against this.
//!
//! Nothing is parsed, checked, authorised or indexed. Each database is used as Keystead uses it: the same
//! durability, the same settings, as many connections.

mod postgres;
mod sqlite;

use std::path::PathBuf;

use axum::Router;
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;

pub(crate) use self::sqlite::Threads;

/// Arguments of `keystead-bench bare`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Where the SQLite database is
    #[arg(long, required_unless_present = "database")]
    data: Option<PathBuf>,
    /// Where statements of SQLite run
    #[arg(long, value_enum, default_value = "inline")]
    threads: Threads,
    /// A PostgreSQL database in place of SQLite
    #[arg(long)]
    database: Option<String>,
}

/// Serves until it is killed.
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let router: Router = match (arguments.database, arguments.data) {
        (Some(url), _) => postgres::router(&url).await?,
        (None, data) => sqlite::router(&data.unwrap_or_default(), arguments.threads)?,
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("ready at http://{}", listener.local_addr()?);
    let listener = listener.tap_io(|stream| {
        // As in the server. A socket that refuses is served all the same.
        let _ = stream.set_nodelay(true);
    });
    Ok(axum::serve(listener, router).await?)
}
