//! Encrypted entities: making, opening, changing, finding and sharing them. Every sub-client for records is a
//! thin layer over this.

mod error;
mod find;
mod memo;
mod open;
mod record;
mod seen;
mod share;
mod write;

use keystead_crypto::access_control::EntityType;
use keystead_model::Object;
use serde_json::{Value, json};

pub use error::RecordError;
pub(crate) use find::{delete, get, get_all, list, matching};
pub(crate) use memo::Memo;
pub(crate) use open::{Access, access, open, open_one};
pub(crate) use record::{Record, readable, record, split};
pub use record::{Records, Shared};
pub(crate) use seen::Seen;
pub(crate) use share::{Grant, grant, share};
pub(crate) use write::{Draft, create, modify, with_root};

use crate::users::SharedData;

/// A class of encrypted entities.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) entity_type: EntityType,
    /// The first segment of its calls.
    pub(crate) path: &'static str,
    /// Which of the user's lists say whom new ones are shared with.
    pub(crate) shared: Option<SharedData>,
}

pub(crate) const PATIENT: Kind =
    Kind { entity_type: EntityType::Patient, path: "patient", shared: Some(SharedData::Administrative) };
pub(crate) const CONTACT: Kind =
    Kind { entity_type: EntityType::Contact, path: "contact", shared: Some(SharedData::Administrative) };
pub(crate) const HEALTH_ELEMENT: Kind =
    Kind { entity_type: EntityType::HealthElement, path: "helement", shared: Some(SharedData::Medical) };
pub(crate) const DOCUMENT: Kind =
    Kind { entity_type: EntityType::Document, path: "document", shared: Some(SharedData::Medical) };
/// Notifications go to those whom they are for, and to nobody else.
pub(crate) const TASK: Kind = Kind { entity_type: EntityType::MaintenanceTask, path: "maintenancetask", shared: None };

/// Adds a code stub to a list of an entity.
pub(crate) fn add_code(body: &mut Object, list: &str, kind: &str, code: &str, version: &str) {
    let codes = body.entry(list).or_insert_with(|| json!([]));
    if let Value::Array(codes) = codes {
        codes.push(json!({ "id": format!("{kind}|{code}|{version}"), "type": kind, "code": code, "version": version }));
    }
}
