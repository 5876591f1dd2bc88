//! `keystead client wallet`: a wallet from the command line. The text of its backup is kept in a file.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Subcommand, ValueEnum};
use indicatif::ProgressBar;
use keystead_sdk::progress::Monitor;
use keystead_sdk::secret::SecretText;
use keystead_sdk::wallet::methods::{AccessTokens, GoogleDrive};
use keystead_sdk::wallet::{BackupMethod, Wallet};
use serde_json::{Value, json};

use super::eject::{self, Eject, SweepTo};
use super::profile::{Profile, first_line};
use super::show::Show;

/// What can be done with a wallet.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(flatten)]
    Daily(Daily),
    /// Take the whole keys out into a file, while an administrator allows it: the way out of this server
    Eject(Box<Eject>),
    /// Sign what sends everything on Solana from a key that was taken out to a wallet with a seed
    Sweep(SweepTo),
}

/// What the token of the profile is enough for.
#[derive(Debug, Subcommand)]
pub(crate) enum Daily {
    /// Make the wallet: half of each key here, half with the server
    Create,
    /// Its addresses, whether it is on this machine, and how it would come back
    Show,
    /// Sign what an application asks for
    Sign(Sign),
    /// Make a backup, into a file that tells nobody anything
    BackUp(Backup),
    /// Say again that the backup is stored, where the custodian was not ready the first time
    Stored,
    /// Bring the wallet to this machine with a backup, and replace the backup by a new one
    Recover(Backup),
    /// Try whether a backup would bring the wallet back, without using it up
    Drill(Backup),
}

/// Arguments of `wallet sign`.
#[derive(Debug, clap::Args)]
pub(crate) struct Sign {
    /// What an application calls it: personal_sign, eth_signTransaction, eth_signTypedData_v4, sol_signMessage,
    /// sol_signTransaction, raw_sign
    method: String,
    /// Its parameters, a JSON list: '["hello"]' [default: read from the standard input]
    params: Option<String>,
}

/// How a backup is opened.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Method {
    /// By a password of at least eight characters
    Password,
    /// By a PIN of at least four characters: guessed in hours by whoever has the backup
    Pin,
    /// By a key in a file
    File,
    /// By a key in one's Google Drive
    GoogleDrive,
    /// By a key among one's own encrypted records: it comes back with them
    Vault,
}

/// Arguments of `wallet back-up`, `wallet recover`, `wallet drill` and `wallet eject`.
#[derive(Debug, clap::Args)]
pub(crate) struct Backup {
    /// The file with the backup
    file: PathBuf,
    /// What opens it
    #[arg(long, value_enum, default_value = "vault")]
    method: Method,
    /// A file whose first line is the password or the PIN [default: it is asked for, and seen while it is typed]
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// The file with the keys, for `--method file`
    #[arg(long, value_name = "FILE", required_if_eq("method", "file"))]
    key_file: Option<PathBuf>,
    /// A file whose first line is an access token for Google Drive with the scope drive.file
    #[arg(long, value_name = "FILE", required_if_eq("method", "google-drive"))]
    access_token_file: Option<PathBuf>,
    /// Another server that speaks like Google Drive
    #[arg(long, value_name = "URL")]
    drive_url: Option<String>,
}

/// A token that somebody put into a file. There is no other if it is refused.
struct TokenFile(PathBuf);

#[async_trait::async_trait]
impl AccessTokens for TokenFile {
    async fn access_token(&self, refused: bool) -> Option<SecretText> {
        if refused { None } else { first_line(&self.0).ok().map(SecretText::from) }
    }
}

impl Backup {
    pub(super) fn method(&self, show: &Show) -> anyhow::Result<BackupMethod> {
        let secret = |question| match &self.secret_file {
            Some(file) => anyhow::Ok(SecretText::from(first_line(file)?)),
            None => Ok(SecretText::from(show.ask(question)?)),
        };
        Ok(match self.method {
            Method::Password => BackupMethod::Password(secret("Password")?),
            Method::Pin => BackupMethod::Pin(secret("PIN")?),
            Method::File => BackupMethod::File(self.key_file.clone().context("--key-file is missing")?),
            Method::GoogleDrive => {
                let file = self.access_token_file.clone().context("--access-token-file is missing")?;
                let drive = GoogleDrive::new(TokenFile(file));
                BackupMethod::GoogleDrive(match &self.drive_url {
                    Some(url) => drive.base_url(url),
                    None => drive,
                })
            }
            Method::Vault => BackupMethod::Vault,
        })
    }

    pub(super) fn text(&self) -> anyhow::Result<String> {
        let text = std::fs::read_to_string(&self.file);
        text.with_context(|| format!("{}: cannot be read", self.file.display()))
    }

    /// Stores a backup that was just made, and says so.
    async fn store(&self, wallet: &Wallet, method: &BackupMethod, text: &str) -> anyhow::Result<()> {
        let stored = replace(&self.file, text).with_context(|| format!("{}: cannot be written", self.file.display()));
        wallet.stored_backup(stored.is_ok()).await?;
        stored?;
        Ok(wallet.delete_older_keys(method).await?)
    }
}

