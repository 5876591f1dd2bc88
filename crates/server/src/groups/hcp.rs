//! Makes a healthcare party with the user it logs in with: `keystead admin hcp create`.

use keystead_model::entity::{healthcare_party, user};
use keystead_store::Writing;
use keystead_store::accounts::Account;
use serde_json::json;

use super::ADMIN;
use crate::app::App;
use crate::documents;
use crate::error::ApiResult;
use crate::{owners, users};

/// A healthcare party to be made. Has no `Debug`: it holds a password hash.
pub struct NewHcp {
    /// The group.
    pub group: String,
    /// Id of the healthcare party; a new UUID if there is none.
    pub id: Option<String>,
    /// Login name.
    pub login: String,
    /// What [`crate::auth::password::hash`] made of the password.
    pub password_hash: String,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// E-mail address, a login name too.
    pub email: Option<String>,
    /// Whether the user administers the group.
    pub admin: bool,
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedHcp {
    /// Id of the user.
    pub user: String,
    /// Id of the healthcare party.
    pub data_owner: String,
}

/// Makes the healthcare party and its user.
///
/// # Errors
/// 400 for an id, address or name that cannot be, 409 where one is taken.
pub async fn create_hcp(app: &App, tx: &mut (dyn Writing + '_), new: NewHcp) -> ApiResult<CreatedHcp> {
    let data_owner = new.id.unwrap_or_else(|| app.rng.uuid());
    owners::check_new_id(tx, &new.group, &data_owner).await?;
    let names = [new.first_name.as_deref(), new.last_name.as_deref()];
    let name = names.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let party = documents::check(
        healthcare_party::CLASS.name,
        json!({
            "id": data_owner,
            "created": app.now(),
            "modified": app.now(),
            "name": Some(&name).filter(|name| !name.is_empty()),
            "firstName": new.first_name,
            "lastName": new.last_name,
        }),
    )?;
    let account = Account { group: new.group, user: app.rng.uuid() };
    documents::insert(app, tx, &account.group, &healthcare_party::CLASS, Some(&account.user), party).await?;

    let roles: &[&str] = if new.admin { &[ADMIN] } else { &[] };
    let made = documents::check(
        user::CLASS.name,
        json!({
            "id": account.user,
            "created": app.now(),
            "name": Some(&name).filter(|name| !name.is_empty()),
            "type": "database",
            "login": new.login,
            "passwordHash": users::PASSWORD_SET,
            "email": new.email,
            "healthcarePartyId": data_owner,
            "roles": roles,
        }),
    )?;
    let made = users::finish(&account, made)?;
    users::insert(app, tx, &account, Some(&account.user), made).await?;
    users::set_password(app, tx, &account, &new.password_hash).await?;
    Ok(CreatedHcp { user: account.user, data_owner })
}
