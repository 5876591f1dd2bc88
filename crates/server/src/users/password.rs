//! Passwords of users: what a request says about one, and how it is set.

use keystead_model::Object;
use keystead_model::entity::user::CLASS;
use keystead_model::error::FieldError;
use keystead_store::Writing;
use keystead_store::accounts::{Account, Secret, SecretKind};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::app::App;
use crate::documents;
use crate::error::ApiResult;

/// What stands in the field `passwordHash` where a password is set; sent back, it means "unchanged".
pub(crate) const PASSWORD_SET: &str = "*";

const FIELD: &str = "passwordHash";
/// Longest password, in bytes: what a login accepts.
const MAX_PASSWORD: usize = 1024;

/// Takes the password out of a body: the field named `passwordHash` holds it in clear, as the client
/// salted it (wire 6.4). `None` where there is none or it is unchanged.
///
/// # Errors
/// 400 where it is empty or too long.
pub(super) fn take(user: &mut Object) -> ApiResult<Option<Zeroizing<String>>> {
    match user.shift_remove(FIELD) {
        Some(Value::String(text)) if text != PASSWORD_SET => {
            let password = Zeroizing::new(text);
            match !password.is_empty() && password.len() <= MAX_PASSWORD {
                true => Ok(Some(password)),
                false => Err(FieldError::new(FIELD, format!("a password of 1 to {MAX_PASSWORD} bytes, or *")).into()),
            }
        }
        _ => Ok(None),
    }
}

/// Says in a user's document that a password is set.
pub(super) fn mark(user: &mut Object) {
    user.insert(FIELD.to_owned(), Value::from(PASSWORD_SET));
}

/// Whether a user's document says that a password is set.
pub(super) fn is_marked(user: &Object) -> bool {
    user.contains_key(FIELD)
}

/// Takes out of a user's document that a password is set.
pub(super) fn unmark(user: &mut Object) {
    user.shift_remove(FIELD);
}

/// Keeps what [`crate::auth::password::hash`] made of a password.
pub(super) async fn keep(app: &App, tx: &mut (dyn Writing + '_), account: &Account, hash: &str) -> ApiResult<()> {
    let secret = Secret {
        kind: SecretKind::Password,
        name: String::new(),
        digest: hash.as_bytes().to_vec(),
        created: app.now(),
        expires: None,
    };
    Ok(tx.set_secret(account, &secret).await?)
}

/// Sets the password of a user to the one that `hash` was made of
/// ([`crate::auth::password::hash`]). Sessions are left alone.
///
/// # Errors
/// 404 where there is no such user.
pub async fn set_password(app: &App, tx: &mut (dyn Writing + '_), account: &Account, hash: &str) -> ApiResult<()> {
    let (stored, mut user) = documents::load(tx, &account.group, &CLASS, &account.user).await?;
    if !is_marked(&user) {
        mark(&mut user);
        documents::update(app, tx, &account.group, &CLASS, &stored, user).await?;
    }
    keep(app, tx, account, hash).await
}
