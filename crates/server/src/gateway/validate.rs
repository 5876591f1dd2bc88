//! `GET /gw/{spec}/process/validate/{request}-{code}`: prove an address by the code that was sent to
//! it (wire 2.2).
//!
//! One transaction counts the try, uses the code up, finds or registers the user and accepts the code
//! as a password for the login that follows. A wrong try is committed, so that no number of parallel
//! tries gets past the limit.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use http::Method;
use keystead_model::error::ErrorCode;

use super::limits::{self, Counted};
use super::pending;
use crate::app::App;
use crate::auth::{ClientIp, secret};
use crate::error::{ApiError, ApiResult};
use crate::http::{Access, Path, Route, Shape, Text};
use crate::users::register;

/// The longest code that is looked at.
const CODE_LIMIT: usize = 64;

pub(super) fn route() -> Route {
    Route::new(
        Method::GET,
        "/gw/{spec}/process/validate/{token}",
        "Prove an address: the token is the request id, a dash and the code",
        get(handler),
    )
    .access(Access::Public)
    .gives(Shape::Text)
}

/// # Errors
/// 401 for a wrong code, 404 for an unknown request, 410 for one that is used, over or too old, 429
/// after too many failures from one client.
async fn handler(
    State(app): State<Arc<App>>,
    Path((spec, token)): Path<(String, String)>,
    ip: ClientIp,
) -> ApiResult<Text> {
    let (id, code) =
        split(&token).ok_or_else(|| ApiError::malformed("the token: expected a request id, a dash and a code"))?;
    let mut tx = app.store.write().await?;
    limits::check(&app, &mut *tx, &[Counted::Failures(ip)]).await?;
    let request = tx.code_request(&id).await?.filter(|request| request.spec == spec);
    let request = request.ok_or_else(|| ApiError::not_found("request"))?;
    if request.used || request.tries_left == 0 || app.now() >= request.expires {
        return Err(over());
    }
    if !pending::is_right(&app, &request, code) {
        tx.count_wrong_code(&id).await?;
        limits::count(&app, &mut *tx, Counted::WrongCodes(&request.address)).await?;
        limits::count(&app, &mut *tx, Counted::Failures(ip)).await?;
        tx.commit().await?;
        return Err(ApiError::new(ErrorCode::Unauthorized, "the code is wrong"));
    }
    if !tx.use_code(&id).await? {
        return Err(over());
    }
    let registrant = pending::registrant(&app, &request)?;
    let account = register::find_or_register(&app, &mut *tx, &registrant).await?;
    secret::accept_code(&app, &mut *tx, &account, code).await?;
    tx.commit().await?;
    Ok(Text("valid".to_owned()))
}

fn over() -> ApiError {
    ApiError::new(ErrorCode::CodeExpired, "this code is used, too old, or was guessed too often: start again")
}

/// The request id and the code. A UUID has a fixed length, so the code may be anything.
fn split(token: &str) -> Option<(String, &str)> {
    let (id, rest) = token.split_at_checked(36)?;
    let code = rest.strip_prefix('-').filter(|code| (1..=CODE_LIMIT).contains(&code.len()))?;
    Some((pending::request_id(id)?, code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_a_request_id_and_a_code() {
        let id = "2f0d8ab7-9b0a-4a5e-8f6e-0d8f4e0b7a11";
        assert_eq!(split(&format!("{id}-123456")), Some((id.to_owned(), "123456")));
        assert_eq!(split(&format!("{}-1-2", id.to_uppercase())), Some((id.to_owned(), "1-2")));
        let long = "1".repeat(65);
        for token in ["", id, &format!("{id}-"), &format!("{id}123456"), &format!("x{id}-1"), &format!("{id}-{long}")] {
            assert_eq!(split(token), None, "{token}");
        }
        assert_eq!(split(&"é".repeat(30)), None);
    }
}
