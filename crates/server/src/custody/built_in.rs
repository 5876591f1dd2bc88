//! We as the custodian: halves in our store, sealed, in a class of their own. They are given and shown within the
//! transaction of the wallet, so nothing is ever under way.

use keystead_model::wallet::choose::CustodianShare;
use keystead_model::wallet::{Generation, PairIds};
use keystead_store::{Reading, Writing};

use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::wallet::halves::{self, Keeper, spots};

/// Keeps the halves of which we have copies.
pub(crate) async fn take(
    app: &App,
    tx: &mut dyn Writing,
    group: &str,
    wallet: &str,
    (generation, pairs): (Generation, PairIds),
) -> ApiResult<()> {
    let ours = spots(Keeper::Custody, wallet, generation, pairs);
    for (curve, copy) in spots(Keeper::Backup, wallet, generation, pairs).iter() {
        let half = halves::get(app, tx, group, copy).await?;
        let half = half.ok_or_else(|| ApiError::internal("the copy of a custodian's half is gone"))?;
        let spot = ours.get(curve);
        halves::destroy(tx, group, spot).await?;
        halves::put(app, tx, group, spot, &half).await?;
    }
    Ok(())
}

/// Shows what we keep of these pairs, compared with our copies.
pub(crate) async fn show(
    app: &App,
    tx: &mut (dyn Reading + '_),
    group: &str,
    wallet: &str,
    (generation, pairs): (Generation, PairIds),
) -> ApiResult<Vec<CustodianShare>> {
    let copies = spots(Keeper::Backup, wallet, generation, pairs);
    let mut shown = Vec::new();
    for (curve, spot) in spots(Keeper::Custody, wallet, generation, pairs).iter() {
        let Some(half) = halves::get(app, tx, group, spot).await? else { continue };
        let copy = halves::get(app, tx, group, copies.get(curve)).await?;
        shown.push(CustodianShare { pair: spot.pair, intact: copy.is_none_or(|copy| copy == half) });
    }
    Ok(shown)
}

/// Destroys the halves of pairs that are retired.
pub(crate) async fn forget(
    tx: &mut dyn Writing,
    group: &str,
    wallet: &str,
    (generation, pairs): (Generation, PairIds),
) -> ApiResult<()> {
    for (_, spot) in spots(Keeper::Custody, wallet, generation, pairs).iter() {
        halves::destroy(tx, group, spot).await?;
    }
    Ok(())
}
