//! `keystead serve`: the whole server in one process.

use std::io::{IsTerminal as _, Write as _};
use std::net::SocketAddr;

use keystead_server::{App, Config};
use tokio::signal::unix::{SignalKind, signal};
use tracing::{Level, Metadata};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

use crate::embedded::Embedded;
use crate::storage::Place;

/// Arguments of `keystead serve`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// For development: makes a group and processes on an empty data directory, accepts any
    /// captcha solution, and delivers every message to an outbox at /dev
    #[arg(long)]
    dev: bool,
    /// Where to listen [default: 127.0.0.1:16043]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    #[command(flatten)]
    place: Place,
}

/// Serves until a signal asks to stop.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let mut config = arguments.place.config()?;
    config.dev = arguments.dev;
    if let Some(listen) = arguments.listen {
        config.server.listen = listen;
    }
    log(config.dev);
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(config))
}

/// Pretty lines for a person in development, JSON lines for a machine otherwise.
fn log(dev: bool) {
    let level = EnvFilter::try_from_env("KEYSTEAD_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match dev {
        true => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
        false => lines.json().boxed(),
    };
    tracing_subscriber::registry().with(lines.with_filter(filter_fn(may_be_logged))).with(level).init();
}

/// Only our own crates know what must not be in a log. What libraries say at their finest levels
/// repeats addresses, headers and bodies, so of them only the errors of the listening socket pass.
fn may_be_logged(metadata: &Metadata<'_>) -> bool {
    let from = |module: &str| metadata.target().starts_with(module);
    from("keystead") || (from("axum::serve") && *metadata.level() == Level::ERROR)
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let server = Embedded::start(config).await?;
    // before it says that it is ready: whoever waits for that may stop it at once
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    welcome(&server.app, server.address())?;

    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    tracing::info!("stopping: requests under way are finished first");
    server.stop().await
}

/// Says where the server is and, in development, what a newcomer needs to start.
fn welcome(app: &App, address: SocketAddr) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let scheme = if app.config.tls.files().is_some() { "https" } else { "http" };
    let base = format!("{scheme}://{address}");
    writeln!(out, "Keystead is ready at {base}")?;
    if app.config.dev {
        let data = app.config.server.data.display();
        writeln!(
            out,
            "
  base URL     {base}
  gateway URL  {base}/gw
  spec id      dev
  processes    patient-email, patient-sms, hcp-email, hcp-sms
  messages     {base}/dev

Patients register with a responsible healthcare party. Make one in a second terminal:

  keystead admin hcp create --data {data} --login jorah --password secret --first-name Jorah --last-name Mormont --responsible

This is the development mode: any captcha solution is accepted and every code is shown at /dev."
        )?;
    }
    Ok(out.flush()?)
}
