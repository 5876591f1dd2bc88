//! `POST user/token/{userId}/{key}`: makes a token that the user can log in with instead of a password
//! (wire 3.1). Only its digest is kept; the answer, raw text, is the one time it is shown.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use keystead_model::entity::group;
use keystead_model::error::FieldError;
use keystead_store::Writing;
use keystead_store::accounts::{Account, Secret, SecretKind};
use serde::Deserialize;
use serde_json::json;

use super::{names, rules};
use crate::app::App;
use crate::audit::{self, Action};
use crate::auth::Session;
use crate::auth::secret::{CODE_LIFETIME_MS, token_digest};
use crate::documents;
use crate::error::{ApiError, ApiResult};
use crate::groups::{OwnGroup, require_elevated};
use crate::http::{Path, Query, Text, json_body};

/// Seconds that a token is valid where the request does not say.
const DEFAULT_VALIDITY: i64 = 3600;
/// The longest validity: a hundred years.
const MAX_VALIDITY: i64 = 100 * 366 * 86_400;
/// The longest validity of a token for somebody else: an invitation that is not followed for a month
/// is made again.
const MAX_INVITATION: i64 = 30 * 86_400;
/// Tokens shorter than this are like one-time codes, and valid no longer than these.
const SHORT: usize = 10;
/// The shortest token that may be chosen: as hard to guess as a one-time code.
const SHORTEST: usize = 6;
/// The longest: what a login accepts.
const LONGEST: usize = 1024;

/// Query parameters.
#[derive(Debug, Deserialize)]
pub(super) struct Parameters {
    #[serde(rename = "tokenValidity")]
    validity: Option<i64>,
}

/// A user and the name of a token in a path that may name a group as well.
#[derive(Debug, Deserialize)]
pub(super) struct Target {
    #[serde(rename = "userId")]
    user: String,
    key: String,
}

/// `POST user/token/{userId}/{key}`
pub(super) async fn make(
    State(app): State<Arc<App>>,
    OwnGroup(session): OwnGroup,
    Path(target): Path<Target>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> ApiResult<Text> {
    let wanted = Wanted::read(&target.key, &parameters, &headers)?;
    let account = Account { group: session.group().to_owned(), user: target.user };
    let mut tx = app.store.write().await?;
    let token = wanted.make(&app, &mut *tx, &session, &account).await?;
    audit::note(&app, &mut *tx, session.group(), &session.account.user, Action::TokenMade, &account.user).await?;
    tx.commit().await?;
    Ok(Text(token))
}

/// `POST user/inAllGroups/token/{userIdentifier}/{key}`: for each user with this login name that the
/// caller is, in any group that the session is for, or may make tokens for in the session's group.
pub(super) async fn make_in_all_groups(
    State(app): State<Arc<App>>,
    session: Session,
    Path((identifier, key)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let wanted = Wanted::read(&key, &parameters, &headers)?;
    let mut tx = app.store.write().await?;
    let own = tx.session(&session.claims.session, app.now()).await?.map(|session| session.accounts).unwrap_or_default();
    let mut made = Vec::new();
    for account in tx.accounts(&names::typed(&identifier)).await? {
        let token = if account.group == session.group() {
            match wanted.make(&app, &mut *tx, &session, &account).await {
                Ok(token) => token,
                Err(error) if matches!(error.code.status(), 403 | 404) => continue,
                Err(error) => return Err(error),
            }
        } else if own.contains(&account) {
            let there = Session { account: account.clone(), ..session.clone() };
            wanted.make(&app, &mut *tx, &there, &account).await?
        } else {
            continue;
        };
        let group = tx.document(&account.group, group::CLASS.name, &account.group).await?;
        let group = group.as_ref().map(documents::parse).transpose()?.unwrap_or_default();
        made.push(json!({"token": token, "groupId": account.group, "groupName": group.get("name")}));
    }
    if made.is_empty() {
        return Err(ApiError::forbidden("the caller may make tokens for no user with this name"));
    }
    tx.commit().await?;
    json_body(&made)
}

/// A token as it is asked for.
struct Wanted {
    name: String,
    /// In seconds.
    validity: i64,
    /// Chosen by the caller; random if not.
    token: Option<String>,
}

impl Wanted {
    fn read(name: &str, parameters: &Parameters, headers: &HeaderMap) -> ApiResult<Self> {
        let validity = parameters.validity.unwrap_or(DEFAULT_VALIDITY);
        if !(1..=MAX_VALIDITY).contains(&validity) {
            return Err(FieldError::new("tokenValidity", format!("1 to {MAX_VALIDITY} seconds")).into());
        }
        if name.is_empty() || name.len() > 255 {
            return Err(FieldError::new("key", "a name of 1 to 255 bytes").into());
        }
        let unreadable = || FieldError::new("token", format!("{SHORTEST} to {LONGEST} ASCII characters in the header"));
        let token = match headers.get("token") {
            None => None,
            Some(value) => Some(value.to_str().map_err(|_| unreadable())?).filter(|text| !text.is_empty()),
        };
        if token.is_some_and(|token| !(SHORTEST..=LONGEST).contains(&token.len())) {
            return Err(unreadable().into());
        }
        Ok(Self { name: name.to_owned(), validity, token: token.map(str::to_owned) })
    }

    /// Makes the token for an account of the session's group, if the caller may.
    async fn make(
        &self,
        app: &App,
        tx: &mut (dyn Writing + '_),
        session: &Session,
        account: &Account,
    ) -> ApiResult<String> {
        let (_, _, standing) = rules::changeable(tx, session, &account.user).await?;
        let token = self.token.clone().unwrap_or_else(|| hex::encode(app.rng.bytes::<24>()));
        let short_lived = CODE_LIFETIME_MS / 1000;
        let mut validity = if token.len() < SHORT { self.validity.min(short_lived) } else { self.validity };
        if !standing.own && !standing.admin {
            validity = validity.min(MAX_INVITATION);
        }
        if validity <= short_lived {
            // logging in with it counts for more than a long-lived token, which must not be enough to
            // make one
            require_elevated(tx, session).await?;
        }
        let now = app.now();
        let secret = Secret {
            kind: SecretKind::Token,
            name: self.name.clone(),
            digest: token_digest(app, account, &token),
            created: now,
            expires: Some(now.saturating_add(validity.saturating_mul(1000))),
        };
        tx.set_secret(account, &secret).await?;
        Ok(token)
    }
}
