//! The audit log: who did what to whom, and when, of everything that changes who may get in. No content.
//!
//! Each entry is written by the transaction of what it is about, and carries a keyed digest over itself and the
//! entry before it: whoever changes, removes or inserts one, with all of the database but without the server's
//! secret, is found out by [`verify`]. One chain for each group; nothing but [`note`] writes to it.

use keystead_model::Object;
use keystead_model::class::{Class, no_postings, no_services, nothing_unique};
use keystead_model::query::{Order, Query, Selection};
use keystead_store::documents::{Document, Find, Hit, Projection, Written};
use keystead_store::{Reading, Writing};
use serde_json::{Value, json};

use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::keys::Purpose;

/// Entries. In no list of classes: no endpoint reads or writes them.
static ENTRIES: Class = internal("AuditEntry");
/// Where the chain of a group ends.
static HEADS: Class = internal("AuditHead");

/// Who does what is done at the command line.
pub const OPERATOR: &str = "operator";

const HEAD: &str = "head";
/// Entries that are read at a time.
const PAGE: usize = 500;

const fn internal(name: &'static str) -> Class {
    Class {
        name,
        path: "",
        encryptable: false,
        postings: no_postings,
        services: no_services,
        unique: nothing_unique,
        filters: &[],
        by_patient: None,
    }
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A user was made.
    UserCreated,
    /// A user's names, addresses, status or data owner were changed.
    UserModified,
    /// A user was deleted.
    UserDeleted,
    /// A deleted user was taken back.
    UserUndeleted,
    /// A user's roles or permissions were changed.
    RightsChanged,
    /// A token was made with which one can log in.
    TokenMade,
    /// A second factor was set.
    SecondFactorSet,
    /// A second factor was removed.
    SecondFactorRemoved,
    /// Somebody logged in with a password or a lasting token.
    LoggedIn,
    /// A login was refused: the secret, or the second factor, was wrong.
    LoginRefused,
    /// A session was ended.
    LoggedOut,
    /// A data owner's keys were changed.
    KeysChanged,
    /// Data with which keys come back was left.
    RecoveryLeft,
    /// Such data was removed.
    RecoveryRemoved,
    /// An operator made a healthcare party at the command line.
    PartyCreated,
    /// An operator changed a process at the command line.
    ProcessChanged,
    /// An operator made an API key of a custodian.
    CustodianKeyMade,
    /// An operator revoked one.
    CustodianKeyRevoked,
    /// A custodian made a client.
    ClientMade,
    /// A custodian asked for a session token of a client.
    ClientSessionMade,
    /// An operator revoked every key of a client.
    ClientKeysRevoked,
    /// A custodian let a client take its key out for a while.
    EjectWindowOpened,
    /// The custodian's half of a backup was given out.
    HalfReleased,
    /// A client said that it has its key.
    KeyEjected,
    /// A custodian said where its webhooks are.
    WebhooksSet,
}

impl Action {
    /// The name in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UserCreated => "user.created",
            Self::UserModified => "user.modified",
            Self::UserDeleted => "user.deleted",
            Self::UserUndeleted => "user.undeleted",
            Self::RightsChanged => "user.rights",
            Self::TokenMade => "token.made",
            Self::SecondFactorSet => "second-factor.set",
            Self::SecondFactorRemoved => "second-factor.removed",
            Self::LoggedIn => "login",
            Self::LoginRefused => "login.refused",
            Self::LoggedOut => "logout",
            Self::KeysChanged => "keys.changed",
            Self::RecoveryLeft => "recovery.left",
            Self::RecoveryRemoved => "recovery.removed",
            Self::PartyCreated => "operator.party",
            Self::ProcessChanged => "operator.process",
            Self::CustodianKeyMade => "custodian.key",
            Self::CustodianKeyRevoked => "custodian.key.revoked",
            Self::ClientMade => "client.made",
            Self::ClientSessionMade => "client.session",
            Self::ClientKeysRevoked => "client.keys.revoked",
            Self::EjectWindowOpened => "eject.window",
            Self::HalfReleased => "eject.half",
            Self::KeyEjected => "eject.done",
            Self::WebhooksSet => "custodian.webhooks",
        }
    }
}

/// The end of a chain.
struct Head {
    stored: Option<Document>,
    count: u64,
    mac: String,
}

