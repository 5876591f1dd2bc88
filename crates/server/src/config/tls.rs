//! TLS in the server itself, where no proxy ends it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::ConfigError;

/// `[tls]`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// The certificate chain as PEM, the server's own first; no TLS where it is absent.
    pub certificate_file: Option<PathBuf>,
    /// Its private key as PEM.
    pub key_file: Option<PathBuf>,
}

impl TlsConfig {
    /// The two files, if there is to be TLS.
    pub fn files(&self) -> Option<(&PathBuf, &PathBuf)> {
        self.certificate_file.as_ref().zip(self.key_file.as_ref())
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        match (&self.certificate_file, &self.key_file) {
            (Some(_), None) => Err(ConfigError("tls.key_file: expected the key of tls.certificate_file".into())),
            (None, Some(_)) => {
                Err(ConfigError("tls.certificate_file: expected the certificate of tls.key_file".into()))
            }
            _ => Ok(()),
        }
    }
}
