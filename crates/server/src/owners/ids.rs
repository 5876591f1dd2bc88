//! Ids of data owners. An id is an access key: whoever is the data owner with this id may open what
//! names it. So nobody may come to have the id of another one, or of something else that opens.

use keystead_model::access::DataOwnerType;
use keystead_model::error::{ErrorCode, FieldError};
use keystead_store::Reading;
use keystead_store::documents::Document;

use super::kind;
use crate::auth::safe_in_token;
use crate::error::{ApiError, ApiResult};

/// The live data owner with this id, whichever kind it is.
///
/// # Errors
/// The store fails.
pub(crate) async fn find(
    tx: &mut (dyn Reading + '_),
    group: &str,
    id: &str,
) -> ApiResult<Option<(DataOwnerType, Document)>> {
    for kind in kind::KINDS {
        let found = tx.document(group, kind::class(kind).name, id).await?;
        if let Some(document) = found.filter(|document| !document.deleted) {
            return Ok(Some((kind, document)));
        }
    }
    Ok(None)
}

/// Whether `id` may be the id of a data owner.
///
/// It stands in tokens (wire 3.3), and it must not look like a delegation key: those are access keys
/// too, and a data owner with such an id would hold that key.
///
/// # Errors
/// 400, naming `field`.
pub(crate) fn check_shape(field: &str, id: &str) -> ApiResult<()> {
    let like_delegation_key = id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    match safe_in_token(id) && !id.is_empty() && !like_delegation_key {
        true => Ok(()),
        false => Err(FieldError::new(
            field,
            "an id of ASCII letters, digits and punctuation other than > ~ ? \" \\, not 64 hex digits",
        )
        .into()),
    }
}

/// Refuses an id for a new data owner that [`check_shape`] refuses or that any data owner of the group
/// has, whichever kind it is, deleted or not: access is granted to ids, whatever they belong to.
///
/// To be called wherever a Patient, HealthcareParty or Device is created.
///
/// # Errors
/// 400 for its shape, 409 where it is taken.
pub(crate) async fn check_new_id(tx: &mut (dyn Reading + '_), group: &str, id: &str) -> ApiResult<()> {
    check_shape("id", id)?;
    for kind in kind::KINDS {
        if tx.document(group, kind::class(kind).name, id).await?.is_some() {
            return Err(ApiError::new(ErrorCode::AlreadyExists, "there is a data owner with this id already"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_never_looks_like_a_key_and_fits_in_a_token() {
        for id in ["8f7f3a3c-3b0e-4d51-9f0e-6a4f1d0a6f11", "hcp-master", "h:1/2.3_4"] {
            assert!(check_shape("id", id).is_ok(), "{id}");
        }
        for id in ["", "a>b", "a~b", "a?b", "ü", "a b", &"0f".repeat(32), &"0F".repeat(32)] {
            assert_eq!(check_shape("id", id).unwrap_err().field.as_deref(), Some("id"), "{id}");
        }
    }
}
