//! Between JSON objects and the store: what every write of a document does, whatever its class.

use keystead_model::Object;
use keystead_model::access::{self, Grant, Level};
use keystead_model::class::Class;
use keystead_model::error::{ErrorCode, FieldError};
use keystead_model::rev::Rev;
use keystead_model::schema;
use keystead_store::changes::ChangeKind;
use keystead_store::documents::{Creation, Document, Projection, Written};
use keystead_store::{Reading, Writing};
use serde_json::Value;

use crate::app::App;
use crate::error::{ApiError, ApiResult};

/// Longest id of a document, in bytes: ids stand in the keys of every engine.
const MAX_ID: usize = 512;

/// Checks the object `value` against the field table of `class`.
///
/// # Errors
/// It is not an object, or a field is not what the table says; the error names the field.
pub fn check(class: &str, value: Value) -> ApiResult<Object> {
    let Value::Object(mut object) = value else {
        return Err(FieldError::new("", "an object").into());
    };
    let table = schema::table(class).ok_or_else(|| ApiError::internal("a class without a field table"))?;
    schema::check(table, &mut object)?;
    Ok(object)
}

/// Checks every object of the array `value` against the field table of `class`.
///
/// # Errors
/// As [`check`]; the path begins with the index.
pub fn check_list(class: &str, value: Value) -> ApiResult<Vec<Object>> {
    let mut value = value;
    let table = schema::table(class).ok_or_else(|| ApiError::internal("a class without a field table"))?;
    schema::check_batch(table, &mut value)?;
    let Value::Array(items) = value else {
        return Err(FieldError::new("", "an array").into());
    };
    let objects = items.into_iter().filter_map(|item| match item {
        Value::Object(object) => Some(object),
        _ => None,
    });
    Ok(objects.collect())
}

/// Refuses what only stored documents have in something new.
///
/// # Errors
/// 400 naming `rev` or `deletionDate`.
pub fn refuse_fields_of_stored(object: &Object) -> ApiResult<()> {
    match ["rev", "deletionDate"].into_iter().find(|key| object.contains_key(*key)) {
        Some(key) => Err(FieldError::new(key, "nothing: what is new has none").into()),
        None => Ok(()),
    }
}

/// The text at `key` of an object.
pub fn text<'a>(object: &'a Object, key: &str) -> Option<&'a str> {
    object.get(key).and_then(Value::as_str)
}

/// The id of a checked object.
///
/// # Errors
/// There is none, which a field table excludes.
pub fn id(object: &Object) -> ApiResult<&str> {
    text(object, "id").ok_or_else(|| FieldError::new("id", "a string").into())
}

/// The object in a stored document.
///
/// # Errors
/// The stored text is not an object.
pub fn parse(document: &Document) -> ApiResult<Object> {
    serde_json::from_str(&document.body).map_err(|_| ApiError::internal("a stored document is not a JSON object"))
}

/// The access that an object grants, own-record rule included (wire 4.3).
pub fn grants(class: &Class, object: &Object) -> Vec<Grant> {
    if class.encryptable {
        let patient = (class.name == "Patient").then(|| text(object, "id")).flatten();
        return access::grants(patient, object);
    }
    // what two parties share: both may read and write it
    let mut parties: Vec<&str> =
        ["delegator", "delegate", "recipient"].iter().filter_map(|key| text(object, key)).collect();
    parties.sort_unstable();
    parties.dedup();
    parties.into_iter().map(|key| Grant { key: key.to_owned(), level: Level::Write }).collect()
}

/// Everything that is kept beside a document.
pub fn project(class: &Class, object: &Object) -> Projection {
    let grants = grants(class, object);
    if object.contains_key("deletionDate") {
        return Projection { grants, ..Projection::default() };
    }
    Projection {
        postings: (class.postings)(object),
        grants,
        services: (class.services)(object),
        unique: (class.unique)(object),
    }
}

/// Adds `object` as a new document with its first revision.
///
/// # Errors
/// 409 where the id or a unique value is taken.
pub async fn insert(
    app: &App,
    tx: &mut dyn Writing,
    group: &str,
    class: &'static Class,
    created_by: Option<&str>,
    object: Object,
) -> ApiResult<Document> {
    let Creation { document, projection, parts, .. } = creation(app, group, class, created_by, object)?;
    made(&tx.create(group, class.name, &document, &projection).await?)?;
    tx.announce(group, class.name, ChangeKind::Created, &document, parts).await?;
    Ok(document)
}

/// The same as a whole unit of work.
///
/// # Errors
/// 409 where the id or a unique value is taken.
pub async fn insert_alone(
    app: &App,
    group: &str,
    class: &'static Class,
    created_by: Option<&str>,
    object: Object,
) -> ApiResult<Document> {
    let new = creation(app, group, class, created_by, object)?;
    let document = new.document.clone();
    made(&app.store.create(new).await?)?;
    Ok(document)
}

