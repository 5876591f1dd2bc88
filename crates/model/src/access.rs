//! Who may do what with an encryptable entity (wire 4.1 to 4.5): one pure function from the caller
//! and the entity's security metadata to a level.

/// What a caller may do with an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Read it and share it on.
    Read,
    /// Read, modify, delete and share it.
    Write,
}

/// What kind of data owner a user is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DataOwnerType {
    /// A healthcare party.
    Hcp,
    /// A patient.
    Patient,
    /// A device.
    Device,
}

/// Who asks: the data owner behind a session and the access control keys of the request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// The caller's data owner id, if the user is one.
    pub data_owner: Option<String>,
    /// Ids of the ancestors of a healthcare party, nearest first.
    pub parents: Vec<String>,
    /// Delegation keys (64 hex characters) of the access control keys presented (wire 4.2).
    pub delegation_keys: Vec<String>,
}

impl Caller {
    /// Every access key the caller holds: own id, parents' ids, delegation keys.
    pub fn access_keys(&self) -> Vec<String> {
        self.data_owner.iter().chain(&self.parents).chain(&self.delegation_keys).cloned().collect()
    }
}

/// Access that an entity grants: whoever holds `key` has `level`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Grant {
    /// A data owner id or a delegation key.
    pub key: String,
    /// What it allows.
    pub level: Level,
}
