//! Where rules are kept, and how administrators set them.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keystead_model::error::FieldError;
use keystead_model::rev::Rev;
use keystead_store::Reading;
use keystead_store::documents::{Document, Projection, Written};
use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::rules::{Rules, parse};
use crate::app::App;
use crate::auth::Session;
use crate::custody::read_webhook;
use crate::error::{ApiError, ApiResult};
use crate::groups::require_elevated;
use crate::http::{Json, Query, json_body};

/// The class of the documents, internal: one for the group, one for each wallet with rules of its own.
const CLASS: &str = "WalletPolicy";
/// The most addresses in a list.
const MOST: usize = 1_000;

#[derive(Serialize, Deserialize)]
struct Stored {
    id: String,
    rev: String,
    rules: Rules,
    approval: Option<SealedApproval>,
}

#[derive(Serialize, Deserialize)]
struct SealedApproval {
    url: String,
    sealed: String,
}

/// Who is asked for each signature.
pub(super) struct Approval {
    pub(super) url: Url,
    pub(super) secret: Zeroizing<String>,
}

/// The rules that hold for a wallet: those of its group and its own.
pub(in crate::wallet) struct Policies(Vec<Stored>);

fn id(owner: Option<&str>) -> String {
    owner.map_or_else(|| "group".to_owned(), |owner| format!("wallet-{owner}"))
}

fn context(group: &str, id: &str) -> String {
    format!("secret of the approval {group} {id}")
}

fn damaged() -> ApiError {
    ApiError::internal("the policy of a wallet is damaged")
}

