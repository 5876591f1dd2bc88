//! What the security metadata of a body must look like, and who may bring it (wire 4.1, 4.4).

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::{Caller, Level, SecureDelegation, grants, level};
use crate::Object;
use crate::error::FieldError;
use crate::schema::is_sha256_hex;

const DELEGATIONS: &str = "securityMetadata.secureDelegations";
const EQUIVALENCES: &str = "securityMetadata.keysEquivalences";

/// Checks the structure of the security metadata of a body, if it has any (wire 4.1).
///
/// The body has passed [`crate::schema::check`]. In paths, delegations are named by their position.
///
/// # Errors
/// There is no delegation; a key is not a SHA-256; a parent does not exist; parents go in a circle; a
/// delegation without parents is not WRITE; `exchangeDataId` does not stand exactly where delegator
/// and delegate are both explicit; an equivalence leads nowhere.
pub fn check_metadata(body: &Object) -> Result<(), FieldError> {
    let metadata = match body.get("securityMetadata") {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Object(metadata)) => metadata,
        Some(_) => return Err(FieldError::new("securityMetadata", "an object SecurityMetadata")),
    };
    let Some(Value::Object(delegations)) = metadata.get("secureDelegations").filter(|value| !is_nothing(value)) else {
        return Err(FieldError::new(DELEGATIONS, "at least one delegation"));
    };
    for (position, (key, value)) in delegations.iter().enumerate() {
        check_delegation(key, value, delegations)
            .map_err(|error| error.under(&format!("{DELEGATIONS}[{position}]")))?;
    }
    if let Some(position) = first_in_circle(delegations) {
        let at = format!("{DELEGATIONS}[{position}].parentDelegations");
        return Err(FieldError::new(at, "parents that do not lead back to the delegation"));
    }
    for (position, (key, stands_for)) in super::equivalences(body).enumerate() {
        let leads_somewhere = delegations.contains_key(stands_for) && !delegations.contains_key(key);
        if !(is_sha256_hex(key) && leads_somewhere) {
            let at = format!("{EQUIVALENCES}[{position}]");
            return Err(FieldError::new(at, "another key for a delegation of the entity"));
        }
    }
    Ok(())
}

/// The rules for one delegation by itself.
fn check_delegation(key: &str, value: &Value, all: &Object) -> Result<(), FieldError> {
    if !is_sha256_hex(key) {
        return Err(FieldError::new("", "a key that is 64 lower-case hex characters"));
    }
    let Value::Object(body) = value else {
        return Err(FieldError::new("", "an object SecureDelegation"));
    };
    let delegation = SecureDelegation { key, body };
    let level = delegation.level().ok_or_else(|| FieldError::new("permissions", "one of READ, WRITE"))?;
    let mut is_root = true;
    for (position, parent) in delegation.parents().enumerate() {
        is_root = false;
        if !all.contains_key(parent) {
            let at = format!("parentDelegations[{position}]");
            return Err(FieldError::new(at, "the key of a delegation of the entity"));
        }
    }
    if is_root && level != Level::Write {
        return Err(FieldError::new("permissions", "WRITE, for a delegation without parents"));
    }
    let explicit = delegation.delegator().is_some() && delegation.delegate().is_some();
    check_exchange_data_id(explicit, delegation.body.get("exchangeDataId").and_then(Value::as_str))
}

/// The exchange data is named exactly where that hides nobody.
pub(crate) fn check_exchange_data_id(explicit: bool, exchange_data_id: Option<&str>) -> Result<(), FieldError> {
    match (explicit, exchange_data_id) {
        (true, Some(id)) if !id.trim().is_empty() => Ok(()),
        (true, _) => {
            Err(FieldError::new("exchangeDataId", "the id of the exchange data, since both sides are explicit"))
        }
        (false, None) => Ok(()),
        (false, Some(_)) => Err(FieldError::new("exchangeDataId", "nothing, since one side is hidden")),
    }
}

/// The position of a delegation that is its own ancestor. Walks with a stack of its own, since chains
/// can be as long as a body allows.
fn first_in_circle(delegations: &Object) -> Option<usize> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        Open,
        Done,
    }
    let parents = |key: &str| -> Vec<&str> {
        let body = delegations.get(key).and_then(Value::as_object);
        body.into_iter().flat_map(|body| super::texts(body, "parentDelegations")).collect()
    };
    let mut marks: HashMap<&str, Mark> = HashMap::new();
    for key in delegations.keys() {
        if marks.contains_key(key.as_str()) {
            continue;
        }
        marks.insert(key, Mark::Open);
        let mut path = vec![(key.as_str(), parents(key))];
        while let Some((at, to_visit)) = path.last_mut() {
            let Some(parent) = to_visit.pop() else {
                marks.insert(*at, Mark::Done);
                path.pop();
                continue;
            };
            match marks.get(parent) {
                Some(Mark::Open) => return delegations.keys().position(|key| key == parent),
                Some(Mark::Done) => {}
                None => {
                    marks.insert(parent, Mark::Open);
                    path.push((parent, parents(parent)));
                }
            }
        }
    }
    None
}

/// Whether the caller may create this entity: it has WRITE through a delegation that it sends (wire 4.4).
pub fn may_create(body: &Object, caller: &Caller) -> bool {
    level(&grants(None, body), caller) == Some(Level::Write)
}

/// Whether a modification leaves the security metadata as it is stored (wire 4.4, rule 2). Metadata
/// changes through the share endpoints only; where none is stored, the client may add some.
///
/// Lists are compared as sets, the order of keys does not count, and empty is as good as absent.
pub fn metadata_unchanged(stored: &Object, submitted: &Object) -> bool {
    let metadata = |body: &Object| body.get("securityMetadata").cloned().unwrap_or(Value::Null);
    let stored = metadata(stored);
    is_nothing(&stored) || same(&stored, &metadata(submitted))
}

/// Deep equality, with lists as sets and empty as good as absent.
pub(crate) fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (left, right) if is_nothing(left) || is_nothing(right) => is_nothing(left) && is_nothing(right),
        (Value::Object(left), Value::Object(right)) => {
            let covered = |of: &Object, by: &Object| {
                of.iter().all(|(key, value)| same(value, by.get(key).unwrap_or(&Value::Null)))
            };
            covered(left, right) && covered(right, left)
        }
        (Value::Array(left), Value::Array(right)) => match (set(left), set(right)) {
            (Some(left), Some(right)) => left == right,
            _ => left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right)),
        },
        (left, right) => left == right,
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(entries) => entries.is_empty(),
        _ => false,
    }
}

/// A list of texts as a set.
fn set(items: &[Value]) -> Option<BTreeSet<&str>> {
    items.iter().map(Value::as_str).collect()
}

#[cfg(test)]
mod tests;
