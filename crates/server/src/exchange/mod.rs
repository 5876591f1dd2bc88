//! Exchange data: the keys that one data owner made for sharing with another (wire 5.1, 5.2).
//!
//! Delegator and delegate both read and extend it: giving access back after a lost key means adding
//! entries for the new one. What is already there stays, or either side could lock the other out. An
//! exchange data map leads the explicit side of a half-hidden delegation to its exchange data.

mod by_ids;
mod counterparts;
mod create;
mod get;
mod lists;
mod maps;
mod modify;

use axum::routing::{get as on_get, post, put};
use http::Method;

pub use maps::merge_map;

use crate::http::{Route, Shape};

/// The endpoints of exchange data and exchange data maps.
pub fn routes() -> Vec<Route> {
    let at = |path: &str| format!("/rest/v2/{path}");
    vec![
        Route::new(Method::POST, at("exchangedata"), "Create exchange data", post(create::create))
            .takes(Shape::Object("ExchangeData"))
            .gives(Shape::Object("ExchangeData")),
        Route::new(Method::PUT, at("exchangedata"), "Add entries to exchange data", put(modify::modify))
            .takes(Shape::Object("ExchangeData"))
            .gives(Shape::Object("ExchangeData")),
        Route::new(Method::GET, at("exchangedata/{exchangeDataId}"), "One exchange data", on_get(get::get))
            .gives(Shape::Object("ExchangeData")),
        Route::new(Method::POST, at("exchangedata/byIds"), "Several exchange data", post(by_ids::by_ids))
            .takes(Shape::Object("ListOfIds"))
            .gives(Shape::List("ExchangeData")),
        Route::new(
            Method::GET,
            at("exchangedata/byParticipant/{dataOwnerId}"),
            "All exchange data of the caller, page by page",
            on_get(lists::by_participant),
        )
        .query(&["startDocumentId", "limit"])
        .gives(Shape::Page("ExchangeData")),
        Route::new(
            Method::GET,
            at("exchangedata/byDelegatorDelegate/{delegatorId}/{delegateId}"),
            "The exchange data from one data owner to another",
            on_get(lists::by_delegator_delegate),
        )
        .gives(Shape::List("ExchangeData")),
        Route::new(
            Method::GET,
            at("exchangedata/byParticipant/{dataOwnerId}/counterparts"),
            "Who has exchange data with the caller",
            on_get(counterparts::counterparts),
        )
        .query(&["counterpartsTypes", "ignoreOnEntryForFingerprint"])
        .gives(Shape::Strings),
        Route::new(Method::PUT, at("exchangedatamap/batch"), "Create or extend exchange data maps", put(maps::put))
            .takes(Shape::Object("ExchangeDataMapCreationBatch"))
            .gives(Shape::Text),
        Route::new(Method::POST, at("exchangedatamap/batch"), "Several exchange data maps", post(maps::by_ids))
            .takes(Shape::Object("ListOfIds"))
            .gives(Shape::List("ExchangeDataMap")),
    ]
}
