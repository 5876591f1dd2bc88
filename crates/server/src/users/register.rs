//! Registration by the message gateway: the first validated code makes the user (wire 2.3).

use keystead_model::access::DataOwnerType;
use keystead_model::entity::user::CLASS;
use keystead_store::Writing;
use keystead_store::accounts::Account;
use serde_json::json;

use super::document;
use crate::app::App;
use crate::documents;
use crate::error::ApiResult;
use crate::owners::kind;

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

impl Address {
    /// The address as it is compared and as a login name.
    fn text(&self) -> &str {
        match self {
            Self::Email(text) | Self::Phone(text) => text,
        }
    }

    /// The field of a user that it stands in.
    fn user_field(&self) -> &'static str {
        match self {
            Self::Email(_) => "email",
            Self::Phone(_) => "mobilePhone",
        }
    }

    /// Its `TelecomType` (wire 8.6).
    fn telecom(&self) -> &'static str {
        match self {
            Self::Email(_) => "email",
            Self::Phone(_) => "mobile",
        }
    }
}

/// The account of the user with the proven address in the group, made with its data owner if there
/// is none yet.
///
/// # Errors
/// The store fails, or a name cannot stand in a document.
pub async fn find_or_register(app: &App, tx: &mut dyn Writing, registrant: &Registrant) -> ApiResult<Account> {
    let known = tx.accounts(registrant.address.text()).await?;
    if let Some(account) = known.into_iter().find(|account| account.group == registrant.group) {
        return Ok(account);
    }
    let account = Account { group: registrant.group.clone(), user: app.rng.uuid() };
    let data_owner = make_data_owner(app, tx, registrant, &account).await?;
    make_user(app, tx, registrant, &account, &data_owner).await?;
    Ok(account)
}

async fn make_data_owner(
    app: &App,
    tx: &mut dyn Writing,
    registrant: &Registrant,
    account: &Account,
) -> ApiResult<String> {
    let class = kind::class(registrant.kind.owner_type());
    let id = app.rng.uuid();
    let mut owner = json!({
        "id": id,
        "created": app.now(),
        "modified": app.now(),
        "firstName": filled(&registrant.first_name),
        "lastName": filled(&registrant.last_name),
        "addresses": [{"telecoms": [{
            "telecomType": registrant.address.telecom(),
            "telecomNumber": registrant.address.text(),
        }]}],
    });
    if let (RegistrantKind::Hcp, Some(owner)) = (registrant.kind, owner.as_object_mut()) {
        owner.insert("name".to_owned(), json!(registrant.name()));
    }
    let owner = documents::check(class.name, owner)?;
    documents::insert(app, tx, &account.group, class, Some(&account.user), owner).await?;
    Ok(id)
}

async fn make_user(
    app: &App,
    tx: &mut dyn Writing,
    registrant: &Registrant,
    account: &Account,
    data_owner: &str,
) -> ApiResult<()> {
    let mut user = json!({
        "id": account.user,
        "created": app.now(),
        "name": registrant.name(),
        "type": "database",
        "status": "ACTIVE",
        "login": registrant.address.text(),
        registrant.address.user_field(): registrant.address.text(),
        kind::user_field(registrant.kind.owner_type()): data_owner,
    });
    if let (Some(responsible), Some(user)) = (&registrant.responsible, user.as_object_mut()) {
        user.insert("autoDelegations".to_owned(), json!({"all": [responsible]}));
    }
    let user = document::finish(account, documents::check(CLASS.name, user)?)?;
    document::insert(app, tx, account, Some(&account.user), user).await?;
    Ok(())
}

impl Registrant {
    /// First and last name in one, where there is any.
    fn name(&self) -> Option<String> {
        let names: Vec<_> = [&self.first_name, &self.last_name].into_iter().filter_map(|name| filled(name)).collect();
        (!names.is_empty()).then(|| names.join(" "))
    }
}

impl RegistrantKind {
    fn owner_type(self) -> DataOwnerType {
        match self {
            Self::Patient => DataOwnerType::Patient,
            Self::Hcp => DataOwnerType::Hcp,
        }
    }
}

fn filled(name: &str) -> Option<&str> {
    Some(name.trim()).filter(|name| !name.is_empty())
}
