//! What an operator does at the command line: keys of custodians, and of clients that lost theirs.

use keystead_model::error::FieldError;
use keystead_store::Writing;

use super::credential::{self, Listed};
use super::token::Kind;
use super::{clients, find_environment};
use crate::app::App;
use crate::audit::{self, Action, OPERATOR};
use crate::error::ApiResult;

/// Makes a custodian API key for an environment: the text, which is told once.
///
/// # Errors
/// The group is no environment.
pub async fn make_key(app: &App, tx: &mut dyn Writing, group: &str, label: Option<&str>) -> ApiResult<String> {
    if find_environment(&mut *tx, group).await?.is_none() {
        return Err(FieldError::new("environment", "the id of an environment").into());
    }
    let key = credential::make(app, tx, Kind::Custodian, group, group, label).await?;
    audit::note(app, tx, group, OPERATOR, Action::CustodianKeyMade, group).await?;
    Ok(key)
}

/// The custodian API keys of an environment.
///
/// # Errors
/// The store fails.
pub async fn list_keys(app: &App, group: &str) -> ApiResult<Vec<Listed>> {
    credential::list(&mut *app.store.read().await?, group, group).await
}

/// Revokes a custodian API key; whether there was one.
///
/// # Errors
/// The store fails.
pub async fn revoke_key(app: &App, tx: &mut dyn Writing, group: &str, id: &str) -> ApiResult<bool> {
    let revoked = credential::revoke(tx, group, group, id).await?;
    if revoked {
        audit::note(app, tx, group, OPERATOR, Action::CustodianKeyRevoked, id).await?;
    }
    Ok(revoked)
}

/// Revokes every key and session token of a client; how many there were.
///
/// # Errors
/// There is no such client.
pub async fn revoke_client(app: &App, tx: &mut dyn Writing, group: &str, client: &str) -> ApiResult<usize> {
    known(tx, group, client).await?;
    let count = credential::revoke_all(tx, group, client).await?;
    audit::note(app, tx, group, OPERATOR, Action::ClientKeysRevoked, client).await?;
    Ok(count)
}

/// Revokes every key and session token of a client and makes a new API key: the text, which is told once.
///
/// # Errors
/// There is no such client.
pub async fn renew_client_key(app: &App, tx: &mut dyn Writing, group: &str, client: &str) -> ApiResult<String> {
    revoke_client(app, tx, group, client).await?;
    credential::make(app, tx, Kind::Client, group, client, None).await
}

async fn known(tx: &mut dyn Writing, group: &str, client: &str) -> ApiResult<()> {
    match clients::find(&mut *tx, group, client).await? {
        Some(_) => Ok(()),
        None => Err(FieldError::new("client", "the id of a client of the environment").into()),
    }
}
