//! Attachments outside of the database: files of a directory, or objects of a store that speaks S3.
//!
//! The database has a [`Reference`] in place of the octets. What is uploaded goes to its place first, in pieces, and
//! is referred to by the transaction that sets it; what is no longer referred to is removed by a job of the
//! transaction that let go of it. So no committed reference is ever without its octets. A job that is left before an
//! upload begins removes what no transaction came to refer to.

mod collect;
mod reference;

use axum::body::{Body, Bytes};
use futures_util::StreamExt as _;
use http_body_util::BodyExt as _;
use keystead_model::error::ErrorCode;
use opendal::{Operator, services};
use sha2::{Digest as _, Sha256};

pub(crate) use collect::{JOB, Unused, carry_out, leave};
pub(crate) use reference::Reference;

use crate::config::{AttachmentPlace, AttachmentsConfig};
use crate::error::{ApiError, ApiResult};

/// The places that are configured.
#[derive(Default)]
pub struct Blobs {
    directory: Option<Operator>,
    s3: Option<Operator>,
    place: Option<Place>,
}

/// A place, as references name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Directory,
    S3,
}

/// A place that cannot be set up; the text names the key.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BlobsError(String);

impl Blobs {
    /// The places of the configuration.
    ///
    /// # Errors
    /// The directory cannot be made.
    pub fn new(config: &AttachmentsConfig) -> Result<Self, BlobsError> {
        let mut blobs = Self::default();
        if !config.directory.as_os_str().is_empty() {
            let unusable =
                |why: String| BlobsError(format!("attachments.directory: {}: {why}", config.directory.display()));
            std::fs::create_dir_all(&config.directory).map_err(|error| unusable(error.kind().to_string()))?;
            let root = std::fs::canonicalize(&config.directory).map_err(|error| unusable(error.kind().to_string()))?;
            let root = root.to_str().ok_or_else(|| unusable("its name is not UTF-8".to_owned()))?;
            // written beside and moved into place: a half is never taken for a whole
            let service = services::Fs::default().root(root).atomic_write_dir(&format!("{root}/.incoming"));
            blobs.directory = Some(Operator::new(service).map_err(|_| unusable("cannot be used".to_owned()))?);
        }
        if !config.s3.bucket.is_empty() {
            // the library's own client for HTTP, which is set up once in a process
            opendal::install_default();
            let service = services::S3::default()
                .endpoint(&config.s3.endpoint)
                .region(&config.s3.region)
                .bucket(&config.s3.bucket)
                .root(&config.s3.prefix)
                .access_key_id(&config.s3.access_key_id)
                .secret_access_key(config.s3.secret_access_key.expose())
                .disable_config_load()
                .disable_ec2_metadata();
            let operator =
                Operator::new(service).map_err(|_| BlobsError("attachments.s3: cannot be used".to_owned()))?;
            blobs.s3 = Some(operator);
        }
        blobs.place = match config.place {
            AttachmentPlace::Database => None,
            AttachmentPlace::Directory => Some(Place::Directory),
            AttachmentPlace::S3 => Some(Place::S3),
        };
        Ok(blobs)
    }

    /// Where new attachments go; `None` for the database.
    pub(crate) fn place(&self) -> Option<Place> {
        self.place
    }

    fn at(&self, place: Place) -> ApiResult<&Operator> {
        let (operator, section) = match place {
            Place::Directory => (&self.directory, "attachments.directory"),
            Place::S3 => (&self.s3, "attachments.s3"),
        };
        operator.as_ref().ok_or_else(|| unavailable(&format!("attachments are where {section} is not set any more")))
    }

    /// Stores a body of at most `limit` octets under `name`, in pieces.
    pub(crate) async fn store(&self, place: Place, name: &str, body: Body, limit: usize) -> ApiResult<Reference> {
        let mut writer = self.at(place)?.writer(name).await.map_err(failed)?;
        let written = copy(body, limit, &mut writer).await;
        match written {
            Ok((length, digest)) => {
                writer.close().await.map_err(failed)?;
                Ok(Reference { place, name: name.to_owned(), length, digest })
            }
            Err(error) => {
                // what is left of it is found by the job that was left before
                let _ = writer.abort().await;
                Err(error)
            }
        }
    }

    /// The octets behind a reference, in pieces. They are compared with the digest on the way: if they are not what
    /// was stored, the answer breaks off before its end.
    pub(crate) async fn read(&self, reference: &Reference) -> ApiResult<Body> {
        let operator = self.at(reference.place)?;
        let found = operator.stat(&reference.name).await.map_err(failed)?;
        if found.content_length() != reference.length {
            return Err(ApiError::internal("an attachment is not as long as it was"));
        }
        let reader = operator.reader(&reference.name).await.map_err(failed)?;
        let pieces = reader.into_bytes_stream(0..reference.length).await.map_err(failed)?;
        let (expected, length) = (reference.digest, reference.length);
        let state = (pieces, Sha256::new(), 0_u64);
        let checked = futures_util::stream::unfold(Some(state), move |state| async move {
            let (mut pieces, mut digest, mut read) = state?;
            let piece: Bytes = match pieces.next().await? {
                Ok(piece) => piece,
                Err(error) => return Some((Err(error), None)),
            };
            digest.update(&piece);
            read += piece.len() as u64;
            if read >= length && digest.clone().finalize().as_slice() != expected {
                tracing::error!("an attachment is not what it was: its digest differs");
                return Some((Err(std::io::Error::other("the attachment is damaged")), None));
            }
            Some((Ok(piece), Some((pieces, digest, read))))
        });
        Ok(Body::from_stream(checked))
    }

    /// Removes what is stored under a name, if it is.
    async fn remove(&self, place: Place, name: &str) -> ApiResult<()> {
        self.at(place)?.delete(name).await.map_err(failed)
    }
}

/// Passes a body on; its length and digest.
async fn copy(mut body: Body, limit: usize, writer: &mut opendal::Writer) -> ApiResult<(u64, [u8; 32])> {
    let (mut digest, mut length) = (Sha256::new(), 0_u64);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ApiError::malformed("the body ended before it was complete"))?;
        let Ok(piece) = frame.into_data() else { continue };
        length += piece.len() as u64;
        if length > limit as u64 {
            return Err(ApiError::new(ErrorCode::TooLarge, format!("the body is larger than {limit} bytes")));
        }
        digest.update(&piece);
        writer.write(piece).await.map_err(failed)?;
    }
    Ok((length, digest.finalize().into()))
}

fn unavailable(internal: &str) -> ApiError {
    let mut error =
        ApiError::new(ErrorCode::Unavailable, "attachments cannot be reached at the moment: try again later");
    error.internal = Some(internal.to_owned());
    error
}

/// What the log may know of a failure: its kind. The texts of the other side may repeat names.
fn failed(error: opendal::Error) -> ApiError {
    unavailable(&format!("the place of attachments: {}", error.kind()))
}
