//! Removing octets that nothing refers to.

use keystead_model::entity::document::CLASS;
use keystead_store::jobs::Job;
use keystead_store::{Reading, Writing};
use serde::{Deserialize, Serialize};

use super::{Place, Reference};
use crate::app::App;
use crate::error::{ApiError, ApiResult};

/// The kind of the jobs that remove octets.
pub(crate) const JOB: &str = "unused";

/// How long an upload may take before what it left is looked for.
const UPLOAD_MS: i64 = 6 * 3_600_000;

/// Octets that may be without a reference.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Unused {
    directory: bool,
    name: String,
    /// The document, and the key of the attachment, that might refer to them.
    group: String,
    document: String,
    key: String,
}

impl Unused {
    pub(crate) fn new(place: Place, name: &str, (group, document, key): (&str, &str, &str)) -> Self {
        let [name, group, document, key] = [name, group, document, key].map(str::to_owned);
        Self { directory: place == Place::Directory, name, group, document, key }
    }

    /// Has an upload looked for that no transaction came to refer to.
    pub(crate) async fn after_upload(&self, app: &App) -> ApiResult<()> {
        let mut tx = app.store.write().await?;
        create(app, &mut *tx, self, app.now().saturating_add(UPLOAD_MS)).await?;
        Ok(tx.commit().await?)
    }

    fn place(&self) -> Place {
        if self.directory { Place::Directory } else { Place::S3 }
    }
}

/// Leaves the octets of an attachment to be removed once `tx` is committed, if they are outside of the database.
pub(crate) async fn leave(app: &App, tx: &mut dyn Writing, group: &str, document: &str, key: &str) -> ApiResult<()> {
    let Some(attachment) = tx.attachment(group, document, key).await? else { return Ok(()) };
    match Reference::of_id(&attachment.id) {
        Some(Reference { place, name, .. }) => {
            create(app, tx, &Unused::new(place, &name, (group, document, key)), app.now()).await
        }
        None => Ok(()),
    }
}

async fn create(app: &App, tx: &mut dyn Writing, unused: &Unused, run_at: i64) -> ApiResult<()> {
    let payload = serde_json::to_vec(unused).map_err(|error| ApiError::internal(error.to_string()))?;
    let id = app.rng.uuid();
    Ok(tx.create_job(&Job { id, kind: JOB.to_owned(), payload, attempts: 0, run_at }).await?)
}

/// Removes what a job is about, unless something refers to it.
pub(crate) async fn carry_out(app: &App, payload: &[u8]) -> ApiResult<()> {
    let unused: Unused = serde_json::from_slice(payload).map_err(|_| ApiError::internal("an unreadable job"))?;
    let mut view = app.store.look().await?;
    if is_referred_to(&mut *view, &unused).await? {
        return Ok(());
    }
    drop(view);
    app.blobs.remove(unused.place(), &unused.name).await
}

async fn is_referred_to(tx: &mut (dyn Reading + '_), unused: &Unused) -> ApiResult<bool> {
    if tx.document(&unused.group, CLASS.name, &unused.document).await?.is_none() {
        return Ok(false);
    }
    let attachment = tx.attachment(&unused.group, &unused.document, &unused.key).await?;
    let reference = attachment.and_then(|attachment| Reference::of_id(&attachment.id));
    Ok(reference.is_some_and(|reference| reference.name == unused.name))
}
