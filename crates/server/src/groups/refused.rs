//! What the operator does on the command line and nobody does over HTTP (wire 6.4).

use crate::auth::Session;
use crate::error::ApiError;

/// Always 403, for whoever has a session.
pub(super) async fn refuse(_: Session) -> ApiError {
    ApiError::forbidden("groups are made and changed by the operator of the server")
}
