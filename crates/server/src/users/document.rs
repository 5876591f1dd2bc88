//! What every write of a user's document does: what the server sets, what it refuses, login names.

use keystead_model::Object;
use keystead_model::entity::user::CLASS;
use keystead_model::error::{ErrorCode, FieldError};
use keystead_store::Writing;
use keystead_store::accounts::Account;
use keystead_store::documents::Document;
use serde_json::Value;

use super::{names, owner};
use crate::app::App;
use crate::auth::safe_in_token;
use crate::documents;
use crate::error::{ApiError, ApiResult};

/// Longest login name, in bytes.
const MAX_LOGIN: usize = 254;

/// Makes a checked body ready for storing: the group, the default status and login are set, what the
/// server derives by itself is taken out, and what a user must not be is refused.
///
/// # Errors
/// 400, naming the field.
pub(crate) fn finish(account: &Account, mut user: Object) -> ApiResult<Object> {
    if !safe_in_token(&account.user) {
        return Err(
            FieldError::new("id", "an id of ASCII letters, digits and punctuation other than > ~ ? \" \\").into()
        );
    }
    if user.get("applicationTokens").and_then(Value::as_object).is_some_and(|tokens| !tokens.is_empty()) {
        return Err(FieldError::new("applicationTokens", "nothing: make tokens with POST user/token").into());
    }
    // derived from the secrets, or not said at all
    for key in ["applicationTokens", "authenticationTokens", "systemMetadata"] {
        user.shift_remove(key);
    }
    user.insert("groupId".to_owned(), Value::from(account.group.as_str()));
    user.entry("status").or_insert_with(|| Value::from("ACTIVE"));
    check_addresses(&user)?;
    if !user.contains_key("login") {
        let default = ["email", "mobilePhone"].into_iter().find_map(|key| user.get(key).cloned());
        let default = default.ok_or_else(|| FieldError::new("login", "a login name, or an email or mobilePhone"))?;
        user.insert("login".to_owned(), default);
    }
    owner::of(&user)?;
    Ok(user)
}

fn check_addresses(user: &Object) -> Result<(), FieldError> {
    if documents::text(user, "email").is_some_and(|text| names::email(text).is_none()) {
        return Err(FieldError::new("email", "an e-mail address"));
    }
    if documents::text(user, "mobilePhone").is_some_and(|text| names::phone(text).is_none()) {
        return Err(FieldError::new("mobilePhone", "a phone number of 6 to 20 digits"));
    }
    let login_is_good =
        |text: &str| !text.trim().is_empty() && text.len() <= MAX_LOGIN && !text.chars().any(char::is_control);
    if documents::text(user, "login").is_some_and(|text| !login_is_good(text)) {
        return Err(FieldError::new("login", format!("a login name of 1 to {MAX_LOGIN} bytes")));
    }
    Ok(())
}

/// Adds a user with its login names.
///
/// # Errors
/// 409 where the id or a login name is taken in the group; the error names the field.
pub(crate) async fn insert(
    app: &App,
    tx: &mut (dyn Writing + '_),
    account: &Account,
    created_by: Option<&str>,
    user: Object,
) -> ApiResult<Document> {
    if tx.document(&account.group, CLASS.name, &account.user).await?.is_some() {
        return Err(taken("id"));
    }
    claim_names(tx, account, &user).await?;
    documents::insert(app, tx, &account.group, &CLASS, created_by, user).await
}

/// Makes what a person may type the login names of the user, and nobody else's in the group.
pub(super) async fn claim_names(tx: &mut (dyn Writing + '_), account: &Account, user: &Object) -> ApiResult<()> {
    let names = login_names(account, user);
    let wanted: Vec<String> = names.iter().map(|(_, name)| name.clone()).collect();
    match tx.set_names(account, &wanted).await? {
        None => Ok(()),
        Some(other) => Err(taken(names.iter().find(|(_, name)| *name == other).map_or("login", |(field, _)| *field))),
    }
}

/// Each login name, in its compared form, and the field it comes from.
fn login_names(account: &Account, user: &Object) -> Vec<(&'static str, String)> {
    let Account { group, user: id } = account;
    let qualified = [id.clone(), format!("{group}:{id}"), format!("{group}/{id}")];
    let mut all: Vec<_> = qualified.into_iter().map(|name| ("id", names::typed(&name))).collect();
    all.extend(addresses(user));
    all
}

/// Login, e-mail address and phone number of a user in their compared forms, each with its field.
pub(super) fn addresses(user: &Object) -> impl Iterator<Item = (&'static str, String)> {
    let text = |field| documents::text(user, field);
    let login = text("login").map(names::typed).map(|name| ("login", name));
    let email = text("email").and_then(names::email).map(|name| ("email", name));
    let phone = text("mobilePhone").and_then(names::phone).map(|name| ("mobilePhone", name));
    [login, email, phone].into_iter().flatten()
}

fn taken(field: &str) -> ApiError {
    ApiError::field(ErrorCode::AlreadyExists, FieldError::new(field, "one that no other user of the group has"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn finished(user: Value) -> Result<Object, Option<String>> {
        let account = Account { group: "g".into(), user: user["id"].as_str().unwrap().into() };
        finish(&account, user.as_object().unwrap().clone()).map_err(|error| error.field)
    }

    #[test]
    fn defaults_are_set_and_derived_fields_dropped() {
        let user = json!({"id": "u", "email": "a@b.c", "groupId": "other", "systemMetadata": {"isAdmin": true}});
        let user = Value::Object(finished(user).unwrap());
        assert_eq!(user, json!({"id": "u", "email": "a@b.c", "groupId": "g", "status": "ACTIVE", "login": "a@b.c"}));
    }

    #[test]
    fn refusals_name_the_field() {
        for (user, field) in [
            (json!({"id": "a?b", "login": "l"}), "id"),
            (json!({"id": "u"}), "login"),
            (json!({"id": "u", "login": " "}), "login"),
            (json!({"id": "u", "login": "l", "email": "nobody"}), "email"),
            (json!({"id": "u", "login": "l", "mobilePhone": "12"}), "mobilePhone"),
            (json!({"id": "u", "login": "l", "applicationTokens": {"a": "b"}}), "applicationTokens"),
            (json!({"id": "u", "login": "l", "patientId": "p", "deviceId": "d"}), "deviceId"),
        ] {
            assert_eq!(finished(user).unwrap_err().as_deref(), Some(field));
        }
    }

    #[test]
    fn names_are_compared_in_one_form() {
        let account = Account { group: "g".into(), user: "U@x".into() };
        let user = json!({"login": "Ann", "email": " A@B.c ", "mobilePhone": "0032 470 12 34 56"});
        let names: Vec<_> =
            login_names(&account, user.as_object().unwrap()).into_iter().map(|(_, name)| name).collect();
        assert_eq!(names, ["u@x", "g:u@x", "g/u@x", "Ann", "a@b.c", "+32470123456"]);
    }
}
