//! Opening entities.

use base64ct::{Base64, Encoding};
use serde_json::Value;

use super::manifest::{Manifest, Step};
use super::path::{Path, holds_objects, id_of, is_compound};
use super::{ENCRYPTED_SELF, EntityRef, Manifests, Object, OpenError};
use crate::access_control::EntityType;
use crate::hazmat::siv;
use crate::secret::EntityKey;

/// What a sealed root may not say: what the server acts on stands in clear.
const CLEAR_ONLY: &[&str] =
    &["id", "rev", "securityMetadata", "secretForeignKeys", "cryptedForeignKeys", "delegations", "encryptionKeys"];

/// What a server fills in when it is absent (wire 1.5), in clear even where clients seal it.
const FILLED_BY_SERVERS: &[&str] = &["created", "modified"];

/// What is known of one place of an opened entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldStatus {
    /// Sealed for this very place by somebody who holds the entity's key, and not changed since.
    Authentic,
    /// Opens, but carries no tag for this place: written by another client, or changed, or moved here.
    Untagged,
    /// A field that is encrypted by default stands in clear, and nothing sealed covers it: anybody may
    /// have written it.
    InClear,
    /// An object that should carry an `encryptedSelf` has none.
    Missing,
}

/// A place and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldReport {
    /// E.g. `services[=<id>].encryptedSelf`; for [`FieldStatus::InClear`] the field in clear.
    pub path: String,
    /// What is known of it.
    pub status: FieldStatus,
}

/// An opened entity.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenedEntity {
    /// The entity with everything in clear. `encryptedSelf`s are left in it, for sealing it again.
    pub body: Object,
    /// What is known of each sealed place, and of each that should be.
    pub report: Vec<FieldReport>,
    /// Which of the candidate keys opened it.
    pub key: usize,
}

impl OpenedEntity {
    /// Whether everything that is encrypted by default was sealed for its place by a holder of the key.
    ///
    /// Fields that stand in clear by design (names, dates, codes) and how many elements a list has are
    /// not covered.
    pub fn is_authenticated(&self) -> bool {
        !self.report.is_empty() && self.report.iter().all(|field| field.status == FieldStatus::Authentic)
    }
}

/// Opens an entity with the first of `keys` that opens every `encryptedSelf` in it.
///
/// # Errors
/// [`OpenError::NoKey`].
pub fn open_entity(
    manifests: &Manifests,
    entity: EntityRef<'_>,
    keys: &[&EntityKey],
    stored: &Object,
) -> Result<OpenedEntity, OpenError> {
    open_root(manifests.of(entity.entity_type), entity, keys, stored)
}

/// As [`open_entity`], with the fields that should be encrypted.
pub(crate) fn open_root(
    manifest: Option<&Manifest>,
    entity: EntityRef<'_>,
    keys: &[&EntityKey],
    stored: &Object,
) -> Result<OpenedEntity, OpenError> {
    open_with(manifest, entity, keys, stored, &Path::default())
}

/// Opens a service that the server returned by itself, out of the contact `contact_id`.
///
/// # Errors
/// [`OpenError::NoKey`].
pub fn open_service(
    manifests: &Manifests,
    contact_id: &str,
    keys: &[&EntityKey],
    stored: &Object,
) -> Result<OpenedEntity, OpenError> {
    let contact = EntityRef { entity_type: EntityType::Contact, id: contact_id };
    let id = stored.get("id").and_then(Value::as_str).unwrap_or_default();
    let path = Path::default().element_with_id("services", id);
    open_with(Some(manifests.of_services()), contact, keys, stored, &path)
}

fn open_with(
    manifest: Option<&Manifest>,
    entity: EntityRef<'_>,
    keys: &[&EntityKey],
    stored: &Object,
    path: &Path,
) -> Result<OpenedEntity, OpenError> {
    for (position, key) in keys.iter().enumerate() {
        let mut opener = Opener { entity, key, report: Vec::new() };
        if let Some(body) = opener.object(stored, manifest, path, true) {
            return Ok(OpenedEntity { body, report: opener.report, key: position });
        }
    }
    Err(OpenError::NoKey)
}

/// The content of one `encryptedSelf`, and whether it carries the tag for `binding`.
pub(super) fn open_blob(key: &EntityKey, binding: &[u8], text: &str) -> Option<(Object, bool)> {
    let sealed = Base64::decode_vec(text).ok()?;
    let (plaintext, authentic) = siv::open(key.expose(), binding, &sealed).ok()?;
    // clients of old padded with NUL
    let end = plaintext.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    Some((serde_json::from_slice(plaintext.get(..end)?).ok()?, authentic))
}

struct Opener<'a> {
    entity: EntityRef<'a>,
    key: &'a EntityKey,
    report: Vec<FieldReport>,
}

