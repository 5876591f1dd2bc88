//! `POST /gw/{spec}/process/{process}/{request}`: send a one-time code to an address (wire 2.2).
//!
//! What is cheap to check comes first, and what a client cannot repeat comes last: a captcha is used
//! up only by a request that is otherwise in order. The user behind the address is not looked for, so
//! neither the answer nor the time it takes can tell whether there is one.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::routing::post;
use http::{HeaderMap, Method, header};
use keystead_model::error::{ErrorCode, FieldError};
use keystead_store::{EpochMs, Reading};
use serde::Deserialize;

use super::body::{self, StartBody};
use super::captcha;
use super::kerberus::SpentChallenge;
use super::limits::{self, Counted};
use super::pending;
use super::processes::find_process;
use super::settings::ProcessSettings;
use super::template::{self, Variables};
use crate::app::App;
use crate::auth::ClientIp;
use crate::delivery::{self, Message};
use crate::error::{ApiError, ApiResult};
use crate::http::{Access, Path, Query, Route, Shape, Text};
use crate::users::register::{Registrant, RegistrantKind};

/// Codes of one address that can live at the same time.
const LIVE_CODES: u32 = 3;

pub(super) fn route() -> Route {
    Route::new(
        Method::POST,
        "/gw/{spec}/process/{process}/{request}",
        "Send a one-time code; the request id is a UUID that the client makes",
        post(handler),
    )
    .access(Access::Public)
    .query(&["codeLength"])
    .takes(Shape::Json("firstName, lastName, email or mobilePhone, and the solution of one captcha"))
    .gives(Shape::Text)
}

#[derive(Deserialize)]
struct Parameters {
    #[serde(rename = "codeLength")]
    code_length: Option<String>,
}

/// # Errors
/// 400 for a body that is not in order, 403 for a captcha that is not solved, 404 for an unknown
/// process, 409 for a request id that was used, 429 where a limit is reached, 503 where the channel
/// is not configured or the captcha's provider does not answer.
async fn handler(
    State(app): State<Arc<App>>,
    Path((spec, process, request_id)): Path<(String, String, String)>,
    Query(parameters): Query<Parameters>,
    ip: ClientIp,
    request: Request,
) -> ApiResult<Text> {
    let id = pending::request_id(&request_id).ok_or_else(|| ApiError::malformed("the request id: expected a UUID"))?;
    let asked_length = body::code_length(parameters.code_length.as_deref())?;
    let accepted_languages = accepted_languages(request.headers());
    let body = StartBody::read(&body::object(request).await?)?;

    let start = Start { app: &app, spec: &spec, process: &process, id: &id, ip };
    let (settings, registrant) = start.check(&body).await?;
    let languages = body.language.iter().map(|tag| tag.to_ascii_lowercase()).chain(accepted_languages);
    let spent = start.verify_captcha(&settings, &body).await?;
    let code = app.rng.digits(settings.code_length.max(asked_length).into());
    let message = start.compose(&settings, &registrant, &code, languages);
    start.record(&settings, &registrant, &code, spent, message).await?;
    delivery::wake(&app);
    Ok(Text("started".to_owned()))
}

struct Start<'a> {
    app: &'a App,
    spec: &'a str,
    process: &'a str,
    id: &'a str,
    ip: ClientIp,
}

