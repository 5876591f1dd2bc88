//! `GET user/matches`: every user that the secret of the login was valid for (wire 2.2).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keystead_model::Object;
use keystead_model::entity::group;
use serde_json::Value;

use super::{Session, grant};
use crate::app::App;
use crate::documents;
use crate::error::{ApiError, ApiResult};
use crate::http::json_body;

/// Answers an array of `UserGroup`.
///
/// # Errors
/// 401 where the session ended meanwhile.
pub(super) async fn matches(State(app): State<Arc<App>>, session: Session) -> ApiResult<Response> {
    let mut tx = app.store.read().await?;
    let stored = tx.session(&session.claims.session, app.now()).await?.ok_or_else(ApiError::unauthorized)?;
    let mut matches = Vec::new();
    for account in &stored.accounts {
        let Some(user) = grant::active_user(&mut *tx, account).await? else { continue };
        let mut found = Object::new();
        found.insert("groupId".into(), Value::from(account.group.as_str()));
        if let Some(document) = tx.document(&account.group, group::CLASS.name, &account.group).await? {
            let group = documents::parse(&document)?;
            copy(&group, "name", &mut found, "groupName");
        }
        found.insert("userId".into(), Value::from(account.user.as_str()));
        for (from, to) in [
            ("login", "login"),
            ("name", "name"),
            ("email", "email"),
            ("mobilePhone", "phone"),
            ("patientId", "patientId"),
            ("healthcarePartyId", "healthcarePartyId"),
            ("deviceId", "deviceId"),
        ] {
            copy(&user, from, &mut found, to);
        }
        matches.push(found);
    }
    json_body(&matches)
}

fn copy(from: &Object, key: &str, to: &mut Object, name: &str) {
    if let Some(value) = from.get(key) {
        to.insert(name.to_owned(), value.clone());
    }
}
