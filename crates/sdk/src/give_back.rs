//! Letting somebody's new key in (crypto 4.3), bound to the person (crypto 6, item 5).
//!
//! Anybody who can write to the server can ask in somebody's name. So a request is checked: by the owner of the
//! key, for a key that the owner publishes. Then a person or an older key approves it, and only then the new key
//! is let into what the two share. That costs as much with a million records as with one.

use std::collections::BTreeSet;
use std::fmt;

use keystead_crypto::exchange::{ExchangeData, ExchangeError, SenderError, verify_sender};
use keystead_crypto::give_back::{ApprovedKey, CheckedKeyUpdate, GiveBackError, KeyUpdate, give_access_back};
use keystead_crypto::key::{KeyId, KeyRing, OwnKey, OwnerKeys, PinError, TrustedKey};
use keystead_model::Object;

use crate::api::Core;
use crate::call::Call;
use crate::data_owners::Stub;
use crate::entities::{RecordError, TASK, access};
use crate::error::{RequestError, WriteError};
use crate::exchange::{Exchange, crypto};
use crate::storage::StorageError;

/// How often somebody else may change exchange data at the same moment.
const ATTEMPTS: usize = 6;

/// Somebody asks for a new key to be let in. Claimed, not checked.
#[derive(Clone, PartialEq)]
pub struct AccessRequest {
    pub(crate) update: KeyUpdate,
    /// The task that it came in.
    pub(crate) task: Object,
}

impl AccessRequest {
    /// Who is said to ask.
    pub fn owner_id(&self) -> &str {
        &self.update.owner
    }

    /// The new key.
    pub fn key(&self) -> KeyId {
        self.update.key.id()
    }

    /// Whether whoever asked proved to hold the private half. Official clients never do.
    pub fn has_proof(&self) -> bool {
        self.update.possession.is_some()
    }
}

impl fmt::Debug for AccessRequest {
    /// Without ids.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessRequest").field("has_proof", &self.has_proof()).finish_non_exhaustive()
    }
}

/// What makes sure that the key is the person's.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Approval<'a> {
    /// The words that the person's new device shows, as they read them out.
    Phrase(&'a str),
    /// What the QR code on the person's new device says.
    Scan(&'a str),
    /// A key of the person that is known already signed for the new one.
    Succession,
}

impl fmt::Debug for Approval<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Phrase(_) => "Phrase(..)",
            Self::Scan(_) => "Scan(..)",
            Self::Succession => "Succession",
        })
    }
}

/// What was given back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GivenBack {
    /// Exchange data that the new key was let into.
    pub extended: usize,
    /// Exchange data that it was in already, for instance by an earlier attempt.
    pub before: usize,
    /// Exchange data that no key at hand opens.
    pub closed: usize,
}

/// Why a key was not let in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GiveAccessError {
    /// The request is not what it claims to be. Nothing was changed.
    #[error("the request is refused: {0}")]
    Refused(#[from] GiveBackError),
    /// What the request came in carries a signature that is wrong. Nothing was changed.
    #[error("the request is forged")]
    Forged,
    /// The words or the scan are of another key, or no known key signed for the new one. Nothing was changed.
    #[error("not approved: {0}")]
    NotApproved(#[from] PinError),
    /// Something failed on the way: call again to go on.
    #[error(transparent)]
    Record(#[from] RecordError),
}

impl GiveAccessError {
    /// Whether trying the same again later may help.
    pub fn retryable(&self) -> bool {
        matches!(self, Self::Record(error) if error.retryable())
    }
}

impl From<RequestError> for GiveAccessError {
    fn from(error: RequestError) -> Self {
        Self::Record(error.into())
    }
}

impl From<StorageError> for GiveAccessError {
    fn from(error: StorageError) -> Self {
        Self::Record(error.into())
    }
}

impl From<ExchangeError> for GiveAccessError {
    fn from(error: ExchangeError) -> Self {
        Self::Record(error.into())
    }
}

/// The own key that others are told of: the one made at this start, or the first usable one.
pub(crate) fn announced<'a>(core: &Core, ring: &'a KeyRing) -> Result<&'a OwnKey, RecordError> {
    let owner = core.owner_id()?;
    let made = core.keys.report().created.map(|(id, _)| id);
    let of = |own: &&OwnKey| own.owner() == owner && own.is_usable();
    let newest = made.and_then(|id| ring.get(id)).filter(of);
    newest.or_else(|| ring.keys().find(of)).ok_or(RecordError::Exchange(ExchangeError::NoUsableKey))
}

