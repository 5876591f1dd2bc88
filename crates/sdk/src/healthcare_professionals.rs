//! Healthcare professionals, and organisations of such: data owners who treat patients.

use std::sync::Arc;

use serde_json::json;

use crate::api::Core;
use crate::call::Call;
use crate::directory;
use crate::document::{document, text};
use crate::error::{RequestError, WriteError};

const CLASS: &str = "hcparty";

document! {
    /// A healthcare professional or an organisation of such.
    HealthcareProfessional
}

impl HealthcareProfessional {
    /// A new one with a name, to be given to [`HealthcareProfessionals::create`].
    pub fn named(first_name: &str, last_name: &str) -> Self {
        let mut fields = keystead_model::Object::new();
        fields.insert("firstName".to_owned(), json!(first_name));
        fields.insert("lastName".to_owned(), json!(last_name));
        Self { fields }
    }

    /// The first name.
    pub fn first_name(&self) -> Option<&str> {
        text(&self.fields, "firstName")
    }

    /// The last name.
    pub fn last_name(&self) -> Option<&str> {
        text(&self.fields, "lastName")
    }

    /// The name of an organisation, or the whole name of a person.
    pub fn name(&self) -> Option<&str> {
        text(&self.fields, "name")
    }

    /// The organisation that it belongs to.
    pub fn parent_id(&self) -> Option<&str> {
        text(&self.fields, "parentId")
    }
}

/// Reading and making healthcare professionals.
///
/// ```no_run
/// use keystead_sdk::healthcare_professionals::HealthcareProfessional;
/// # async fn example(api: keystead_sdk::Api) -> Result<(), Box<dyn std::error::Error>> {
/// let made = api.healthcare_professionals().create(&HealthcareProfessional::named("Jorah", "Mormont")).await?;
/// let read = api.healthcare_professionals().get(made.id()).await?;
/// assert_eq!(read.last_name(), Some("Mormont"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct HealthcareProfessionals {
    core: Arc<Core>,
}

impl HealthcareProfessionals {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// The one that the user is.
    ///
    /// # Errors
    /// [`RequestError::NotFound`]: the user is none.
    pub async fn current(&self) -> Result<HealthcareProfessional, RequestError> {
        self.core.caller.read(Call::get(&[CLASS, "current"])).await
    }

    /// The one with this id.
    ///
    /// # Errors
    /// [`RequestError::NotFound`]: there is none.
    pub async fn get(&self, id: &str) -> Result<HealthcareProfessional, RequestError> {
        directory::get(&self.core, CLASS, id).await
    }

    /// Those of `ids` that exist, in this order.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub async fn list(&self, ids: &[&str]) -> Result<Vec<HealthcareProfessional>, RequestError> {
        directory::list(&self.core, CLASS, ids).await
    }

    /// Makes one, with a new id if it has none. Only healthcare professionals and administrators may. It can
    /// be called again when the answer was lost: give the document an id for that.
    ///
    /// # Errors
    /// [`WriteError::AlreadyExists`]: there is another one with this id.
    pub async fn create(&self, new: &HealthcareProfessional) -> Result<HealthcareProfessional, WriteError> {
        directory::create(&self.core, CLASS, new).await
    }
}
