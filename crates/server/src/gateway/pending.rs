//! A request for a code: what is kept of it until the code comes back.
//!
//! The code is kept as an HMAC bound to the request, the address as an HMAC too, and the person's
//! name and address sealed. A copy of the database alone gives none of them away.

use keystead_store::gateway::CodeRequest;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::settings::ProcessSettings;
use crate::app::App;
use crate::delivery::Channel;
use crate::error::{ApiError, ApiResult};
use crate::keys::Purpose;
use crate::users::register::{Address, Registrant, RegistrantKind};

/// Wrong codes after which a request is over.
const TRIES: u32 = 5;

/// The id of a request: a UUID in its usual form, of which there is one spelling.
pub(super) fn request_id(text: &str) -> Option<String> {
    let id = Some(text).filter(|text| text.len() == 36).and_then(|text| uuid::Uuid::try_parse(text).ok())?;
    Some(id.hyphenated().to_string())
}

/// The digest by which codes of an address are counted.
pub(super) fn address_digest(app: &App, address: &Address) -> Vec<u8> {
    app.keys.digest(Purpose::Address, &[b"gateway", text(address).as_bytes()])
}

/// The text of an address.
pub(super) fn text(address: &Address) -> &str {
    match address {
        Address::Email(text) | Address::Phone(text) => text,
    }
}

/// The row that is kept of a request whose code is `code`.
pub(super) fn row(
    app: &App,
    id: &str,
    (spec, process): (&str, &str),
    settings: &ProcessSettings,
    registrant: &Registrant,
    code: &str,
) -> ApiResult<CodeRequest> {
    let payload = Payload::from(registrant);
    let plain = Zeroizing::new(
        serde_json::to_vec(&payload).map_err(|_| ApiError::internal("a request could not be written as JSON"))?,
    );
    Ok(CodeRequest {
        id: id.to_owned(),
        spec: spec.to_owned(),
        process: process.to_owned(),
        address: address_digest(app, &registrant.address),
        code: app.keys.digest(Purpose::Code, &[id.as_bytes(), code.as_bytes()]),
        payload: app.keys.seal(app.rng.as_ref(), &context(id), &plain),
        tries_left: TRIES,
        expires: app.now().saturating_add(settings.code_lifetime()),
        used: false,
    })
}

/// Whether `code` is the code of `request`, in constant time.
pub(super) fn is_right(app: &App, request: &CodeRequest, code: &str) -> bool {
    app.keys.verify(Purpose::Code, &[request.id.as_bytes(), code.as_bytes()], &request.code)
}

/// Who is behind `request`.
pub(super) fn registrant(app: &App, request: &CodeRequest) -> ApiResult<Registrant> {
    let plain = app.keys.open(&context(&request.id), &request.payload);
    let payload: Option<Payload> = plain.and_then(|plain| serde_json::from_slice(&plain).ok());
    payload.map(Registrant::from).ok_or_else(|| ApiError::internal("the payload of a request cannot be opened"))
}

fn context(id: &str) -> String {
    format!("code-request:{id}")
}

#[derive(Serialize, Deserialize)]
struct Payload {
    group: String,
    kind: RegistrantKind,
    channel: Channel,
    address: String,
    first_name: String,
    last_name: String,
    responsible: Option<String>,
}

impl From<&Registrant> for Payload {
    fn from(registrant: &Registrant) -> Self {
        let channel = match registrant.address {
            Address::Email(_) => Channel::Email,
            Address::Phone(_) => Channel::Sms,
        };
        Self {
            group: registrant.group.clone(),
            kind: registrant.kind,
            channel,
            address: text(&registrant.address).to_owned(),
            first_name: registrant.first_name.clone(),
            last_name: registrant.last_name.clone(),
            responsible: registrant.responsible.clone(),
        }
    }
}

impl From<Payload> for Registrant {
    fn from(payload: Payload) -> Self {
        let address = match payload.channel {
            Channel::Email => Address::Email(payload.address),
            Channel::Sms => Address::Phone(payload.address),
        };
        Self {
            group: payload.group,
            kind: payload.kind,
            address,
            first_name: payload.first_name,
            last_name: payload.last_name,
            responsible: payload.responsible,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_of_a_request_id() {
        let id = "2f0d8ab7-9b0a-4a5e-8f6e-0d8f4e0b7a11";
        assert_eq!(request_id(id).as_deref(), Some(id));
        assert_eq!(request_id(&id.to_uppercase()).as_deref(), Some(id));
        let wide = "é".repeat(18);
        for text in ["", "1", "2f0d8ab79b0a4a5e8f6e0d8f4e0b7a11", "{2f0d8ab7-9b0a-4a5e-8f6e-0d8f4e0b7a1}", &wide] {
            assert_eq!(request_id(text), None, "{text}");
        }
    }
}