fn creation(
    app: &App,
    group: &str,
    class: &'static Class,
    created_by: Option<&str>,
    mut object: Object,
) -> ApiResult<Creation> {
    if id(&object)?.len() > MAX_ID {
        return Err(FieldError::new("id", format!("an id of at most {MAX_ID} bytes")).into());
    }
    let rev = Rev::make_first(app.rng.bytes());
    let document = seal(&mut object, rev.as_str(), created_by.map(str::to_owned))?;
    let (projection, parts) = (project(class, &object), changed_services(class, None, &object));
    Ok(Creation { group: group.to_owned(), class: class.name, document, projection, parts })
}

fn made(written: &Written) -> ApiResult<()> {
    match written {
        Written::Done => Ok(()),
        Written::Taken(value) => Err(taken(value)),
        Written::Exists | Written::Stale => {
            Err(ApiError::new(ErrorCode::AlreadyExists, "there is a document with this id already"))
        }
    }
}

/// Replaces the document `stored` by `object` under a new revision.
///
/// # Errors
/// 409 where another write was faster or a unique value is taken.
pub async fn update(
    app: &App,
    tx: &mut dyn Writing,
    group: &str,
    class: &Class,
    stored: &Document,
    mut object: Object,
) -> ApiResult<Document> {
    let rev = Rev::parse(&stored.rev).map(|rev| rev.make_next(app.rng.bytes()));
    let rev = rev.ok_or_else(|| ApiError::internal("a stored revision cannot be read"))?;
    let document = seal(&mut object, rev.as_str(), stored.created_by.clone())?;
    match tx.replace(group, class.name, &document, &stored.rev, &project(class, &object)).await? {
        Written::Done => {
            let kind = if document.deleted { ChangeKind::Deleted } else { ChangeKind::Updated };
            let parts = changed_services(class, Some(stored), &object);
            tx.announce(group, class.name, kind, &document, parts).await?;
            Ok(document)
        }
        Written::Taken(value) => Err(taken(&value)),
        Written::Exists | Written::Stale => Err(ApiError::stale()),
    }
}

/// Removes a document for good.
///
/// # Errors
/// 409 where another write was faster.
pub async fn purge(tx: &mut dyn Writing, group: &str, class: &Class, stored: &Document) -> ApiResult<()> {
    match tx.purge(group, class.name, &stored.id, &stored.rev).await? {
        Written::Done if stored.deleted => Ok(()),
        Written::Done => {
            let parts = changed_services(class, None, &parse(stored)?);
            Ok(tx.announce(group, class.name, ChangeKind::Deleted, stored, parts).await?)
        }
        _ => Err(ApiError::stale()),
    }
}

/// The services of a contact that are new, or not what they were in `before`; all of one that is deleted.
fn changed_services(class: &Class, before: Option<&Document>, after: &Object) -> Vec<String> {
    if class.name != "Contact" {
        return Vec::new();
    }
    let before = before.filter(|_| !after.contains_key("deletionDate")).and_then(|before| parse(before).ok());
    let services = |contact: &Object| contact.get("services").and_then(Value::as_array).cloned().unwrap_or_default();
    let before = before.as_ref().map(services).unwrap_or_default();
    let changed = services(after).into_iter().filter(|service| !before.contains(service));
    changed.filter_map(|service| Some(service.get("id")?.as_str()?.to_owned())).collect()
}

/// The live document with this id, parsed.
///
/// # Errors
/// 404 where there is none.
pub async fn load(tx: &mut dyn Reading, group: &str, class: &Class, id: &str) -> ApiResult<(Document, Object)> {
    let document = tx.document(group, class.name, id).await?.filter(|document| !document.deleted);
    let document = document.ok_or_else(|| ApiError::not_found(class.name))?;
    let object = parse(&document)?;
    Ok((document, object))
}

/// Refuses a new document that claims to have been stored or deleted before.
///
/// # Errors
/// 400 where it has a revision or a deletion date.
pub fn check_new(object: &Object) -> ApiResult<()> {
    match ["rev", "deletionDate"].into_iter().find(|key| object.contains_key(*key)) {
        Some(key) => Err(FieldError::new(key, "nothing: what is new has none").into()),
        None => Ok(()),
    }
}

/// Refuses a revision that is not the stored one; an absent one where `required`.
///
/// # Errors
/// 400 where it is missing, 409 where it is not the current one.
pub fn check_rev(stored: &Document, given: Option<&str>, required: bool) -> ApiResult<()> {
    match given {
        Some(rev) if rev == stored.rev => Ok(()),
        Some(_) => Err(ApiError::stale()),
        None if required => Err(FieldError::new("rev", "the current revision").into()),
        None => Ok(()),
    }
}

/// The texts of documents as one JSON array.
pub fn array<'a>(bodies: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::from("[");
    for (index, body) in bodies.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(body);
    }
    text.push(']');
    text
}

fn seal(object: &mut Object, rev: &str, created_by: Option<String>) -> ApiResult<Document> {
    let id = id(object)?.to_owned();
    object.insert("rev".to_owned(), Value::from(rev));
    let body = serde_json::to_string(object).map_err(|error| ApiError::internal(error.to_string()))?;
    Ok(Document { id, rev: rev.to_owned(), deleted: object.contains_key("deletionDate"), body, created_by })
}

fn taken(value: &str) -> ApiError {
    let kind = value.split(':').next().unwrap_or("value");
    ApiError::new(ErrorCode::AlreadyExists, format!("another document of the group has this {kind} already"))
}
