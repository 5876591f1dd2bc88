//! Data owners: healthcare parties, patients and devices, as those who hold keys and to whom access is
//! granted (wire 2.2, 4.3, 6.4).
//!
//! Here are what is common to all three (`dataowner/*`, legacy exchange keys) and the documents of
//! healthcare parties and devices. Patients' records are encrypted entities, in [`crate::entities`].
//!
//! Two rules run through everything: only a data owner changes its own keys, and nobody comes to have
//! the id of another one ([`check_new_id`]).

mod current;
pub(crate) mod directory;
mod exchange_keys;
mod get;
mod ids;
mod keys;
pub(crate) mod kind;
mod party;
mod stub;

use axum::routing::{get as on_get, put};
use http::Method;
use keystead_model::access::DataOwnerType;

pub(crate) use ids::{check_new_id, check_shape};
pub(crate) use keys::has_no_key;

use crate::auth::Session;
use crate::http::{Path, Route, Shape};
use axum::extract::State;

/// The endpoints of data owners, healthcare parties and devices.
pub fn routes() -> Vec<Route> {
    let at = |path: &str| format!("/rest/v2/{path}");
    let with_type = || Shape::Object("DataOwnerWithType");
    let stub = || Shape::Object("CryptoActorStubWithType");
    let mut routes = vec![
        Route::new(Method::GET, at("dataowner/current"), "The caller's data owner", on_get(current::current))
            .gives(with_type()),
        Route::new(Method::GET, at("dataowner/{dataOwnerId}"), "A data owner", on_get(get::get)).gives(with_type()),
        Route::new(Method::GET, at("dataowner/stub/{dataOwnerId}"), "The keys of a data owner", on_get(stub::get))
            .gives(stub()),
        Route::new(Method::PUT, at("dataowner/stub"), "Publish keys", put(stub::put)).takes(stub()).gives(stub()),
    ];
    routes.extend(kind::KINDS.map(exchange_keys_route));
    routes.extend(party::routes());
    routes
}

fn exchange_keys_route(kind: DataOwnerType) -> Route {
    let handler =
        move |State(app), session: Session, Path(id): Path<String>| exchange_keys::towards(app, kind, session, id);
    let path = format!("/rest/v2/{}/{{id}}/aesExchangeKeys", kind::class(kind).path);
    Route::new(Method::GET, path, "Legacy exchange keys towards the caller", on_get(handler))
        .gives(Shape::Json("{delegator→{fpV1→{fpV1→hex}}}"))
}
