//! Makes a group: on the command line and for the development mode.

use keystead_model::entity::group;
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
    if !safe_in_token(id) {
        return Err(FieldError::new("id", "letters, digits and punctuation other than < > ~ ? \" \\").into());
    }
    let group = documents::check(
        group::CLASS.name,
        json!({
            "id": id,
            "name": name,
            "minimumAuthenticationClassForElevatedPrivileges": "PASSWORD",
        }),
    )?;
    documents::insert(app, tx, id, &group::CLASS, None, group).await?;
    Ok(())
}
