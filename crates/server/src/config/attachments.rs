//! Where the octets of attachments are kept.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::text::exact;
use super::{ConfigError, SecretText, safe_base_url};

/// The kinds of places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AttachmentPlace {
    /// In the database, with everything else.
    Database,
    /// In files of a directory, which all nodes share.
    Directory,
    /// In a bucket of a store that speaks S3.
    S3,
}

/// `[attachments]`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AttachmentsConfig {
    /// Where new ones go. Old ones are found where they are.
    pub place: AttachmentPlace,
    /// The directory.
    pub directory: PathBuf,
    /// The bucket.
    pub s3: S3Config,
}

/// `[attachments.s3]`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct S3Config {
    /// Where the store is.
    pub endpoint: String,
    /// Its region.
    pub region: String,
    /// The bucket; none is used where it is empty.
    pub bucket: String,
    /// What stands before every name in it.
    pub prefix: String,
    /// Who we are there.
    #[serde(deserialize_with = "exact")]
    pub access_key_id: String,
    /// Our secret there.
    pub secret_access_key: SecretText,
}

impl Default for AttachmentsConfig {
    fn default() -> Self {
        Self { place: AttachmentPlace::Database, directory: PathBuf::new(), s3: S3Config::default() }
    }
}

impl AttachmentsConfig {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let error = |text: &str| Err(ConfigError(text.to_owned()));
        if self.place == AttachmentPlace::Directory && self.directory.as_os_str().is_empty() {
            return error("attachments.directory: expected a directory beside attachments.place = \"directory\"");
        }
        if self.place == AttachmentPlace::S3 && self.s3.bucket.is_empty() {
            return error("attachments.s3.bucket: expected a bucket beside attachments.place = \"s3\"");
        }
        if !self.s3.bucket.is_empty() {
            if !safe_base_url(&self.s3.endpoint) {
                return error("attachments.s3.endpoint: expected an https URL without query (http for localhost only)");
            }
            if self.s3.access_key_id.is_empty() || !self.s3.secret_access_key.is_set() || self.s3.region.is_empty() {
                return error("attachments.s3: expected region, access_key_id and secret_access_key beside the bucket");
            }
        }
        Ok(())
    }
}
