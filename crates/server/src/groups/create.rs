//! Makes and lists groups: on the command line and for the development mode.

use keystead_model::entity::group::CLASS;
use keystead_model::error::FieldError;
use keystead_store::Writing;
use serde_json::json;

use crate::app::App;
use crate::auth::safe_in_token;
use crate::documents;
use crate::error::ApiResult;

/// Makes the group `id`. Its document lies in the group itself.
///
/// # Errors
/// The id cannot stand in a token, or there is a group with this id already.
pub async fn create_group(app: &App, tx: &mut (dyn Writing + '_), id: &str, name: &str) -> ApiResult<()> {
    if id.is_empty() || !safe_in_token(id) {
        return Err(FieldError::new("id", "letters, digits and punctuation other than > ~ ? \" \\").into());
    }
    let group = documents::check(
        CLASS.name,
        json!({
            "id": id,
            "name": name,
            "minimumAuthenticationClassForElevatedPrivileges": "PASSWORD",
        }),
    )?;
    documents::insert(app, tx, id, &CLASS, None, group).await?;
    Ok(())
}

/// The ids of all groups.
///
/// # Errors
/// The store fails.
pub async fn all(app: &App) -> ApiResult<Vec<String>> {
    Ok(app.store.read().await?.groups().await?)
}
