//! Halves in the store, sealed: who keeps one, for which pair of which wallet. Whatever is moved to another place, or
//! to another wallet, does not open.
//!
//! The classes are internal: no endpoint of entities reaches them, nothing in them is searchable, and nobody is told
//! of their changes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keystead_model::rev::Rev;
use keystead_model::wallet::{Curve, Generation, PairId, PairIds, PerCurve};
use keystead_mpc::{PairCommitments, PairKind, WalletHalves};
use keystead_store::documents::{Document, Projection, Written};
use keystead_store::{Reading, Writing};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::app::App;
use crate::error::{ApiError, ApiResult};

/// For whom a half is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keeper {
    /// The server's half of a signing pair.
    Signing,
    /// Our copy of the custodian's half of a backup pair, until the custodian has it.
    Backup,
    /// The same half, where we are the custodian.
    Custody,
}

impl Keeper {
    fn class(self) -> &'static str {
        match self {
            Self::Signing | Self::Backup => "WalletHalf",
            Self::Custody => "WalletCustody",
        }
    }
}

/// Which half.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spot<'a> {
    pub(crate) keeper: Keeper,
    /// The wallet, 32 hexadecimal digits.
    pub(crate) wallet: &'a str,
    pub(crate) generation: Generation,
    pub(crate) curve: Curve,
    pub(crate) pair: PairId,
}

impl Spot<'_> {
    fn id(&self) -> String {
        format!("{}-{}", self.wallet, self.pair)
    }

    fn context(&self) -> String {
        let Self { keeper, wallet, generation, curve, pair } = self;
        format!("wallet half {wallet} {pair} {} {keeper:?} {curve:?}", generation.0)
    }
}

/// The two spots of the pairs of one generation.
pub(crate) fn spots(keeper: Keeper, wallet: &str, generation: Generation, pairs: PairIds) -> PerCurve<Spot<'_>> {
    pairs.map(|curve, pair| Spot { keeper, wallet, generation, curve, pair: *pair })
}

#[derive(Serialize, Deserialize)]
struct Stored {
    id: String,
    rev: String,
    sealed: String,
}

/// Keeps a half.
pub(crate) async fn put(app: &App, tx: &mut dyn Writing, group: &str, spot: &Spot<'_>, half: &[u8]) -> ApiResult<()> {
    let sealed = app.keys.seal(&*app.rng, &spot.context(), half);
    let rev = Rev::make_first(app.rng.bytes()).as_str().to_owned();
    let stored = Stored { id: spot.id(), rev: rev.clone(), sealed: STANDARD.encode(sealed) };
    let body = serde_json::to_string(&stored).map_err(|_| ApiError::internal("a half cannot be written"))?;
    let document = Document { id: stored.id, rev, deleted: false, body, created_by: None };
    match tx.create(group, spot.keeper.class(), &document, &Projection::default()).await? {
        Written::Done => Ok(()),
        _ => Err(ApiError::internal("a half of this pair is kept already")),
    }
}

/// The half at a spot, if one is kept there.
pub(crate) async fn get(
    app: &App,
    tx: &mut (dyn Reading + '_),
    group: &str,
    spot: &Spot<'_>,
) -> ApiResult<Option<Zeroizing<Vec<u8>>>> {
    let Some(document) = tx.document(group, spot.keeper.class(), &spot.id()).await? else { return Ok(None) };
    let stored: Stored = serde_json::from_str(&document.body).map_err(|_| damaged())?;
    let sealed = STANDARD.decode(stored.sealed).map_err(|_| damaged())?;
    app.keys.open(&spot.context(), &sealed).map(Some).ok_or_else(damaged)
}

/// Destroys the half at a spot, if one is kept there.
pub(crate) async fn destroy(tx: &mut dyn Writing, group: &str, spot: &Spot<'_>) -> ApiResult<()> {
    let (class, id) = (spot.keeper.class(), spot.id());
    if let Some(document) = tx.document(group, class, &id).await? {
        tx.purge(group, class, &id, &document.rev).await?;
    }
    Ok(())
}

pub(super) fn damaged() -> ApiError {
    ApiError::internal("a stored wallet is damaged")
}

/// A half of either kind, and for whom it is kept.
pub(super) trait Half: keystead_mpc::Half {
    const KEEPER: Keeper;
    fn read(bytes: &[u8]) -> Option<Self>;
}

impl<H: keystead_mpc::Half> Half for H {
    const KEEPER: Keeper = match H::KIND {
        PairKind::Signing => Keeper::Signing,
        PairKind::Backup => Keeper::Backup,
    };
    fn read(bytes: &[u8]) -> Option<Self> {
        Self::from_bytes(bytes).ok()
    }
}

/// A half that was just made.
pub(super) struct NewHalf {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    pub(super) pair: PairId,
    pub(super) public: PairCommitments,
}

/// What came of a protocol: halves on their way to the store.
#[derive(Default)]
pub(super) struct Made {
    pub(super) signing: Option<PerCurve<NewHalf>>,
    pub(super) backup: Option<PerCurve<NewHalf>>,
}

impl Made {
    pub(super) fn halves(&self) -> impl Iterator<Item = &NewHalf> {
        [&self.signing, &self.backup].into_iter().flatten().flat_map(|halves| [&halves.secp256k1, &halves.ed25519])
    }
}

/// Halves that were just made, for the store.
pub(super) fn new_halves<H: Half>(made: &WalletHalves<H>) -> PerCurve<NewHalf> {
    let new = |half: &H| NewHalf {
        bytes: half.to_bytes(),
        pair: PairId(half.commitments().pair().0),
        public: half.commitments().clone(),
    };
    PerCurve { secp256k1: new(&made.secp256k1), ed25519: new(&made.ed25519) }
}

/// The ids of the pairs of halves.
pub(super) fn pairs_of(halves: &PerCurve<NewHalf>) -> PairIds {
    halves.map(|_, half| half.pair)
}
