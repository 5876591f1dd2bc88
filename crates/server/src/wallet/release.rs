//! Giving the custodian's half of a backup to the owner, who has the whole key with it: while the custodian allows it,
//! and as an operation, so that nothing else happens to the wallet meanwhile.

use keystead_model::wallet::{
    BackupMethod, BackupSet, Curve, Event, Fence, LifecycleError, Millis, OperationId, OperationKind, PairId, PerCurve,
    WalletState,
};
use zeroize::Zeroizing;

use super::access::{Known, Refused, tell};
use super::change::Whose;
use super::effects::now;
use super::failure::Failure;
use super::{custodian, record};
use crate::app::App;
use crate::custody::Given;
use crate::error::ApiError;

/// A half that is given out.
pub(crate) struct Released {
    /// The backup pair.
    pub(crate) pair: PairId,
    /// The half as custodians have it.
    pub(crate) share: Zeroizing<String>,
}

/// Gives out the custodian's half of the newest backup of `method`, or of any, on one curve. Whoever calls made sure
/// that the owner proved who they are.
pub(crate) async fn release(
    app: &App,
    (group, owner): (&str, &str),
    curve: Curve,
    method: Option<BackupMethod>,
) -> Result<Released, Refused> {
    let operation = OperationId(app.rng.bytes());
    let begun = tell(app, group, owner, |known| begin(&known.state, operation, method, now(app))).await??;
    let (set, fence) = under_way(&begun.state, method).ok_or_else(Failure::superseded)?;
    let mut tx = app.store.read().await.map_err(ApiError::from)?;
    let (_, record) = record::load(&mut *tx, group, owner).await?.ok_or_else(Failure::no_wallet)?;
    drop(tx);
    let halves = custodian::halves_of(app, Whose { group, owner }, &record, &set).await?;
    tell(app, group, owner, |_| Ok::<_, Failure>(Some(Event::BackupHalfReleased { fence, at: now(app) }))).await??;
    let halves = PerCurve {
        secp256k1: (set.pairs.secp256k1, halves.secp256k1.to_bytes()),
        ed25519: (set.pairs.ed25519, halves.ed25519.to_bytes()),
    };
    let given = Given { client: owner.to_owned(), generation: set.generation, method: set.method, halves };
    let share = given.text(curve).ok_or_else(|| ApiError::internal("a share as JSON"))?;
    Ok(Released { pair: *set.pairs.get(curve), share: Zeroizing::new(share) })
}

/// Begins the operation, if it is not under way already.
fn begin(
    state: &WalletState,
    operation: OperationId,
    method: Option<BackupMethod>,
    at: Millis,
) -> Result<Option<Event>, Failure> {
    // also of an operation that began while the window was open
    if state.ejectable_until().is_none_or(|until| at >= until) {
        return Err(LifecycleError::EjectWindowClosed.into());
    }
    if under_way(state, method).is_some() {
        return Ok(None);
    }
    let set = newest(state, method).ok_or_else(Failure::no_backup)?;
    let operation_kind = OperationKind::Eject { from: set.pairs };
    Ok(Some(Event::OperationBegan { operation, after: state.latest(), operation_kind, stepped_up: true, at }))
}

/// The backup of the operation under way, if it is such an operation, and its fence.
fn under_way(state: &WalletState, method: Option<BackupMethod>) -> Option<(BackupSet, Fence)> {
    let operation = state.operation()?;
    let OperationKind::Eject { from } = operation.kind else { return None };
    let set = of(state, method).find(|set| set.pairs == from)?;
    Some((set.clone(), operation.fence))
}

fn newest(state: &WalletState, method: Option<BackupMethod>) -> Option<&BackupSet> {
    of(state, method).max_by_key(|set| set.generation)
}

fn of(state: &WalletState, method: Option<BackupMethod>) -> impl Iterator<Item = &BackupSet> {
    state.active_backups().filter(move |set| {
        method.is_none_or(|method| set.method == method || set.method.portal_name() == method.as_str())
    })
}

/// The owner has the key.
pub(crate) async fn done(app: &App, group: &str, owner: &str) -> Result<Known, Refused> {
    tell(app, group, owner, |known| {
        let state = &known.state;
        let under_way = state.operation().filter(|current| matches!(current.kind, OperationKind::Eject { .. }));
        match under_way {
            Some(operation) => Ok(Some(Event::Ejected { fence: operation.fence, at: now(app) })),
            None if state.ejected_at().is_some() => Ok(None),
            None => Err(LifecycleError::NotPartOfOperation.into()),
        }
    })
    .await?
    .map_err(|failure: Failure| failure.into())
}
