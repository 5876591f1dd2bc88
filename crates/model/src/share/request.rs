//! The body of `bulkSharedMetadataUpdate`, read strictly (wire 5.5, 8.4).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::Object;
use crate::access::control_keys::delegation_key_of_hex;
use crate::access::texts;
use crate::error::FieldError;
use crate::schema;

/// What is asked for one entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityRequest {
    /// The entity.
    pub entity_id: String,
    /// Delegation keys under which the new delegations may stand.
    pub potential_parents: Vec<String>,
    /// The requests, by an id that is unique for this entity only.
    pub requests: BTreeMap<String, Request>,
}

/// One request for one entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Make a delegation.
    Share(ShareRequest),
    /// Change the contents of one.
    Update(UpdateRequest),
}

/// A new delegation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareRequest {
    /// Who shares, if that is not to be hidden.
    pub explicit_delegator: Option<String>,
    /// With whom, if that is not to be hidden.
    pub explicit_delegate: Option<String>,
    /// The delegation keys of the access control keys, smallest first: the first becomes the key of the
    /// delegation (rule 2).
    pub delegation_keys: Vec<String>,
    /// Ciphertexts of the secret ids.
    pub secret_ids: Vec<String>,
    /// Ciphertexts of the encryption keys.
    pub encryption_keys: Vec<String>,
    /// Ciphertexts of the ids of the owning entity.
    pub owning_entity_ids: Vec<String>,
    /// The exchange data used, if neither side is hidden.
    pub exchange_data_id: Option<String>,
    /// The id of the exchange data, encrypted by fingerprint: for the exchange data map.
    pub encrypted_exchange_data_id: BTreeMap<String, String>,
    /// What the delegate gets.
    pub requested_permissions: RequestedPermission,
}

/// The permission asked for a new delegation (wire 8.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequestedPermission {
    /// READ.
    MaxRead,
    /// READ.
    FullRead,
    /// The highest of the parents.
    MaxWrite,
    /// WRITE.
    FullWrite,
    /// WRITE, without parents.
    Root,
}

/// A change of the contents of a delegation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateRequest {
    /// Key of the delegation.
    pub delegation_key: String,
    /// Changes by field (`secretIds`, `encryptionKeys`, `owningEntityIds`) and ciphertext.
    pub changes: BTreeMap<&'static str, BTreeMap<String, EntryUpdate>>,
}

/// What happens to a ciphertext of a delegation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntryUpdate {
    /// It is added.
    Create,
    /// It is removed.
    Delete,
}

/// The sets of ciphertexts of a delegation.
pub(super) const CIPHERTEXTS: [&str; 3] = ["secretIds", "encryptionKeys", "owningEntityIds"];

/// Reads the body of `bulkSharedMetadataUpdate`. No entities, or nothing to do for one, is fine.
///
/// # Errors
/// The body does not match `BulkShareOrUpdateMetadataParams`, or a request is not exactly one of
/// `share` and `update`. In paths, entities and requests are named by their position.
pub fn parse(body: &mut Object) -> Result<Vec<EntityRequest>, FieldError> {
    if let Some(table) = schema::table("BulkShareOrUpdateMetadataParams") {
        schema::check(table, body)?;
    }
    let mut entities = Vec::new();
    for (position, (entity_id, request)) in entries(body, "requestsByEntityId").enumerate() {
        let at = format!("requestsByEntityId[{position}]");
        entities.push(entity(entity_id, request).map_err(|error| error.under(&at))?);
    }
    Ok(entities)
}

fn entity(entity_id: &str, body: &Value) -> Result<EntityRequest, FieldError> {
    let Value::Object(body) = body else { return Err(FieldError::new("", "an object EntityRequestInformation")) };
    let mut requests = BTreeMap::new();
    for (position, (id, body)) in entries(body, "requests").enumerate() {
        let request = request(body).map_err(|error| error.under(&format!("requests[{position}]")))?;
        requests.insert(id.to_owned(), request);
    }
    let potential_parents = list(body, "potentialParentDelegations");
    Ok(EntityRequest { entity_id: entity_id.to_owned(), potential_parents, requests })
}

fn request(body: &Value) -> Result<Request, FieldError> {
    match (body.get("share"), body.get("update")) {
        (Some(Value::Object(share)), None) => Ok(Request::Share(share_request(share)?)),
        (None, Some(Value::Object(update))) => Ok(Request::Update(update_request(update))),
        _ => Err(FieldError::new("", "exactly one of share and update")),
    }
}

fn share_request(body: &Object) -> Result<ShareRequest, FieldError> {
    let hashes = texts(body, "accessControlKeys").map(delegation_key_of_hex).collect::<Option<Vec<_>>>();
    let mut delegation_keys = hashes
        .filter(|keys| !keys.is_empty())
        .ok_or_else(|| FieldError::new("accessControlKeys", "at least one key of 32 lower-case hex characters"))?;
    delegation_keys.sort_unstable();
    delegation_keys.dedup();
    let requested_permissions =
        text(body, "requestedPermissions").and_then(|name| RequestedPermission::parse(&name)).ok_or_else(|| {
            FieldError::new("requestedPermissions", "one of MAX_READ, FULL_READ, MAX_WRITE, FULL_WRITE, ROOT")
        })?;
    let by_fingerprint = entries(body, "encryptedExchangeDataId");
    Ok(ShareRequest {
        explicit_delegator: text(body, "explicitDelegator"),
        explicit_delegate: text(body, "explicitDelegate"),
        delegation_keys,
        secret_ids: list(body, "secretIds"),
        encryption_keys: list(body, "encryptionKeys"),
        owning_entity_ids: list(body, "owningEntityIds"),
        exchange_data_id: text(body, "exchangeDataId"),
        encrypted_exchange_data_id: by_fingerprint
            .filter_map(|(fingerprint, value)| Some((fingerprint.to_owned(), value.as_str()?.to_owned())))
            .collect(),
        requested_permissions,
    })
}

fn update_request(body: &Object) -> UpdateRequest {
    let entry_update = |value: &Value| if value == "DELETE" { EntryUpdate::Delete } else { EntryUpdate::Create };
    let changes = CIPHERTEXTS.into_iter().map(|field| {
        let changes = entries(body, field).map(|(ciphertext, value)| (ciphertext.to_owned(), entry_update(value)));
        (field, changes.collect())
    });
    UpdateRequest {
        delegation_key: text(body, "metadataAccessControlHash").unwrap_or_default(),
        changes: changes.collect(),
    }
}

impl RequestedPermission {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "MAX_READ" => Some(Self::MaxRead),
            "FULL_READ" => Some(Self::FullRead),
            "MAX_WRITE" => Some(Self::MaxWrite),
            "FULL_WRITE" => Some(Self::FullWrite),
            "ROOT" => Some(Self::Root),
            _ => None,
        }
    }
}

fn entries<'a>(body: &'a Object, field: &str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    body.get(field).and_then(Value::as_object).into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

fn text(body: &Object, field: &str) -> Option<String> {
    body.get(field)?.as_str().map(str::to_owned)
}

fn list(body: &Object, field: &str) -> Vec<String> {
    texts(body, field).map(str::to_owned).collect()
}
