//! Sharing an entity with more data owners: `PUT /rest/v2/{x}/bulkSharedMetadataUpdate` (wire 5.5).
//!
//! [`parse`] reads the body, [`apply`] carries out what is asked for one entity, on its JSON alone.
//! The caller of `apply` loads and saves the entity, and merges the exchange data maps.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::Object;
use crate::access::{Caller, Grant, level};

mod request;
mod sharing;
#[cfg(test)]
mod tests;

pub use request::{EntityRequest, EntryUpdate, Request, RequestedPermission, ShareRequest, UpdateRequest, parse};
use sharing::Sharing;

/// Why one request was not carried out: an element of `rejectedRequests`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rejection {
    /// Like an HTTP status.
    pub code: u16,
    /// Whether the client should read the entity again and repeat the request.
    pub should_retry: bool,
    /// What to change, without ids and keys.
    pub reason: String,
}

impl Rejection {
    fn new(code: u16, reason: &str) -> Self {
        Self { code, should_retry: false, reason: reason.to_owned() }
    }
}

/// The ids of the requests for one entity that were rejected, and why.
pub type Rejections = BTreeMap<String, Rejection>;

/// What became of the requests for one entity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Whether the entity changed and has to be saved; if not, it is exactly as before.
    pub changed: bool,
    /// The ids of the requests that were carried out.
    pub applied: Vec<String>,
    /// The requests that were not.
    pub rejected: Rejections,
    /// Delegation keys with what to merge into their exchange data maps once the entity is saved:
    /// ciphertexts by fingerprint (wire 5.2). Only what is not empty.
    pub exchange_data_maps: Vec<(String, BTreeMap<String, String>)>,
}

impl Outcome {
    /// What to answer if saving the entity fails because somebody else changed it: the client reads it
    /// again and repeats what was carried out (rule 7).
    pub fn conflict(self) -> Rejections {
        let reason = "the entity was changed meanwhile".to_owned();
        let conflict = Rejection { code: 409, should_retry: true, reason };
        let mut rejected = self.rejected;
        rejected.extend(self.applied.into_iter().map(|id| (id, conflict.clone())));
        rejected
    }
}

/// What to answer for an entity that does not exist or that the caller cannot read (rule 1).
pub fn not_found(request: &EntityRequest) -> Rejections {
    let rejection = Rejection::new(404, "there is no such entity");
    request.requests.keys().map(|id| (id.clone(), rejection.clone())).collect()
}

/// Carries out what is asked for one entity.
///
/// `own_record` says that the entity is the Patient that the caller is; `grants` are those of the
/// entity as stored ([`crate::access::grants`]), so that `own_record` counts there too. READ is enough
/// to share. Requests are independent of each other, but for a ROOT delegation, which can be a parent
/// of the others.
pub fn apply(
    entity: &mut Object,
    own_record: bool,
    request: &EntityRequest,
    caller: &Caller,
    grants: &[Grant],
) -> Outcome {
    match level(grants, caller) {
        None => Outcome { rejected: not_found(request), ..Outcome::default() },
        Some(level) => {
            let (delegations, outcome) = Sharing::new(entity, own_record, level, caller, request).run(request);
            for (key, delegation) in delegations {
                put_delegation(entity, key, delegation);
            }
            outcome
        }
    }
}

fn put_delegation(entity: &mut Object, key: String, delegation: Object) {
    let delegations = object_in(entity, "securityMetadata").and_then(|inside| object_in(inside, "secureDelegations"));
    if let Some(delegations) = delegations {
        delegations.insert(key, Value::Object(delegation));
    }
}

/// The object in a field, made if there is none.
fn object_in<'a>(body: &'a mut Object, field: &str) -> Option<&'a mut Object> {
    let value = body.entry(field).or_insert(Value::Null);
    if !value.is_object() {
        *value = Value::Object(Object::new());
    }
    value.as_object_mut()
}
