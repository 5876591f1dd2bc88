//! Wallets for another interface than our own: what is known of one, and telling it what happened.

use std::collections::BTreeMap;

use keystead_model::wallet::{Event, PairId, PairStatus, PerCurve, WalletState};
use keystead_store::Reading;

use super::change::{Missing, Whose, change};
use super::failure::Failure;
use super::record::{self, Record};
use crate::app::App;
use crate::error::{ApiError, ApiResult};

/// What is known of a wallet.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    /// Its id.
    pub(crate) wallet: String,
    /// When it was made.
    pub(crate) created: i64,
    /// What the rules say of it.
    pub(crate) state: WalletState,
    /// The public keys, once there are any.
    pub(crate) keys: Option<PerCurve<Vec<u8>>>,
    /// When the pairs were made that are not retired.
    pub(crate) made: BTreeMap<PairId, i64>,
}

impl From<&Record> for Known {
    fn from(record: &Record) -> Self {
        let state = record.state.clone();
        let current = state.signing_sets().iter().filter(|set| set.status != PairStatus::Retired);
        let pairs = current.max_by_key(|set| set.generation).map(|set| set.pairs);
        let key = |pair| Some(record.public(pair)?.public_key().to_vec());
        let keys =
            pairs.and_then(|pairs| Some(PerCurve { secp256k1: key(pairs.secp256k1)?, ed25519: key(pairs.ed25519)? }));
        Self { wallet: record.wallet.clone(), created: record.created, state, keys, made: record.made.clone() }
    }
}

/// Why a wallet is not changed: the code of [`super::failure`], and what is said of it.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) code: &'static str,
    pub(crate) error: ApiError,
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self { code: failure.code, error: failure.error }
    }
}

impl From<ApiError> for Refused {
    fn from(error: ApiError) -> Self {
        Failure::from(error).into()
    }
}

/// The wallet of `owner`, if there is one.
pub(crate) async fn find(tx: &mut (dyn Reading + '_), group: &str, owner: &str) -> ApiResult<Option<Known>> {
    Ok(record::load(tx, group, owner).await?.map(|(_, record)| Known::from(&record)))
}

/// Tells the wallet of `owner` what happened, by what `decide` makes of how it stands, in one transaction. What `decide`
/// refuses comes back as it is.
pub(crate) async fn tell<E>(
    app: &App,
    group: &str,
    owner: &str,
    mut decide: impl FnMut(&Known) -> Result<Option<Event>, E>,
) -> Result<Result<Known, E>, Refused> {
    let mut refused = None;
    let changed = change(app, Whose { group, owner }, Missing::Refuse, |record| {
        decide(&Known::from(&*record)).map_err(|error| {
            refused = Some(error);
            Failure::superseded()
        })
    })
    .await;
    match (changed, refused) {
        (_, Some(error)) => Ok(Err(error)),
        (changed, None) => Ok(Ok(Known::from(&changed?))),
    }
}
