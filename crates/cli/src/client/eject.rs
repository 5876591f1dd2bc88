//! `keystead client wallet eject` and `sweep`: the whole keys go into a file, and nowhere else. The server hears that they
//! are out once the file is on the disk: whatever breaks off before, the same command begins or ends it again.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use keystead_sdk::wallet::{Ejected, Sweep, Wallet, scalar_key};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::entry::{self, ByCode};
use super::profile::Profile;
use super::show::Show;
use super::wallet::{Backup, seen};

/// What whoever has the keys has to know.
const WARNINGS: [&str; 3] = [
    "Whoever has this file has the wallet. Nothing takes that back: the server cannot, and a recovery makes no new keys.",
    "The key on Ed25519 is a scalar and no seed. Programs that take seeds make another key of it, and lose what is sent \
     there: empty it with keystead client wallet sweep. \"expanded\" is for programs that take expanded keys and do not \
     clamp them.",
    "The key on secp256k1 is the root of a tree: whoever has one child's key and the chain code has all of it. Take no \
     single child's key elsewhere.",
];

/// The longest file of keys that is read.
const LONGEST: u64 = 64 * 1024;

/// Arguments of `wallet eject`.
#[derive(Debug, clap::Args)]
pub(crate) struct Eject {
    #[command(flatten)]
    backup: Backup,
    /// Where the keys go: a file that is not there yet, and that only you may read
    #[arg(long, value_name = "FILE")]
    keys: PathBuf,
    #[command(flatten)]
    by_code: ByCode,
}

/// Arguments of `wallet sweep`.
#[derive(Debug, clap::Args)]
pub(crate) struct SweepTo {
    /// The file that `wallet eject` made
    #[arg(long, value_name = "FILE")]
    keys: PathBuf,
    /// The address that gets everything, of a wallet with a seed
    #[arg(long, value_name = "ADDRESS")]
    to: String,
    /// What the network answers to getLatestBlockhash; the transaction is taken for about a minute from then on
    #[arg(long, value_name = "HASH")]
    recent_blockhash: String,
    /// What it answers to getBalance, in lamports
    #[arg(long, value_name = "LAMPORTS")]
    balance: u64,
    /// What it answers to getFeeForMessage, in lamports
    #[arg(long, value_name = "LAMPORTS", default_value_t = 5_000)]
    fee: u64,
}

