//! The endpoints of users (Annex C). Those that name a group in their path serve the caller's own.

use axum::routing::{delete as on_delete, get, post, put};
use http::Method;
use serde::Deserialize;

use super::{by_ids, create, delete, find, modify, properties, read, roles, second_factor, tokens};
use crate::http::{Route, Shape};

/// A user in a path that may name a group as well.
#[derive(Debug, Deserialize)]
pub(super) struct Target {
    #[serde(rename = "userId")]
    pub(super) id: String,
}

/// Every endpoint of users but `user/matches`, which is about logging in.
pub fn routes() -> Vec<Route> {
    let mut routes = one();
    routes.extend(several());
    routes.extend(secrets());
    routes
}

fn at(path: &str) -> String {
    format!("/rest/v2/user{path}")
}

fn user() -> Shape {
    Shape::Object("User")
}

/// Creating, reading, modifying and deleting one.
fn one() -> Vec<Route> {
    let mut routes = vec![
        Route::new(Method::GET, at("/current"), "The caller's user", get(read::current)).gives(user()),
        Route::new(Method::GET, at("/{userId}"), "A user", get(read::by_id)).gives(user()),
        Route::new(Method::GET, at("/byEmail/{email}"), "The user with an e-mail address", get(read::by_email))
            .gives(user()),
        Route::new(Method::GET, at("/byPhoneNumber/{phoneNumber}"), "The user with a number", get(read::by_phone))
            .gives(user()),
        Route::new(Method::POST, at("/undelete/{userId}"), "Undelete a user", post(delete::undelete))
            .query(&["rev"])
            .gives(user()),
        Route::new(Method::DELETE, at("/purge/{userId}"), "Remove a user for good", on_delete(delete::purge))
            .query(&["rev"])
            .gives(Shape::Object("DocIdentifier")),
        Route::new(Method::PUT, at("/{userId}/properties"), "Set properties of a user", put(properties::put))
            .takes(Shape::List("PropertyStub"))
            .gives(user()),
    ];
    for path in ["", "/inGroup/{groupId}"] {
        let create = Route::new(Method::POST, at(path), "Create a user", post(create::create));
        let modify = Route::new(Method::PUT, at(path), "Modify a user", put(modify::modify));
        routes.extend([create, modify].map(|route| route.takes(user()).gives(user())));
    }
    for path in ["/admin", "/admin/inGroup/{groupId}"] {
        let route = Route::new(Method::POST, at(path), "Create an administrator", post(create::create_admin));
        routes.push(route.takes(user()).gives(user()));
    }
    for path in ["/{userId}", "/inGroup/{groupId}/{userId}"] {
        let route = Route::new(Method::DELETE, at(path), "Delete a user", on_delete(delete::delete));
        routes.push(route.query(&["rev"]).gives(Shape::Object("DocIdentifier")));
    }
    for path in ["/{userId}", "/{userId}/inGroup/{groupId}"] {
        let set = Route::new(Method::POST, at(&format!("{path}/roles/set")), "Set roles", post(roles::set));
        let reset = Route::new(Method::POST, at(&format!("{path}/roles/reset")), "Take roles away", post(roles::reset));
        routes.extend([set.takes(Shape::Object("ListOfIds")).gives(user()), reset.gives(user())]);
    }
    routes
}

/// Lists and filters.
fn several() -> Vec<Route> {
    let paged: &[&str] = &["startDocumentId", "limit"];
    let mut routes = vec![
        Route::new(
            Method::GET,
            at("/byHealthcarePartyId/{id}"),
            "Who is a healthcare party",
            get(find::by_healthcare_party),
        )
        .gives(Shape::Strings),
        Route::new(Method::GET, at("/byPatientId/{id}"), "Who is a patient", get(find::by_patient))
            .gives(Shape::Strings),
    ];
    for path in ["", "/inGroup/{groupId}"] {
        let all = Route::new(Method::GET, at(path), "All users, page by page", get(find::all));
        let by_ids = Route::new(Method::POST, at(&format!("{path}/byIds")), "Several users", post(by_ids::by_ids));
        routes.push(all.query(paged).gives(Shape::Page("User")));
        routes.push(by_ids.takes(Shape::Object("ListOfIds")).gives(Shape::List("User")));
    }
    for path in ["/match", "/match/inGroup/{groupId}", "/inGroup/{groupId}/match"] {
        let route = Route::new(Method::POST, at(path), "Ids of the users found", post(find::matching));
        routes.push(route.takes(Shape::Filter).gives(Shape::Strings));
    }
    for path in ["/filter", "/filter/inGroup/{groupId}"] {
        let route = Route::new(Method::POST, at(path), "Find users, page by page", post(find::filter));
        routes.push(route.query(paged).takes(Shape::Filter).gives(Shape::Page("User")));
    }
    routes
}

/// Tokens and second factors.
fn secrets() -> Vec<Route> {
    let validity: &[&str] = &["tokenValidity"];
    let in_all = "/inAllGroups/token/{userIdentifier}/{key}";
    let mut routes = vec![
        Route::new(Method::POST, at(in_all), "Make tokens in all groups", post(tokens::make_in_all_groups))
            .query(validity)
            .gives(Shape::List("TokenWithGroup")),
    ];
    for path in ["/token/{userId}/{key}", "/inGroup/{groupId}/token/{userId}/{key}"] {
        let route = Route::new(Method::POST, at(path), "Make a token", post(tokens::make));
        routes.push(route.query(validity).gives(Shape::Text));
    }
    for path in ["/{userId}/2fa", "/{userId}/inGroup/{groupId}/2fa"] {
        routes.push(
            Route::new(Method::POST, at(path), "Demand a second factor", post(second_factor::enable))
                .takes(Shape::Object("Enable2faRequest")),
        );
        let disable = on_delete(second_factor::disable);
        routes.push(Route::new(Method::DELETE, at(path), "Demand no second factor", disable));
    }
    routes
}
