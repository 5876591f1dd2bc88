//! Brings the tables of a database file to the shape this binary expects.
//!
//! Migrations are applied in order, each in a transaction of its own; `user_version` counts those
//! that were. A published migration is never edited: a change is a new file at the end of the list.

use rusqlite::{Connection, TransactionBehavior};

use crate::{Result, StoreError};

/// Every migration, oldest first.
const ALL: &[&str] = &[include_str!("../../migrations/sqlite/0001_initial.sql")];

/// Applies what is missing. Several processes may do this at once.
pub(super) fn migrate(connection: &mut Connection) -> Result<()> {
    apply(connection, ALL)
}

fn apply(connection: &mut Connection, all: &[&str]) -> Result<()> {
    while check(connection, all)? < all.len() {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another process may have been faster.
        let done = check(&transaction, all)?;
        if let Some(migration) = all.get(done) {
            transaction.execute_batch(migration)?;
            transaction.pragma_update(None, "user_version", i64::try_from(done + 1).unwrap_or(i64::MAX))?;
        }
        transaction.commit()?;
    }
    Ok(())
}

/// How many migrations were applied.
fn check(connection: &Connection, all: &[&str]) -> Result<usize> {
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    match usize::try_from(version) {
        Ok(done) if done <= all.len() => Ok(done),
        _ => Err(StoreError::Unavailable(format!(
            "the database has version {version}, this binary knows versions up to {}: a newer binary wrote it",
            all.len()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn applies_only_what_is_missing() {
        let mut connection = Connection::open_in_memory().unwrap();
        apply(&mut connection, &["CREATE TABLE a (x)"]).unwrap();
        apply(&mut connection, &["CREATE TABLE a (x)", "CREATE TABLE b (x)"]).unwrap();
        assert_eq!(check(&connection, &["", ""]).unwrap(), 2);
        connection.execute_batch("INSERT INTO a VALUES (1); INSERT INTO b VALUES (1)").unwrap();
    }

    #[test]
    fn refuses_the_database_of_a_newer_binary() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", 7).unwrap();
        let refusal = migrate(&mut connection).unwrap_err();
        assert!(refusal.to_string().contains("a newer binary wrote it"), "{refusal}");
    }

    #[test]
    fn leaves_nothing_of_a_migration_that_fails() {
        let mut connection = Connection::open_in_memory().unwrap();
        apply(&mut connection, &["CREATE TABLE a (x); nonsense"]).unwrap_err();
        assert_eq!(check(&connection, &[""]).unwrap(), 0);
        connection.execute_batch("CREATE TABLE a (x)").unwrap();
    }
}
