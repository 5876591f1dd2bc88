//! Bearer and refresh tokens: JWTs that only this server reads, in the shape that the official
//! client expects (wire 3.3).
//!
//! They are signed with HMAC-SHA-256: nobody but the server verifies them. The official client
//! decodes the payload with the *standard* base64 alphabet, so a payload whose base64url text
//! contains `-` or `_` would break logins. [`issue`] refuses to make one; ids that could cause it
//! are refused when users are made.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use keystead_model::access::DataOwnerType;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::error::{ApiError, ApiResult};

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenKind {
    /// Sent with every call.
    #[serde(rename = "b")]
    Bearer,
    /// Exchanged for bearers.
    #[serde(rename = "r")]
    Refresh,
    /// Opens one web socket.
    #[serde(rename = "s")]
    Socket,
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// What it is for.
    #[serde(rename = "k")]
    pub kind: TokenKind,
    /// The session.
    #[serde(rename = "sid")]
    pub session: String,
    /// The group.
    #[serde(rename = "g")]
    pub group: String,
    /// The user.
    #[serde(rename = "u")]
    pub user: String,
    /// The data owner behind the user.
    #[serde(rename = "doId", default, skip_serializing_if = "Option::is_none")]
    pub data_owner: Option<String>,
    /// Its type: `hcp`, `patient` or `device`.
    #[serde(rename = "doTp", default, skip_serializing_if = "Option::is_none")]
    pub data_owner_type: Option<String>,
    /// Ancestors of a healthcare party, topmost first.
    #[serde(rename = "hh", default, skip_serializing_if = "Vec::is_empty")]
    pub parents: Vec<String>,
    /// Roles.
    #[serde(rename = "a", default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Level of the login's authentication class.
    #[serde(rename = "tac")]
    pub level: u8,
    /// Life time in seconds.
    #[serde(rename = "jwtD")]
    pub seconds: u32,
    /// What is remembered once it is used, of a token for one use.
    #[serde(rename = "jti", default, skip_serializing_if = "Option::is_none")]
    pub once: Option<String>,
    /// When it ends, in seconds since the epoch.
    pub exp: i64,
}

impl Claims {
    /// The type of the data owner behind the user.
    pub fn owner_type(&self) -> Option<DataOwnerType> {
        match self.data_owner_type.as_deref()? {
            "hcp" => Some(DataOwnerType::Hcp),
            "patient" => Some(DataOwnerType::Patient),
            "device" => Some(DataOwnerType::Device),
            _ => None,
        }
    }
}

/// Signs `claims`.
///
/// # Errors
/// The payload would break the official client.
pub fn issue(app: &App, claims: &Claims) -> ApiResult<String> {
    let key = EncodingKey::from_secret(app.keys.token_key());
    let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key)
        .map_err(|error| ApiError::internal(format!("token: {error}")))?;
    let payload = token.split('.').nth(1).unwrap_or("-");
    if payload.contains(['-', '_']) {
        return Err(ApiError::internal("token: an id in the claims has a character outside the safe alphabet"));
    }
    Ok(token)
}

/// Reads a token of `kind` that ended no longer ago than the configured leeway.
///
/// # Errors
/// It is not one of ours, of another kind, or too old.
pub fn decode(app: &App, token: &str, kind: TokenKind) -> ApiResult<Claims> {
    let mut validation = Validation::new(Algorithm::HS256);
    // compared below, with the server's clock
    validation.validate_exp = false;
    let key = DecodingKey::from_secret(app.keys.token_key());
    let claims = jsonwebtoken::decode::<Claims>(token, &key, &validation).map_err(|_| ApiError::unauthorized())?.claims;
    let end = claims.exp.saturating_add(i64::from(app.config.sessions.leeway_seconds)).saturating_mul(1000);
    if claims.kind != kind || app.now() >= end {
        return Err(ApiError::unauthorized());
    }
    Ok(claims)
}

/// Whether `id` may stand in a token: printable ASCII without the characters that base64url writes
/// as `-` or `_` in some position.
pub fn safe_in_token(id: &str) -> bool {
    id.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'>' | b'~' | b'?' | b'"' | b'\\'))
}
