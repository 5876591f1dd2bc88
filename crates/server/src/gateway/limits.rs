//! How often the gateway serves one address, client, spec or user.
//!
//! In development mode only the limits per address and user are left, wide enough for load tests.

use keystead_store::gateway::{Limit, Limited};
use keystead_store::{Reading, Writing};

use crate::app::App;
use crate::auth::ClientIp;
use crate::config::{GatewayConfig, Rate};
use crate::error::{ApiError, ApiResult};

/// More than the tries of all codes of an address that can live at the same time.
const OVERDRAFT: u32 = 20;

const DEVELOPMENT: Limit = Limit { burst: 10_000, interval: 1 };

/// What is counted.
#[derive(Debug, Clone, Copy)]
pub(super) enum Counted<'a> {
    /// Codes sent to the address with this digest.
    Address(&'a [u8]),
    /// Codes asked for by this client.
    Client(ClientIp),
    /// Codes asked for in this spec.
    Spec(&'a str),
    /// Rejected captchas and wrong codes of this client.
    Failures(ClientIp),
    /// Wrong codes for the address with this digest.
    WrongCodes(&'a [u8]),
    /// Invitations sent by this user of this group.
    Inviter(&'a str, &'a str),
    /// Invitations sent to the address with this digest.
    Invited(&'a [u8]),
}

impl Counted<'_> {
    fn key(self) -> String {
        match self {
            Self::Address(digest) => format!("gw:address:{}", hex::encode(digest)),
            Self::Client(ip) => format!("gw:client:{}", ip.limit_key()),
            Self::Spec(spec) => format!("gw:spec:{spec}"),
            Self::Failures(ip) => format!("gw:failures:{}", ip.limit_key()),
            Self::WrongCodes(digest) => format!("gw:wrong:{}", hex::encode(digest)),
            Self::Inviter(group, user) => format!("gw:inviter:{group}/{user}"),
            Self::Invited(digest) => format!("gw:invited:{}", hex::encode(digest)),
        }
    }

    fn rate(self, config: &GatewayConfig) -> Rate {
        match self {
            Self::Address(_) => config.starts_per_address,
            Self::Client(_) => config.starts_per_ip,
            Self::Spec(_) => config.starts_per_spec,
            Self::Failures(_) => config.failures_per_ip,
            Self::WrongCodes(_) => config.wrong_codes_per_address,
            Self::Inviter(..) => config.invitations_per_user,
            Self::Invited(_) => config.invitations_per_address,
        }
    }

    /// The limit that holds; `None` where there is none.
    fn limit(self, app: &App) -> Option<Limit> {
        match (app.config.dev, self) {
            (false, _) => Some(self.rate(&app.config.gateway).limit()),
            (true, Self::Address(_) | Self::Inviter(..) | Self::Invited(_)) => Some(DEVELOPMENT),
            (true, _) => None,
        }
    }

    fn refusal(self) -> &'static str {
        match self {
            Self::Address(_) | Self::Invited(_) => "too many messages to this address: wait",
            Self::Client(_) => "too many codes were asked for from here: wait",
            Self::Spec(_) => "too many codes were asked for: wait",
            Self::Failures(_) => "too many failed attempts from here: wait",
            Self::WrongCodes(_) => "too many wrong codes for this address: wait",
            Self::Inviter(..) => "too many invitations: wait",
        }
    }
}

/// Takes one from the limit of each of `counted`.
///
/// # Errors
/// 429 where one is reached. What was taken from the others is gone with the transaction.
pub(super) async fn take(app: &App, tx: &mut dyn Writing, counted: &[Counted<'_>]) -> ApiResult<()> {
    for counted in counted {
        let Some(limit) = counted.limit(app) else { continue };
        if let Limited::RetryAfter(wait) = tx.take(&counted.key(), limit, app.now()).await? {
            return Err(ApiError::too_many(counted.refusal(), wait));
        }
    }
    Ok(())
}

/// Counts something that has happened. What goes beyond the limit, such as the last tries of a request
/// that was started within it, is counted as well and delays what comes next.
pub(super) async fn count(app: &App, tx: &mut dyn Writing, counted: Counted<'_>) -> ApiResult<()> {
    if let Some(mut limit) = counted.limit(app) {
        limit.burst = limit.burst.saturating_add(OVERDRAFT);
        tx.take(&counted.key(), limit, app.now()).await?;
    }
    Ok(())
}

/// Checks each of `counted` without taking.
///
/// # Errors
/// 429 where one is reached.
pub(super) async fn check(app: &App, tx: &mut dyn Reading, counted: &[Counted<'_>]) -> ApiResult<()> {
    for counted in counted {
        let Some(limit) = counted.limit(app) else { continue };
        if let Limited::RetryAfter(wait) = tx.peek(&counted.key(), limit, app.now()).await? {
            return Err(ApiError::too_many(counted.refusal(), wait));
        }
    }
    Ok(())
}
