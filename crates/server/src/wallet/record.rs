//! What is kept of a wallet: one document for its state, one for each server half, sealed.
//!
//! The classes are internal: no endpoint of entities reaches them, nothing in them is searchable, and nobody is told
//! of their changes. Every change of a wallet is one transaction that compares the revision of its document, so of
//! two who change it at the same time one begins again.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keystead_model::rev::Rev;
use keystead_mpc::{BackupHalf, BanCounter, Curve, PairCommitments, SigningHalf, WalletHalves, WalletId};
use keystead_store::documents::{Document, Projection, Written};
use keystead_store::{Reading, Writing};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::failure::Failure;
use super::lifecycle::{Kind, Lifecycle};
use crate::app::App;
use crate::error::{ApiError, ApiResult};

/// The state of a wallet, under the id of the data owner it belongs to.
pub(super) const WALLET: &str = "Wallet";
/// A sealed server half, under wallet and pair.
pub(super) const HALF: &str = "WalletHalf";
/// How often a change is begun again when somebody else was faster.
const ATTEMPTS: usize = 5;

/// The one who runs a protocol with a wallet, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Lease {
    pub(super) session: String,
    pub(super) until: i64,
}

/// What is public of a pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pair {
    /// The id, 32 hexadecimal digits.
    pub(super) id: String,
    /// Compressed SEC 1, or RFC 8032; hexadecimal.
    pub(super) public_key: String,
}

impl Pair {
    fn of(commitments: &PairCommitments) -> Self {
        Self { id: hex::encode(commitments.pair().0), public_key: hex::encode(commitments.public_key()) }
    }
}

/// The pairs of one generation and kind, one for each curve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pairs {
    pub(super) generation: u32,
    pub(super) kind: Kind,
    pub(super) secp256k1: Pair,
    pub(super) ed25519: Pair,
}

impl Pairs {
    pub(super) fn of(&self, curve: Curve) -> &Pair {
        match curve {
            Curve::Secp256k1 => &self.secp256k1,
            Curve::Ed25519 => &self.ed25519,
        }
    }
}

/// The body of the document of a wallet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record {
    /// The data owner.
    pub(super) id: String,
    pub(super) rev: String,
    /// The id of the wallet, 32 hexadecimal digits.
    pub(super) wallet: String,
    pub(super) created: i64,
    pub(super) lifecycle: Lifecycle,
    pub(super) pairs: Vec<Pairs>,
    bans: [u8; 2],
    pub(super) lease: Option<Lease>,
}

impl Record {
    fn new(app: &App, owner: &str) -> Self {
        Self {
            id: owner.to_owned(),
            rev: String::new(),
            wallet: hex::encode(app.rng.bytes::<16>()),
            created: app.now(),
            lifecycle: Lifecycle::default(),
            pairs: Vec::new(),
            bans: BanCounter::default().to_bytes(),
            lease: None,
        }
    }

    pub(super) fn wallet_id(&self) -> ApiResult<WalletId> {
        let mut id = [0; 16];
        hex::decode_to_slice(&self.wallet, &mut id).map_err(|_| damaged())?;
        Ok(WalletId(id))
    }

    pub(super) fn bans(&self) -> BanCounter {
        BanCounter::from_bytes(self.bans)
    }

    pub(super) fn set_bans(&mut self, bans: BanCounter) {
        self.bans = bans.to_bytes();
    }

    /// The pairs of this generation and kind.
    pub(super) fn pairs(&self, generation: u32, kind: Kind) -> Option<&Pairs> {
        self.pairs.iter().find(|pairs| (pairs.generation, pairs.kind) == (generation, kind))
    }

    /// Takes the wallet for `session`. One protocol at a time: several at once would tell a cheater several bits
    /// before the first is noticed (`spec/wallet.md` 5.4).
    pub(super) fn lease(&mut self, session: &str, now: i64, until: i64) -> Result<(), Failure> {
        match &self.lease {
            Some(lease) if lease.until > now && lease.session != session => Err(Failure::busy()),
            _ => {
                self.lease = Some(Lease { session: session.to_owned(), until });
                Ok(())
            }
        }
    }

