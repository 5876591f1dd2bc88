//! The generic engine of encryptable entities: every operation written once for all classes.
//!
//! Patient, Contact, HealthElement and the others differ in their field table, what is indexed and
//! their filters ([`keystead_model::class`]); what can be done with them is the same.

mod attachments;
mod autofill;
mod batch;
pub(crate) mod by_ids;
mod create;
mod delete;
pub(crate) mod find;
mod get;
mod lists;
mod messages;
mod modify;
pub(crate) mod page;
mod routes;
pub(crate) mod services;
mod share;
mod stubs;
mod topics;

pub use routes::routes;

use keystead_model::access::Level;
use keystead_model::class::Class;
use keystead_store::Reading;
use keystead_store::documents::Document;

use crate::auth::Session;
use crate::error::{ApiError, ApiResult};

/// The live document with this id, if the caller has at least `level` on it.
///
/// # Errors
/// 404 where there is none, 403 where the caller may not.
async fn reach(
    tx: &mut (dyn Reading + '_),
    session: &Session,
    class: &Class,
    id: &str,
    level: Level,
) -> ApiResult<Document> {
    let document = reach_any(tx, session, class, id, level).await?;
    if document.deleted {
        return Err(ApiError::not_found(class.name));
    }
    Ok(document)
}

/// As [`reach`], deleted documents included.
async fn reach_any(
    tx: &mut (dyn Reading + '_),
    session: &Session,
    class: &Class,
    id: &str,
    level: Level,
) -> ApiResult<Document> {
    let keys = session.caller().access_keys();
    let reached = tx.reach(session.group(), class.name, id, &keys).await?;
    let reached = reached.ok_or_else(|| ApiError::not_found(class.name))?;
    match reached.level {
        Some(granted) if granted >= level => Ok(reached.document),
        Some(_) => Err(ApiError::forbidden("this needs write access: the caller may only read")),
        None => Err(ApiError::forbidden("the caller has no access: no delegation of the entity is theirs")),
    }
}
