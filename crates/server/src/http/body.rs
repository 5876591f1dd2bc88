//! Bodies in and out: size-limited before they are parsed, JSON written as text once.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use bytes::BytesMut;
use http::{HeaderValue, header};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use keystead_model::error::ErrorCode;
use serde::Serialize;
use serde_json::Value;

use super::older::{Older, without_nulls};
use crate::app::App;
use crate::error::{ApiError, ApiResult};

/// A JSON body. An empty body counts as `null`, since the official client sends none with some
/// POST requests (wire 1.1).
pub struct Json(pub Value);

impl FromRequest<Arc<App>> for Json {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> ApiResult<Self> {
        let older = request.extensions().get::<Older>().is_some();
        let mut value = read_value(&read(request, app.config.server.max_body_bytes).await?)?;
        if older {
            without_nulls(&mut value);
        }
        Ok(Self(value))
    }
}

/// A body of octets, up to the size of an attachment.
pub struct Octets(pub Bytes);

impl FromRequest<Arc<App>> for Octets {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &Arc<App>) -> ApiResult<Self> {
        read(request, app.config.server.max_attachment_bytes).await.map(Self)
    }
}

/// Parses a JSON text; the empty text is `null`.
///
/// # Errors
/// The text is not JSON; the message says where.
pub fn read_value(bytes: &[u8]) -> ApiResult<Value> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(bytes).map_err(|error| {
        let reason = match error.classify() {
            serde_json::error::Category::Eof => "it ends too early",
            _ => "it is not JSON",
        };
        ApiError::malformed(format!("the body: {reason} (line {}, column {})", error.line(), error.column()))
    })
}

/// How much of a body that is too large is still read, and for how long: a client that is cut off
/// while it writes sees a broken connection instead of the answer.
const LINGER_BYTES: usize = 1 << 30;
const LINGER: Duration = Duration::from_secs(5);

/// The octets of a body of at most `limit`.
pub(crate) async fn read(request: Request, limit: usize) -> ApiResult<Bytes> {
    let too_large = || ApiError::new(ErrorCode::TooLarge, format!("the body is larger than {limit} bytes"));
    let declared = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if declared.is_some_and(|declared: u64| declared > limit as u64) {
        tokio::spawn(tokio::time::timeout(LINGER, discard(request.into_body(), LINGER_BYTES)));
        return Err(too_large());
    }
    let mut body = request.into_body();
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ApiError::malformed("the body ended before it was complete"))?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > limit {
            tokio::spawn(tokio::time::timeout(LINGER, discard(body, LINGER_BYTES)));
            return Err(too_large());
        }
        // nearly every body is one frame, which needs no copy
        if bytes.is_empty() && body.is_end_stream() {
            return Ok(data);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.freeze())
}

async fn discard(mut body: Body, limit: usize) {
    let mut read = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read += frame.data_ref().map_or(0, Bytes::len);
        if read > limit {
            break;
        }
    }
}

/// An answer of JSON text.
pub fn json_text(text: impl Into<Body>) -> Response {
    let mut response = Response::new(text.into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// An answer of `value` as JSON.
///
/// # Errors
/// The value cannot be written as JSON, which is a defect.
pub fn json_body(value: &impl Serialize) -> ApiResult<Response> {
    serde_json::to_string(value).map(json_text).map_err(|error| ApiError::internal(error.to_string()))
}

/// An answer of raw text, which the client takes as it is (wire 1.2).
pub struct Text(pub String);

impl IntoResponse for Text {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.0));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        response
    }
}
