//! Logging in with a name and a secret (wire 3.1): `POST auth/login`, `POST auth/check`.
//!
//! A secret is a token, a one-time code that the gateway validated, a password, or
//! `password|second factor`. One secret can be valid in several groups; the session remembers all
//! of them, and `auth/switch` moves between them.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use keystead_model::error::{ErrorCode, FieldError};
use keystead_store::Writing;
use keystead_store::accounts::{Account, Secret, SecretKind, Session as StoredSession};
use keystead_store::gateway::{Limit, Limited};
use serde::Deserialize;
use serde_json::{Value, json};

use super::grant::{self, Grant};
use super::secret::token_digest;
use super::{AuthClass, ClientIp, password, totp};
use crate::app::App;
use crate::audit::{self, Action};
use crate::error::{ApiError, ApiResult};
use crate::http::{Json, Query, json_body};
use crate::keys::Purpose;
use crate::users::names;

/// The most groups in which one login name is tried.
const MAX_ACCOUNTS: usize = 16;
/// Wrong secrets for one name, from anywhere: 100, then one each six seconds. With six-digit codes
/// that live ten minutes this leaves an attacker one chance in five thousand.
const BY_NAME: Limit = Limit { burst: 100, interval: 6_000 };
/// Wrong secrets for one name from one address: 20, then one each thirty seconds. The official
/// client makes up to four calls for one attempt (wire 2.2, 3.5).
const BY_NAME_AND_ADDRESS: Limit = Limit { burst: 20, interval: 30_000 };

/// Query parameters of a login.
#[derive(Debug, Deserialize)]
pub struct Parameters {
    /// Wanted life time of the bearer in seconds; never longer than configured.
    duration: Option<u32>,
    /// Only the account of this group.
    #[serde(rename = "groupId")]
    group: Option<String>,
}

/// An account that the secret was right for, and how strong the secret is.
pub struct Proven {
    /// The account.
    pub account: Account,
    /// The class of the secret.
    pub class: AuthClass,
}

/// `POST auth/login`
///
/// # Errors
/// 401 where name and secret do not belong together, 417 and 406 for a missing and a wrong second
/// factor, 429 after too many wrong secrets.
pub async fn login(
    State(app): State<Arc<App>>,
    ip: ClientIp,
    Query(parameters): Query<Parameters>,
    Json(body): Json,
) -> ApiResult<Response> {
    let (name, secret) = credentials(&body)?;
    let (mut tx, proven) = prove(&app, ip, name, secret, parameters.group.as_deref()).await?;

    let class = proven.iter().map(|proven| proven.class).min().unwrap_or(AuthClass::LongLivedToken);
    let accounts: Vec<Account> = proven.into_iter().map(|proven| proven.account).collect();
    let Some(first) = accounts.first().cloned() else { return Err(ApiError::unauthorized()) };
    let now = app.now();
    let session = StoredSession {
        id: hex::encode(app.rng.bytes::<16>()),
        accounts,
        class: class.level(),
        created: now,
        expires: now + i64::from(app.config.sessions.refresh_days) * 86_400_000,
    };
    let grant = Grant::of(&app, &mut *tx, &first, &session, parameters.duration).await?;
    tx.create_session(&session).await?;
    // a login by a one-time code follows from the code, which is counted
    if class != AuthClass::ShortLivedToken {
        audit::note(&app, &mut *tx, &first.group, &first.user, Action::LoggedIn, &first.user).await?;
    }
    tx.commit().await?;
    json_body(&json!({
        "token": grant.bearer(&app)?,
        "refreshToken": grant.refresh(&app)?,
        "successful": true,
    }))
}

/// `POST auth/check`
///
/// # Errors
/// As [`login`].
pub async fn check(State(app): State<Arc<App>>, ip: ClientIp, Json(body): Json) -> ApiResult<StatusCode> {
    let (name, secret) = credentials(&body)?;
    let (tx, _) = prove(&app, ip, name, secret, None).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

fn credentials(body: &Value) -> ApiResult<(&str, &str)> {
    let field = |key: &'static str| {
        let text = body.get(key).and_then(Value::as_str).filter(|text| !text.is_empty() && text.len() <= 1024);
        text.ok_or_else(|| FieldError::new(key, "a text of 1 to 1024 bytes"))
    };
    Ok((field("username")?, field("password")?))
}

