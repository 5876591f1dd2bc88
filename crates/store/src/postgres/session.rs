//! What all transactions have in common: a connection, and whether it writes.

use std::sync::Arc;

use async_trait::async_trait;
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, PgPool, Postgres, Transaction};

use super::changes::{self, Tail};
use crate::changes::Change;
use crate::{Reading, Result, StoreError, Writing};

/// A transaction, or single questions outside of any.
pub(super) struct Session {
    connection: Connection,
    /// Where changes are told; of a unit of work.
    work: Option<Work>,
}

enum Connection {
    Lent(PoolConnection<Postgres>),
    Inside(Transaction<'static, Postgres>),
}

/// What only a unit of work has.
pub(super) struct Work {
    pub(super) tail: Arc<Tail>,
    /// What it changes: written at the end for other nodes, and told on this one after the commit.
    pub(super) changes: Vec<Change>,
}

impl Session {
    /// A transaction that sees one state.
    pub(super) async fn view(pool: &PgPool) -> Result<Self> {
        let inside = pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        Ok(Self { connection: Connection::Inside(inside), work: None })
    }

    /// Single questions.
    pub(super) async fn look(pool: &PgPool) -> Result<Self> {
        Ok(Self { connection: Connection::Lent(pool.acquire().await?), work: None })
    }

    /// A unit of work.
    pub(super) async fn work(pool: &PgPool, tail: &Arc<Tail>) -> Result<Self> {
        let inside = pool.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE").await?;
        let work = Work { tail: Arc::clone(tail), changes: Vec::new() };
        Ok(Self { connection: Connection::Inside(inside), work: Some(work) })
    }

    pub(super) fn connection(&mut self) -> &mut PgConnection {
        match &mut self.connection {
            Connection::Lent(lent) => lent,
            Connection::Inside(inside) => inside,
        }
    }

    /// Which of two statements to use: a unit of work locks what it reads.
    pub(super) fn either(&self, reading: &'static str, locking: &'static str) -> &'static str {
        if self.work.is_some() { locking } else { reading }
    }

    pub(super) fn changes(&mut self) -> Result<&mut Work> {
        self.work.as_mut().ok_or_else(|| StoreError::Failed("a view announces no changes".to_owned()))
    }
}

impl Reading for Session {}

#[async_trait]
impl Writing for Session {
    async fn commit(self: Box<Self>) -> Result<()> {
        let Connection::Inside(mut inside) = self.connection else {
            return Err(StoreError::Failed("a look has nothing to commit".to_owned()));
        };
        let Some(Work { tail, changes }) = self.work else { return Ok(inside.commit().await?) };
        // a unit of work of which a statement failed would be undone by COMMIT, without a word: one more statement
        // says so, and where there are changes it writes them
        let ids = changes::write(&mut inside, &changes).await?;
        inside.commit().await?;
        tail.told_here(ids.into_iter().zip(changes));
        Ok(())
    }
}
