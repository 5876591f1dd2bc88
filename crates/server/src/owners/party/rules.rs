//! Who may change a healthcare party or a device.

use keystead_model::Object;
use keystead_store::documents::Document;

use crate::auth::Session;
use crate::documents;
use crate::error::{ApiError, ApiResult};
use crate::owners::has_no_key;

/// Refuses callers who may not create one.
pub(super) fn require_create(session: &Session) -> ApiResult<()> {
    match session.is_admin() || session.is_hcp() {
        true => Ok(()),
        false => Err(ApiError::forbidden("healthcare parties and devices are made by healthcare parties")),
    }
}

/// Refuses callers who may not change or delete the one that is stored.
pub(super) fn require_change(session: &Session, stored: &Document, object: &Object) -> ApiResult<()> {
    let own = session.data_owner().is_some() && session.data_owner() == documents::text(object, "id");
    let created = stored.created_by.as_deref() == Some(session.account.user.as_str());
    match own || session.is_admin() || (created && has_no_key(object)) {
        true => Ok(()),
        false => Err(ApiError::forbidden(
            "only the data owner itself and administrators, and its creator until it has published a key",
        )),
    }
}