async fn load(tx: &mut (dyn Reading + '_), group: &str, id: &str) -> ApiResult<Option<(Document, Stored)>> {
    let Some(document) = tx.document(group, CLASS, id).await? else { return Ok(None) };
    let stored = serde_json::from_str(&document.body).map_err(|_| damaged())?;
    Ok(Some((document, stored)))
}

impl Policies {
    /// Those of a wallet.
    pub(in crate::wallet) async fn of(tx: &mut (dyn Reading + '_), group: &str, owner: &str) -> ApiResult<Self> {
        let mut policies = Vec::new();
        for id in [id(None), id(Some(owner))] {
            policies.extend(load(tx, group, &id).await?.map(|(_, stored)| stored));
        }
        Ok(Self(policies))
    }

    pub(super) fn rules(&self) -> impl Iterator<Item = &Rules> {
        self.0.iter().map(|stored| &stored.rules)
    }

    /// Everybody who is to be asked.
    pub(super) fn approvals(&self, app: &App, group: &str) -> ApiResult<Vec<Approval>> {
        let mut approvals = Vec::new();
        for Stored { id, approval, .. } in &self.0 {
            let Some(SealedApproval { url, sealed }) = approval else { continue };
            let sealed = STANDARD.decode(sealed).map_err(|_| damaged())?;
            let secret = app.keys.open(&context(group, id), &sealed).ok_or_else(damaged)?;
            let secret = Zeroizing::new(String::from_utf8(secret.to_vec()).map_err(|_| damaged())?);
            approvals.push(Approval { url: Url::parse(url).map_err(|_| damaged())?, secret });
        }
        Ok(approvals)
    }
}

fn require_admin(session: &Session) -> ApiResult<&str> {
    match session.is_admin() {
        true => Ok(session.group()),
        false => Err(ApiError::forbidden("this is for administrators of the group")),
    }
}

/// Whose rules.
#[derive(Deserialize)]
pub(in crate::wallet) struct Asked {
    owner: Option<String>,
}

/// `GET wallet/policy?owner=`: the rules of a wallet, without `owner` those of the group.
pub(in crate::wallet) async fn get(
    State(app): State<Arc<App>>,
    session: Session,
    Query(Asked { owner }): Query<Asked>,
) -> ApiResult<Response> {
    let group = require_admin(&session)?;
    let found = load(&mut *app.store.read().await?, group, &id(owner.as_deref())).await?;
    let Some((_, stored)) = found else { return describe(&Rules::default(), None) };
    describe(&stored.rules, stored.approval.as_ref().map(|approval| approval.url.as_str()))
}

fn describe(rules: &Rules, approval: Option<&str>) -> ApiResult<Response> {
    let mut described = serde_json::to_value(rules).map_err(|_| damaged())?;
    if let (Some(object), Some(url)) = (described.as_object_mut(), approval) {
        object.insert("approval".to_owned(), json!({ "url": url }));
    }
    json_body(&described)
}

/// `PUT wallet/policy`: replaces the rules of a wallet, without `owner` those of the group.
pub(in crate::wallet) async fn put(
    State(app): State<Arc<App>>,
    session: Session,
    Json(body): Json,
) -> ApiResult<Response> {
    let group = require_admin(&session)?;
    require_elevated(&mut *app.store.read().await?, &session).await?;
    let id = match body.get("owner") {
        None | Some(Value::Null) => id(None),
        Some(owner) => id(Some(owner.as_str().ok_or_else(|| FieldError::new("owner", "the id of a data owner"))?)),
    };
    let rules = read(&body)?;
    let approval = match body.get("approval") {
        None | Some(Value::Null) => None,
        Some(approval) => {
            let (url, secret) = read_webhook(&app, "approval.", approval)?;
            let sealed = STANDARD.encode(app.keys.seal(&*app.rng, &context(group, &id), secret.as_bytes()));
            Some(SealedApproval { url, sealed })
        }
    };
    let mut tx = app.store.write().await?;
    let before = load(&mut *tx, group, &id).await?.map(|(document, _)| document);
    let rev = match &before {
        Some(before) => Rev::parse(&before.rev).ok_or_else(damaged)?.make_next(app.rng.bytes()),
        None => Rev::make_first(app.rng.bytes()),
    };
    let rev = rev.as_str().to_owned();
    let stored = Stored { id: id.clone(), rev: rev.clone(), rules, approval };
    let text = serde_json::to_string(&stored).map_err(|_| damaged())?;
    let document = Document { id, rev, deleted: false, body: text, created_by: None };
    let none = Projection::default();
    let written = match &before {
        Some(before) => tx.replace(group, CLASS, &document, &before.rev, &none).await?,
        None => tx.create(group, CLASS, &document, &none).await?,
    };
    if written != Written::Done {
        return Err(ApiError::stale());
    }
    tx.commit().await?;
    describe(&stored.rules, stored.approval.as_ref().map(|approval| approval.url.as_str()))
}

fn read(body: &Value) -> Result<Rules, FieldError> {
    let present = |field: &str| body.get(field).filter(|value| !value.is_null());
    let addresses = |field: &'static str| -> Result<BTreeSet<String>, FieldError> {
        let wrong = || {
            FieldError::new(field, "at most 1000 addresses, each 0x and 40 hexadecimal digits or 32 bytes in base58")
        };
        let Some(list) = present(field) else { return Ok(BTreeSet::new()) };
        let list = list.as_array().filter(|list| list.len() <= MOST).ok_or_else(wrong)?;
        list.iter().map(|address| address.as_str().and_then(parse).ok_or_else(wrong)).collect()
    };
    let amount = |field: &'static str, expected: &'static str| match present(field) {
        None => Ok(None),
        Some(value) => {
            let value = value.as_str().and_then(|text| text.parse::<u128>().ok());
            value.map(Some).ok_or_else(|| FieldError::new(field, expected))
        }
    };
    let max_value = amount("maxValue", "wei, as a decimal number in text")?;
    let max_lamports = amount("maxLamports", "lamports, as a decimal number in text")?;
    let signatures_per_hour = match present("signaturesPerHour") {
        None => None,
        Some(most) => {
            let most = most.as_u64().and_then(|most| usize::try_from(most).ok()).filter(|most| *most <= MOST);
            Some(most.ok_or_else(|| FieldError::new("signaturesPerHour", "0 to 1000"))?)
        }
    };
    let blind = present("blind").map(|blind| blind.as_bool().ok_or_else(|| FieldError::new("blind", "true or false")));
    let blind = blind.transpose()?.unwrap_or_default();
    let (allow, block) = (addresses("allow")?, addresses("block")?);
    Ok(Rules { allow, block, max_value, max_lamports, signatures_per_hour, blind })
}
