//! The first message of a socket: what its client wants to be told (wire 6.3). Pure.

use std::collections::BTreeSet;

use keystead_model::access::{self, Caller};
use keystead_model::class::{self, Class};
use keystead_model::error::FieldError;
use keystead_model::filter;
use keystead_model::query::Query;
use keystead_store::changes::ChangeKind;
use serde_json::Value;

use crate::error::ApiResult;

/// How the classes are named (wire 6.3).
const ENTITIES: &str = "org.taktik.icure.entities.";
const SERVICE: &str = "embed.Service";
/// Classes that are no records and can be subscribed to nevertheless.
const PLAIN: [&str; 3] = ["User", "HealthcareParty", "Device"];

/// The names of the kinds of change.
const KINDS: [(&str, ChangeKind); 3] =
    [("CREATE", ChangeKind::Created), ("UPDATE", ChangeKind::Updated), ("DELETE", ChangeKind::Deleted)];

/// What a client wants to be told.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    pub(super) class: &'static Class,
    /// Services are asked for, not the contacts that hold them.
    pub(super) services: bool,
    pub(super) kinds: Vec<ChangeKind>,
    /// The filter as it was given; `null` for everything.
    filter: Value,
}

impl Wanted {
    /// Reads a message; also the delegation keys behind the access control keys that a later client sends in it.
    ///
    /// # Errors
    /// It is not JSON, or a field is not what it should be; a filter is looked into by [`Self::query`].
    pub fn read(text: &str) -> ApiResult<(Self, Vec<String>)> {
        Ok(Self::parse(&crate::http::read_value(text.as_bytes())?)?)
    }

    fn parse(message: &Value) -> Result<(Self, Vec<String>), FieldError> {
        let message = message.as_object().ok_or_else(|| FieldError::new("", "an object"))?;
        let name = message.get("entityClass").and_then(Value::as_str);
        let name = name.and_then(|name| name.strip_prefix(ENTITIES));
        let services = name == Some(SERVICE);
        let name = if services { Some("Contact") } else { name };
        let found = class::ALL.iter().find(|class| name == Some(class.name));
        let class = found.filter(|class| class.encryptable || PLAIN.contains(&class.name));
        let class =
            class.ok_or_else(|| FieldError::new("entityClass", format!("{ENTITIES}… of a class with events")))?;
        let kinds = message.get("eventTypes").and_then(Value::as_array);
        let kinds = kinds.and_then(|kinds| kinds.iter().map(kind).collect::<Option<BTreeSet<usize>>>());
        let kinds = kinds.filter(|kinds| !kinds.is_empty());
        let kinds = kinds.ok_or_else(|| FieldError::new("eventTypes", "some of CREATE, UPDATE, DELETE"))?;
        let kinds = kinds.into_iter().filter_map(|index| Some(KINDS.get(index)?.1)).collect();
        let filter = match message.get("filter") {
            None | Some(Value::Null) => Value::Null,
            Some(chain) => filter::from_chain(chain).map_err(|error| error.under("filter"))?.clone(),
        };
        Ok((Self { class, services, kinds, filter }, presented(message.get("accessControlKeys"))?))
    }

    /// What the filter means for `caller`.
    ///
    /// # Errors
    /// The filter cannot be read.
    pub fn query(&self, caller: &Caller) -> Result<Query, FieldError> {
        if self.filter.is_null() {
            return Ok(Query::All);
        }
        let selection = match self.services {
            true => filter::compile_service(&self.filter, caller),
            false => filter::compile(self.class, &self.filter, caller),
        };
        Ok(selection.map_err(|error| error.under("filter.filter"))?.query)
    }
}

/// The name of a kind of change.
pub(super) fn name(kind: ChangeKind) -> &'static str {
    KINDS.iter().find(|(_, one)| *one == kind).map_or("", |(name, _)| *name)
}

fn kind(value: &Value) -> Option<usize> {
    let name = value.as_str()?;
    KINDS.iter().position(|(known, _)| *known == name)
}

fn presented(keys: Option<&Value>) -> Result<Vec<String>, FieldError> {
    let invalid = || FieldError::new("accessControlKeys", "an array of keys of 32 hex digits");
    match keys {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(keys)) => {
            keys.iter().map(|key| key.as_str().and_then(access::delegation_key_of_hex).ok_or_else(invalid)).collect()
        }
        Some(_) => Err(invalid()),
    }
}
