//! What every handler shares.

use std::sync::Arc;

use keystead_store::Store;

use crate::auth::Bearers;
use crate::blobs::{Blobs, BlobsError};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::events::Events;
use crate::keys::ServerKeys;
use crate::metrics::Metrics;
use crate::portal::Limits;
use crate::rng::{Rng, SystemRng};

/// A part of the server that cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The client for outgoing HTTP.
    #[error("the client for outgoing HTTP: {0}")]
    Outgoing(#[from] reqwest::Error),
    /// The place of attachments.
    #[error(transparent)]
    Blobs(#[from] BlobsError),
}

/// The parts of a running server. Handlers get it as `State<Arc<App>>`.
pub struct App {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// How the server is set up.
    pub config: Config,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub rng: Arc<dyn Rng>,
    /// The server's own secret.
    pub keys: ServerKeys,
    /// Bearers that were found valid a moment ago.
    pub bearers: Bearers,
    /// The one client for outgoing HTTP.
    pub http: reqwest::Client,
    /// The client for webhooks, which reaches no inner addresses.
    pub(crate) webhooks: reqwest::Client,
    /// The open web sockets.
    pub events: Arc<Events>,
    /// Attachments outside of the database.
    pub blobs: Blobs,
    /// What is counted.
    pub metrics: Metrics,
    /// Calls of the interface of Portal.
    pub portal_limits: Limits,
    /// Wallets that sessions have in hand.
    pub wallets: crate::wallet::Holders,
    /// Wakes the worker.
    pub jobs: crate::jobs::Wake,
}

impl App {
    /// A server over `store`, with the machine's clock and randomness.
    ///
    /// # Errors
    /// The client for outgoing HTTP, or the place of attachments, cannot be set up.
    pub fn new(store: Arc<dyn Store>, config: Config, keys: ServerKeys) -> Result<Self, SetupError> {
        let blobs = Blobs::new(&config.attachments)?;
        let webhooks = crate::custody::client(&config)?;
        Ok(Self {
            store,
            config,
            clock: Arc::new(SystemClock),
            rng: Arc::new(SystemRng::default()),
            keys,
            bearers: Bearers::default(),
            http: crate::http::outgoing()?,
            webhooks,
            events: Arc::default(),
            blobs,
            metrics: Metrics::default(),
            portal_limits: Limits::default(),
            wallets: crate::wallet::Holders::default(),
            jobs: crate::jobs::Wake::default(),
        })
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub fn now(&self) -> i64 {
        self.clock.now()
    }
}
