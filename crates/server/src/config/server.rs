//! Addresses, directories and limits of the HTTP server.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{ConfigError, SecretText};

/// `[server]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where the embedded database and the server's secret are.
    pub data: PathBuf,
    /// Where a PostgreSQL database is (`postgres://…`), for more than one node; the embedded one where it is empty.
    pub database: SecretText,
    /// Connections of this node to PostgreSQL.
    pub database_connections: u32,
    /// The server's secret, 64 hexadecimal digits; the file `secret.key` in `data` where it is empty.
    pub secret: SecretText,
    /// Largest JSON body, in bytes.
    pub max_body_bytes: usize,
    /// Largest attachment, in bytes.
    pub max_attachment_bytes: usize,
    /// Connections at a time; more wait for a place.
    pub max_connections: usize,
    /// Whether a proxy in front sets `X-Forwarded-For`, whose last address is then the client's.
    pub behind_proxy: bool,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 16043)),
            data: PathBuf::from("keystead-data"),
            database: SecretText::default(),
            database_connections: 16,
            secret: SecretText::default(),
            max_body_bytes: 8 << 20,
            max_attachment_bytes: 64 << 20,
            max_connections: 10_000,
            behind_proxy: false,
        }
    }
}

impl ServerConfig {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        if self.max_body_bytes < 1024 {
            return Err(ConfigError("server.max_body_bytes: expected at least 1024".into()));
        }
        if self.max_attachment_bytes < 1024 || self.max_attachment_bytes > 1 << 30 {
            return Err(ConfigError("server.max_attachment_bytes: expected 1024 to 1073741824".into()));
        }
        let database = self.database.expose();
        if self.database.is_set() && !database.starts_with("postgres://") && !database.starts_with("postgresql://") {
            return Err(ConfigError("server.database: expected postgres://user@host/database".into()));
        }
        if self.database_connections < 2 || self.database_connections > 1_000 {
            return Err(ConfigError("server.database_connections: expected 2 to 1000".into()));
        }
        let secret = self.secret.expose();
        if self.secret.is_set() && (secret.len() != 64 || !secret.bytes().all(|byte| byte.is_ascii_hexdigit())) {
            return Err(ConfigError("server.secret: expected 64 hexadecimal digits".into()));
        }
        if self.max_connections < 16 || self.max_connections > 1_000_000 {
            return Err(ConfigError("server.max_connections: expected 16 to 1000000".into()));
        }
        Ok(())
    }
}
