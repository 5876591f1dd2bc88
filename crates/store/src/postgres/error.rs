//! Translates what PostgreSQL reports into a [`StoreError`], by code only: its own texts may quote what was stored.

use crate::StoreError;

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(cause) => by_code(cause.code().as_deref().unwrap_or_default()),
            sqlx::Error::PoolTimedOut => Self::Unavailable("every connection is in use".to_owned()),
            sqlx::Error::PoolClosed => Self::Unavailable("it is closed".to_owned()),
            sqlx::Error::Io(cause) => Self::Unavailable(format!("the connection broke: {}", cause.kind())),
            sqlx::Error::Tls(_) => Self::Unavailable("no TLS with the database".to_owned()),
            sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => {
                Self::Unavailable("the connection broke".to_owned())
            }
            sqlx::Error::RowNotFound => Self::Corrupt("a row is missing"),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::TypeNotFound { .. } => {
                Self::Corrupt("a column holds another type than was written")
            }
            _ => Self::Failed("the PostgreSQL driver refused a call".to_owned()),
        }
    }
}

/// By the classes of appendix A of PostgreSQL's manual.
fn by_code(code: &str) -> StoreError {
    match code.get(..2).unwrap_or_default() {
        // whoever comes again finds a free way
        "40" => StoreError::Unavailable(format!("another unit of work was in the way (SQLSTATE {code})")),
        "55" => StoreError::Unavailable(format!("another unit of work took too long (SQLSTATE {code})")),
        "08" | "53" | "57" | "58" => {
            StoreError::Unavailable(format!("the database is not available (SQLSTATE {code})"))
        }
        "28" | "3D" => StoreError::Unavailable(format!("the database does not let us in (SQLSTATE {code})")),
        "25" => StoreError::Unavailable(format!("the database does not take writes (SQLSTATE {code})")),
        _ => StoreError::Failed(format!("SQLSTATE {code}")),
    }
}

/// Whether the database undid a statement for what it says or what was in its way, and would take another one. What
/// became of a statement is not known where it is the database that fails.
pub(super) fn is_refused(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(cause) = error else { return false };
    matches!(cause.code().as_deref().and_then(|code| code.get(..2)), Some("22" | "23" | "40" | "54" | "55"))
}
