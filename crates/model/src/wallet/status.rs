//! How far a pair is: our three statuses, and the ones that Portal's API shows (portal 1.3).

use serde::{Deserialize, Serialize};

use super::id::{Curve, PerCurve};

/// Whether a pair is in force (wallet 5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum PairStatus {
    /// Made, not yet in force. A signing pair in this status never signs. A backup pair in this status
    /// may be what the client holds, so that a recovery may start from it.
    Pending,
    /// In force.
    Active,
    /// No more: refused for everything.
    Retired,
}

/// What Portal's API knows of a signing pair (portal 1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SigningPairStatus {
    /// The server keeps its half.
    StoredDatabase,
    /// So does the client.
    StoredClient,
}

/// What Portal's API knows of a backup pair (portal 1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BackupPairStatus {
    /// The server keeps both the pair and its half until somebody else does.
    StoredDatabase,
    /// The custodian keeps its half, and showed it.
    StoredCustodianBackupShare,
    /// The key that opens the cipher text is where the method keeps it. May be skipped.
    StoredClientBackupShareKey,
    /// The cipher text is stored too.
    StoredClientBackupShare,
}

/// The two statuses that clients see (portal 1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PublicStatus {
    /// Both sides have what they need.
    Completed,
    /// They have not.
    Incomplete,
}

impl From<SigningPairStatus> for PublicStatus {
    fn from(status: SigningPairStatus) -> Self {
        match status {
            SigningPairStatus::StoredDatabase => Self::Incomplete,
            SigningPairStatus::StoredClient => Self::Completed,
        }
    }
}

impl From<BackupPairStatus> for PublicStatus {
    fn from(status: BackupPairStatus) -> Self {
        match status {
            BackupPairStatus::StoredDatabase
            | BackupPairStatus::StoredCustodianBackupShare
            | BackupPairStatus::StoredClientBackupShareKey => Self::Incomplete,
            BackupPairStatus::StoredClientBackupShare => Self::Completed,
        }
    }
}

/// How the user opens the client half of a backup (portal 4.2, 4.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum BackupMethod {
    /// A password, which is the key.
    Password,
    /// A key in a folder of Google Drive.
    Gdrive,
    /// A key in the key-value store of iCloud.
    Icloud,
    /// A key in the key store, behind a passkey.
    Passkey,
    /// A key in the key store, behind a Firebase login.
    Firebase,
    /// A key that the app keeps in its own way.
    Custom,
    /// A key in a local file; on the wire it is told apart by nothing but its name.
    File,
    /// A key among the end-to-end encrypted records of the owner; ours, unknown to Portal.
    Vault,
    /// A pair from before methods had names.
    Unknown,
}

impl BackupMethod {
    /// Every method.
    pub const ALL: [Self; 9] = [
        Self::Password,
        Self::Gdrive,
        Self::Icloud,
        Self::Passkey,
        Self::Firebase,
        Self::Custom,
        Self::File,
        Self::Vault,
        Self::Unknown,
    ];

    /// The name that we store and answer.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "PASSWORD",
            Self::Gdrive => "GDRIVE",
            Self::Icloud => "ICLOUD",
            Self::Passkey => "PASSKEY",
            Self::Firebase => "FIREBASE",
            Self::Custom => "CUSTOM",
            Self::File => "FILE",
            Self::Vault => "VAULT",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// The name for clients that decode Portal's closed list: what it lacks becomes `CUSTOM`.
    pub const fn portal_name(self) -> &'static str {
        match self {
            Self::File | Self::Vault => "CUSTOM",
            other => other.as_str(),
        }
    }

    /// The method of a name in any case; `None` for an unknown one.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str().eq_ignore_ascii_case(name))
    }

    /// What the webhook calls the method (portal 3.1), e.g. `GDRIVE-SECP256K1`.
    pub fn webhook_name(self, curve: Curve) -> String {
        format!("{}-{}", self.portal_name(), curve.as_str())
    }
}

/// How many backup halves of one client a custodian can keep (portal 3.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CustodianSlots {
    /// One, as in the tutorial. A backup by one method ends those by the others.
    One,
    /// One for each method.
    #[default]
    PerMethod,
}

/// What is known of both halves of a backup pair; true where a side confirmed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackupConfirmations {
    /// The key that opens the cipher text is stored.
    pub key: PerCurve<bool>,
    /// The cipher text is stored with the app.
    pub cipher_text: PerCurve<bool>,
    /// The custodian showed its half again after it was given it.
    pub custodian: PerCurve<bool>,
}

impl BackupConfirmations {
    /// What Portal's API would say. Our order differs from Portal's, the custodian being last, so that the
    /// last status is answered only when both sides confirmed.
    pub fn status(&self, curve: Curve) -> BackupPairStatus {
        match (*self.custodian.get(curve), *self.key.get(curve), *self.cipher_text.get(curve)) {
            (true, _, true) => BackupPairStatus::StoredClientBackupShare,
            (false, _, true) | (_, true, false) => BackupPairStatus::StoredClientBackupShareKey,
            (true, false, false) => BackupPairStatus::StoredCustodianBackupShare,
            (false, false, false) => BackupPairStatus::StoredDatabase,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_read_back_and_have_names_that_portal_knows() {
        for method in BackupMethod::ALL {
            assert_eq!(BackupMethod::parse(&method.as_str().to_lowercase()), Some(method));
            assert_eq!(serde_json::to_value(method).unwrap(), method.as_str());
        }
        assert_eq!(BackupMethod::parse("FLOPPY"), None);
        assert_eq!(BackupMethod::Vault.webhook_name(Curve::Ed25519), "CUSTOM-ED25519");
    }

    #[test]
    fn a_backup_is_completed_only_when_both_sides_confirmed() {
        let mut confirmed = BackupConfirmations::default();
        assert_eq!(confirmed.status(Curve::Ed25519), BackupPairStatus::StoredDatabase);
        confirmed.key.ed25519 = true;
        confirmed.cipher_text.ed25519 = true;
        assert_eq!(PublicStatus::from(confirmed.status(Curve::Ed25519)), PublicStatus::Incomplete);
        confirmed.custodian.ed25519 = true;
        assert_eq!(PublicStatus::from(confirmed.status(Curve::Ed25519)), PublicStatus::Completed);
        assert_eq!(PublicStatus::from(confirmed.status(Curve::Secp256k1)), PublicStatus::Incomplete);
    }

    #[test]
    fn statuses_have_the_names_of_the_wire() {
        assert_eq!(
            serde_json::to_value(BackupPairStatus::StoredClientBackupShareKey).unwrap(),
            "STORED_CLIENT_BACKUP_SHARE_KEY"
        );
        assert_eq!(serde_json::to_value(SigningPairStatus::StoredDatabase).unwrap(), "STORED_DATABASE");
        assert_eq!(serde_json::to_value(PublicStatus::Completed).unwrap(), "completed");
    }
}
