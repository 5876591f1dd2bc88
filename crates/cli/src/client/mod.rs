//! `keystead client`: somebody's own data from the command line, sealed and opened on this machine.
//!
//! [`profile`] is what is remembered between two commands, [`entry`] registers and logs in, [`records`] are data
//! samples, [`recovery`] is what happens when a key is lost, [`wallet`] keys that sign on chains, and [`eject`] the way to
//! take these out.

mod eject;
mod entry;
mod profile;
mod records;
mod recovery;
mod show;
mod wallet;

use std::path::PathBuf;

use clap::Subcommand;

use self::profile::Profile;
use self::show::Show;

/// Arguments of `keystead client`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Where keys and the token are kept, sealed [default: a folder in the user's data directory]
    #[arg(long, value_name = "DIR", global = true)]
    profile: Option<PathBuf>,
    /// A file whose first line is the passphrase that opens the profile [default: a key file beside it]
    #[arg(long, value_name = "FILE", global = true)]
    passphrase_file: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Register by a one-time code
    Register(entry::Register),
    /// Log in again by a one-time code, for instance on a new device
    Login(entry::Register),
    /// End the session and forget the token; keys stay on this machine
    Logout,
    /// Who is logged in, and which keys are here
    Whoami,
    /// Data samples: add, list, show, delete
    #[command(subcommand)]
    Sample(records::Sample),
    /// Share a sample, and those that were added together with it
    Share(records::Share),
    /// Share everything that is made from now on
    ShareFuture(records::ShareFuture),
    /// What others ask for
    Notifications,
    /// Let somebody's new key in, after comparing the words that their device shows
    GiveBack(recovery::GiveBack),
    /// The words for one's own key: read them to whoever gives access back
    Words,
    /// Ask everybody the data was shared with to give access back
    AskBack,
    /// Make a recovery key, to be written down or printed
    RecoveryKit(recovery::Kit),
    /// What would come back if this device died now, and through whom
    Report,
    /// A wallet of two halves: create, sign, back up, try the backup, recover, take the keys out
    #[command(subcommand)]
    Wallet(wallet::Command),
}

/// Carries out a command.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(carry_out(arguments))
}

async fn carry_out(arguments: Arguments) -> anyhow::Result<()> {
    let show = Show::new(arguments.json);
    let profile = Profile::new(arguments.profile, arguments.passphrase_file)?;
    match arguments.command {
        Command::Register(register) => entry::register(&profile, &show, register, false).await,
        Command::Login(register) => entry::register(&profile, &show, register, true).await,
        Command::Logout => entry::logout(&profile, &show).await,
        Command::Whoami => entry::whoami(&profile, &show).await,
        Command::Sample(command) => records::sample(&profile, &show, command).await,
        Command::Share(command) => records::share(&profile, &show, command).await,
        Command::ShareFuture(command) => records::share_future(&profile, &show, command).await,
        Command::Notifications => recovery::notifications(&profile, &show).await,
        Command::GiveBack(command) => recovery::give_back(&profile, &show, command).await,
        Command::Words => recovery::words(&profile, &show).await,
        Command::AskBack => recovery::ask_back(&profile, &show).await,
        Command::RecoveryKit(command) => recovery::kit(&profile, &show, command).await,
        Command::Report => recovery::report(&profile, &show).await,
        Command::Wallet(command) => wallet::carry_out(&profile, &show, command).await,
    }
}
