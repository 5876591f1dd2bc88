//! Signatures: as many as the client wishes for on one socket.
//!
//! Between two of them the wallet stays with the session for a moment, and with it the halves that were unsealed, so that
//! a signature writes nothing. Whatever could have changed is looked at again for each: whether the client's session
//! lives, whether the pairs are in force and not frozen, whether they are this device's, and what the policies say.

use std::sync::Arc;
use std::time::Duration;

use keystead_model::wallet::choose::may_sign;
use keystead_model::wallet::{Curve, Generation, PairIds, SigningSet};
use keystead_mpc::channel::ChannelPublic;
use keystead_mpc::{SigningHalf, WalletHalves, sign};

use super::change::Missing;
use super::failure::Failure;
use super::link::Link;
use super::record::Record;
use super::running::{Running, Weight};
use super::socket::Stop;
use super::wish::Wish;

/// For how long the wallet stays with a session that does nothing.
const REST: Duration = Duration::from_secs(1);
/// For how long the socket stays open.
const IDLE: Duration = Duration::from_secs(60);

/// What stays from one signature to the next.
struct Kept {
    generation: Generation,
    halves: Arc<WalletHalves<SigningHalf>>,
}

/// Signs whatever the client wishes, until it is silent for a minute.
pub(super) async fn run(running: &Running<'_>, link: &mut Link) -> Result<(), Stop> {
    let mut kept = None;
    loop {
        let soon = match kept {
            Some(_) => rest(running, link).await?,
            None => None,
        };
        let wish = match soon {
            Some(wish) => Some(wish),
            None => {
                kept = None;
                until_stopped(running, link.wish(IDLE)).await?
            }
        };
        let Some(wish) = wish else { return Ok(()) };
        kept = Some(signature(running, link, &wish, kept).await?);
    }
}

/// Waits for another wish with the wallet in hand; without one, gives it free.
async fn rest(running: &Running<'_>, link: &mut Link) -> Result<Option<Wish>, Stop> {
    let resting = running.app.wallets.rest(running.whose());
    let wish = tokio::select! {
        biased;
        wish = link.wish(REST) => wish?,
        () = resting.wanted() => None,
        () = running.app.events.stopped() => None,
    };
    if wish.is_none() {
        running.release().await?;
    }
    Ok(wish)
}

async fn until_stopped(
    running: &Running<'_>,
    wish: impl Future<Output = Result<Option<Wish>, Stop>>,
) -> Result<Option<Wish>, Stop> {
    tokio::select! {
        wish = wish => wish,
        () = running.app.events.stopped() => Ok(None),
    }
}

async fn signature(running: &Running<'_>, link: &mut Link, wish: &Wish, kept: Option<Kept>) -> Result<Kept, Stop> {
    let (nonce, request, named) = (wish.nonce()?, wish.request()?, wish.pairs()?);
    let (curve, weight) = match request.curve() {
        keystead_mpc::Curve::Secp256k1 => (Curve::Secp256k1, Weight::Heavy),
        keystead_mpc::Curve::Ed25519 => (Curve::Ed25519, Weight::Light),
    };
    running.is_still_in().await?;
    let device = link.device();
    let begin = |record: &mut Record| signing_set(record, named, device).map(|_| None);
    let (record, kept) = match kept {
        Some(kept) => match running.held().await {
            Ok(record) => (record, Some(kept)),
            // the wallet was taken from us meanwhile: once more from the start
            Err(failure) if failure.is_superseded() => (running.take(Missing::Refuse, begin).await?, None),
            Err(failure) => return Err(failure.into()),
        },
        None => (running.take(Missing::Refuse, begin).await?, None),
    };
    let set = signing_set(&record, named, device)?;
    let policies = running.policies().await?;
    let lately = record.signed_lately(running.app.now());
    policies.check(running.app, running.caller, wish, &request, lately).await?;
    let kept = match kept.filter(|kept| kept.generation == set.generation) {
        Some(kept) => kept,
        None => {
            let halves = running.open::<SigningHalf>(&record, set.generation, set.pairs).await?;
            Kept { generation: set.generation, halves: Arc::new(halves) }
        }
    };
    running.uses(kept.generation);
    let params = running.params(link, &record, set.generation, nonce)?;
    let halves = Arc::clone(&kept.halves);
    let session = weight
        .run(move || {
            let half = match curve {
                Curve::Secp256k1 => &halves.secp256k1,
                Curve::Ed25519 => &halves.ed25519,
            };
            sign(&params, half, &request)
        })
        .await??;
    let (_, last) = running.drive(link, session, weight).await?;
    if policies.counts() {
        running.count().await?;
    }
    link.done_for_now(running.app, last.as_deref(), kept.generation).await?;
    Ok(kept)
}

/// The pairs in force, if the client's halves are of them, were made on this device, and may sign.
pub(super) fn signing_set(record: &Record, named: PairIds, device: ChannelPublic) -> Result<&SigningSet, Failure> {
    let state = &record.state;
    let set = may_sign(state, named.secp256k1).map_err(|error| Failure::of_signing(error, state.needs_review()))?;
    if set.pairs != named {
        return Err(keystead_mpc::MpcError::SignShareMismatch.into());
    }
    record.require_device(set.generation, device)?;
    Ok(set)
}
