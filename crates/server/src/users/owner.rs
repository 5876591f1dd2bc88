//! Which data owner a user is. Whoever logs in as the user acts as that data owner: making a user for
//! somebody else's data owner would be taking over an identity.

use keystead_model::Object;
use keystead_model::access::{DataOwnerType, Level};
use keystead_model::entity::user::{CLASS, of_device, of_healthcare_party, of_patient};
use keystead_model::error::{ErrorCode, FieldError};
use keystead_model::query::Selection;
use keystead_store::Reading;
use keystead_store::accounts::Account;

use crate::auth::Session;
use crate::documents;
use crate::error::{ApiError, ApiResult};
use crate::owners::{check_shape, directory, has_no_key, kind};

/// The data owner that a user is, if it is one.
///
/// # Errors
/// 400 where it is more than one.
pub(super) fn of(user: &Object) -> ApiResult<Option<(DataOwnerType, &str)>> {
    let mut named =
        kind::KINDS.into_iter().filter_map(|kind| documents::text(user, kind::user_field(kind)).map(|id| (kind, id)));
    match (named.next(), named.next()) {
        (_, Some((second, _))) => {
            Err(FieldError::new(kind::user_field(second), "nothing: a user is one data owner at most").into())
        }
        (first, None) => Ok(first),
    }
}

/// Whether the caller may make the account's user the data owner that the document `user` says.
///
/// An administrator may, for any data owner there is. Others may for one that nobody else is, that has
/// published no key yet, and that they created; or, for a patient, whose record they may modify.
///
/// # Errors
/// 400 where there is no such data owner, 409 where it has a user, 403 where it is not the caller's to
/// give; all name the field.
pub(super) async fn check(
    tx: &mut (dyn Reading + '_),
    session: &Session,
    account: &Account,
    user: &Object,
) -> ApiResult<()> {
    let Some((kind, id)) = of(user)? else { return Ok(()) };
    let field = kind::user_field(kind);
    let refused = |code, expected: &str| ApiError::field(code, FieldError::new(field, expected));
    check_shape(field, id)?;

    let keys = session.caller().access_keys();
    let found = tx.reach(session.group(), kind::class(kind).name, id, &keys).await?;
    let found = found.filter(|found| !found.document.deleted);
    let found = found.ok_or_else(|| refused(ErrorCode::InvalidField, "the id of a data owner of the group"))?;
    if session.is_admin() {
        return Ok(());
    }
    if users_of(tx, session.group(), kind, id).await?.iter().any(|user| *user != account.user) {
        return Err(refused(ErrorCode::AlreadyExists, "a data owner who has no user yet"));
    }
    if !has_no_key(&documents::parse(&found.document)?) {
        return Err(refused(ErrorCode::Forbidden, "a data owner who has published no key yet"));
    }
    let created = found.document.created_by.as_deref() == Some(session.account.user.as_str());
    let modifiable = kind == DataOwnerType::Patient && found.level == Some(Level::Write);
    match created || modifiable {
        true => Ok(()),
        false => Err(refused(ErrorCode::Forbidden, "a data owner that the caller created, or a patient it may modify")),
    }
}

/// The ids of the users who are this data owner.
async fn users_of(tx: &mut (dyn Reading + '_), group: &str, kind: DataOwnerType, id: &str) -> ApiResult<Vec<String>> {
    let sought = match kind {
        DataOwnerType::Hcp => of_healthcare_party(id),
        DataOwnerType::Patient => of_patient(id),
        DataOwnerType::Device => of_device(id),
    };
    directory::ids(tx, group, &CLASS, Selection::unordered(sought)).await
}

/// Whether the user's data owner, if it is one, has published no key yet. One that is gone counts as
/// having published, to be on the safe side.
pub(super) async fn is_unclaimed(tx: &mut (dyn Reading + '_), group: &str, user: &Object) -> ApiResult<bool> {
    let Some((kind, id)) = of(user)? else { return Ok(true) };
    match tx.document(group, kind::class(kind).name, id).await? {
        Some(owner) => Ok(has_no_key(&documents::parse(&owner)?)),
        None => Ok(false),
    }
}
