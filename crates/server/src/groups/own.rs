//! The extractor of endpoints that name a group in their path.

use std::sync::Arc;

use axum::RequestPartsExt as _;
use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;

use crate::app::App;
use crate::auth::Session;
use crate::error::{ApiError, ApiResult};

/// The caller's session, once the `{groupId}` of the path, where there is one, has been found to be
/// the caller's group. One handler thus serves `user/{userId}` and `user/{userId}/inGroup/{groupId}`.
pub(crate) struct OwnGroup(pub(crate) Session);

impl FromRequestParts<Arc<App>> for OwnGroup {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> ApiResult<Self> {
        let session = Session::from_request_parts(parts, app).await?;
        let path = parts.extract::<RawPathParams>().await;
        let path = path.map_err(|_| ApiError::malformed("the path: a parameter is not UTF-8"))?;
        match path.iter().find(|(name, _)| *name == "groupId") {
            Some((_, group)) if group != session.group() => {
                Err(ApiError::forbidden("the session is for another group: switch to this one first"))
            }
            _ => Ok(Self(session)),
        }
    }
}
