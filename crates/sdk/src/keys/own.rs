//! The private keys of a running API.

use std::sync::Arc;

use keystead_crypto::key::{KeyRing, PrivateKey};
use parking_lot::RwLock;

use super::KeysReport;

/// The keys that were found, and what was done about them.
#[derive(Clone, Default)]
pub(crate) struct Found {
    pub(crate) ring: Arc<KeyRing>,
    pub(crate) report: KeysReport,
}

/// The private keys of a running API, replaced as a whole when they are loaded again.
pub(crate) struct OwnKeys(RwLock<Found>);

impl OwnKeys {
    pub(crate) fn new(found: Found) -> Self {
        Self(RwLock::new(found))
    }

    /// The keys as they are now; kept for as long as an operation needs them.
    pub(crate) fn ring(&self) -> Arc<KeyRing> {
        self.0.read().ring.clone()
    }

    pub(crate) fn report(&self) -> KeysReport {
        self.0.read().report.clone()
    }

    pub(crate) fn replace(&self, found: Found) {
        *self.0.write() = found;
    }
}

/// A copy of a private key: where a person's application has to save it.
pub(crate) fn copy(key: &PrivateKey) -> Option<PrivateKey> {
    PrivateKey::from_pkcs8(key.expose_pkcs8()).ok()
}