/// Finds the accounts that `name` and `secret` prove, and leaves the transaction open for what
/// follows. Wrong secrets are counted and limited per name and per name and address.
///
/// # Errors
/// As [`login`].
pub async fn prove(
    app: &App,
    ip: ClientIp,
    name: &str,
    secret: &str,
    group: Option<&str>,
) -> ApiResult<(Box<dyn Writing>, Vec<Proven>)> {
    let name = names::typed(name);
    let digest = hex::encode(app.keys.digest(Purpose::Address, &[name.as_bytes()]));
    let by_name = format!("login:{digest}");
    let by_address = format!("login:{digest}:{}", ip.limit_key());

    let mut tx = app.store.write().await?;
    for (key, limit) in [(&by_name, BY_NAME), (&by_address, BY_NAME_AND_ADDRESS)] {
        if let Limited::RetryAfter(wait) = tx.peek(key, limit, app.now()).await? {
            return Err(ApiError::too_many("too many wrong secrets for this name: wait", wait));
        }
    }
    let candidates = candidates(app, &mut *tx, &name, group).await?;
    let proven = prove_by_token(app, &candidates, secret);
    if !proven.is_empty() {
        return Ok((tx, proven));
    }

    // a password takes long to verify: count the attempt first, so that no number of parallel
    // attempts gets past the limit, and take the count back when it was right
    tx.take(&by_name, BY_NAME, app.now()).await?;
    tx.take(&by_address, BY_NAME_AND_ADDRESS, app.now()).await?;
    tx.commit().await?;
    let matching = prove_by_password(&candidates, secret).await?;

    let mut tx = app.store.write().await?;
    let mut outcome = Err(ApiError::unauthorized());
    for (candidate, second) in matching {
        match second_factor(app, &mut *tx, candidate, second).await? {
            Ok(class) => {
                let proven = Proven { account: candidate.account.clone(), class };
                match &mut outcome {
                    Ok(all) => Vec::push(all, proven),
                    Err(_) => outcome = Ok(vec![proven]),
                }
            }
            // a wrong second factor stays counted
            Err(error) if outcome.is_err() => outcome = Err(error),
            Err(_) => {}
        }
    }
    match outcome {
        Ok(proven) => {
            tx.clear(&by_name).await?;
            tx.clear(&by_address).await?;
            Ok((tx, proven))
        }
        Err(error) => {
            if let [only] = candidates.as_slice() {
                let account = &only.account;
                audit::note(app, &mut *tx, &account.group, "", Action::LoginRefused, &account.user).await?;
            }
            tx.commit().await?;
            Err(error)
        }
    }
}

struct Candidate {
    account: Account,
    secrets: Vec<Secret>,
}

async fn candidates(app: &App, tx: &mut dyn Writing, name: &str, group: Option<&str>) -> ApiResult<Vec<Candidate>> {
    let mut candidates = Vec::new();
    let accounts = tx.accounts(name).await?;
    for account in accounts.into_iter().filter(|account| group.is_none_or(|group| group == account.group)) {
        if candidates.len() == MAX_ACCOUNTS {
            break;
        }
        if grant::active_user(tx, &account).await?.is_some() {
            let secrets = tx.secrets(&account, app.now()).await?;
            candidates.push(Candidate { account, secrets });
        }
    }
    Ok(candidates)
}

fn prove_by_token(app: &App, candidates: &[Candidate], secret: &str) -> Vec<Proven> {
    let mut proven = Vec::new();
    for candidate in candidates {
        let digest = token_digest(app, &candidate.account, secret);
        let right = candidate.secrets.iter().find(|stored| {
            matches!(stored.kind, SecretKind::Token | SecretKind::Code)
                && aws_lc_rs::constant_time::verify_slices_are_equal(&stored.digest, &digest).is_ok()
        });
        if let Some(stored) = right {
            let lifetime = stored.expires.map_or(i64::MAX, |expires| expires - stored.created);
            let class = match lifetime <= super::secret::CODE_LIFETIME_MS {
                true => AuthClass::ShortLivedToken,
                false => AuthClass::LongLivedToken,
            };
            proven.push(Proven { account: candidate.account.clone(), class });
        }
    }
    proven
}

/// The candidates whose password is right, each with what follows it as a second factor.
async fn prove_by_password<'a>(
    candidates: &'a [Candidate],
    secret: &'a str,
) -> ApiResult<Vec<(&'a Candidate, Option<&'a str>)>> {
    let mut matching = Vec::new();
    let mut verified = false;
    for candidate in candidates {
        let find = |kind| candidate.secrets.iter().find(|stored| stored.kind == kind);
        let Some(stored) = find(SecretKind::Password) else { continue };
        let split = secret.rsplit_once('|').filter(|_| find(SecretKind::Totp).is_some());
        let (password, second) = split.map_or((secret, None), |(password, second)| (password, Some(second)));
        verified = true;
        if password::verify(password, Some(&stored.digest)).await? {
            matching.push((candidate, second));
        }
    }
    if !verified {
        password::verify(secret, None).await?;
    }
    Ok(matching)
}

/// The class of a login whose password was right, or what is wrong with its second factor.
async fn second_factor(
    app: &App,
    tx: &mut dyn Writing,
    candidate: &Candidate,
    second: Option<&str>,
) -> ApiResult<Result<AuthClass, ApiError>> {
    let Some(stored) = candidate.secrets.iter().find(|stored| stored.kind == SecretKind::Totp) else {
        return Ok(Ok(AuthClass::Password));
    };
    let Some(code) = second else {
        let message = "a second factor is needed: send `password|code`";
        return Ok(Err(ApiError::new(ErrorCode::SecondFactorRequired, message)));
    };
    match totp::verify(app, tx, &candidate.account, stored, code).await? {
        true => Ok(Ok(AuthClass::TwoFactor)),
        false => Ok(Err(ApiError::new(ErrorCode::WrongSecondFactor, "the second factor is wrong or was used before"))),
    }
}
