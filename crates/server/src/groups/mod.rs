//! Groups: the tenants of the server. Every user, data owner and record belongs to one, and a session
//! is for one (wire 6.4).
//!
//! A caller sees its own group only. Groups are made by the operator ([`create_group`]), not over HTTP.

mod create;
mod elevated;
mod hcp;
mod own;
mod permissions;
mod read;
mod refused;
mod roles;

use axum::routing::{delete, get, post, put};
use http::Method;

pub use create::{all, create_group};
pub(crate) use elevated::require_elevated;
pub use hcp::{CreatedHcp, NewHcp, create_hcp};
pub(crate) use own::OwnGroup;
pub(crate) use roles::{ADMIN, check_roles};

use crate::http::{Route, Shape};

/// The endpoints of groups, roles and permissions.
pub fn routes() -> Vec<Route> {
    let at = |path: &str| format!("/rest/v2/{path}");
    vec![
        Route::new(Method::GET, at("group"), "The caller's groups", get(read::all)).gives(Shape::List("Group")),
        Route::new(Method::GET, at("group/{groupId}"), "The caller's group", get(read::one))
            .gives(Shape::Object("Group")),
        Route::new(Method::GET, at("group/{groupId}/hierarchy"), "The group and its ancestors", get(read::hierarchy))
            .gives(Shape::Strings),
        Route::new(Method::GET, at("group/{groupId}/children"), "The groups inside the group", get(read::children))
            .gives(Shape::Page("Group")),
        Route::new(
            Method::GET,
            at("group/{groupId}/defaultRoles"),
            "The roles that users have by what they are",
            get(roles::defaults),
        )
        .gives(Shape::Json("{UserType→[RoleConfiguration]}")),
        Route::new(Method::GET, at("role"), "The roles that the server knows", get(roles::list))
            .gives(Shape::List("Role")),
        Route::new(Method::PUT, at("permissions/{userId}"), "Set the permissions of a user", put(permissions::put))
            .takes(Shape::Object("Permission"))
            .gives(Shape::List("Permission")),
        Route::new(Method::POST, at("group/{groupId}"), "Always refused", post(refused::refuse)),
        Route::new(Method::DELETE, at("group/{groupId}"), "Always refused", delete(refused::refuse)),
        Route::new(Method::PUT, at("group/{groupId}/name/{name}"), "Always refused", put(refused::refuse)),
        Route::new(Method::PUT, at("group/{groupId}/properties"), "Always refused", put(refused::refuse)),
        Route::new(Method::POST, at("group/{groupId}/defaultRoles"), "Always refused", post(refused::refuse)),
    ]
}
