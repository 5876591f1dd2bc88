//! Older clients (wire 7): `/rest/v1` and `/ws/v1` are the same endpoints as `/rest/v2` and `/ws/v2`, and forgive
//! what those clients send. So are addresses of Portal with a slash at their end.

use std::convert::Infallible;
use std::task::{Context, Poll};

use axum::Router;
use axum::response::Response;
use axum::routing::future::RouteFuture;
use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{Request, Uri};
use http_body::Body;
use serde_json::Value;
use tower::{BoxError, Service};

/// A request of an older client, among its extensions.
#[derive(Debug, Clone, Copy)]
pub struct Older;

/// Where the older addresses begin, and what they stand for.
const ADDRESSES: [(&str, &str); 2] = [("/rest/v1/", "/rest/v2/"), ("/ws/v1/", "/ws/v2/")];

/// All endpoints, under the older addresses too.
#[derive(Debug, Clone)]
pub struct Endpoints(pub(super) Router);

impl<B> Service<Request<B>> for Endpoints
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = RouteFuture<Infallible>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<Request<B>>::poll_ready(&mut self.0, context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        self.0.call(rewrite(request))
    }
}

fn rewrite<B>(mut request: Request<B>) -> Request<B> {
    let path = request.uri().path_and_query().map(PathAndQuery::as_str).unwrap_or_default();
    let newer = ADDRESSES.iter().find_map(|(older, newer)| Some(format!("{newer}{}", path.strip_prefix(older)?)));
    if let Some(uri) = newer.and_then(|path| with_path(request.uri(), path)) {
        *request.uri_mut() = uri;
        request.extensions_mut().insert(Older);
    } else if let Some(uri) = without_slash(path).and_then(|path| with_path(request.uri(), path)) {
        *request.uri_mut() = uri;
    }
    request
}

fn with_path(uri: &Uri, path: String) -> Option<Uri> {
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(path).ok()?);
    Uri::from_parts(parts).ok()
}

/// Some clients of Portal end an address with a slash (portal 2.2).
fn without_slash(path: &str) -> Option<String> {
    let (path, query) = path.find('?').map_or((path, ""), |at| path.split_at(at));
    let path = path.strip_suffix('/').filter(|path| path.starts_with("/api/"))?;
    Some(format!("{path}{query}"))
}

/// Takes out the properties that are null: older clients send them where the format has none.
pub(super) fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.retain(|_, value| !value.is_null());
            object.values_mut().for_each(without_nulls);
        }
        Value::Array(values) => values.iter_mut().for_each(without_nulls),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_beginning_of_an_address_is_older() {
        for (given, expected) in [
            ("/rest/v1/contact?x=/rest/v1/", Some("/rest/v2/contact?x=/rest/v1/")),
            ("/ws/v1/notification/subscribe", Some("/ws/v2/notification/subscribe")),
            ("/rest/v2/contact/rest/v1/", None),
            ("/rest/v1", None),
            ("/gw/rest/v1/x", None),
        ] {
            let request = rewrite(Request::builder().uri(given).body(axum::body::Body::empty()).unwrap());
            assert_eq!(request.uri().to_string(), expected.unwrap_or(given));
            assert_eq!(request.extensions().get::<Older>().is_some(), expected.is_some());
        }
    }

    #[test]
    fn nulls_are_taken_out_at_every_depth_and_stay_in_lists() {
        let mut value = json!({"a": null, "b": [{"c": null, "d": 1}, null], "e": {"f": null}});
        without_nulls(&mut value);
        assert_eq!(value, json!({"b": [{"d": 1}, null], "e": {}}));
    }
}
