//! Devices: data owners that are machines, such as a thermometer that sends what it measures.

use std::sync::Arc;

use serde_json::json;

use crate::api::Core;
use crate::directory;
use crate::document::{document, text};
use crate::error::{RequestError, WriteError};

const CLASS: &str = "device";

document! {
    /// A device.
    Device
}

impl Device {
    /// A new one with a name, to be given to [`Devices::create`].
    pub fn named(name: &str) -> Self {
        let mut fields = keystead_model::Object::new();
        fields.insert("name".to_owned(), json!(name));
        Self { fields }
    }

    /// The name.
    pub fn name(&self) -> Option<&str> {
        text(&self.fields, "name")
    }

    /// The serial number.
    pub fn serial_number(&self) -> Option<&str> {
        text(&self.fields, "serialNumber")
    }
}

/// Reading and making devices.
///
/// ```no_run
/// use keystead_sdk::devices::Device;
/// # async fn example(api: keystead_sdk::Api) -> Result<(), Box<dyn std::error::Error>> {
/// let made = api.devices().create(&Device::named("thermometer in the kitchen")).await?;
/// assert_eq!(api.devices().get(made.id()).await?.name(), Some("thermometer in the kitchen"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Devices {
    core: Arc<Core>,
}

impl Devices {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// The one with this id.
    ///
    /// # Errors
    /// [`RequestError::NotFound`]: there is none.
    pub async fn get(&self, id: &str) -> Result<Device, RequestError> {
        directory::get(&self.core, CLASS, id).await
    }

    /// Those of `ids` that exist, in this order.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub async fn list(&self, ids: &[&str]) -> Result<Vec<Device>, RequestError> {
        directory::list(&self.core, CLASS, ids).await
    }

    /// Makes one, with a new id if it has none. Only healthcare professionals and administrators may. It can
    /// be called again when the answer was lost: give the document an id for that.
    ///
    /// # Errors
    /// [`WriteError::AlreadyExists`]: there is another one with this id.
    pub async fn create(&self, new: &Device) -> Result<Device, WriteError> {
        directory::create(&self.core, CLASS, new).await
    }
}
