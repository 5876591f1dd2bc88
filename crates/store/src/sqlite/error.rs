//! Translates what SQLite reports into a [`StoreError`], by code only: SQLite's own texts may quote
//! what was stored.

use rusqlite::ErrorCode;

use crate::StoreError;

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match &error {
            rusqlite::Error::SqliteFailure(cause, _) | rusqlite::Error::SqlInputError { error: cause, .. } => {
                by_code(cause.code, cause.extended_code)
            }
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::Utf8Error(..) => Self::Corrupt("a column holds another type than was written"),
            rusqlite::Error::QueryReturnedNoRows => Self::Corrupt("a row is missing"),
            _ => Self::Failed("the SQLite binding refused a call".to_owned()),
        }
    }
}

/// Whether another process holds a lock that this one waits for.
pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

fn by_code(code: ErrorCode, extended: i32) -> StoreError {
    let unavailable = match code {
        ErrorCode::DiskFull => "no space is left",
        ErrorCode::SystemIoFailure => "the disk reports an error",
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => "another process holds the database",
        ErrorCode::CannotOpen => "the database file cannot be opened",
        ErrorCode::ReadOnly => "the database file cannot be written",
        ErrorCode::PermissionDenied => "the database file may not be accessed",
        ErrorCode::OutOfMemory => "no memory is left",
        ErrorCode::DatabaseCorrupt => return StoreError::Corrupt("the database file is damaged"),
        ErrorCode::NotADatabase => return StoreError::Corrupt("the database file is no SQLite database"),
        _ => return StoreError::Failed(format!("SQLite code {extended}")),
    };
    StoreError::Unavailable(format!("{unavailable} (SQLite code {extended})"))
}