impl Opener<'_> {
    /// `None` if something in it does not open with this key.
    fn object(&mut self, stored: &Object, manifest: Option<&Manifest>, path: &Path, root: bool) -> Option<Object> {
        let compound = manifest.is_some_and(|manifest| manifest.service) && is_compound(stored);
        let sealed = match stored.get(ENCRYPTED_SELF) {
            Some(Value::String(text)) => {
                let (content, authentic) = open_blob(self.key, &path.binding(self.entity), text)?;
                self.note(path.to_string(), if authentic { FieldStatus::Authentic } else { FieldStatus::Untagged });
                Some(content)
            }
            _ => None,
        };
        if let Some(manifest) = manifest {
            if sealed.is_none() {
                self.note(path.to_string(), FieldStatus::Missing);
            }
            self.note_clear(stored, manifest, compound, sealed.as_ref(), path);
        }

        let mut body = Object::new();
        for (name, value) in stored {
            let nested = manifest.and_then(|manifest| manifest.nested.get(name)).map(|(step, nested)| (*step, nested));
            let value = match manifest.filter(|_| compound && name == "content") {
                Some(service) => self.compound_content(value, service, path)?,
                None => self.value(name, value, nested, path)?,
            };
            body.insert(name.clone(), value);
        }
        for (name, value) in sealed.into_iter().flatten() {
            if name != ENCRYPTED_SELF && !(root && CLEAR_ONLY.contains(&name.as_str())) {
                body.insert(name, value);
            }
        }
        Some(body)
    }

    fn value(&mut self, name: &str, value: &Value, nested: Option<(Step, &Manifest)>, path: &Path) -> Option<Value> {
        Some(match (value, nested) {
            (Value::Object(map), Some((Step::Values, manifest))) => {
                let path = path.field(name);
                let opened = map.iter().map(|(key, value)| {
                    let value = match value {
                        Value::Object(object) => self.object(object, Some(manifest), &path.field(key), false)?.into(),
                        other => other.clone(),
                    };
                    Some((key.clone(), value))
                });
                Value::Object(opened.collect::<Option<_>>()?)
            }
            (Value::Object(object), nested) => {
                let manifest = nested.filter(|(step, _)| *step == Step::Object).map(|(_, manifest)| manifest);
                self.object(object, manifest, &path.field(name), false)?.into()
            }
            (Value::Array(list), nested) if holds_objects(list) => {
                let manifest = nested.filter(|(step, _)| *step == Step::Elements).map(|(_, manifest)| manifest);
                self.list(name, list, manifest, path)?
            }
            (value, _) => value.clone(),
        })
    }

    fn list(&mut self, name: &str, list: &[Value], manifest: Option<&Manifest>, path: &Path) -> Option<Value> {
        let ids: Vec<_> = list.iter().map(id_of).collect();
        let paths = path.elements(name, &ids);
        let opened = list.iter().zip(&paths).map(|(element, path)| match element {
            Value::Object(object) => self.object(object, manifest, path, false).map(Value::Object),
            other => Some(other.clone()),
        });
        opened.collect()
    }

    fn compound_content(&mut self, content: &Value, service: &Manifest, path: &Path) -> Option<Value> {
        let path = path.field("content");
        let entries = content.as_object()?.iter().map(|(language, entry)| {
            let list = entry.get("compoundValue").and_then(Value::as_array)?;
            let opened = self.list("compoundValue", list, Some(service), &path.field(language))?;
            let mut entry = Object::new();
            entry.insert("compoundValue".to_owned(), opened);
            Some((language.clone(), Value::Object(entry)))
        });
        Some(Value::Object(entries.collect::<Option<_>>()?))
    }

    /// Notes every field in clear that should have been sealed.
    fn note_clear(
        &mut self,
        stored: &Object,
        manifest: &Manifest,
        compound: bool,
        sealed: Option<&Object>,
        path: &Path,
    ) {
        for (name, value) in stored {
            let content = manifest.service && !compound && name == "content";
            let listed = manifest.fields.contains(name) || manifest.all || content;
            let covered = sealed.is_some_and(|sealed| sealed.contains_key(name));
            let harmless = value.is_null() || FILLED_BY_SERVERS.contains(&name.as_str()) || name == ENCRYPTED_SELF;
            if listed && !covered && !harmless {
                let mut place = path.to_string();
                place.truncate(place.len() - ENCRYPTED_SELF.len());
                place.push_str(name);
                self.note(place, FieldStatus::InClear);
            }
        }
    }

    fn note(&mut self, path: String, status: FieldStatus) {
        self.report.push(FieldReport { path, status });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::hazmat::aes_cbc;

    fn stored(plaintext: &[u8]) -> Object {
        let sealed = aes_cbc::seal(&[7; 32], &[1; 16], plaintext).unwrap();
        json!({"id": "1", "encryptedSelf": Base64::encode_string(&sealed)}).as_object().unwrap().clone()
    }

    fn open(stored: &Object) -> Result<OpenedEntity, OpenError> {
        let key = EntityKey::from_bytes(&[7; 32]).unwrap();
        let entity = EntityRef { entity_type: EntityType::Patient, id: "1" };
        open_entity(&Manifests::default(), entity, &[&key], stored)
    }

    #[test]
    fn nul_behind_and_whitespace_around_do_not_matter() {
        for plaintext in [&b"{\"note\":\"n\"}\0\0\0"[..], b" \n{\"note\":\"n\"}\t\r "] {
            assert_eq!(open(&stored(plaintext)).unwrap().body["note"], "n");
        }
    }

    #[test]
    fn only_objects_count_as_content() {
        for plaintext in [&b"[]"[..], b"1", b"null", b"", b"\0", b"{", b"{\"a\":1}x"] {
            assert_eq!(open(&stored(plaintext)).err(), Some(OpenError::NoKey));
        }
    }

    proptest::proptest! {
        #[test]
        fn any_plaintext(plaintext: Vec<u8>, json in "[{}\\[\\]\",:a-z0-9 ]{0,30}") {
            let _ = open(&stored(&plaintext));
            let _ = open(&stored(json.as_bytes()));
        }
    }

    #[test]
    fn what_was_decrypted_is_not_looked_into() {
        let inner = stored(b"{}")["encryptedSelf"].clone();
        let plaintext = json!({"notes": [{"encryptedSelf": inner}], "encryptedSelf": "x"}).to_string();
        let body = open(&stored(plaintext.as_bytes())).unwrap().body;
        assert_eq!(body["notes"], json!([{"encryptedSelf": inner}]));
        assert_ne!(body["encryptedSelf"], "x");
    }
}