/// Writes a file beside another, and puts it into its place.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    std::io::Write::write_all(&mut file, format!("{text}\n").as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    std::fs::File::open(directory)?.sync_all()
}

/// A wallet whose operations are seen on the terminal.
pub(super) fn seen(wallet: Wallet, show: &Show) -> (ProgressBar, Wallet) {
    let (bar, _): (_, Monitor) = show.bar("");
    let told = bar.clone();
    (bar, wallet.on_progress(move |progress| told.set_message(progress.status.as_str())))
}

/// Carries out a command.
pub(crate) async fn carry_out(profile: &Profile, show: &Show, command: Command) -> anyhow::Result<()> {
    match command {
        Command::Daily(command) => daily(profile, show, command).await,
        Command::Eject(wanted) => eject::eject(profile, show, *wanted).await,
        Command::Sweep(wanted) => eject::sweep(show, wanted),
    }
}

async fn daily(profile: &Profile, show: &Show, command: Daily) -> anyhow::Result<()> {
    let api = profile.api().await?;
    let (bar, wallet) = seen(api.wallet(), show);
    let done = match command {
        Daily::Create => {
            let addresses = wallet.create().await?;
            (
                format!("Made: {}. Now make a backup: keystead client wallet back-up FILE", addresses.evm),
                json!({ "evm": addresses.evm }),
            )
        }
        Daily::Show => describe(&wallet).await?,
        Daily::Sign(sign) => {
            let params = match sign.params {
                Some(params) => params,
                None => {
                    let mut text = String::new();
                    std::io::stdin().lock().take(1 << 20).read_to_string(&mut text)?;
                    text
                }
            };
            let params: Value = serde_json::from_str(&params).context("the parameters: expected a JSON list")?;
            let signed = wallet.request(&sign.method, &params).await?;
            (signed.as_str().map_or_else(|| signed.to_string(), str::to_owned), json!({ "result": signed }))
        }
        Daily::BackUp(backup) => {
            let method = backup.method(show)?;
            let text = wallet.back_up(&method).await?;
            backup.store(&wallet, &method, &text).await?;
            (
                format!("The backup is in {}. It tells nobody anything; keep copies of it.", backup.file.display()),
                json!({ "stored": true }),
            )
        }
        Daily::Stored => {
            wallet.stored_backup(true).await?;
            ("The backup is in force.".to_owned(), json!({ "stored": true }))
        }
        Daily::Drill(backup) => {
            let method = backup.method(show)?;
            let report = wallet.drill(backup.text()?.trim(), &method).await?;
            let text = format!(
                "The backup opens, and the custodian has the other half. The server's word for it, under its key {}:\n{}\n{}",
                report.server_key, report.statement, report.signature,
            );
            let object = json!({
                "at": report.at,
                "generation": report.generation,
                "statement": report.statement,
                "signature": report.signature,
                "serverKey": report.server_key,
            });
            (text, object)
        }
        Daily::Recover(backup) => {
            let method = backup.method(show)?;
            let text = wallet.recover(backup.text()?.trim(), &method).await?;
            backup.store(&wallet, &method, &text).await?;
            let addresses = wallet.addresses().await?.context("no wallet")?;
            (
                format!(
                    "{} is on this machine now, and nowhere else. {} has a new backup.",
                    addresses.evm,
                    backup.file.display()
                ),
                json!({ "evm": addresses.evm, "stored": true }),
            )
        }
    };
    bar.finish_and_clear();
    show.outcome(&done.0, &done.1)
}

async fn describe(wallet: &Wallet) -> anyhow::Result<(String, Value)> {
    let Some(addresses) = wallet.addresses().await? else { bail!("there is no wallet: keystead client wallet create") };
    let all = [
        ("evm", &addresses.evm),
        ("bitcoin", &addresses.bitcoin),
        ("tron", &addresses.tron),
        ("solana", &addresses.solana),
        ("stellar", &addresses.stellar),
    ];
    let on_device = wallet.is_on_device().await?;
    let methods: Vec<_> = wallet.available_methods().await?.into_iter().map(|method| method.as_str()).collect();
    let mut lines: Vec<_> = all.iter().map(|(chain, address)| format!("{chain:<9} {address}")).collect();
    lines.push(match on_device {
        true => "On this machine: yes".to_owned(),
        false => "On this machine: no. keystead client wallet recover FILE".to_owned(),
    });
    lines.push(match methods.is_empty() {
        true => "Backup: none. If this machine is lost, so is the wallet.".to_owned(),
        false => format!("Backup: {}", methods.join(", ").to_lowercase()),
    });
    let addresses: Value = all.iter().map(|(chain, address)| ((*chain).to_owned(), json!(address))).collect();
    Ok((lines.join("\n"), json!({ "addresses": addresses, "onDevice": on_device, "methods": methods })))
}