/// Checks a request, has it approved, and lets the key in.
pub(crate) async fn give_back(
    core: &Core,
    request: &AccessRequest,
    approval: Approval<'_>,
) -> Result<GivenBack, GiveAccessError> {
    let stub: Stub = core.caller.read(Call::get(&["dataowner", "stub", request.owner_id()])).await?;
    let listed = stub.listed_keys().map_err(|_| GiveBackError::NotPublished)?;
    let author = author(core, request, &listed).await?;
    let pins = core.trust.pins().await?;
    let checked = request.update.check(&*core.parts.provider, &author, &listed, &pins).await?;
    let approved = approve(core, &checked, approval).await?;
    let owner = core.owner_id()?;
    let mut all = Exchange::between(core, owner, approved.owner()).await?;
    if approved.owner() != owner {
        all.extend(Exchange::between(core, approved.owner(), owner).await?);
    }
    let mut given = GivenBack::default();
    for data in all {
        match let_in(core, &approved, data).await? {
            LetIn::Now => given.extended += 1,
            LetIn::Before => given.before += 1,
            LetIn::Closed => given.closed += 1,
        }
    }
    Ok(given)
}

/// Who wrote the task: the delegator of the exchange data that its delegations to us are under.
async fn author(core: &Core, request: &AccessRequest, listed: &OwnerKeys) -> Result<String, GiveAccessError> {
    let access = access(core, TASK, &request.task).await?;
    let delegators: BTreeSet<&str> = access.delegations.iter().map(|one| one.delegator.as_str()).collect();
    let [author] = delegators.into_iter().collect::<Vec<_>>()[..] else {
        return Err(GiveBackError::NotTheOwner.into());
    };
    // a sender signature is by the new key, which nobody stands behind yet: it proves nothing, unless it is wrong
    let listed: Vec<TrustedKey> = listed.keys().iter().map(TrustedKey::dangerously_assume).collect();
    let ring = core.keys.ring();
    for delegation in &access.delegations {
        let call = Call::get(&["exchangedata", &delegation.exchange_data_id]);
        let data: ExchangeData = core.caller.read(call).await?;
        let open = data.open(&ring).await?;
        if let Err(SenderError::Forged) = verify_sender(crypto(core, &ring), &data, &open, &listed, None).await {
            return Err(GiveAccessError::Forged);
        }
    }
    Ok(author.to_owned())
}

async fn approve(
    core: &Core,
    checked: &CheckedKeyUpdate,
    approval: Approval<'_>,
) -> Result<ApprovedKey, GiveAccessError> {
    let now = core.parts.time.now();
    let approved = core
        .trust
        .change(|pins| match approval {
            Approval::Phrase(typed) => checked.approve_by_phrase(pins, typed, now),
            Approval::Scan(text) => checked.approve_by_scan(pins, text, now),
            Approval::Succession => checked.approve_by_succession(pins, now),
        })
        .await?;
    Ok(approved?)
}

enum LetIn {
    Now,
    Before,
    Closed,
}

/// Adds the key to one exchange data, again if somebody else changed it in between.
async fn let_in(core: &Core, approved: &ApprovedKey, mut data: ExchangeData) -> Result<LetIn, GiveAccessError> {
    let ring = core.keys.ring();
    let signer = core.exchange.signer(core).await?;
    for _ in 0..ATTEMPTS {
        let extended = match give_access_back(crypto(core, &ring), approved, &data, signer.as_deref()).await {
            Ok(Some(extended)) => extended,
            Ok(None) => return Ok(LetIn::Before),
            Err(ExchangeError::NoKey | ExchangeError::Malformed) => return Ok(LetIn::Closed),
            Err(error) => return Err(error.into()),
        };
        let call = Call::put(&["exchangedata"]).json(&extended).repeatable();
        match core.caller.write::<ExchangeData>(call).await {
            Ok(_) => return Ok(LetIn::Now),
            Err(WriteError::Conflict(_)) => {
                data = core.caller.read(Call::get(&["exchangedata", &data.id])).await?;
            }
            Err(error) => return Err(RecordError::from(error).into()),
        }
    }
    Err(RecordError::NotShared { status: 409, reason: "others keep changing it".to_owned() }.into())
}
