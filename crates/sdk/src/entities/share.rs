//! Sharing entities that exist (crypto 3.10, wire 5.5).

use std::collections::BTreeMap;

use keystead_crypto::delegation::{
    DelegationContent, NewDelegation, RequestedPermission, SecurityMetadata, make_share_request, make_update_request,
};
use keystead_crypto::entity::EntityRef;
use keystead_model::Object;
use serde::Deserialize;
use serde_json::{Value, json};

use super::open::{Access, access, open_one};
use super::{Kind, Record, RecordError, Shared};
use crate::api::Core;
use crate::call::Call;
use crate::document::text;
use crate::exchange::Towards;

/// How often somebody else may change the entity at the same moment.
const ATTEMPTS: usize = 5;

/// Whom something is shared with, and how.
pub(crate) struct Grant<'a> {
    pub(crate) delegate: &'a str,
    pub(crate) permission: RequestedPermission,
}

impl<'a> Grant<'a> {
    /// Reading, or writing as far as the user may.
    pub(crate) fn of(delegate: &'a str, shared: Shared) -> Self {
        let permission = match shared {
            Shared::Read => RequestedPermission::MaxRead,
            Shared::Write => RequestedPermission::MaxWrite,
        };
        Self { delegate, permission }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    updated_entity: Option<Object>,
    #[serde(default)]
    rejected_requests: BTreeMap<String, Rejection>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rejection {
    code: u16,
    #[serde(default)]
    should_retry: bool,
    #[serde(default)]
    reason: Option<String>,
}

/// Shares an entity with somebody: its keys, its secret ids, what it belongs to. What they have already is not
/// given again.
pub(crate) async fn share(core: &Core, kind: Kind, record: &Record, grant: Grant<'_>) -> Result<Record, RecordError> {
    let mut body = record.body.clone();
    let mut attempt = 1;
    loop {
        let access = access(core, kind, &body).await?;
        let Some(request) = request(core, kind, &body, &access, &grant).await? else {
            return open_one(core, kind, body).await;
        };
        let id = text(&body, "id").ok_or(RecordError::Malformed("id"))?.to_owned();
        let parents = access.delegation_keys();
        match send(core, kind, &id, &parents, request).await {
            Ok(updated) => {
                core.seen.note(core.seen.before(), [&updated])?;
                return open_one(core, kind, updated).await;
            }
            Err(Refused::Again) if attempt < ATTEMPTS => attempt += 1,
            Err(Refused::Again) => {
                return Err(RecordError::NotShared { status: 409, reason: "others keep changing it".to_owned() });
            }
            Err(Refused::For(error)) => return Err(error),
        }
        let call = core.with_access(Call::get(&[kind.path, &id]), kind.entity_type).await?;
        body = core.caller.read(call).await?;
    }
}

/// Gives an entity without metadata its first: the user's own record after a registration, or after a new key.
pub(crate) async fn grant(
    core: &Core,
    kind: Kind,
    body: &Object,
    content: DelegationContent<'_>,
    permission: RequestedPermission,
    delegate: &str,
    parents: &[keystead_crypto::access_control::DelegationKey],
) -> Result<Object, RecordError> {
    let id = text(body, "id").ok_or(RecordError::Malformed("id"))?;
    let towards = core.exchange.towards(core, delegate).await?;
    let new = delegation(core, kind, id, &towards, content)?;
    let map = core.exchange.map_entries(core, &towards).await?;
    let request = json!({ "share": make_share_request(&new, permission, map)? });
    match send(core, kind, id, parents, request).await {
        Ok(updated) => Ok(updated),
        Err(Refused::Again) => {
            Err(RecordError::NotShared { status: 409, reason: "somebody else changed it".to_owned() })
        }
        Err(Refused::For(error)) => Err(error),
    }
}

fn delegation<'a>(
    core: &'a Core,
    kind: Kind,
    id: &'a str,
    towards: &'a Towards,
    content: DelegationContent<'a>,
) -> Result<NewDelegation<'a>, RecordError> {
    Ok(NewDelegation {
        entity: EntityRef { entity_type: kind.entity_type, id },
        exchange_data: &towards.open,
        delegator: core.delegator()?,
        delegate: towards.delegate(),
        content,
        permissions: keystead_crypto::delegation::Permission::Write,
    })
}

/// The share, or the update of one that exists; `None` if there is nothing to give.
async fn request(
    core: &Core,
    kind: Kind,
    body: &Object,
    access: &Access,
    grant: &Grant<'_>,
) -> Result<Option<Value>, RecordError> {
    let keys = access.keys();
    if keys.is_empty() && access.secret_ids().is_empty() {
        return Err(RecordError::Unreadable);
    }
    let towards = core.exchange.towards(core, grant.delegate).await?;
    let (secret_ids, owners): (Vec<_>, Vec<_>) =
        (access.secret_ids().into_iter().collect(), access.owning_entity_ids().into_iter().collect());
    let content = DelegationContent { secret_ids: &secret_ids, owning_entity_ids: &owners, encryption_keys: &keys };
    let id = text(body, "id").ok_or(RecordError::Malformed("id"))?;
    let new = delegation(core, kind, id, &towards, content)?;
    let metadata = SecurityMetadata::of(body)?;
    if let Some(existing) = metadata.secure_delegations.get(&new.key()) {
        return Ok(make_update_request(&new, existing)?.map(|update| json!({ "update": update })));
    }
    let map = core.exchange.map_entries(core, &towards).await?;
    Ok(Some(json!({ "share": make_share_request(&new, grant.permission, map)? })))
}

enum Refused {
    /// Somebody else changed the entity.
    Again,
    For(RecordError),
}

impl<E: Into<RecordError>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::For(error.into())
    }
}

async fn send(
    core: &Core,
    kind: Kind,
    id: &str,
    parents: &[keystead_crypto::access_control::DelegationKey],
    request: Value,
) -> Result<Object, Refused> {
    let mut by_id = serde_json::Map::new();
    by_id.insert(id.to_owned(), json!({ "potentialParentDelegations": parents, "requests": { "0": request } }));
    let call = Call::put(&[kind.path, "bulkSharedMetadataUpdate"]).json(&json!({ "requestsByEntityId": by_id }));
    let call = core.with_access(call, kind.entity_type).await?;
    let answers: Vec<Answer> = core.caller.write(call).await.map_err(RecordError::from)?;
    let answer = answers.into_iter().next().ok_or(RecordError::Malformed("answer"))?;
    if let Some(rejection) = answer.rejected_requests.into_values().next() {
        return Err(match rejection.should_retry {
            true => Refused::Again,
            false => RecordError::NotShared {
                status: rejection.code,
                reason: rejection.reason.unwrap_or_default().chars().take(200).collect(),
            }
            .into(),
        });
    }
    let updated = answer.updated_entity.ok_or(RecordError::Malformed("answer"))?;
    if text(&updated, "id") == Some(id) { Ok(updated) } else { Err(RecordError::Malformed("id").into()) }
}
