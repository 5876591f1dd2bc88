//! `PUT user`: auto-delegations, names, a new password; for administrators everything.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keystead_model::Object;
use keystead_model::entity::user::CLASS;
use keystead_model::error::{ErrorCode, FieldError};
use keystead_store::Writing;
use keystead_store::accounts::Account;
use serde_json::Value;

use super::rules::{Standing, changeable};
use super::{document, owner, password, read};
use crate::app::App;
use crate::audit::{self, Action};
use crate::auth::{self, Session};
use crate::documents;
use crate::error::{ApiError, ApiResult};
use crate::groups::{OwnGroup, check_roles, require_elevated};
use crate::http::Json;

/// Which data owner the user is.
const OWNER_FIELDS: [&str; 3] = ["healthcarePartyId", "patientId", "deviceId"];
/// What only administrators change.
const PRIVILEGES: [&str; 5] = ["roles", "permissions", "healthcarePartyId", "patientId", "deviceId"];

pub(super) async fn modify(
    State(app): State<Arc<App>>,
    OwnGroup(session): OwnGroup,
    Json(body): Json,
) -> ApiResult<Response> {
    let mut user = documents::check(CLASS.name, body)?;
    if user.contains_key("deletionDate") {
        return Err(FieldError::new("deletionDate", "nothing: use the delete endpoint").into());
    }
    let password = password::take(&mut user)?;
    let account = Account { group: session.group().to_owned(), user: documents::id(&user)?.to_owned() };
    let mut user = document::finish(&account, user)?;

    let hash = match &password {
        Some(password) => {
            // hashing is expensive: not for who may not
            let mut tx = app.store.read().await?;
            let (_, _, standing) = changeable(&mut *tx, &session, &account.user).await?;
            if standing.own {
                require_elevated(&mut *tx, &session).await?;
            }
            drop(tx);
            Some(auth::password::hash(&app, password).await?)
        }
        None => None,
    };

    let mut tx = app.store.write().await?;
    let (stored, before, standing) = changeable(&mut *tx, &session, &account.user).await?;
    documents::check_rev(&stored, documents::text(&user, "rev"), true)?;
    check_changes(standing, &before, &user)?;
    if changed(&before, &user, &PRIVILEGES).is_some() {
        require_elevated(&mut *tx, &session).await?;
    }
    if changed(&before, &user, &OWNER_FIELDS).is_some() {
        owner::check(&mut *tx, &session, &account, &user).await?;
    }
    if hash.is_some() || password::is_marked(&before) {
        password::mark(&mut user);
    }
    document::claim_names(&mut *tx, &account, &user).await?;
    let loses = loses_sessions(&before, &user);
    let document = documents::update(&app, &mut *tx, session.group(), &CLASS, &stored, user).await?;
    if let Some(hash) = &hash {
        password::keep(&app, &mut *tx, &account, hash).await?;
    }
    if loses || (hash.is_some() && !standing.own) {
        tx.revoke_sessions(&account).await?;
    } else if hash.is_some() {
        revoke_others(&app, &mut *tx, &session).await?;
    }
    let answer = read::answer(&app, &mut *tx, &session, document).await?;
    audit::note(&app, &mut *tx, session.group(), &session.account.user, Action::UserModified, &stored.id).await?;
    tx.commit().await?;
    app.bearers.forget();
    Ok(answer)
}

/// Refuses changes that are not the caller's to make.
fn check_changes(standing: Standing, before: &Object, after: &Object) -> ApiResult<()> {
    let roles = after.get("roles").and_then(Value::as_array).into_iter().flatten();
    check_roles("roles", roles.filter_map(Value::as_str))?;
    if standing.admin {
        return Ok(());
    }
    let refuse = |field: &str, expected: &str| {
        Err(ApiError::field(ErrorCode::Forbidden, FieldError::new(field, format!("no change, {expected}"))))
    };
    if let Some(field) = changed(before, after, &PRIVILEGES) {
        return refuse(field, "except by an administrator");
    }
    if standing.inviter {
        return Ok(());
    }
    if let Some(field) = changed(before, after, &["status"]) {
        return refuse(field, "except by an administrator");
    }
    // an address is a way to log in: one that was not proven could be somebody else's, who would then
    // register into this account
    let proven: Vec<_> = document::addresses(before).collect();
    let claimed: Vec<_> = document::addresses(after).collect();
    let new = claimed.iter().find(|address| !proven.contains(address));
    match new.or_else(|| proven.iter().find(|address| !claimed.contains(address))) {
        Some((field, _)) => refuse(field, "except by an administrator: a new address has to be proven"),
        None => Ok(()),
    }
}

/// The first of `fields` that differs; null and empty are the same as absent.
fn changed<'a>(before: &Object, after: &Object, fields: &[&'a str]) -> Option<&'a str> {
    let filled = |user: &Object, field| {
        let value: Option<&Value> = user.get(field);
        value.filter(|value| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty())).cloned()
    };
    fields.iter().copied().find(|field| filled(before, *field) != filled(after, *field))
}

/// Whether the user may do less than before or is somebody else: what its tokens say is not true any
/// more.
fn loses_sessions(before: &Object, after: &Object) -> bool {
    documents::text(after, "status") != Some("ACTIVE") || changed(before, after, &PRIVILEGES).is_some()
}

/// Revokes every session of the caller but the one of this request.
async fn revoke_others(app: &App, tx: &mut (dyn Writing + '_), session: &Session) -> ApiResult<()> {
    let current = tx.session(&session.claims.session, app.now()).await?;
    tx.revoke_sessions(&session.account).await?;
    if let Some(current) = current {
        tx.create_session(&current).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OWN: Standing = Standing { admin: false, own: true, inviter: false };
    const INVITER: Standing = Standing { admin: false, own: false, inviter: true };
    const ADMIN: Standing = Standing { admin: true, own: false, inviter: false };

    fn refused(standing: Standing, change: Value) -> Option<String> {
        let before = json!({"login": "Dany@x.org", "email": "dany@x.org", "patientId": "p", "status": "ACTIVE"});
        let mut after = before.clone();
        after.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let (before, after) = (before.as_object().unwrap(), after.as_object().unwrap());
        check_changes(standing, before, after).err().map(|error| {
            assert_eq!(error.code, ErrorCode::Forbidden);
            error.field.unwrap()
        })
    }

    #[test]
    fn what_each_may_change() {
        for (change, own, inviter) in [
            (json!({"name": "Dany", "autoDelegations": {"all": ["h"]}}), true, true),
            (json!({"login": "dany@x.org", "email": "DANY@x.org", "roles": [], "permissions": null}), true, true),
            (json!({"email": "other@x.org"}), false, true),
            (json!({"login": "other"}), false, true),
            (json!({"mobilePhone": "+32470123456"}), false, true),
            (json!({"status": "DISABLED"}), false, true),
            (json!({"roles": ["ADMIN"]}), false, false),
            (json!({"permissions": [{}]}), false, false),
            (json!({"patientId": "q"}), false, false),
            (json!({"patientId": null}), false, false),
            (json!({"healthcarePartyId": "h"}), false, false),
        ] {
            assert_eq!(refused(OWN, change.clone()).is_none(), own, "{change}");
            assert_eq!(refused(INVITER, change.clone()).is_none(), inviter, "{change}");
            assert_eq!(refused(ADMIN, change.clone()), None, "{change}");
        }
    }
}
