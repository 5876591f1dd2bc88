//! What is kept of a wallet: one document with the state that [`keystead_model::wallet`] says everything about, what is
//! public of the pairs that count, and who has the wallet at the moment. The halves are beside it ([`super::halves`]).
//!
//! Every change of a wallet is one transaction that compares the revision of its document, so of two who change it at
//! the same time one begins again.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keystead_model::rev::Rev;
use keystead_model::wallet::{CustodianSlots, Generation, PairId, PairStatus, WalletState};
use keystead_mpc::channel::ChannelPublic;
use keystead_mpc::{PairCommitments, WalletId};
use keystead_store::documents::{Document, Projection, Written};
use keystead_store::{Reading, Writing};
use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::halves::{NewHalf, damaged};
use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::rng::{Rng, SystemRng};

/// The class of the documents, under the id of the owner.
const CLASS: &str = "Wallet";
/// How many sessions may fail in how many milliseconds.
const MOST_ABORTS: usize = 20;
const ABORTS_MS: i64 = 10 * 60_000;
/// The most signatures that are counted, and for how long.
const MOST_SIGNATURES: usize = 1_000;
const HOUR_MS: i64 = 3_600_000;
/// Tells this process from those before it.
static PROCESS: LazyLock<String> = LazyLock::new(|| (&SystemRng::default() as &dyn Rng).uuid());

/// The one who runs a protocol with a wallet, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lease {
    session: String,
    until: i64,
    /// In which process, if that is known.
    #[serde(default)]
    process: Option<String>,
}

/// The body of the document of a wallet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record {
    /// Whose it is.
    id: String,
    rev: String,
    /// The id of the wallet, 32 hexadecimal digits.
    pub(super) wallet: String,
    pub(super) created: i64,
    pub(super) state: WalletState,
    /// What is public of the pairs that are not retired.
    public: BTreeMap<PairId, String>,
    /// When they were made.
    #[serde(default)]
    pub(super) made: BTreeMap<PairId, i64>,
    /// The key of the device that signing pairs were made with, by their generation, in hexadecimal digits.
    #[serde(default)]
    devices: BTreeMap<Generation, String>,
    lease: Option<Lease>,
    /// When sessions failed lately.
    #[serde(default)]
    aborts: Vec<i64>,
    /// When was signed lately, where a policy counts it.
    #[serde(default)]
    signatures: Vec<i64>,
}

impl Record {
    pub(super) fn new(app: &App, owner: &str) -> Self {
        Self {
            id: owner.to_owned(),
            rev: String::new(),
            wallet: hex::encode(app.rng.bytes::<16>()),
            created: app.now(),
            state: WalletState::new(CustodianSlots::default()),
            public: BTreeMap::new(),
            made: BTreeMap::new(),
            devices: BTreeMap::new(),
            lease: None,
            aborts: Vec::new(),
            signatures: Vec::new(),
        }
    }

    pub(super) fn wallet_id(&self) -> ApiResult<WalletId> {
        let mut id = [0; 16];
        hex::decode_to_slice(&self.wallet, &mut id).map_err(|_| damaged())?;
        Ok(WalletId(id))
    }

    /// What is public of a pair that is not retired.
    pub(super) fn public(&self, pair: PairId) -> Option<PairCommitments> {
        PairCommitments::from_bytes(&STANDARD.decode(self.public.get(&pair)?).ok()?).ok()
    }

    /// Remembers what is public of a pair that was made just now.
    pub(super) fn publish(&mut self, half: &NewHalf, at: i64) {
        self.made.insert(half.pair, at);
        self.public.insert(half.pair, STANDARD.encode(half.public.to_bytes()));
    }

    /// Signing pairs are made with this device.
    pub(super) fn set_device(&mut self, generation: Generation, device: ChannelPublic) {
        self.devices.insert(generation, device.to_string());
    }

    /// Refuses another device than the one that the signing pairs were made with: whoever stole a bearer does not even
    /// begin a session with them.
    pub(super) fn require_device(&self, generation: Generation, device: ChannelPublic) -> Result<(), Failure> {
        match self.devices.get(&generation) {
            Some(known) if *known == device.to_string() => Ok(()),
            _ => Err(Failure::other_device()),
        }
    }

