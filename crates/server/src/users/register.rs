//! Registration by the message gateway: the first validated code makes the user (wire 2.3).

use keystead_store::Writing;
use keystead_store::accounts::Account;

use crate::app::App;
use crate::error::ApiResult;

/// What kind of data owner a process registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RegistrantKind {
    /// A patient.
    Patient,
    /// A healthcare party.
    Hcp,
}

/// How the person was reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// By e-mail, in its compared form.
    Email(String),
    /// By SMS, in its compared form.
    Phone(String),
}

/// Somebody whose address was proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registrant {
    /// The group to be in.
    pub group: String,
    /// What they will be.
    pub kind: RegistrantKind,
    /// The proven address.
    pub address: Address,
    /// As typed; may be empty.
    pub first_name: String,
    /// As typed; may be empty.
    pub last_name: String,
    /// Whom all their future data is shared with.
    pub responsible: Option<String>,
}

/// The account of the user with the proven address in the group, made with its data owner if there
/// is none yet.
///
/// # Errors
/// The store fails.
pub async fn find_or_register(app: &App, tx: &mut dyn Writing, registrant: &Registrant) -> ApiResult<Account> {
    let _ = (app, tx, registrant);
    Err(crate::error::ApiError::internal("not built yet"))
}
