//! The encrypted fields of entities (crypto 3.7, 3.8).
//!
//! [`seal_entity`] moves the fields that [`Manifests`] list into `encryptedSelf`, [`open_entity`] and
//! [`open_service`] bring them back. What we seal, official clients open; beyond that it is
//! authenticated: bound to the type and id of the entity and to the place of the field in it, and
//! padded to a length bucket (crypto 6, item 4). What we open says for every sealed place whether it
//! is so.

use serde_json::{Map, Value};

use crate::access_control::EntityType;

mod defaults;
mod manifest;
mod open;
mod padding;
mod path;
mod seal;

pub use defaults::Manifests;
pub use manifest::{Manifest, ManifestError};
pub(crate) use open::open_root;
pub use open::{FieldReport, FieldStatus, OpenedEntity, open_entity, open_service};
pub(crate) use padding::pad;
pub use seal::seal_entity;
pub(crate) use seal::seal_with;

/// A JSON object in the order it was written.
pub type Object = Map<String, Value>;

pub(crate) const ENCRYPTED_SELF: &str = "encryptedSelf";

/// Which entity something belongs to. What is sealed for one is not authentic in another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntityRef<'a> {
    /// Its type; for services, the contact's.
    pub entity_type: EntityType,
    /// Its id; for services, the contact's.
    pub id: &'a str,
}

/// Why an entity could not be sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The entity still carries `encryptedSelf` of another key: open it before sealing it again.
    #[error("sealed with another key")]
    OtherKey,
    /// A list or object that the manifest goes through is something else in the entity.
    #[error("the shape of the entity does not fit the manifest")]
    Shape,
    /// What is to be sealed cannot be written as JSON.
    #[error("not representable as JSON")]
    Json,
}

/// Why an entity could not be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// No candidate key opens all of it: the keys are of something else, or it was changed.
    #[error("no candidate key opens the entity")]
    NoKey,
}
