//! The key fields of data owners: public keys and what is encrypted for them. Only the owner changes
//! them, and published keys stay (wire 4.3, 6.1).

use std::collections::BTreeSet;

use serde_json::Value;

use super::Caller;
use super::metadata::same;
use crate::Object;
use crate::error::FieldError;

/// The fields of patients, healthcare parties and devices that hold keys; a stub is made of them.
pub const KEY_FIELDS: &[&str] = &[
    "hcPartyKeys",
    "aesExchangeKeys",
    "transferKeys",
    "privateKeyShamirPartitions",
    "publicKey",
    "publicKeysForOaepWithSha256",
];

/// Why an update of key fields is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyUpdateError {
    /// Somebody else's keys: a caller may only add entries of its own to `aesExchangeKeys`. 403.
    #[error("keys of another data owner: {0}")]
    Forbidden(FieldError),
    /// The update would lose or change a published key. 400.
    #[error(transparent)]
    Invalid(FieldError),
}

/// The key fields that are present in a data owner or a stub.
pub fn key_fields(body: &Object) -> Object {
    KEY_FIELDS.iter().filter_map(|field| Some(((*field).to_owned(), body.get(*field)?.clone()))).collect()
}

/// Removes the key fields: for a data owner created by somebody else, who must not choose its keys.
pub fn drop_key_fields(body: &mut Object) {
    body.retain(|name, _| !KEY_FIELDS.contains(&name.as_str()));
}

/// `PUT dataowner/stub` (wire 4.3): the stored data owner with the key fields of `stub`.
///
/// The owner may add keys; published ones stay as they are. Somebody else may only add or replace
/// entries inside `aesExchangeKeys[*][caller]`, which is how legacy clients give access back. Other
/// fields of the stub (`tags`, `rev`) do not count. Whoever may act for the owner, such as an administrator,
/// is passed as a caller with the owner's id.
///
/// # Errors
/// [`KeyUpdateError::Forbidden`] for any other change by somebody else, [`KeyUpdateError::Invalid`]
/// for a change that the owner may not make either.
pub fn put_stub(stored: &Object, stub: &Object, caller: &Caller) -> Result<Object, KeyUpdateError> {
    match is_owner(stored, caller) {
        true => check_own(stored, stub).map_err(KeyUpdateError::Invalid)?,
        false => {
            let caller = caller.data_owner.as_deref().unwrap_or_default();
            check_foreign(stored, stub, caller).map_err(KeyUpdateError::Forbidden)?;
        }
    }
    let mut merged = stored.clone();
    merge(&mut merged, stored, stub);
    Ok(merged)
}

/// Key fields inside `PUT patient`, `PUT hcparty` and `PUT device` (wire 4.3): the owner's are taken
/// under the rules of [`put_stub`]; for everybody else the stored values stay, whatever was submitted.
///
/// # Errors
/// [`KeyUpdateError::Invalid`]: the owner would lose or change a published key.
pub fn put_key_fields(stored: &Object, submitted: &mut Object, caller: &Caller) -> Result<(), KeyUpdateError> {
    if is_owner(stored, caller) {
        return check_own(stored, submitted).map_err(KeyUpdateError::Invalid);
    }
    for field in KEY_FIELDS {
        match stored.get(*field) {
            Some(value) => submitted.insert((*field).to_owned(), value.clone()),
            None => submitted.shift_remove(*field),
        };
    }
    Ok(())
}

fn is_owner(stored: &Object, caller: &Caller) -> bool {
    let id = stored.get("id").and_then(Value::as_str);
    id.is_some() && id == caller.data_owner.as_deref()
}

/// Sets the key fields of `merged` to what was submitted, leaving alone what only differs in order.
fn merge(merged: &mut Object, stored: &Object, submitted: &Object) {
    for field in KEY_FIELDS {
        let value = at(submitted, field);
        if same(at(stored, field), value) {
            continue;
        }
        match value {
            Value::Null => merged.shift_remove(*field),
            value => merged.insert((*field).to_owned(), value.clone()),
        };
    }
}

