//! The same through our client and a server in a process of its own, over loopback: with logins, the store, and
//! everything that is written so that an interruption loses nothing.

use std::time::Instant;

use anyhow::Context as _;
use keystead_sdk::storage::MemoryStorage;
use keystead_sdk::wallet::{BackupMethod, WalletError};
use keystead_sdk::{Api, AuthenticationResult, Captcha, Start};
use tempfile::TempDir;

use crate::people::{application, code};
use crate::process::{Hcp, Server, bench_dir};

/// Milliseconds, every time.
#[derive(Debug, Default)]
pub(super) struct Took {
    pub(super) create: Vec<f64>,
    pub(super) sign_secp256k1: Vec<f64>,
    pub(super) sign_ed25519: Vec<f64>,
    pub(super) back_up: Vec<f64>,
    pub(super) recover: Vec<f64>,
}

/// A server on an empty directory.
pub(super) struct Through {
    server: Server,
    hcp: Hcp,
    data: TempDir,
}

impl Through {
    pub(super) async fn start() -> anyhow::Result<Self> {
        let data = tempfile::Builder::new().prefix("data-").tempdir_in(bench_dir()?)?;
        let server = Server::keystead(data.path(), &[]).await?;
        server.until_ready().await?;
        let hcp = Hcp::create(data.path(), "jorah", &[]).await?;
        Ok(Self { server, hcp, data })
    }

    /// Somebody new makes a wallet, signs, backs up, and recovers on another device.
    pub(super) async fn all(&self, number: usize, signatures: usize, took: &mut Took) -> anyhow::Result<()> {
        let name = format!("person{number}@example.org");
        let entered = self.register(&name).await?;
        let wallet = entered.api.wallet();
        timed(&mut took.create, wallet.create()).await?;
        for number in 0..signatures {
            let digest = [u8::try_from(number % 250).unwrap_or_default(); 32];
            timed(&mut took.sign_secp256k1, wallet.sign_digest(digest)).await?;
            timed(&mut took.sign_ed25519, wallet.sign_solana(&digest)).await?;
        }
        // a random key in a file: a password would add a hundred milliseconds that are slow on purpose
        let method = BackupMethod::File(self.data.path().join(format!("key{number}")));
        let text = timed(&mut took.back_up, wallet.back_up(&method)).await?;
        wallet.stored_backup(true).await?;

        let device = MemoryStorage::new();
        let builder = Api::builder().base_url(format!("http://{}", self.server.address)).user_name(name);
        let builder = builder.token(entered.token.expose()).storage(device.clone()).key_storage(device);
        let other = builder.new_key_when_lost().build().await?;
        timed(&mut took.recover, other.wallet().recover(&text, &method)).await?;
        other.wallet().stored_backup(true).await?;
        other.wallet().sign_digest([1; 32]).await.context("the recovered wallet does not sign")?;
        Ok(())
    }

    async fn register(&self, name: &str) -> anyhow::Result<AuthenticationResult> {
        let application = application(&self.server, &MemoryStorage::new()).build()?;
        let start = Start::by_email(name, Captcha::Recaptcha("solved".into())).name("Daenerys", "Targaryen");
        let process = application.authentication().start(start.responsible(&self.hcp.id)).await?;
        Ok(application.authentication().complete(&process, &code(&self.server, name).await?).await?)
    }
}

async fn timed<T>(took: &mut Vec<f64>, work: impl Future<Output = Result<T, WalletError>>) -> anyhow::Result<T> {
    let began = Instant::now();
    let done = work.await?;
    took.push(began.elapsed().as_secs_f64() * 1e3);
    Ok(done)
}
