//! `keystead demo`: the tutorials, played on a real server over real HTTP.
//!
//! [`stage`] shows what happens, [`people`] are the devices and who uses them, [`sharing`], [`lost_key`], [`wallet`] and
//! [`joint`] are the four stories.

mod joint;
mod lost_key;
mod people;
mod sharing;
mod stage;
mod wallet;

use std::io::IsTerminal as _;

use keystead_server::Config;
use serde_json::json;

use self::people::World;
use self::stage::Stage;
use crate::embedded::Embedded;

/// Arguments of `keystead demo`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Leave the server running afterwards, and say where to look
    #[arg(long)]
    keep: bool,
    /// Print one JSON object a line, for machines
    #[arg(long)]
    json: bool,
}

/// Plays the stories.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(play(arguments))
}

async fn play(arguments: &Arguments) -> anyhow::Result<()> {
    let out = std::io::stdout();
    let colour = out.is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let mut stage = Stage::new(arguments.json, colour, std::io::stderr().is_terminal());
    let directory = tempfile::Builder::new().prefix("keystead-demo-").tempdir()?;
    stage.title(
        "Keystead demo",
        "Four stories on a real server in a temporary directory, over real HTTP. The server keeps what you see as stored.",
    );

    let mut config = Config { dev: true, ..Config::default() };
    config.server.data = directory.path().to_owned();
    config.server.listen = ([127, 0, 0, 1], 0).into();
    config.validate()?;
    let server = stage.step("a server starts", Embedded::start(config)).await?;
    let mut world = World::new(&server).await?;

    let told = async {
        sharing::tell(&mut stage, &mut world).await?;
        lost_key::tell(&mut stage, &mut world).await?;
        wallet::tell(&mut stage, &mut world).await?;
        joint::tell(&mut stage, &mut world).await
    };
    let told = told.await;
    if let Err(error) = told {
        server.stop().await?;
        return Err(error);
    }
    stage.summary(&[
        "Daenerys proved her address with a one-time code. No password, no account to set up first.",
        "What she wrote was sealed on her device. The server stored it, found it and passed it on without reading it.",
        "Her device is gone, and nothing was lost: Jorah, whom she shared with, let her new key in. It took one small \
         request, however many records there are.",
        "He could not be fooled into letting somebody else in: the words they compared come from the whole new key.",
        "Her wallet was never in one place: the phone had one half, the server the other. A stolen phone and a lost one \
         cost her nothing, and the address stayed.",
        "When everything was gone, one call to Jorah brought the records and the wallet back: its key was one of them.",
    ]);
    if arguments.keep {
        keep(&mut stage, &world, directory.path()).await?;
    }
    server.stop().await
}

/// Leaves the server running until a signal asks to stop.
async fn keep(stage: &mut Stage, world: &World, data: &std::path::Path) -> anyhow::Result<()> {
    let base = &world.base;
    stage.tell(
        &format!("The server keeps running at {base}. Ctrl-C stops it and removes its directory."),
        json!({
            "event": "running",
            "baseUrl": base,
            "gatewayUrl": format!("{base}/gw"),
            "specId": "dev",
            "processes": ["patient-email", "patient-sms", "hcp-email", "hcp-sms"],
            "outbox": format!("{base}/dev"),
            "data": data,
            "doctorId": world.doctor_id(),
        }),
    );
    stage.lines(&[
        ("messages sent", format!("{base}/dev")),
        ("gateway URL", format!("{base}/gw")),
        ("spec id", "dev".to_owned()),
        ("processes", "patient-email, patient-sms, hcp-email, hcp-sms".to_owned()),
        ("Jorah's id", world.doctor_id().to_owned()),
        ("data directory", data.display().to_string()),
        (
            "try",
            format!(
                "keystead client --server {base} register --email you@example.org --responsible {}",
                world.doctor_id()
            ),
        ),
    ]);
    tokio::signal::ctrl_c().await?;
    Ok(())
}