/// What an owner may do: add.
fn check_own(stored: &Object, submitted: &Object) -> Result<(), FieldError> {
    let public_key = at(stored, "publicKey");
    if !public_key.is_null() && at(submitted, "publicKey") != public_key {
        return Err(FieldError::new("publicKey", "the key already published"));
    }
    let published: BTreeSet<_> = super::texts(submitted, "publicKeysForOaepWithSha256").collect();
    if !super::texts(stored, "publicKeysForOaepWithSha256").all(|key| published.contains(key)) {
        return Err(FieldError::new("publicKeysForOaepWithSha256", "every key already published, besides new ones"));
    }

    let exchange_keys = at(submitted, "aesExchangeKeys");
    for (own_key, by_delegate) in entries(at(stored, "aesExchangeKeys")) {
        // An outer key is a public key too. What is under it may be encrypted anew.
        let kept = exchange_keys.get(own_key).unwrap_or(&Value::Null);
        let keeps_key = exchange_keys.get(own_key).is_some();
        if !keeps_key || !entries(by_delegate).all(|(delegate, _)| kept.get(delegate).is_some()) {
            return Err(FieldError::new(
                "aesExchangeKeys",
                "every own key and delegate already there, besides new ones",
            ));
        }
    }
    let exchange_keys = at(submitted, "hcPartyKeys");
    if !entries(at(stored, "hcPartyKeys")).all(|(delegate, _)| exchange_keys.get(delegate).is_some()) {
        return Err(FieldError::new("hcPartyKeys", "every delegate already there, besides new ones"));
    }

    let transfer_keys = at(submitted, "transferKeys");
    for (opens, transferred) in entries(at(stored, "transferKeys")) {
        let kept = transfer_keys.get(opens).unwrap_or(&Value::Null);
        if !entries(transferred).all(|(key, value)| kept.get(key) == Some(value)) {
            return Err(FieldError::new("transferKeys", "every transfer key already there, besides new ones"));
        }
    }
    Ok(())
}

/// What somebody else may do: add or replace entries under its own id, for keys that are published.
fn check_foreign(stored: &Object, submitted: &Object, caller: &str) -> Result<(), FieldError> {
    let other_fields = KEY_FIELDS.iter().filter(|field| **field != "aesExchangeKeys");
    for field in other_fields {
        if !same(at(stored, field), at(submitted, field)) {
            return Err(FieldError::new(*field, "no change, except by the data owner"));
        }
    }

    let refused =
        || FieldError::new("aesExchangeKeys", "no change, except entries of the caller under a published key");
    let (before, after) = (at(stored, "aesExchangeKeys"), at(submitted, "aesExchangeKeys"));
    let nothing = Value::Null;
    if !entries(before).all(|(key, _)| after.get(key).is_some()) {
        return Err(refused());
    }
    for (key, by_delegate) in entries(after) {
        let by_delegate_before = match before.get(key) {
            Some(before) => before,
            // The key of old times need not stand in the map before the first entry under it.
            None if at(stored, "publicKey").as_str() == Some(key) => &nothing,
            None => return Err(refused()),
        };
        let delegates: BTreeSet<_> =
            entries(by_delegate).chain(entries(by_delegate_before)).map(|(id, _)| id).collect();
        for delegate in delegates {
            let before = by_delegate_before.get(delegate).unwrap_or(&nothing);
            let after = by_delegate.get(delegate).unwrap_or(&nothing);
            let allowed = match !caller.is_empty() && delegate == caller {
                true => entries(before).all(|(fingerprint, _)| after.get(fingerprint).is_some()),
                false => same(before, after),
            };
            if !allowed {
                return Err(refused());
            }
        }
    }
    Ok(())
}

fn at<'a>(body: &'a Object, field: &str) -> &'a Value {
    body.get(field).unwrap_or(&Value::Null)
}

fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

#[cfg(test)]
mod tests;