/// Adds an entry: `actor` is a user, or `operator`; `target` the user, data owner or other thing it is about.
///
/// # Errors
/// The store fails.
pub async fn note(
    app: &App,
    tx: &mut dyn Writing,
    group: &str,
    actor: &str,
    action: Action,
    target: &str,
) -> ApiResult<()> {
    let head = head(tx, group).await?;
    let number = head.count + 1;
    let mut entry = Object::new();
    entry.insert("id".to_owned(), json!(format!("{number:020}")));
    entry.insert("at".to_owned(), json!(app.now()));
    entry.insert("actor".to_owned(), json!(actor));
    entry.insert("action".to_owned(), json!(action.as_str()));
    entry.insert("target".to_owned(), json!(target));
    let mac = mac(app, group, &head.mac, &entry);
    entry.insert("mac".to_owned(), json!(mac));
    keep(tx, group, &ENTRIES, None, entry).await?;
    let mut end = Object::new();
    end.insert("id".to_owned(), json!(HEAD));
    end.insert("count".to_owned(), json!(number));
    end.insert("mac".to_owned(), json!(mac));
    keep(tx, group, &HEADS, head.stored.as_ref(), end).await
}

async fn keep(
    tx: &mut dyn Writing,
    group: &str,
    class: &Class,
    stored: Option<&Document>,
    body: Object,
) -> ApiResult<()> {
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (id, mac) = (text("id"), text("mac"));
    let body = serde_json::to_string(&body).map_err(|error| ApiError::internal(error.to_string()))?;
    let document = Document { id, rev: mac, deleted: false, body, created_by: None };
    let written = match stored {
        None => tx.create(group, class.name, &document, &Projection::default()).await?,
        Some(stored) => tx.replace(group, class.name, &document, &stored.rev, &Projection::default()).await?,
    };
    // only where two nodes begin the chain of a group at the same moment: one of them does it again
    if written == Written::Done { Ok(()) } else { Err(ApiError::stale()) }
}

async fn head(tx: &mut (dyn Reading + '_), group: &str) -> ApiResult<Head> {
    let Some(stored) = tx.document(group, HEADS.name, HEAD).await? else {
        return Ok(Head { stored: None, count: 0, mac: String::new() });
    };
    let body: Object =
        serde_json::from_str(&stored.body).map_err(|_| ApiError::internal("the end of the audit log"))?;
    let count = body.get("count").and_then(Value::as_u64).unwrap_or_default();
    let mac = body.get("mac").and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(Head { stored: Some(stored), count, mac })
}

/// The digest of an entry after another one.
fn mac(app: &App, group: &str, before: &str, entry: &Object) -> String {
    let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default().as_bytes();
    let at = entry.get("at").and_then(Value::as_i64).unwrap_or_default().to_be_bytes();
    let parts = [group.as_bytes(), before.as_bytes(), text("id"), &at, text("actor"), text("action"), text("target")];
    hex::encode(app.keys.digest(Purpose::Audit, &parts))
}

/// The entries of a group, oldest first, from after the number `after`.
///
/// # Errors
/// The store fails.
pub async fn entries(app: &App, group: &str, after: u64) -> ApiResult<Vec<Object>> {
    let mut view = app.store.read().await?;
    let hit = |number: u64| Hit { id: format!("{number:020}"), part: String::new(), sort: None };
    let (mut all, mut last) = (Vec::new(), hit(after));
    loop {
        let find = Find {
            group: group.to_owned(),
            class: ENTRIES.name,
            selection: Selection { query: Query::All, order: Order::Id },
            readable_by: None,
            parts: false,
            after: Some(last.clone()),
            limit: Some(PAGE),
        };
        let ids: Vec<String> = view.find(&find).await?.into_iter().map(|hit| hit.id).collect();
        let Some(end) = ids.last() else { return Ok(all) };
        last = Hit { id: end.clone(), part: String::new(), sort: None };
        for document in view.documents(group, ENTRIES.name, &ids, None).await? {
            all.push(crate::documents::parse(&document)?);
        }
    }
}

/// What is wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Broken {
    /// An entry is missing, or there are more than there should be.
    #[error("entry {0} is missing, or one too many")]
    Missing(u64),
    /// An entry is not what was written, or one before it was removed.
    #[error("entry {0} is not what was written")]
    Changed(u64),
    /// The end of the log is not where it should be.
    #[error("the log ends after entry {0}, which is not where it ended")]
    Cut(u64),
}

/// Reads the log of a group from its beginning to its end; how many entries there are, or what is wrong.
///
/// # Errors
/// The store fails.
pub async fn verify(app: &App, group: &str) -> ApiResult<Result<u64, Broken>> {
    let (mut count, mut before) = (0_u64, String::new());
    for entry in entries(app, group, 0).await? {
        count += 1;
        let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
        if text("id") != format!("{count:020}") {
            return Ok(Err(Broken::Missing(count)));
        }
        let expected = mac(app, group, &before, &entry);
        if aws_lc_rs::constant_time::verify_slices_are_equal(expected.as_bytes(), text("mac").as_bytes()).is_err() {
            return Ok(Err(Broken::Changed(count)));
        }
        before = expected;
    }
    let head = head(&mut *app.store.read().await?, group).await?;
    let ends = head.count == count && head.mac == before;
    Ok(if ends { Ok(count) } else { Err(Broken::Cut(count)) })
}
