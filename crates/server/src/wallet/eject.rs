//! Taking the whole keys out: an administrator opens a window, the owner proves anew who they are, and gets the
//! custodian's halves. With those that the owner's text holds, they are the keys (portal 1.4, 2.1).

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use keystead_model::error::FieldError;
use keystead_model::wallet::choose::backup_held;
use keystead_model::wallet::{Event, Fence, LifecycleError, Millis, OperationKind};
use serde_json::{Value, json};

use super::caller::Caller;
use super::change::{Missing, Whose, change};
use super::confirm::fence;
use super::custodian::halves_of;
use super::effects::now;
use super::failure::Failure;
use super::link::Link;
use super::running::Running;
use super::socket::Stop;
use super::state::describe;
use super::wish::Wish;
use crate::app::App;
use crate::audit::{self, Action};
use crate::auth::Session;
use crate::error::{ApiError, ApiResult};
use crate::groups::require_elevated;
use crate::http::{Json, json_body};

/// How long a window is open if nobody says otherwise, in milliseconds.
const WINDOW: i64 = 5 * 60_000;

/// Lets the owner take the keys out until a time; five minutes if none is given.
pub(super) async fn open_window(app: &App, whose: Whose<'_>, until: Option<i64>) -> Result<i64, Failure> {
    let until = until.unwrap_or_else(|| app.now().saturating_add(WINDOW));
    let event = Event::EjectWindowOpened { until: Millis::try_from(until).unwrap_or_default(), at: now(app) };
    change(app, whose, Missing::Refuse, |_| Ok(Some(event.clone()))).await?;
    tracing::info!("a wallet may be ejected");
    Ok(until)
}

/// `POST wallet/eject/window`, for administrators.
pub(super) async fn window(State(app): State<Arc<App>>, session: Session, Json(body): Json) -> ApiResult<Response> {
    if !session.is_admin() {
        return Err(ApiError::forbidden("this is for administrators of the group"));
    }
    require_elevated(&mut *app.store.read().await?, &session).await?;
    let owner = body.get("owner").and_then(Value::as_str);
    let owner = owner.ok_or_else(|| FieldError::new("owner", "the id of the data owner"))?;
    let until = match body.get("ejectableUntil") {
        None | Some(Value::Null) => None,
        Some(until) => {
            Some(until.as_i64().ok_or_else(|| FieldError::new("ejectableUntil", "milliseconds since 1970"))?)
        }
    };
    let until = open_window(&app, Whose { group: session.group(), owner }, until).await?;
    note(&app, (session.group(), &session.account.user), Action::EjectWindowOpened, owner).await?;
    json_body(&json!({ "ejectableUntil": until }))
}

/// The custodian's halves, over a socket. May be asked again until the owner said to have the keys.
pub(super) async fn release(running: &Running<'_>, link: &mut Link, wish: &Wish) -> Result<(), Stop> {
    let (app, whose, stepped_up) = (running.app, running.whose(), running.stepped_up);
    let ((operation, after), from) = (wish.operation()?, wish.pairs()?);
    let operation_kind = OperationKind::Eject { from };
    let began = Event::OperationBegan { operation, after, operation_kind, stepped_up, at: now(app) };
    let record = change(app, whose, Missing::Refuse, |_| Ok(Some(began.clone()))).await?;
    // each time: the operation may have begun while the window was open, and by somebody who had just logged in
    if record.state.ejectable_until().is_none_or(|until| now(app) >= until) {
        return Err(Failure::from(LifecycleError::EjectWindowClosed).into());
    }
    if !stepped_up {
        return Err(Failure::from(LifecycleError::StepUpRequired).into());
    }
    let current = record.state.operation().filter(|current| current.kind == operation_kind);
    let fence: Fence = current.ok_or_else(Failure::through)?.fence;
    let set = backup_held(&record.state, from)?;
    let halves = halves_of(app, whose, &record, set).await?;
    // stored before the halves leave
    let released = Event::BackupHalfReleased { fence, at: now(app) };
    change(app, whose, Missing::Refuse, |_| Ok(Some(released.clone()))).await?;
    let Caller { group, owner, account } = running.caller;
    note(app, (group, account), Action::HalfReleased, owner).await?;
    tracing::warn!("the custodian's halves of a wallet went to its owner");
    link.tell(&json!({ "wallet": record.wallet, "generation": fence.generation })).await?;
    // in a fixed order, as messages of a protocol of which there is nothing else
    for half in [&halves.secp256k1, &halves.ed25519] {
        link.send(&half.to_bytes()).await?;
    }
    link.done(None, fence.generation).await
}

/// `POST wallet/eject/done`: the owner has the keys.
pub(super) async fn done(
    State(app): State<Arc<App>>,
    Caller { group, owner, account }: Caller,
    Json(body): Json,
) -> ApiResult<Response> {
    let event = Event::Ejected { fence: fence(&body)?, at: now(&app) };
    let whose = Whose { group: &group, owner: &owner };
    let record = change(&app, whose, Missing::Refuse, |_| Ok(Some(event.clone()))).await?;
    note(&app, (&group, &account), Action::KeyEjected, &owner).await?;
    json_body(&describe(&record))
}

/// Every time is written down: who did what to whose wallet.
async fn note(app: &App, (group, actor): (&str, &str), action: Action, owner: &str) -> ApiResult<()> {
    let mut tx = app.store.write().await?;
    audit::note(app, &mut *tx, group, actor, action, owner).await?;
    Ok(tx.commit().await?)
}
