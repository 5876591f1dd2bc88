//! What can go wrong in a store.

/// A failure of the store. Neither variant's text contains what was stored.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The place cannot be reached, is full or is closed.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// The place refused a statement, which is a defect of this crate.
    #[error("the store failed: {0}")]
    Failed(String),
    /// What was stored cannot be read back.
    #[error("the store holds something unreadable: {0}")]
    Corrupt(&'static str),
}