impl Start<'_> {
    /// Checks all that does not use anything up.
    async fn check(&self, body: &StartBody) -> ApiResult<(ProcessSettings, Registrant)> {
        let Self { app, ip, .. } = *self;
        let mut tx = app.store.read().await?;
        let settings = find_process(&mut *tx, self.spec, self.process).await?;
        delivery::require(app, settings.channel)?;
        captcha::accept(app, &settings, body.solution.kind())?;
        let registrant = Registrant {
            group: settings.group.clone(),
            kind: settings.kind,
            address: body.address(settings.channel)?,
            first_name: body.first_name.clone(),
            last_name: body.last_name.clone(),
            responsible: responsible(&mut *tx, &settings, body.hcp.as_deref()).await?,
        };
        limits::check(app, &mut *tx, &[Counted::Failures(ip)]).await?;
        if captcha::is_remote(app, body.solution.kind()) {
            // a request that is refused below must not have used the solution up
            let digest = pending::address_digest(app, &registrant.address);
            let counted = [Counted::Client(ip), Counted::Spec(self.spec), Counted::Address(&digest)];
            limits::check(app, &mut *tx, &counted).await?;
            limits::check(app, &mut *tx, &[Counted::WrongCodes(&digest)]).await?;
            require_room(app, &mut *tx, &digest).await?;
        }
        Ok((settings, registrant))
    }

    async fn verify_captcha(&self, settings: &ProcessSettings, body: &StartBody) -> ApiResult<Option<SpentChallenge>> {
        let verified = captcha::verify(self.app, self.spec, settings, &body.solution).await;
        if verified.as_ref().is_err_and(|error| error.code == ErrorCode::CaptchaRejected) && !self.app.config.dev {
            let mut tx = self.app.store.write().await?;
            limits::count(self.app, &mut *tx, Counted::Failures(self.ip)).await?;
            tx.commit().await?;
        }
        verified
    }

    fn compose(
        &self,
        settings: &ProcessSettings,
        registrant: &Registrant,
        code: &str,
        languages: impl Iterator<Item = String>,
    ) -> Message {
        let template = template::choose(&settings.templates, settings.channel, languages);
        let (subject, text) = template.render(&Variables {
            code,
            first_name: &registrant.first_name,
            last_name: &registrant.last_name,
            minutes: settings.code_minutes,
            process: settings.name.as_deref().unwrap_or(self.process),
        });
        let to = pending::text(&registrant.address).to_owned();
        let expires = self.app.now().saturating_add(settings.code_lifetime());
        let mut message = Message::new(settings.channel, to, &subject, text, expires);
        message.code = Some(code.to_owned());
        message
    }

    /// Takes from the limits, uses the challenge up, keeps the request and leaves the message, all or
    /// nothing.
    async fn record(
        &self,
        settings: &ProcessSettings,
        registrant: &Registrant,
        code: &str,
        spent: Option<SpentChallenge>,
        message: Message,
    ) -> ApiResult<()> {
        let Self { app, spec, ip, .. } = *self;
        let row = pending::row(app, self.id, (spec, self.process), settings, registrant, code)?;
        let mut tx = app.store.write().await?;
        limits::check(app, &mut *tx, &[Counted::WrongCodes(&row.address)]).await?;
        let counted = [Counted::Client(ip), Counted::Spec(spec), Counted::Address(&row.address)];
        limits::take(app, &mut *tx, &counted).await?;
        require_room(app, &mut *tx, &row.address).await?;
        if let Some(spent) = spent
            && !tx.use_challenge(&spent.key, spent.expires).await?
        {
            return Err(captcha::rejected());
        }
        if !tx.create_code_request(&row).await? {
            let message = "this request id was used before: make a new one for each start";
            return Err(ApiError::new(ErrorCode::AlreadyExists, message));
        }
        delivery::send(app, &mut *tx, message).await?;
        Ok(tx.commit().await?)
    }
}

/// With whom the person will share: the healthcare party of the request, or the one of the process.
async fn responsible(
    tx: &mut dyn Reading,
    settings: &ProcessSettings,
    asked: Option<&str>,
) -> ApiResult<Option<String>> {
    if let Some(id) = asked {
        let found = tx.document(&settings.group, "HealthcareParty", id).await?;
        if found.is_none_or(|document| document.deleted) {
            return Err(FieldError::new("hcpId", "the id of a healthcare party of this process's group").into());
        }
        return Ok(Some(id.to_owned()));
    }
    if settings.kind == RegistrantKind::Patient && settings.responsible.is_none() {
        let expected = "the id of the responsible healthcare party, since the process of these patients names none";
        return Err(FieldError::new("hcpId", expected).into());
    }
    Ok(settings.responsible.clone())
}

/// Refuses a further code for an address that has as many as can live at the same time.
async fn require_room(app: &App, tx: &mut dyn Reading, address: &[u8]) -> ApiResult<()> {
    let now = app.now();
    if tx.live_codes(address, now).await? < LIVE_CODES {
        return Ok(());
    }
    // the moment at which one of them will have ended, to the second
    let (mut full, mut free): (EpochMs, EpochMs) = (now, now.saturating_add(600_000));
    while free - full > 1_000 {
        let middle = full + (free - full) / 2;
        if tx.live_codes(address, middle).await? < LIVE_CODES {
            free = middle;
        } else {
            full = middle;
        }
    }
    let wait = u64::try_from(free - now).unwrap_or_default();
    Err(ApiError::too_many("this address has enough codes: use one of them, or wait until one has ended", wait))
}

/// The languages of `Accept-Language`, the preferred one first.
fn accepted_languages(headers: &HeaderMap) -> Vec<String> {
    let Some(line) = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()) else {
        return Vec::new();
    };
    let mut weighted: Vec<(f32, String)> = line.split(',').take(20).filter_map(weigh).collect();
    weighted.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    weighted.into_iter().map(|(_, tag)| tag).collect()
}

fn weigh(item: &str) -> Option<(f32, String)> {
    let mut parts = item.split(';');
    let tag = parts.next()?.trim().to_ascii_lowercase();
    let weight = parts.find_map(|part| part.trim().strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
    (weight > 0.0 && !tag.is_empty() && tag.len() <= 35).then_some((weight, tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preferred_language_comes_first() {
        let of = |line: &'static str| {
            accepted_languages(&HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, line.parse().unwrap())]))
        };
        assert_eq!(of("fr;q=0.5, nl-BE, de;q=0, en;q=0.8"), ["nl-be", "en", "fr"]);
        assert_eq!(of("fr;q=NaN"), Vec::<String>::new());
        assert_eq!(of(";q=1,,"), Vec::<String>::new());
    }
}