    /// Forgets what is public of pairs that are retired.
    pub(super) fn tidy(&mut self) {
        let signing = self.state.signing_sets().iter().filter(|set| set.status != PairStatus::Retired);
        let backups = self.state.backup_sets().iter().filter(|set| set.status != PairStatus::Retired);
        let sets = signing.map(|set| set.pairs).chain(backups.map(|set| set.pairs));
        let live: Vec<PairId> = sets.flat_map(|pairs| [pairs.secp256k1, pairs.ed25519]).collect();
        self.public.retain(|pair, _| live.contains(pair));
        self.made.retain(|pair, _| live.contains(pair));
        let signing = self.state.signing_sets().iter().filter(|set| set.status != PairStatus::Retired);
        let live: Vec<Generation> = signing.map(|set| set.generation).collect();
        self.devices.retain(|generation, _| live.contains(generation));
    }

    /// Takes the wallet for `session`. One protocol at a time: several at once would tell a cheater several bits
    /// before the first is noticed (`spec/wallet.md` 5.4).
    ///
    /// Sessions that fail again and again are not begun for a while, since not every one that tells something is found
    /// out.
    pub(super) fn lease(&mut self, session: &str, now: i64, until: i64) -> Result<(), Failure> {
        self.aborts.retain(|at| at.saturating_add(ABORTS_MS) > now);
        if self.aborts.len() >= MOST_ABORTS {
            let oldest = self.aborts.first().copied().unwrap_or(now);
            let wait = oldest.saturating_add(ABORTS_MS).saturating_sub(now);
            return Err(Failure::aborts(u64::try_from(wait).unwrap_or_default()));
        }
        match &self.lease {
            Some(lease) if lease.until > now && lease.session != session => Err(Failure::busy()),
            _ => {
                self.lease = Some(Lease { session: session.to_owned(), until, process: Some(PROCESS.clone()) });
                Ok(())
            }
        }
    }

    /// Takes the wallet from a session of a process that is gone. On the embedded engine all but this one are.
    pub(super) fn outlive(&mut self, app: &App) {
        let is_embedded = !app.config.server.database.is_set();
        let is_gone = |process: &String| is_embedded && *process != *PROCESS;
        self.lease.take_if(|lease| lease.process.as_ref().is_some_and(is_gone));
    }

    /// Whether the wallet is still `session`'s.
    pub(super) fn is_leased_to(&self, session: &str) -> bool {
        self.lease.as_ref().is_some_and(|lease| lease.session == session)
    }

    /// Whether the wallet is `session`'s until then, so that nobody else takes it before.
    pub(super) fn is_leased_until(&self, session: &str, until: i64) -> bool {
        self.lease.as_ref().is_some_and(|lease| lease.session == session && lease.until >= until)
    }

    pub(super) fn release(&mut self, session: &str) {
        if self.is_leased_to(session) {
            self.lease = None;
        }
    }

    /// How many signatures were counted within the last hour.
    pub(super) fn signed_lately(&self, now: i64) -> usize {
        self.signatures.iter().filter(|at| at.saturating_add(HOUR_MS) > now).count()
    }

    /// Counts a signature.
    pub(super) fn signed(&mut self, now: i64) {
        self.signatures.retain(|at| at.saturating_add(HOUR_MS) > now);
        self.signatures.push(now);
        let surplus = self.signatures.len().saturating_sub(MOST_SIGNATURES);
        self.signatures.drain(..surplus);
    }

    /// A session failed.
    pub(super) fn aborted(&mut self, now: i64) {
        self.aborts.push(now);
    }

    /// Takes the wallet from whoever has it.
    pub(super) fn evict(&mut self) {
        self.lease = None;
    }
}

/// The wallet of `owner`, with its document.
pub(super) async fn load(
    tx: &mut (dyn Reading + '_),
    group: &str,
    owner: &str,
) -> ApiResult<Option<(Document, Record)>> {
    let Some(document) = tx.document(group, CLASS, owner).await? else { return Ok(None) };
    let record = serde_json::from_str(&document.body).map_err(|_| damaged())?;
    Ok(Some((document, record)))
}

/// Whether the document was written; not where somebody else was faster.
pub(super) async fn save(
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
    let body = serde_json::to_string(record).map_err(|_| ApiError::internal("a wallet cannot be written"))?;
    let (id, rev) = (record.id.clone(), record.rev.clone());
    let document = Document { id, rev, deleted: false, body, created_by: None };
    let none = Projection::default();
    let written = match before {
        Some(before) => tx.replace(group, CLASS, &document, &before.rev, &none).await?,
        None => tx.create(group, CLASS, &document, &none).await?,
    };
    Ok(written == Written::Done)
}
