//! What a wallet wants of its custodian over the network. Whatever the custodian shows is compared with our copy, or
//! checked against what is public of its pair, before it counts.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use keystead_model::wallet::choose::{Answer, CustodianShare, answer};
use keystead_model::wallet::{BackupMethod, BackupSet, CustodianSlots, Generation, PairIds, PerCurve};
use keystead_mpc::{BackupHalf, Party, WalletHalves};
use zeroize::Zeroizing;

use super::change::Whose;
use super::failure::Failure;
use super::halves::{self, Keeper, damaged, spots};
use super::record::Record;
use crate::app::App;
use crate::custody::{self, Custodian, Given, Shown};
use crate::error::ApiResult;

/// How many backups the custodian of a group keeps.
pub(super) async fn slots(app: &App, group: &str) -> ApiResult<CustodianSlots> {
    Ok(custody::of_group(app, &mut *app.store.read().await?, group).await?.slots())
}

/// Gives the custodian its halves, of which we have copies; whether it took them.
pub(super) async fn push(
    app: &App,
    Whose { group, owner }: Whose<'_>,
    record: &Record,
    (generation, method, pairs): (Generation, BackupMethod, PairIds),
) -> ApiResult<bool> {
    let webhook = match custody::of_group(app, &mut *app.store.read().await?, group).await? {
        Custodian::Webhook(webhook) => webhook,
        // changed a moment ago: the next try finds that out
        Custodian::BuiltIn => return Ok(false),
    };
    let copies = kept(app, group, record, (Keeper::Backup, generation, pairs)).await?;
    let [secp256k1, ed25519] = [copies.secp256k1, copies.ed25519].map(|copy| copy.ok_or_else(damaged));
    let halves = PerCurve { secp256k1: (pairs.secp256k1, secp256k1?), ed25519: (pairs.ed25519, ed25519?) };
    let given = Given { client: owner.to_owned(), generation, method, halves };
    Ok(custody::push(app, group, &webhook, &given).await.is_ok())
}

/// What the custodian shows of the pairs, compared with our copies; nothing where it does not answer.
pub(super) async fn look(
    app: &App,
    Whose { group, owner }: Whose<'_>,
    record: &Record,
    pairs: PairIds,
) -> ApiResult<Option<Vec<CustodianShare>>> {
    let webhook = match custody::of_group(app, &mut *app.store.read().await?, group).await? {
        Custodian::Webhook(webhook) => webhook,
        Custodian::BuiltIn => return Ok(None),
    };
    let Ok(shown) = custody::fetch(app, group, &webhook, owner).await else { return Ok(None) };
    let set = record.state.backup_sets().iter().find(|set| set.pairs == pairs);
    let copies = match set.filter(|set| set.copy) {
        Some(set) => kept(app, group, record, (Keeper::Backup, set.generation, pairs)).await?,
        None => PerCurve { secp256k1: None, ed25519: None },
    };
    let share = |shown: &Shown| {
        let copy = pairs.curve_of(&shown.pair).and_then(|curve| copies.get(curve).as_ref());
        let intact = match copy {
            Some(copy) => verify_slices_are_equal(copy, &shown.half).is_ok(),
            None => checked(record, shown).is_some(),
        };
        CustodianShare { pair: shown.pair, intact }
    };
    Ok(Some(shown.iter().map(share).collect()))
}

/// The custodian's halves of a backup, to recover from: our copies while the custodian may not have them, else what we
/// keep as the custodian, else what the custodian shows.
pub(super) async fn halves_of(
    app: &App,
    Whose { group, owner }: Whose<'_>,
    record: &Record,
    set: &BackupSet,
) -> Result<WalletHalves<BackupHalf>, Failure> {
    let keeper = if set.copy { Keeper::Backup } else { Keeper::Custody };
    let ours = kept(app, group, record, (keeper, set.generation, set.pairs)).await?;
    if let PerCurve { secp256k1: Some(secp256k1), ed25519: Some(ed25519) } = ours {
        let shown = |pair, half| Shown { pair, half };
        let secp256k1 = checked(record, &shown(set.pairs.secp256k1, secp256k1)).ok_or_else(damaged)?;
        let ed25519 = checked(record, &shown(set.pairs.ed25519, ed25519)).ok_or_else(damaged)?;
        return Ok(WalletHalves { secp256k1, ed25519 });
    }
    let webhook =
        match custody::of_group(app, &mut *app.store.read().await.map_err(crate::ApiError::from)?, group).await? {
            Custodian::Webhook(webhook) => webhook,
            Custodian::BuiltIn => return Err(damaged().into()),
        };
    let shown = custody::fetch(app, group, &webhook, owner).await.map_err(|_| Failure::webhook())?;
    let found = set
        .pairs
        .map(|_, pair| shown.iter().filter(|shown| shown.pair == *pair).find_map(|shown| checked(record, shown)));
    match found {
        PerCurve { secp256k1: Some(secp256k1), ed25519: Some(ed25519) } => Ok(WalletHalves { secp256k1, ed25519 }),
        PerCurve { .. } => {
            let shares: Vec<CustodianShare> = shown
                .iter()
                .map(|shown| CustodianShare { pair: shown.pair, intact: checked(record, shown).is_some() })
                .collect();
            let why = set.pairs.map(|curve, pair| answer(&record.state, curve, *pair, &shares));
            let tampered = why.iter().any(|(_, why)| *why == Answer::Tampered);
            tracing::warn!(tampered, "a custodian does not show a half that it took");
            Err(Failure::webhook())
        }
    }
}

/// The half that is shown, if it is the server's half of the pair that it names.
fn checked(record: &Record, shown: &Shown) -> Option<BackupHalf> {
    let public = record.public(shown.pair)?;
    let half = BackupHalf::from_bytes(&shown.half).ok()?;
    (half.party() == Party::Server && half.matches(&public)).then_some(half)
}

/// What we keep of both curves.
async fn kept(
    app: &App,
    group: &str,
    record: &Record,
    (keeper, generation, pairs): (Keeper, Generation, PairIds),
) -> ApiResult<PerCurve<Option<Zeroizing<Vec<u8>>>>> {
    let mut tx = app.store.read().await?;
    let mut kept = PerCurve { secp256k1: None, ed25519: None };
    for (curve, spot) in spots(keeper, &record.wallet, generation, pairs).iter() {
        *kept.get_mut(curve) = halves::get(app, &mut *tx, group, spot).await?;
    }
    Ok(kept)
}
