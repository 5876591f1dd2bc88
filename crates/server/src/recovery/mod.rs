//! Recovery data: sealed keys that whoever holds the recovery key gets back (wire 6.2).
//!
//! The id is a digest of the recovery key, so nobody finds it by guessing; still only the recipient
//! reads or deletes it. What has expired is gone.
//!
//! The official client computes expirations in 32 bits: life times above 24.8 days come out wrong,
//! often in the past, and it does not look at the answer. Such data is accepted and missing from then
//! on, as it would be after a refusal.

mod create;
mod delete;
mod delete_all;
mod get;

use axum::routing::{delete as on_delete, get as on_get, post};
use http::Method;
use keystead_model::Object;
use keystead_model::entity::recovery_data::CLASS;
use keystead_store::Reading;
use keystead_store::documents::Document;

use crate::app::App;
use crate::auth::Session;
use crate::documents;
use crate::error::{ApiError, ApiResult};
use crate::http::{Route, Shape};

/// The endpoints of recovery data.
pub fn routes() -> Vec<Route> {
    let at = |path: &str| format!("/rest/v2/{path}");
    let mut routes = vec![
        Route::new(Method::POST, at("recoverydata"), "Create recovery data", post(create::create))
            .takes(Shape::Object("RecoveryData"))
            .gives(Shape::Object("RecoveryData")),
        Route::new(Method::GET, at("recoverydata/{id}"), "One recovery data", on_get(get::get))
            .gives(Shape::Object("RecoveryData")),
        Route::new(Method::DELETE, at("recoverydata/{id}"), "Delete one recovery data", on_delete(delete::delete))
            .gives(Shape::Object("DocIdentifier")),
    ];
    // RC.7 leaves a slash out; later clients do not
    for path in ["recoverydataforRecipient/{recipientId}", "recoverydata/forRecipient/{recipientId}"] {
        let all = "Delete all recovery data of the caller";
        let some = "Delete all recovery data of the caller of one type";
        let count = Shape::Json("{numberValue: how many were deleted}");
        routes.push(Route::new(Method::DELETE, at(path), all, on_delete(delete_all::delete_all)).gives(count.clone()));
        routes.push(
            Route::new(
                Method::DELETE,
                at(&format!("{path}/ofType/{{type}}")),
                some,
                on_delete(delete_all::delete_of_type),
            )
            .gives(count),
        );
    }
    routes
}

/// The recovery data with this id, for its recipient.
///
/// # Errors
/// 404 where there is none or it has expired, 403 for anybody but the recipient.
async fn reach(app: &App, tx: &mut (dyn Reading + '_), session: &Session, id: &str) -> ApiResult<Document> {
    let (document, object) = documents::load(tx, session.group(), &CLASS, id).await?;
    if has_expired(app, &object) {
        return Err(ApiError::not_found(CLASS.name));
    }
    match session.data_owner().is_some_and(|caller| documents::text(&object, "recipient") == Some(caller)) {
        true => Ok(document),
        false => Err(ApiError::forbidden("recovery data is for its recipient")),
    }
}

fn has_expired(app: &App, object: &Object) -> bool {
    object.get("expirationInstant").and_then(serde_json::Value::as_i64).is_some_and(|end| end <= app.now())
}
