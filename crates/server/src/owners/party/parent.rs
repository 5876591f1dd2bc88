//! Parents: a child may open what its ancestors may, so setting one gives access away. An administrator
//! does so, or the parent itself: it gives what it has.

use keystead_model::Object;
use keystead_model::class::Class;
use keystead_model::error::{ErrorCode, FieldError};
use keystead_store::Reading;

use crate::auth::Session;
use crate::documents;
use crate::error::{ApiError, ApiResult};

/// How many ancestors there may be.
const MAX_ANCESTORS: usize = 8;

/// Checks the `parentId` of `after` where it is not the one of `before`. Administrators set any;
/// others only make children of their own, to whom they give their own access.
///
/// # Errors
/// 403 for what the caller may not give away; 400 where there is no such parent, or a circle.
pub(super) async fn check(
    tx: &mut (dyn Reading + '_),
    session: &Session,
    class: &'static Class,
    before: Option<&Object>,
    after: &Object,
) -> ApiResult<()> {
    let parent = documents::text(after, "parentId");
    if parent == before.and_then(|before| documents::text(before, "parentId")) {
        return Ok(());
    }
    let own_child = before.is_none() && parent == session.data_owner();
    if !session.is_admin() && !own_child {
        let error = FieldError::new("parentId", "the caller's own id, or an administrator: access is inherited");
        return Err(ApiError::field(ErrorCode::Forbidden, error));
    }
    let own = documents::id(after)?;
    let mut ancestor = parent.map(str::to_owned);
    for _ in 0..MAX_ANCESTORS {
        let Some(id) = ancestor else { return Ok(()) };
        if id == own {
            return Err(FieldError::new("parentId", "no descendant of its own").into());
        }
        let found = tx.document(session.group(), class.name, &id).await?.filter(|document| !document.deleted);
        let found = found.ok_or_else(|| FieldError::new("parentId", "the id of one that exists"))?;
        ancestor = documents::text(&documents::parse(&found)?, "parentId").map(str::to_owned);
    }
    match ancestor {
        None => Ok(()),
        Some(_) => Err(FieldError::new("parentId", format!("at most {MAX_ANCESTORS} ancestors")).into()),
    }
}
