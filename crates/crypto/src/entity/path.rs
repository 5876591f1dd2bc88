//! Where in an entity an object stands, as text: part of what its tag is over.
//!
//! `services[=<id>].encryptedSelf`, `insurabilities[0].encryptedSelf`, `content.en.encryptedSelf`.
//! Elements are named by their id, so that official clients may reorder a list; those without one, or
//! with one that another element has too, by their position.

use std::collections::HashMap;

use serde_json::Value;

use super::{ENCRYPTED_SELF, EntityRef, Object};

/// The way from the root of an entity to an object.
#[derive(Clone, Default)]
pub(super) struct Path(String);

impl Path {
    /// The object in field `name`, or under key `name`.
    pub(super) fn field(&self, name: &str) -> Self {
        let mut path = self.0.clone();
        escape(name, &mut path);
        path.push('.');
        Self(path)
    }

    /// The element with this id in the list `name`.
    pub(super) fn element_with_id(&self, name: &str, id: &str) -> Self {
        let mut path = self.0.clone();
        escape(name, &mut path);
        path.push_str("[=");
        escape(id, &mut path);
        path.push_str("].");
        Self(path)
    }

    /// Every element of the list `name`, in order, given the ids that stand in clear.
    pub(super) fn elements(&self, name: &str, ids: &[Option<String>]) -> Vec<Self> {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        ids.iter().flatten().for_each(|id| *counts.entry(id).or_default() += 1);
        let path = |(position, id): (usize, &Option<String>)| match id {
            Some(id) if counts.get(id.as_str()) == Some(&1) => self.element_with_id(name, id),
            _ => {
                let mut path = self.0.clone();
                escape(name, &mut path);
                path.push_str(&format!("[{position}]."));
                Self(path)
            }
        };
        ids.iter().enumerate().map(path).collect()
    }

    /// What the tag of the object's `encryptedSelf` is over: type, id and path, with NUL between.
    pub(super) fn binding(&self, entity: EntityRef<'_>) -> Vec<u8> {
        let mut id = String::with_capacity(entity.id.len());
        escape_nul(entity.id, &mut id);
        format!("{}\0{id}\0{self}", entity.entity_type).into_bytes()
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{ENCRYPTED_SELF}", self.0)
    }
}

/// Names that hold what paths are made of cannot be taken for a path.
fn escape(name: &str, to: &mut String) {
    for letter in name.chars() {
        match letter {
            '%' | '.' | '[' | ']' | '=' | '\0' => to.push_str(&format!("%{:02x}", u32::from(letter))),
            _ => to.push(letter),
        }
    }
}

fn escape_nul(id: &str, to: &mut String) {
    for letter in id.chars() {
        match letter {
            '%' | '\0' => to.push_str(&format!("%{:02x}", u32::from(letter))),
            _ => to.push(letter),
        }
    }
}

/// The id of an element that has one in clear.
pub(super) fn id_of(element: &Value) -> Option<String> {
    element.get("id").and_then(Value::as_str).map(str::to_owned)
}

/// Whether a list holds objects, or null: other lists are never looked into.
pub(super) fn holds_objects(list: &[Value]) -> bool {
    list.iter().all(|element| matches!(element, Value::Object(_) | Value::Null))
}

/// Whether a service keeps its `content` in clear as structure: every entry is nothing but nested services.
pub(super) fn is_compound(service: &Object) -> bool {
    let Some(Value::Object(content)) = service.get("content") else { return false };
    let compound = |entry: &Value| {
        entry.as_object().is_some_and(|entry| {
            let set = || entry.iter().filter(|(_, value)| !value.is_null());
            set().count() == 1 && set().all(|(name, value)| name == "compoundValue" && value.is_array())
        })
    };
    !content.is_empty() && content.values().all(compound)
}
