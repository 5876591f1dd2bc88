//! What is remembered between two commands: sealed files with the keys, the token and where the server is.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use keystead_sdk::keys::{CryptoStrategies, KeyDecision, MissingKey, NewKeyReason};
use keystead_sdk::secret::SecretText;
use keystead_sdk::storage::{SealedFiles, Storage as _, Unlock, user_data_directory};
use keystead_sdk::trust::KeyAlarm;
use keystead_sdk::{Api, ApiBuilder};
use serde_json::{Value, json};

/// The name of the entry with the account.
const ACCOUNT: &str = "org.keystead.client.account";

/// Where the profile is and how it is opened.
pub(crate) struct Profile {
    directory: PathBuf,
    passphrase_file: Option<PathBuf>,
}

/// Where the server is and how to get in.
pub(crate) struct Account {
    pub(crate) server: String,
    pub(crate) user_name: String,
    pub(crate) group: String,
    pub(crate) token: SecretText,
}

impl Profile {
    pub(crate) fn new(directory: Option<PathBuf>, passphrase_file: Option<PathBuf>) -> anyhow::Result<Self> {
        let directory = match directory {
            Some(directory) => directory,
            None => user_data_directory("client").context("--profile")?,
        };
        Ok(Self { directory, passphrase_file })
    }

    /// The sealed files.
    pub(crate) fn files(&self) -> anyhow::Result<SealedFiles> {
        let unlock = match &self.passphrase_file {
            Some(file) => Unlock::Passphrase(first_line(file)?.as_str().into()),
            None => Unlock::KeyFile(self.directory.join("storage.key")),
        };
        let shown = self.directory.display();
        SealedFiles::open(self.directory.join("storage"), &unlock).with_context(|| format!("the profile in {shown}"))
    }

    /// The account, if somebody logged in.
    pub(crate) async fn account(&self) -> anyhow::Result<Option<Account>> {
        let Some(text) = self.files()?.get(ACCOUNT).await? else { return Ok(None) };
        let account: Value = serde_json::from_str(&text).context("what the profile remembers is damaged")?;
        let field = |name: &str| {
            let value = account.get(name).and_then(Value::as_str).map(str::to_owned);
            value.with_context(|| format!("what the profile remembers has no {name}"))
        };
        Ok(Some(Account {
            server: field("server")?,
            user_name: field("userName")?,
            group: field("group")?,
            token: field("token")?.as_str().into(),
        }))
    }

    /// Remembers an account.
    pub(crate) async fn remember(&self, account: &Account) -> anyhow::Result<()> {
        let object = json!({
            "server": account.server,
            "userName": account.user_name,
            "group": account.group,
            "token": account.token.expose(),
        });
        Ok(self.files()?.set(ACCOUNT, &object.to_string()).await?)
    }

    /// Forgets the account.
    pub(crate) async fn forget(&self) -> anyhow::Result<()> {
        Ok(self.files()?.remove(ACCOUNT).await?)
    }

    /// Somebody who logged in before.
    pub(crate) async fn api(&self) -> anyhow::Result<Api> {
        let Some(account) = self.account().await? else { bail!("nobody is logged in: keystead client register") };
        let builder: ApiBuilder = Api::builder()
            .base_url(account.server)
            .user_name(account.user_name)
            .token(account.token)
            .group(account.group)
            .storage(self.files()?)
            .key_storage(self.files()?)
            .crypto_strategies(AtTheTerminal::default());
        builder.build().await.map_err(|error| {
            let hint = "the token may have expired: keystead client login";
            anyhow::Error::new(error).context(hint)
        })
    }
}

/// The first line of a file that holds a secret.
pub(crate) fn first_line(file: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{}: cannot be read", file.display()))?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        bail!("{}: expected a passphrase in the first line", file.display());
    }
    Ok(line.to_owned())
}

/// What the command line decides about keys: what its options say, and nothing else.
#[derive(Default)]
pub(crate) struct AtTheTerminal {
    /// Make a new key if there is none on this machine.
    pub(crate) new_key: bool,
    /// Use a recovery key if there is none on this machine.
    pub(crate) recovery_key: Option<SecretText>,
}

#[async_trait::async_trait]
impl CryptoStrategies for AtTheTerminal {
    async fn missing_key(&self, _missing: &MissingKey) -> KeyDecision {
        match (&self.recovery_key, self.new_key) {
            (Some(key), _) => KeyDecision::RecoveryKey(SecretText::from(key.expose())),
            (None, true) => KeyDecision::NewKey(NewKeyReason::AskPeople),
            (None, false) => KeyDecision::Stop,
        }
    }

    async fn key_alarm(&self, _alarm: &KeyAlarm) {
        eprintln!(
            "warning: the keys of somebody you share with are not those of before. Nothing is sealed for the new ones \
             until you compared the words that their device shows."
        );
    }
}