    /// Whether the wallet is still `session`'s.
    pub(super) fn is_leased_to(&self, session: &str) -> bool {
        self.lease.as_ref().is_some_and(|lease| lease.session == session)
    }

    pub(super) fn release(&mut self, session: &str) {
        if self.is_leased_to(session) {
            self.lease = None;
        }
    }
}

/// A server half on its way to the store.
pub(super) struct NewHalf {
    id: String,
    sealed: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct StoredHalf {
    id: String,
    rev: String,
    sealed: String,
}

/// Halves that were just made, and what is public of them.
pub(super) struct Made {
    pub(super) halves: Vec<NewHalf>,
    pub(super) pairs: Pairs,
}

/// A half of either kind.
pub(super) trait Half: Sized {
    const KIND: Kind;
    fn commitments(&self) -> &PairCommitments;
    fn bytes(&self) -> Zeroizing<Vec<u8>>;
    fn read(bytes: &[u8]) -> Option<Self>;
}

impl Half for SigningHalf {
    const KIND: Kind = Kind::Signing;
    fn commitments(&self) -> &PairCommitments {
        self.commitments()
    }
    fn bytes(&self) -> Zeroizing<Vec<u8>> {
        self.to_bytes()
    }
    fn read(bytes: &[u8]) -> Option<Self> {
        Self::from_bytes(bytes).ok()
    }
}

impl Half for BackupHalf {
    const KIND: Kind = Kind::Backup;
    fn commitments(&self) -> &PairCommitments {
        self.commitments()
    }
    fn bytes(&self) -> Zeroizing<Vec<u8>> {
        self.to_bytes()
    }
    fn read(bytes: &[u8]) -> Option<Self> {
        Self::from_bytes(bytes).ok()
    }
}

/// Seals what was made of one kind.
pub(super) fn seal<H: Half>(app: &App, wallet: &str, generation: u32, made: &WalletHalves<H>) -> Made {
    let seal = |half: &H, curve| {
        let pair = hex::encode(half.commitments().pair().0);
        let context = context(wallet, &pair, generation, H::KIND, curve);
        NewHalf { id: half_id(wallet, &pair), sealed: app.keys.seal(&*app.rng, &context, &half.bytes()) }
    };
    Made {
        halves: vec![seal(&made.secp256k1, Curve::Secp256k1), seal(&made.ed25519, Curve::Ed25519)],
        pairs: Pairs {
            generation,
            kind: H::KIND,
            secp256k1: Pair::of(made.secp256k1.commitments()),
            ed25519: Pair::of(made.ed25519.commitments()),
        },
    }
}

/// The server half of a pair of the wallet.
pub(super) async fn open<H: Half>(
    app: &App,
    tx: &mut (dyn Reading + '_),
    group: &str,
    record: &Record,
    (generation, curve): (u32, Curve),
) -> ApiResult<H> {
    let pairs = record.pairs(generation, H::KIND).ok_or_else(damaged)?;
    let pair = &pairs.of(curve).id;
    let document = tx.document(group, HALF, &half_id(&record.wallet, pair)).await?.ok_or_else(damaged)?;
    let stored: StoredHalf = serde_json::from_str(&document.body).map_err(|_| damaged())?;
    let sealed = STANDARD.decode(stored.sealed).map_err(|_| damaged())?;
    let context = context(&record.wallet, pair, generation, H::KIND, curve);
    let bytes = app.keys.open(&context, &sealed).ok_or_else(damaged)?;
    H::read(&bytes).ok_or_else(damaged)
}

fn half_id(wallet: &str, pair: &str) -> String {
    format!("{wallet}-{pair}")
}

fn context(wallet: &str, pair: &str, generation: u32, kind: Kind, curve: Curve) -> String {
    format!("wallet half {wallet} {pair} {generation} {kind:?} {curve:?}")
}

fn damaged() -> ApiError {
    ApiError::internal("a stored wallet is damaged")
}

/// The wallet of `owner`, with its document.
pub(super) async fn load(
    tx: &mut (dyn Reading + '_),
    group: &str,
    owner: &str,
) -> ApiResult<Option<(Document, Record)>> {
    let Some(document) = tx.document(group, WALLET, owner).await? else { return Ok(None) };
    let record = serde_json::from_str(&document.body).map_err(|_| damaged())?;
    Ok(Some((document, record)))
}

/// What a change does when there is no wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    Refuse,
    Make,
}

/// Changes the wallet of `owner` in one transaction: `change` says how, `halves` come to be with it, and those whose
/// pairs do not count any more are destroyed. Gives the wallet as it is then.
pub(super) async fn change<T>(
    app: &App,
    (group, owner): (&str, &str),
    missing: Missing,
    halves: &[NewHalf],
    mut change: impl FnMut(&mut Record) -> Result<T, Failure>,
) -> Result<(T, Record), Failure> {
    for _ in 0..ATTEMPTS {
        let mut tx = app.store.write().await.map_err(ApiError::from)?;
        let found = load(&mut *tx, group, owner).await?;
        let (before, mut record) = match found {
            Some((document, record)) => (Some(document), record),
            None if missing == Missing::Make => (None, Record::new(app, owner)),
            None => return Err(Failure::no_wallet()),
        };
        let value = change(&mut record)?;
        let kept = record.lifecycle.kept();
        let (stay, gone): (Vec<Pairs>, Vec<Pairs>) =
            record.pairs.into_iter().partition(|pairs| kept.contains(&(pairs.generation, pairs.kind)));
        record.pairs = stay;
        for half in halves {
            create_half(app, &mut *tx, group, half).await?;
        }
        for pair in gone.iter().flat_map(|pairs| [&pairs.secp256k1, &pairs.ed25519]) {
            destroy_half(&mut *tx, group, &half_id(&record.wallet, &pair.id)).await?;
        }
        if write(app, &mut *tx, group, before.as_ref(), &mut record).await? {
            tx.commit().await.map_err(ApiError::from)?;
            return Ok((value, record));
        }
    }
    Err(Failure::busy())
}

/// Whether the document was written; not where somebody else was faster.
async fn write(
    app: &App,
    tx: &mut dyn Writing,
    group: &str,
    before: Option<&Document>,
    record: &mut Record,
) -> ApiResult<bool> {
    let rev = match before {
        Some(before) => Rev::parse(&before.rev).ok_or_else(damaged)?.make_next(app.rng.bytes()),
        None => Rev::make_first(app.rng.bytes()),
    };
    record.rev = rev.as_str().to_owned();
    let document = document(&record.id, &record.rev, record)?;
    let none = Projection::default();
    let written = match before {
        Some(before) => tx.replace(group, WALLET, &document, &before.rev, &none).await?,
        None => tx.create(group, WALLET, &document, &none).await?,
    };
    Ok(written == Written::Done)
}

async fn create_half(app: &App, tx: &mut dyn Writing, group: &str, half: &NewHalf) -> ApiResult<()> {
    let rev = Rev::make_first(app.rng.bytes()).as_str().to_owned();
    let stored = StoredHalf { id: half.id.clone(), rev: rev.clone(), sealed: STANDARD.encode(&half.sealed) };
    let document = document(&half.id, &rev, &stored)?;
    match tx.create(group, HALF, &document, &Projection::default()).await? {
        Written::Done => Ok(()),
        _ => Err(ApiError::internal("a pair of this id exists already")),
    }
}

async fn destroy_half(tx: &mut dyn Writing, group: &str, id: &str) -> ApiResult<()> {
    if let Some(document) = tx.document(group, HALF, id).await? {
        tx.purge(group, HALF, id, &document.rev).await?;
    }
    Ok(())
}

fn document(id: &str, rev: &str, body: &impl Serialize) -> ApiResult<Document> {
    let body = serde_json::to_string(body).map_err(|_| ApiError::internal("a wallet cannot be written"))?;
    Ok(Document { id: id.to_owned(), rev: rev.to_owned(), deleted: false, body, created_by: None })
}

/// The public keys of the wallet by curve, once it is in force.
pub(super) fn public_keys(record: &Record) -> Option<BTreeMap<&'static str, &str>> {
    let pairs = record.pairs(record.lifecycle.signing()?, Kind::Signing)?;
    Some(BTreeMap::from([
        ("secp256k1", pairs.secp256k1.public_key.as_str()),
        ("ed25519", pairs.ed25519.public_key.as_str()),
    ]))
}
