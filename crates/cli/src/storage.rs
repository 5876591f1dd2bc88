//! Where a command finds what the server keeps: the embedded database or PostgreSQL, and the server's secret.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use keystead_server::rng::SystemRng;
use keystead_server::{App, Config, ServerKeys};
use keystead_store::Store;
use keystead_store::postgres::{Options, PostgresStore};
use keystead_store::sqlite::SqliteStore;

/// Arguments of every command that works on what the server keeps.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Place {
    /// Where the embedded database and the server's secret are [default: ./keystead-data]
    #[arg(long, value_name = "DIR", global = true)]
    data: Option<PathBuf>,
    /// A PostgreSQL database in place of the embedded one. Others on the machine can read it here: with a password
    /// in it, set KEYSTEAD_SERVER__DATABASE instead
    #[arg(long, value_name = "URL", global = true)]
    database: Option<String>,
    /// A configuration file (TOML)
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
}

impl Place {
    /// The configuration, with what the arguments say.
    pub(crate) fn config(&self) -> anyhow::Result<Config> {
        let mut config = Config::load(self.config.as_deref())?;
        if let Some(data) = &self.data {
            config.server.data = data.clone();
        }
        if let Some(database) = &self.database {
            config.server.database = database.as_str().into();
            config.validate()?;
        }
        Ok(config)
    }
}

/// Opens the store and reads the secret that goes with it.
pub(crate) async fn open(config: Config) -> anyhow::Result<App> {
    let data = &config.server.data;
    std::fs::create_dir_all(data).with_context(|| format!("{}: cannot be made", data.display()))?;
    let keys = match config.server.secret.is_set() {
        true => ServerKeys::read(config.server.secret.expose()),
        false => ServerKeys::load_or_make(data, &SystemRng::default()),
    };
    let keys = keys.context("the server's secret")?;
    let store: Arc<dyn Store> = if config.server.database.is_set() {
        let options = Options { connections: config.server.database_connections, ..Options::default() };
        let store = PostgresStore::connect(config.server.database.expose(), options).await.context("the database")?;
        let agreed = store.agree("secret", &keys.fingerprint()).await.context("the database")?;
        ensure!(
            agreed,
            "this node has another secret than those before it: set server.secret, or copy secret.key from one of them"
        );
        Arc::new(store)
    } else {
        Arc::new(SqliteStore::open(data, Default::default()).context("the database")?)
    };
    Ok(App::new(store, config, keys)?)
}
