//! Parameters in the path and in the query, with errors in the shape of all others.

use axum::extract::FromRequestParts;
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::error::{ApiError, ApiResult};

/// What stands in the query. The cache-busting `ts` of the official client is ignored.
#[derive(Debug, Clone, Copy)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Self> {
        let extracted = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        extracted.map(|query| Self(query.0)).map_err(|_| {
            ApiError::malformed("the query: a parameter is missing, repeated or not of the type it should have")
        })
    }
}

/// What stands in the path.
#[derive(Debug, Clone, Copy)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Self> {
        let extracted = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        extracted
            .map(|path| Self(path.0))
            .map_err(|_| ApiError::malformed("the path: a parameter is not of the type it should have"))
    }
}
