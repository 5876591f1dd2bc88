//! What readers and the writer have in common: a connection inside a transaction.

use std::rc::Rc;

use rusqlite::Connection;
use rusqlite::types::Value;
use rusqlite::vtab::array::Array;

use crate::Result;

/// A transaction on a connection. Every method of the traits runs its statements through it, on the
/// calling task: a hop to another thread would cost more than the statements.
pub(super) trait Session: Send {
    /// Runs `work`. After an error the transaction can do nothing more.
    fn run<T>(&mut self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T>;
}

/// A list as one parameter, so that the statement's text does not depend on its length. In SQL:
/// `x IN (SELECT value FROM rarray(?))`, which PostgreSQL writes `x = ANY(?)`.
pub(super) fn list<S: AsRef<str>>(values: impl IntoIterator<Item = S>) -> Array {
    Rc::new(values.into_iter().map(|value| Value::Text(value.as_ref().to_owned())).collect())
}
