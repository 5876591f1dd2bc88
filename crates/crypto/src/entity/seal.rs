//! Sealing entities.

use std::collections::BTreeSet;

use base64ct::{Base64, Encoding};
use serde_json::Value;
use zeroize::Zeroizing;

use super::manifest::{Manifest, Step};
use super::padding::pad;
use super::path::{Path, holds_objects, id_of, is_compound};
use super::{ENCRYPTED_SELF, EntityRef, Manifests, Object, SealError};
use crate::hazmat::siv;
use crate::random::Random;
use crate::secret::EntityKey;

/// Moves the fields that are to be encrypted into `encryptedSelf`.
///
/// If the entity was opened before, so that it still carries its `encryptedSelf`s: what was encrypted
/// stays encrypted, whatever the manifest says; and what did not change keeps its bytes, if those are
/// authentic. Absent fields and defaults are the caller's to leave out.
///
/// # Errors
/// See [`SealError`].
pub fn seal_entity(
    random: &dyn Random,
    manifests: &Manifests,
    entity: EntityRef<'_>,
    key: &EntityKey,
    body: &Object,
) -> Result<Object, SealError> {
    let nothing = Manifest::default();
    let manifest = manifests.of(entity.entity_type).unwrap_or(&nothing);
    seal_with(random, manifest, entity, key, body)
}

/// As [`seal_entity`], with the fields that are to be encrypted.
pub(crate) fn seal_with(
    random: &dyn Random,
    manifest: &Manifest,
    entity: EntityRef<'_>,
    key: &EntityKey,
    body: &Object,
) -> Result<Object, SealError> {
    Sealer { random, entity, key }.object(body, Some(manifest), &Path::default())
}

struct Sealer<'a> {
    random: &'a dyn Random,
    entity: EntityRef<'a>,
    key: &'a EntityKey,
}

/// What an object carried when it was opened.
struct Before<'a> {
    text: &'a str,
    content: Object,
    authentic: bool,
}

