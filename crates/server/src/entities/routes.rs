//! The endpoints of every encryptable class (wire 5.3).

use std::sync::Arc;

use axum::extract::{FromRequest, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use http::Method;
use keystead_model::class::{self, Class};

use super::{
    attachments, batch, by_ids, create, delete, find, get, lists, messages, modify, services, share, stubs, topics,
};
use crate::app::App;
use crate::error::ApiResult;
use crate::http::{Access, Route, Shape};

/// Every endpoint of every encryptable class.
pub fn routes() -> Vec<Route> {
    let mut routes = Vec::new();
    for class in class::ALL.iter().copied().filter(|class| class.encryptable) {
        routes.extend(of_class(class));
    }
    routes.extend(lists::routes());
    routes.extend(services::routes());
    routes.extend(attachments::routes());
    routes.extend(messages::routes());
    routes.extend(topics::routes());
    routes
}

/// A handler of one operation on a class: takes what it extracts from the request.
fn handler<M, T, F, Fut>(method: &Method, class: &'static Class, operation: F) -> MethodRouter<Arc<App>>
where
    M: 'static,
    T: FromRequest<Arc<App>, M> + Send + 'static,
    T::Rejection: Send,
    F: Fn(Arc<App>, &'static Class, T) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = ApiResult<Response>> + Send,
{
    let filter = MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::GET);
    on(filter, move |State(app): State<Arc<App>>, request: Request| async move {
        match T::from_request(request, &app).await {
            Ok(input) => operation(app, class, input).await.into_response(),
            Err(rejection) => rejection.into_response(),
        }
    })
}

fn of_class(class: &'static Class) -> Vec<Route> {
    let base = format!("/rest/v2/{}", class.path);
    let at = |rest: &str| format!("{base}{rest}");
    let one = Shape::Object(class.name);
    let many = Shape::List(class.name);
    let ids = Shape::Object("ListOfIds");
    let removed = Shape::List("DocIdentifier");
    let written = if class.name == "Patient" { removed.clone() } else { many.clone() };
    let shared = Shape::List("EntityBulkShareResult");
    let (get, post, put, delete) = (Method::GET, Method::POST, Method::PUT, Method::DELETE);

    macro_rules! route {
        ($method:expr, $path:expr, $summary:literal, $operation:expr) => {{
            let method = $method.clone();
            let handler = handler(&method, class, $operation);
            Route::new(method, $path, $summary, handler).access(Access::Keys)
        }};
    }

    let mut routes = vec![
        route!(post, base.clone(), "Create an entity", create::create).takes(one.clone()).gives(one.clone()),
        route!(put, base.clone(), "Modify an entity", modify::modify).takes(one.clone()).gives(one.clone()),
        route!(get, at("/{id}"), "Get an entity", get::get).gives(one.clone()),
        route!(post, at("/byIds"), "Get the readable ones of many", by_ids::by_ids)
            .takes(ids.clone())
            .gives(many.clone()),
        route!(post, at("/batch"), "Create many", batch::create).takes(many.clone()).gives(written.clone()),
        route!(put, at("/batch"), "Modify many", batch::modify).takes(many.clone()).gives(written),
        route!(delete, at("/{id}"), "Delete, so that it can be undeleted", delete::delete)
            .query(&["rev"])
            .gives(Shape::Object("DocIdentifier")),
        route!(post, at("/delete/batch"), "Delete many", delete::delete_many).takes(ids.clone()).gives(removed.clone()),
        route!(post, at("/delete/batch/withrev"), "Delete many of known revisions", delete::delete_many_with_rev)
            .takes(Shape::Object("ListOfIdsAndRev"))
            .gives(removed.clone()),
        route!(post, at("/undelete/{id}"), "Undo a deletion", delete::undelete).query(&["rev"]).gives(one.clone()),
        route!(delete, at("/purge/{id}"), "Delete for good", delete::purge)
            .query(&["rev"])
            .gives(Shape::Object("DocIdentifier")),
        route!(post, at("/match"), "Ids of the readable entities that match a filter", find::matching)
            .takes(Shape::Filter)
            .gives(Shape::Strings),
        route!(post, at("/filter"), "A page of the readable entities that match a filter", find::filter)
            .query(&["startDocumentId", "limit"])
            .takes(Shape::Json("FilterChain"))
            .gives(Shape::Page(class.name)),
        route!(post, at("/delegations"), "What is needed to share many", stubs::stubs)
            .takes(ids.clone())
            .gives(Shape::List("IcureStub")),
        route!(put, at("/bulkSharedMetadataUpdate"), "Share many", share::share)
            .takes(Shape::Object("BulkShareOrUpdateMetadataParams"))
            .gives(shared.clone()),
        route!(put, at("/bulkSharedMetadataUpdateMinimal"), "Share many, without the entities", share::share_minimal)
            .takes(Shape::Object("BulkShareOrUpdateMetadataParams"))
            .gives(shared),
    ];
    if let Some(by_patient) = &class.by_patient {
        routes.push(
            route!(
                post,
                format!("{base}/{}", by_patient.path),
                "Ids of a patient's entities by date",
                find::by_patient
            )
            .query(&["dataOwnerId", "startDate", "endDate", "descending"])
            .takes(ids)
            .gives(Shape::Strings),
        );
    }
    routes
}
