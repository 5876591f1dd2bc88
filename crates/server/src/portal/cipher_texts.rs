//! Cipher texts of clients, where the environment says that they are kept here (portal 1.7): opaque, and the key to them
//! is with the user.

use keystead_model::query::{Posting, Query};
use keystead_model::wallet::{PairId, PairStatus, WalletState};
use keystead_store::{Reading, Writing};
use serde::{Deserialize, Serialize};

use super::records::{self, Kept};
use crate::app::App;
use crate::error::{ApiError, ApiResult};

const BY_OWNER: &str = "portal.cipher-text-by-owner";

/// The cipher text of a backup pair.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CipherText {
    /// The pair.
    id: String,
    owner: String,
    cipher_text: String,
}

impl Kept for CipherText {
    const CLASS: &'static str = "PortalCipherText";

    fn id(&self) -> &str {
        &self.id
    }

    fn postings(&self) -> Vec<Posting> {
        vec![Posting::new(BY_OWNER, self.owner.as_str())]
    }
}

/// Whether the pair is a backup pair of the wallet that is not over.
pub(super) fn may_have(state: &WalletState, pair: PairId) -> bool {
    let mut sets = state.backup_sets().iter().filter(|set| set.status != PairStatus::Retired);
    sets.any(|set| set.pairs.curve_of(&pair).is_some())
}

/// Keeps the cipher text of a pair, in place of an earlier one; those of pairs that are over are removed.
pub(super) async fn keep(
    app: &App,
    tx: &mut dyn Writing,
    (group, owner): (&str, &str),
    state: &WalletState,
    pair: PairId,
    cipher_text: &str,
) -> ApiResult<()> {
    let ids = records::ids::<CipherText>(&mut *tx, group, Query::term(BY_OWNER, owner), None, None).await?;
    for stored in records::all::<CipherText>(&mut *tx, group, &ids).await? {
        if !stored.value.id.parse().is_ok_and(|pair| may_have(state, pair)) {
            records::purge(tx, group, &stored).await?;
        }
    }
    let id = pair.to_string();
    match records::load::<CipherText>(&mut *tx, group, &id).await? {
        None => {
            let new = CipherText { id, owner: owner.to_owned(), cipher_text: cipher_text.to_owned() };
            records::create(app, tx, group, &new).await
        }
        Some(mut stored) => {
            cipher_text.clone_into(&mut stored.value.cipher_text);
            let done = records::replace(app, tx, group, &stored).await?;
            if done { Ok(()) } else { Err(ApiError::stale()) }
        }
    }
}

/// The cipher text of a pair.
pub(super) async fn find(
    tx: &mut (dyn Reading + '_),
    (group, owner): (&str, &str),
    pair: PairId,
) -> ApiResult<Option<String>> {
    let stored = records::load::<CipherText>(tx, group, &pair.to_string()).await?;
    Ok(stored.filter(|stored| stored.value.owner == owner).map(|stored| stored.value.cipher_text))
}