/// The file.
#[derive(Serialize, Deserialize)]
struct Keys {
    evm: String,
    solana: String,
    /// 32 bytes, big-endian.
    secp256k1: Zeroizing<String>,
    ed25519: Scalar,
    warnings: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Scalar {
    /// 32 bytes, little-endian.
    scalar: Zeroizing<String>,
    /// The scalar and a prefix for nonces.
    expanded: Zeroizing<String>,
}

/// Takes the keys out. The file is made before anything is asked for, so that there is a place for them. One that has them
/// already, of a command that broke off, is only told about.
pub(super) async fn eject(profile: &Profile, show: &Show, eject: Eject) -> anyhow::Result<()> {
    let Eject { backup, keys: path, by_code } = eject;
    let at = path.display();
    let text = backup.text()?;
    let file = match new_file(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return written(profile, show, &path).await,
        Err(error) => return Err(error).with_context(|| format!("{at}: cannot be made")),
    };
    let taken = async {
        let method = backup.method(show)?;
        let api = entry::enter_again(profile, show, by_code).await?;
        let (bar, wallet) = seen(api.wallet(), show);
        let addresses = wallet.addresses().await?.context("there is no wallet")?;
        let ejected = wallet.eject(text.trim(), &method).await?;
        bar.finish_and_clear();
        let keys = Keys::of(&ejected, addresses.evm, addresses.solana)?;
        write(file, &path, &keys).with_context(|| {
            format!("{at}: cannot be written. Nothing is lost, and the wallet does not count as ejected: try again")
        })?;
        anyhow::Ok((wallet, keys))
    };
    let (wallet, keys) = match taken.await {
        Ok(taken) => taken,
        Err(error) => {
            // nothing is in it, or not all
            let _ = std::fs::remove_file(&path);
            return Err(error);
        }
    };
    finish(&wallet, show, &path, &keys).await
}

/// The keys are in a file that was there: the server is told, if it is the whole file, of this wallet.
async fn written(profile: &Profile, show: &Show, path: &Path) -> anyhow::Result<()> {
    let at = path.display();
    let refused = "is there already, and nothing was asked for: name another file, or take this one away";
    let keys = read(path).with_context(|| format!("{at}: {refused}"))?;
    let asked = async {
        let wallet = profile.api().await?.wallet();
        let addresses = wallet.addresses().await?.context("there is no wallet")?;
        anyhow::Ok((wallet, addresses))
    };
    let untold = || format!("{at}: has keys already, and the server cannot be told that they are out");
    let (wallet, addresses) = asked.await.with_context(untold)?;
    if (&keys.evm, &keys.solana) != (&addresses.evm, &addresses.solana) {
        bail!("{at}: is not of this wallet. It {refused}");
    }
    // whoever wrote it may not have come to that
    File::open(path).and_then(|file| sync(&file, path)).with_context(|| format!("{at}: cannot be synced"))?;
    finish(&wallet, show, path, &keys).await
}

/// The keys are on the disk: the server is told.
async fn finish(wallet: &Wallet, show: &Show, path: &Path, keys: &Keys) -> anyhow::Result<()> {
    let at = path.display();
    wallet.stored_ejected().await.with_context(|| {
        format!(
            "The keys are in {at}, all of them. Only the server is not known to have heard of it, so that the wallet may \
             still count as not ejected: the same command says it again"
        )
    })?;
    let said = format!("The keys of {} and {} are in {at}.", keys.evm, keys.solana);
    let text = [&[said.as_str()][..], &WARNINGS].concat().join("\n\n");
    let object = json!({ "keys": path, "evm": keys.evm, "solana": keys.solana, "warnings": WARNINGS });
    show.outcome(&text, &object)
}

/// Signs what empties the account on Solana. Asks nobody.
pub(super) fn sweep(show: &Show, sweep: SweepTo) -> anyhow::Result<()> {
    let SweepTo { keys, to, recent_blockhash, balance, fee } = sweep;
    let at = keys.display();
    let keys = read(&keys)?;
    let key = scalar_key(&keys.ed25519.scalar).map_err(|error| anyhow::anyhow!("{at}: {error}"))?;
    let signed = Sweep { to, recent_blockhash, balance, fee }.sign(&key)?;
    let transaction = signed.to_base64();
    let object: Value = json!({ "transaction": transaction, "from": keys.solana });
    show.outcome(&transaction, &object)
}

impl Keys {
    fn of(ejected: &Ejected, evm: String, solana: String) -> anyhow::Result<Self> {
        let text = |bytes: &[u8]| Zeroizing::new(hex::encode(bytes));
        let expanded = ejected.ed25519.expanded().context("a key on Ed25519")?;
        Ok(Self {
            evm,
            solana,
            secp256k1: text(ejected.secp256k1.secret().expose()),
            ed25519: Scalar { scalar: text(ejected.ed25519.secret().expose()), expanded: text(&*expanded) },
            warnings: WARNINGS.map(str::to_owned).into(),
        })
    }
}

/// A file that was not there, for its owner alone.
fn new_file(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn write(mut file: File, path: &Path, keys: &Keys) -> std::io::Result<()> {
    let text = Zeroizing::new(serde_json::to_vec_pretty(keys)?);
    file.write_all(&text)?;
    file.write_all(b"\n")?;
    sync(&file, path)
}

/// What is in a file is on the disk, and so is that the file is there.
fn sync(file: &File, path: &Path) -> std::io::Result<()> {
    file.sync_all()?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory)?.sync_all()
}

/// A whole file.
fn read(path: &Path) -> anyhow::Result<Keys> {
    let at = path.display();
    let mut text = Zeroizing::new(String::new());
    let file = File::open(path).with_context(|| format!("{at}: cannot be read"))?;
    file.take(LONGEST).read_to_string(&mut text).with_context(|| format!("{at}: cannot be read"))?;
    // what serde says of a wrong file may quote it
    serde_json::from_str(&text).ok().with_context(|| format!("{at}: not a file of wallet eject"))
}
