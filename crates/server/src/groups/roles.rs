//! Roles: what a user may do besides what follows from the data owner it is (wire 6.4).
//!
//! The access rules look at one role only, [`ADMIN`]. The others say what a user is; they are listed
//! because clients show them, and grant nothing by themselves.

use axum::response::Response;
use keystead_model::error::FieldError;
use serde_json::json;

use super::OwnGroup;
use crate::auth::Session;
use crate::error::ApiResult;
use crate::http::json_body;

/// Administers the group: its users, their roles, which data owner each of them is. Not their keys.
pub(crate) const ADMIN: &str = "ADMIN";

/// Id, name, permissions (`PermissionType` of wire 8.6), and the type of user who has it by default.
type Role = (&'static str, &'static str, &'static [&'static str], Option<&'static str>);

const ROLES: &[Role] = &[
    (ADMIN, "Administrator of the group", &["AUTHENTICATE", "ADMIN"], None),
    (
        "HCP",
        "Healthcare party",
        &[
            "AUTHENTICATE",
            "HCP",
            "PATIENT_VIEW",
            "PATIENT_CREATE",
            "PATIENT_CHANGE_DELETE",
            "MEDICAL_DATA_VIEW",
            "MEDICAL_DATA_CREATE",
            "MEDICAL_CHANGE_DELETE",
        ],
        Some("HCP"),
    ),
    (
        "PATIENT",
        "Patient",
        &["AUTHENTICATE", "MEDICAL_DATA_VIEW", "MEDICAL_DATA_CREATE", "MEDICAL_CHANGE_DELETE"],
        Some("PATIENT"),
    ),
    ("DEVICE", "Device", &["AUTHENTICATE", "MEDICAL_DATA_VIEW", "MEDICAL_DATA_CREATE"], Some("DEVICE")),
    ("USER", "User who is no data owner", &["AUTHENTICATE"], Some("USER")),
];

/// `GET role`
pub(super) async fn list(_: Session) -> ApiResult<Response> {
    let roles: Vec<_> = ROLES
        .iter()
        .map(|(id, name, permissions, _)| json!({"id": id, "name": name, "permissions": permissions}))
        .collect();
    json_body(&roles)
}

/// `GET group/{groupId}/defaultRoles`
pub(super) async fn defaults(OwnGroup(_): OwnGroup) -> ApiResult<Response> {
    let defaults: serde_json::Map<_, _> = ROLES
        .iter()
        .filter_map(|(id, _, _, user)| Some(((*user)?.to_owned(), json!([{"source": "DEFAULT", "roles": [id]}]))))
        .collect();
    json_body(&defaults)
}

/// Checks that each of `roles` is one that the server knows.
///
/// # Errors
/// One is not; `field` names where they stand.
pub(crate) fn check_roles<'a>(field: &str, roles: impl IntoIterator<Item = &'a str>) -> ApiResult<()> {
    for (position, role) in roles.into_iter().enumerate() {
        if !ROLES.iter().any(|(id, ..)| *id == role) {
            let known: Vec<_> = ROLES.iter().map(|(id, ..)| *id).collect();
            let error = FieldError::new(format!("{field}[{position}]"), format!("one of {}", known.join(", ")));
            return Err(error.into());
        }
    }
    Ok(())
}