impl Sealer<'_> {
    fn object(&self, body: &Object, manifest: Option<&Manifest>, path: &Path) -> Result<Object, SealError> {
        let binding = path.binding(self.entity);
        let before = self.before(body, &binding)?;
        let compound = manifest.is_some_and(|manifest| manifest.service) && is_compound(body);
        let mut names: BTreeSet<&str> =
            before.iter().flat_map(|before| before.content.keys()).map(String::as_str).collect();
        if let Some(manifest) = manifest {
            names.extend(manifest.fields.iter().map(String::as_str));
            if manifest.all {
                names.extend(body.keys().map(String::as_str));
            }
            if manifest.service && !compound {
                names.insert("content");
            }
        }
        names.remove(ENCRYPTED_SELF);

        let (mut clear, mut secret) = (Object::new(), Object::new());
        for (name, value) in body {
            if name == ENCRYPTED_SELF {
                continue;
            }
            if names.contains(name.as_str()) {
                secret.insert(name.clone(), value.clone());
                continue;
            }
            let nested = manifest.and_then(|manifest| manifest.nested.get(name)).map(|(step, nested)| (*step, nested));
            let value = match manifest.filter(|_| compound && name == "content") {
                Some(service) => self.compound_content(value, service, path)?,
                None => self.value(name, value, nested, path)?,
            };
            clear.insert(name.clone(), value);
        }
        if manifest.is_some() || before.is_some() {
            let unchanged = before.filter(|before| before.authentic && before.content == secret);
            let sealed = match unchanged {
                Some(before) => before.text.to_owned(),
                None => self.seal(&secret, &binding)?,
            };
            clear.insert(ENCRYPTED_SELF.to_owned(), Value::String(sealed));
        }
        Ok(clear)
    }

    /// The value of a field that is not itself encrypted.
    fn value(
        &self,
        name: &str,
        value: &Value,
        nested: Option<(Step, &Manifest)>,
        path: &Path,
    ) -> Result<Value, SealError> {
        Ok(match (value, nested) {
            (Value::Object(object), Some((Step::Object, manifest))) => {
                self.object(object, Some(manifest), &path.field(name))?.into()
            }
            (Value::Object(map), Some((Step::Values, manifest))) => {
                let path = path.field(name);
                let sealed = map.iter().map(|(key, value)| match value {
                    Value::Object(object) => {
                        Ok((key.clone(), self.object(object, Some(manifest), &path.field(key))?.into()))
                    }
                    Value::Null => Ok((key.clone(), Value::Null)),
                    _ => Err(SealError::Shape),
                });
                Value::Object(sealed.collect::<Result<_, _>>()?)
            }
            (Value::Array(list), Some((Step::Elements, manifest))) => self.list(name, list, Some(manifest), path)?,
            (Value::Null, _) => Value::Null,
            (_, Some(_)) => return Err(SealError::Shape),
            (Value::Object(object), None) => self.object(object, None, &path.field(name))?.into(),
            (Value::Array(list), None) if holds_objects(list) => self.list(name, list, None, path)?,
            (value, None) => value.clone(),
        })
    }

    fn list(&self, name: &str, list: &[Value], manifest: Option<&Manifest>, path: &Path) -> Result<Value, SealError> {
        let ids: Vec<_> = list.iter().map(|element| self.clear_id(element, manifest)).collect();
        let paths = path.elements(name, &ids);
        let sealed = list.iter().zip(&paths).map(|(element, path)| match element {
            Value::Object(object) => self.object(object, manifest, path).map(Value::Object),
            Value::Null => Ok(Value::Null),
            _ => Err(SealError::Shape),
        });
        sealed.collect()
    }

    /// The id of an element, unless it will be sealed with the rest: readers find places by what is clear.
    fn clear_id(&self, element: &Value, manifest: Option<&Manifest>) -> Option<String> {
        let sealed_before = || {
            let text = element.get(ENCRYPTED_SELF)?.as_str()?;
            super::open::open_blob(self.key, &[], text).map(|(content, _)| content.contains_key("id"))
        };
        let listed = manifest.is_some_and(|manifest| manifest.all || manifest.fields.contains("id"));
        let id = id_of(element).filter(|_| !listed)?;
        (sealed_before() != Some(true)).then_some(id)
    }

    /// The content of a service that is nothing but nested services, each sealed by the same rule.
    fn compound_content(&self, content: &Value, service: &Manifest, path: &Path) -> Result<Value, SealError> {
        let path = path.field("content");
        let entries = content.as_object().ok_or(SealError::Shape)?.iter().map(|(language, entry)| {
            let list = entry.get("compoundValue").and_then(Value::as_array).ok_or(SealError::Shape)?;
            let sealed = self.list("compoundValue", list, Some(service), &path.field(language))?;
            let mut entry = Object::new();
            entry.insert("compoundValue".to_owned(), sealed);
            Ok((language.clone(), Value::Object(entry)))
        });
        Ok(Value::Object(entries.collect::<Result<_, SealError>>()?))
    }

    fn before<'b>(&self, body: &'b Object, binding: &[u8]) -> Result<Option<Before<'b>>, SealError> {
        let Some(Value::String(text)) = body.get(ENCRYPTED_SELF) else { return Ok(None) };
        let (content, authentic) = super::open::open_blob(self.key, binding, text).ok_or(SealError::OtherKey)?;
        Ok(Some(Before { text, content, authentic }))
    }

    fn seal(&self, secret: &Object, binding: &[u8]) -> Result<String, SealError> {
        let mut json = Zeroizing::new(serde_json::to_vec(secret).map_err(|_| SealError::Json)?);
        pad(&mut json, self.random);
        let sealed = siv::seal(self.key.expose(), binding, &json).map_err(|_| SealError::Json)?;
        Ok(Base64::encode_string(&sealed))
    }
}
