//! `crates/model`: bodies, filters, access, sharing.

use std::sync::LazyLock;

use keystead_model::Object;
use keystead_model::access::{
    self, Caller, access_control_keys, check_metadata, delegation_key_of_hex, drop_key_fields, key_fields, may_create,
    metadata_unchanged, put_key_fields, put_stub,
};
use keystead_model::class::{self, Class};
use keystead_model::rev::Rev;
use keystead_model::schema::{self, Table};
use keystead_model::{filter, fuzzy, share};
use serde_json::Value;

use crate::input::{choose, json, line};

static TABLES: LazyLock<Vec<&'static Table>> = LazyLock::new(|| schema::tables().collect());

fn class_named(name: &[u8]) -> &'static Class {
    choose(class::ALL, name, |class| class.name)
}

fn caller() -> Caller {
    Caller {
        data_owner: Some("me".to_owned()),
        parents: vec!["parent".to_owned()],
        delegation_keys: vec!["d".repeat(64)],
    }
}

/// First line: a class of the schema; then a body. What passes once passes again, unchanged, and can be indexed.
pub fn model_schema(data: &[u8]) {
    let (name, body) = line(data);
    let table = choose(&TABLES, name, |table| table.name);
    let Some(mut value) = json(body) else { return };
    let _ = schema::check_batch(table, &mut value.clone());
    if schema::check_value(table, &mut value).is_err() {
        return;
    }
    let Value::Object(checked) = value else { return assert!(value.is_array(), "neither an object nor a list passed") };
    let mut again = checked.clone();
    assert!(schema::check(table, &mut again).is_ok(), "what passed does not pass again");
    assert!(again == checked, "checking again changes a body");
    if let Some(class) = class::ALL.iter().find(|class| class.name == table.name) {
        let _ = ((class.postings)(&checked), (class.services)(&checked), (class.unique)(&checked));
        let _ = access::grants(Some("me"), &checked);
    }
}

/// First line: a class; then a filter, or a filter chain. Compiling the same filter twice gives the same query.
pub fn model_filter(data: &[u8]) {
    let (name, body) = line(data);
    let class = class_named(name);
    let Some(value) = json(body) else { return };
    let (caller, filter) = (caller(), filter::from_chain(&value).unwrap_or(&value));
    let _ = filter::limit(filter);
    let _ = filter::compile_service(filter, &caller);
    if let Ok(selection) = filter::compile(class, filter, &caller) {
        let again = filter::compile(class, filter, &caller);
        assert!(again.is_ok_and(|again| format!("{again:?}") == format!("{selection:?}")));
    }
}

/// A header of access control keys, or an entity with `stored` and `submitted`.
pub fn model_access(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = delegation_key_of_hex(&text);
    if let Ok(keys) = access_control_keys(text.lines()) {
        assert!(keys.iter().all(|key| key.len() == 64 && key.bytes().all(|byte| byte.is_ascii_hexdigit())));
    }
    let Some(Value::Object(mut body)) = json(data) else { return };
    let caller = caller();
    let (Some(stored), Some(submitted)) = (object(body.remove("stored")), object(body.remove("submitted"))) else {
        if check_metadata(&body).is_ok() && may_create(&body, &caller) {
            let grants = access::grants(None, &body);
            assert_eq!(access::level(&grants, &caller), Some(access::Level::Write));
        }
        assert!(metadata_unchanged(&body, &body), "a body differs from itself");
        return;
    };
    let _ = metadata_unchanged(&stored, &submitted);
    if let Ok(after) = put_stub(&stored, &submitted, &caller) {
        let (mut left, mut right) = (after, stored.clone());
        drop_key_fields(&mut left);
        drop_key_fields(&mut right);
        for field in ["id", "rev"] {
            left.remove(field);
            right.remove(field);
        }
        assert!(left == right, "a stub changes more than keys");
    }
    let mut put = submitted.clone();
    let own = stored.get("id").and_then(Value::as_str) == caller.data_owner.as_deref();
    if put_key_fields(&stored, &mut put, &caller).is_ok() && !own {
        assert!(key_fields(&put) == key_fields(&stored), "somebody else changes keys");
    }
}

fn object(value: Option<Value>) -> Option<Object> {
    match value {
        Some(Value::Object(object)) => Some(object),
        _ => None,
    }
}

/// `{"entity": …, "request": …}`: sharing takes nothing away from an entity that it does not change, and no
/// delegation ever.
pub fn model_share(data: &[u8]) {
    let Some(Value::Object(mut body)) = json(data) else { return };
    let Some(mut request) = object(body.remove("request")) else { return };
    let Ok(requests) = share::parse(&mut request) else { return };
    let Some(mut entity) = object(body.remove("entity")) else { return };
    if check_metadata(&entity).is_err() {
        return;
    }
    let caller = caller();
    for request in &requests {
        let before = entity.clone();
        let grants = access::grants(None, &before);
        let outcome = share::apply(&mut entity, false, request, &caller, &grants);
        assert!(outcome.changed || entity == before, "unchanged, and yet not as before");
        for key in delegations(&before) {
            assert!(delegations(&entity).contains(&key), "a delegation was lost");
        }
        assert!(check_metadata(&entity).is_ok(), "sharing leaves metadata that does not pass");
        let _ = outcome.conflict();
    }
}

fn delegations(entity: &Object) -> Vec<String> {
    let inside = entity.get("securityMetadata").and_then(|metadata| metadata.get("secureDelegations"));
    inside.and_then(Value::as_object).map(|inside| inside.keys().cloned().collect()).unwrap_or_default()
}

/// A revision, or the digits of a fuzzy date.
pub fn model_text(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Some(rev) = Rev::parse(&text) {
        assert_eq!(rev.as_str(), text);
        let next = rev.make_next([7; 16]);
        assert_eq!(Rev::parse(next.as_str()), Some(next));
    }
    if let Ok(date) = text.trim().parse::<i64>() {
        assert!(fuzzy::first_instant(date) <= fuzzy::last_instant(date));
    }
    for name in text.lines() {
        let _ = (schema::table(name), access::Level::parse(name));
    }
}
