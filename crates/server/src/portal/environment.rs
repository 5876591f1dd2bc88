//! Environments (portal 1.1): groups whose clients a custodian administers by this API.

use keystead_model::entity::group;
use keystead_store::{Reading, Writing};
use serde::{Deserialize, Serialize};

use super::records::{self, Kept};
use crate::app::App;
use crate::documents;
use crate::error::{ApiError, ApiResult};

/// A group that is an environment. It lies in the group itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Environment {
    /// The id of the group.
    pub id: String,
    /// What it is called, `Production` for instance.
    pub name: String,
    /// The organisation that has it, perhaps among others.
    pub custodian: Custodian,
    /// Whether the clients' cipher texts are kept here rather than by the custodian's application (portal 1.7).
    pub backup_with_portal_enabled: bool,
}

/// An organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Custodian {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
}

impl Environment {
    /// An environment whose cipher texts the application keeps.
    pub fn new(group: &str, name: &str, custodian: Custodian) -> Self {
        Self { id: group.to_owned(), name: name.to_owned(), custodian, backup_with_portal_enabled: false }
    }
}

impl Kept for Environment {
    const CLASS: &'static str = "PortalEnvironment";

    fn id(&self) -> &str {
        &self.id
    }
}

/// Makes a group an environment, or changes what is said of it.
///
/// # Errors
/// The store fails.
pub async fn set_environment(app: &App, tx: &mut dyn Writing, environment: &Environment) -> ApiResult<()> {
    match records::load::<Environment>(&mut *tx, &environment.id, &environment.id).await? {
        None => records::create(app, tx, &environment.id, environment).await,
        Some(mut stored) => {
            stored.value = environment.clone();
            let done = records::replace(app, tx, &environment.id, &stored).await?;
            if done { Ok(()) } else { Err(ApiError::stale()) }
        }
    }
}

/// The environment that a group is, if it is one.
///
/// # Errors
/// The store fails.
pub async fn find_environment(tx: &mut (dyn Reading + '_), group: &str) -> ApiResult<Option<Environment>> {
    Ok(records::load::<Environment>(tx, group, group).await?.map(|stored| stored.value))
}

/// The environment of a group, with what can be said of a group that is none.
pub(super) async fn environment_of(tx: &mut (dyn Reading + '_), group: &str) -> ApiResult<Environment> {
    if let Some(environment) = find_environment(tx, group).await? {
        return Ok(environment);
    }
    let (_, object) = documents::load(tx, group, &group::CLASS, group).await?;
    let name = documents::text(&object, "name").unwrap_or(group);
    Ok(Environment::new(group, name, Custodian { id: group.to_owned(), name: name.to_owned() }))
}
