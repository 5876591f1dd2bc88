//! Where the server keeps what it knows: one [`Store`] interface over transactions.
//!
//! A [`Reading`] sees one consistent state. A [`Writing`] is a unit of work: everything a request
//! changes, side effects included (a job, an outbox message), is written through it and becomes
//! visible and durable together at [`Writing::commit`], or not at all. A transaction must never be
//! held across anything but calls to itself: the embedded engine has one writer.
//!
//! # Adding an operation
//! Write the method in the trait of its concern ([`documents`], [`accounts`], [`gateway`],
//! [`jobs`], [`changes`]), implement it in the file of the same name under `sqlite/` and `memory/`, and add its
//! story to [`conformance`](crate). Four rules hold: what is not there is `Ok(None)`; every method
//! fails with [`StoreError`]; time and randomness are parameters; `&mut self`, so one operation at a
//! time.

pub mod accounts;
pub mod changes;
#[cfg(feature = "testing")]
pub mod conformance;
pub mod documents;
mod error;
mod facts;
pub mod gateway;
pub mod jobs;
#[cfg(feature = "testing")]
pub mod memory;
pub mod postgres;
pub mod sqlite;

use async_trait::async_trait;

use changes::ChangeKind;
use documents::{Creation, Written};

pub use error::StoreError;

/// What every method here answers.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type EpochMs = i64;

/// A place that keeps everything the server knows.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Opens a transaction that sees one consistent state and changes nothing.
    async fn read(&self) -> Result<Box<dyn Reading>>;

    /// Opens a view for single questions: each is answered from the latest state, by itself. Cheaper
    /// than [`Store::read`], which sees one state for all its questions.
    async fn look(&self) -> Result<Box<dyn Reading>> {
        self.read().await
    }

    /// Opens a unit of work. Dropping it uncommitted leaves no trace.
    async fn write(&self) -> Result<Box<dyn Writing>>;

    /// A whole unit of work that adds one document. When this returns, it survives a crash. Cheaper than the same through
    /// [`Store::write`] where the engine writes those of many requests together.
    async fn create(&self, new: Creation) -> Result<Written> {
        create(self.write().await?, new).await
    }

    /// Listens to what is committed from now on, by whomever.
    fn changes(&self) -> changes::Changes;

    /// How much of it is in use at this moment, by part, to be watched.
    fn usage(&self) -> Vec<(&'static str, u64)> {
        Vec::new()
    }

    /// Whether the place can be reached and written.
    async fn check(&self) -> Result<()>;

    /// Finishes what is under way and closes. No transaction can be opened afterwards.
    async fn close(&self);
}

/// A creation as a unit of work like any other.
async fn create(mut tx: Box<dyn Writing>, new: Creation) -> Result<Written> {
    let Creation { group, class, document, projection, parts } = new;
    let written = tx.create(&group, class, &document, &projection).await?;
    if written == Written::Done {
        tx.announce(&group, class, ChangeKind::Created, &document, parts).await?;
        tx.commit().await?;
    }
    Ok(written)
}

/// A consistent view.
pub trait Reading:
    documents::ReadDocuments + accounts::ReadAccounts + gateway::ReadGateway + jobs::ReadJobs + Send
{
}

/// A unit of work.
#[async_trait]
pub trait Writing:
    Reading
    + documents::WriteDocuments
    + accounts::WriteAccounts
    + gateway::WriteGateway
    + jobs::WriteJobs
    + changes::WriteChanges
{
    /// Makes the work durable and visible. When this returns, it survives a crash.
    async fn commit(self: Box<Self>) -> Result<()>;
}
