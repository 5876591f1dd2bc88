//! What this API keeps: documents of internal classes, in the group they belong to. No endpoint of entities reaches
//! them and nobody is told of their changes.

use keystead_model::query::{Order, Posting, Query, Selection};
use keystead_model::rev::Rev;
use keystead_store::documents::{Document, Find, Hit, Projection, Written};
use keystead_store::{Reading, Writing};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::error::{ApiError, ApiResult};

/// Something that is kept as a document.
pub(super) trait Kept: Serialize + DeserializeOwned {
    /// Its class.
    const CLASS: &'static str;

    /// Its id.
    fn id(&self) -> &str;

    /// What it is found by.
    fn postings(&self) -> Vec<Posting> {
        Vec::new()
    }
}

/// Something as it is kept.
pub(super) struct Stored<T> {
    pub(super) value: T,
    rev: String,
}

impl<T: Kept> Stored<T> {
    fn read(document: &Document) -> ApiResult<Self> {
        let value = serde_json::from_str(&document.body).map_err(|_| damaged(T::CLASS))?;
        Ok(Self { value, rev: document.rev.clone() })
    }
}

fn damaged(class: &str) -> ApiError {
    ApiError::internal(format!("a stored {class} is damaged"))
}

/// What is kept under `id`.
pub(super) async fn load<T: Kept>(tx: &mut (dyn Reading + '_), group: &str, id: &str) -> ApiResult<Option<Stored<T>>> {
    tx.document(group, T::CLASS, id).await?.as_ref().map(Stored::read).transpose()
}

/// Keeps something new.
pub(super) async fn create<T: Kept>(app: &App, tx: &mut dyn Writing, group: &str, value: &T) -> ApiResult<()> {
    let (document, projection) = sealed(value, Rev::make_first(app.rng.bytes()))?;
    match tx.create(group, T::CLASS, &document, &projection).await? {
        Written::Done => Ok(()),
        _ => Err(ApiError::internal(format!("there is a {} of this id", T::CLASS))),
    }
}

/// Keeps what `stored` became; whether nobody else was faster.
pub(super) async fn replace<T: Kept>(
    app: &App,
    tx: &mut dyn Writing,
    group: &str,
    stored: &Stored<T>,
) -> ApiResult<bool> {
    let rev = Rev::parse(&stored.rev).ok_or_else(|| damaged(T::CLASS))?.make_next(app.rng.bytes());
    let (document, projection) = sealed(&stored.value, rev)?;
    Ok(tx.replace(group, T::CLASS, &document, &stored.rev, &projection).await? == Written::Done)
}

/// Keeps it no longer.
pub(super) async fn purge<T: Kept>(tx: &mut dyn Writing, group: &str, stored: &Stored<T>) -> ApiResult<()> {
    match tx.purge(group, T::CLASS, stored.value.id(), &stored.rev).await? {
        Written::Done => Ok(()),
        _ => Err(ApiError::stale()),
    }
}

fn sealed<T: Kept>(value: &T, rev: Rev) -> ApiResult<(Document, Projection)> {
    let body = serde_json::to_string(value).map_err(|_| ApiError::internal(format!("a {} as JSON", T::CLASS)))?;
    let id = value.id().to_owned();
    let document = Document { id, rev: rev.as_str().to_owned(), deleted: false, body, created_by: None };
    Ok((document, Projection { postings: value.postings(), ..Projection::default() }))
}

/// Ids by what they are found by, in their order, from after the one named.
pub(super) async fn ids<T: Kept>(
    tx: &mut (dyn Reading + '_),
    group: &str,
    query: Query,
    after: Option<&str>,
    limit: Option<usize>,
) -> ApiResult<Vec<String>> {
    let find = Find {
        group: group.to_owned(),
        class: T::CLASS,
        selection: Selection { query, order: Order::Id },
        readable_by: None,
        parts: false,
        after: after.map(|id| Hit { id: id.to_owned(), part: String::new(), sort: None }),
        limit,
    };
    Ok(tx.find(&find).await?.into_iter().map(|hit| hit.id).collect())
}

/// What is kept under `ids`, in their order.
pub(super) async fn all<T: Kept>(
    tx: &mut (dyn Reading + '_),
    group: &str,
    ids: &[String],
) -> ApiResult<Vec<Stored<T>>> {
    tx.documents(group, T::CLASS, ids, None).await?.iter().map(Stored::read).collect()
}
