//! The endpoints of healthcare parties and devices (Annex C).

use axum::extract::State;
use axum::routing::{delete as on_delete, get as on_get, post, put};
use http::Method;
use keystead_model::class::Class;
use keystead_model::entity::{device, healthcare_party};
use serde::Deserialize;

use super::{create, delete, find, lists, modify, read};
use crate::auth::Session;
use crate::entities::page::Parameters;
use crate::groups::OwnGroup;
use crate::http::{Json, Path, Query, Route, Shape};

/// The revision to delete or undelete; without one, whichever is current.
#[derive(Debug, Deserialize)]
struct Revision {
    rev: Option<String>,
}

/// An id in a path that may name a group as well.
#[derive(Debug, Deserialize)]
struct Named {
    id: String,
}

/// Every endpoint of both classes.
pub(in crate::owners) fn routes() -> Vec<Route> {
    let mut routes = of_class(&healthcare_party::CLASS);
    routes.extend(of_class(&device::CLASS));
    routes.extend(only_healthcare_parties());
    routes.extend(only_devices());
    routes
}

fn of_class(class: &'static Class) -> Vec<Route> {
    let at = |path: &str| format!("/rest/v2/{}{path}", class.path);
    let one = || Shape::Object(class.name);
    let deleted = || Shape::Object("DocIdentifier");
    let mut routes = vec![
        Route::new(
            Method::GET,
            at("/{id}"),
            "Read one",
            on_get(move |State(app), session: Session, Path(id): Path<String>| read::one(app, class, session, id)),
        )
        .gives(one()),
        Route::new(
            Method::POST,
            at("/undelete/{id}"),
            "Undelete one",
            post(move |State(app), session: Session, Path(id): Path<String>, Query(query): Query<Revision>| {
                delete::undelete(app, class, session, id, query.rev)
            }),
        )
        .query(&["rev"])
        .gives(one()),
        Route::new(
            Method::DELETE,
            at("/purge/{id}"),
            "Remove one for good",
            on_delete(move |State(app), session: Session, Path(id): Path<String>, Query(query): Query<Revision>| {
                delete::purge(app, class, session, id, query.rev)
            }),
        )
        .query(&["rev"])
        .gives(deleted()),
    ];
    for path in ["", "/inGroup/{groupId}"] {
        routes.push(
            Route::new(
                Method::POST,
                at(path),
                "Create one",
                post(move |State(app), OwnGroup(session), Json(body)| create::create(app, class, session, body)),
            )
            .takes(one())
            .gives(one()),
        );
        routes.push(
            Route::new(
                Method::PUT,
                at(path),
                "Modify one",
                put(move |State(app), OwnGroup(session), Json(body)| modify::modify(app, class, session, body)),
            )
            .takes(one())
            .gives(one()),
        );
    }
    for path in ["/{id}", "/{id}/inGroup/{groupId}"] {
        let handler = move |State(app), OwnGroup(session), Path(named): Path<Named>, Query(query): Query<Revision>| {
            delete::delete(app, class, session, named.id, query.rev)
        };
        let route = Route::new(Method::DELETE, at(path), "Delete one", on_delete(handler));
        routes.push(route.query(&["rev"]).gives(deleted()));
    }
    routes.extend(many(class));
    routes
}

/// What is about many at once: by ids, by filter, deletion in bulk.
fn many(class: &'static Class) -> Vec<Route> {
    let at = |path: &str| format!("/rest/v2/{}{path}", class.path);
    let mut routes = vec![
        Route::new(
            Method::POST,
            at("/filter"),
            "Find some, page by page",
            post(move |State(app), session: Session, Query(page): Query<Parameters>, Json(body)| {
                find::filter(app, class, session, page, body)
            }),
        )
        .query(&["startDocumentId", "limit"])
        .takes(Shape::Filter)
        .gives(Shape::Page(class.name)),
    ];
    for path in ["/byIds", "/inGroup/{groupId}/byIds"] {
        let handler = move |State(app), OwnGroup(session), Json(body)| read::by_ids(app, class, session, body);
        let route = Route::new(Method::POST, at(path), "Read several", post(handler));
        routes.push(route.takes(Shape::Object("ListOfIds")).gives(Shape::List(class.name)));
    }
    for path in ["/match", "/inGroup/{groupId}/match"] {
        let handler = move |State(app), OwnGroup(session), Json(body)| find::matching(app, class, session, body);
        routes.push(
            Route::new(Method::POST, at(path), "Ids of those found", post(handler))
                .takes(Shape::Filter)
                .gives(Shape::Strings),
        );
    }
    for path in ["/delete/batch", "/delete/batch/inGroup/{groupId}"] {
        let handler = move |State(app), OwnGroup(session), Json(body)| delete::batch(app, class, session, body);
        let route = Route::new(Method::POST, at(path), "Delete several", post(handler));
        routes.push(route.takes(Shape::Object("ListOfIds")).gives(Shape::List("DocIdentifier")));
    }
    for path in ["/delete/batch/withrev", "/delete/batch/withrev/inGroup/{groupId}"] {
        let handler =
            move |State(app), OwnGroup(session), Json(body)| delete::batch_with_rev(app, class, session, body);
        let route = Route::new(Method::POST, at(path), "Delete several, each in its revision", post(handler));
        routes.push(route.takes(Shape::Object("ListOfIdsAndRev")).gives(Shape::List("DocIdentifier")));
    }
    routes
}

fn only_healthcare_parties() -> Vec<Route> {
    let class = &healthcare_party::CLASS;
    let at = |path: &str| format!("/rest/v2/hcparty{path}");
    let page = || Shape::Page(class.name);
    let listed: &[&str] = &["startDocumentId", "limit", "desc"];
    vec![
        Route::new(
            Method::GET,
            at("/current"),
            "The caller's own",
            on_get(move |State(app), session: Session| read::current(app, class, session)),
        )
        .gives(Shape::Object(class.name)),
        Route::new(Method::GET, at(""), "List all by name", on_get(lists::by_name)).query(listed).gives(page()),
        Route::new(Method::GET, at("/byName"), "List those with a name", on_get(lists::by_name))
            .query(&["name", "startDocumentId", "limit", "desc"])
            .gives(page()),
        Route::new(Method::GET, at("/byNihiiOrSsin/{searchValue}"), "List by number", on_get(lists::by_number))
            .query(listed)
            .gives(page()),
        Route::new(Method::GET, at("/{id}/children"), "Those below one", on_get(lists::children))
            .gives(Shape::List(class.name)),
        Route::new(Method::GET, at("/{id}/publicKey"), "The legacy public key of one", on_get(lists::public_key))
            .gives(Shape::Object("PublicKey")),
    ]
}

fn only_devices() -> Vec<Route> {
    let class = &device::CLASS;
    let path = "/rest/v2/device/bulk";
    let (takes, gives) = (|| Shape::List(class.name), || Shape::List("IdWithRev"));
    vec![
        Route::new(
            Method::POST,
            path,
            "Create several",
            post(move |State(app), session: Session, Json(body)| create::bulk(app, class, session, body)),
        )
        .takes(takes())
        .gives(gives()),
        Route::new(
            Method::PUT,
            path,
            "Modify several",
            put(move |State(app), session: Session, Json(body)| modify::bulk(app, class, session, body)),
        )
        .takes(takes())
        .gives(gives()),
    ]
}
