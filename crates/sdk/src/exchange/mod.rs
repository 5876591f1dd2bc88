//! Exchange data: the secrets that two data owners share, and everything between them is sealed under
//! (crypto 2, wire 5.1, 5.2).
//!
//! They are kept in memory once opened. [`Exchange::towards`] finds or makes those that the user gives access
//! under, [`Exchange::fetch`] brings those that open what others gave.

mod fetch;
mod senders;
mod towards;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures_util::lock::Mutex;
use keystead_crypto::access_control::{AccessControlKey, DelegationKey, EntityType, header_values};
use keystead_crypto::delegation::{OpenedDelegation, Participant, SecurityMetadata};
use keystead_crypto::entity::EntityRef;
use keystead_crypto::exchange::{Crypto, ExchangeData, ExchangeIndex, OpenExchangeData};
use keystead_crypto::identity::SignerIdentity;
use keystead_crypto::key::TrustedKey;
use parking_lot::RwLock;
pub use senders::Sender;
pub(crate) use senders::senders;

use crate::api::Core;
use crate::call::Call;
use crate::entities::RecordError;

/// The name of the header, as the `http` crate wants it.
const HEADER: &str = "icure-access-control-keys";

/// What is known of exchange data in this session.
#[derive(Default)]
pub(crate) struct Exchange {
    state: RwLock<State>,
    /// Held by whoever looks for exchange data to write with, so that nobody makes them twice.
    making: Mutex<()>,
    /// Held by whoever fetches everything.
    fetching: Mutex<()>,
}

#[derive(Default)]
struct State {
    /// Changes with [`Exchange::forget`], so that nobody adds what was opened with keys of before.
    generation: u64,
    index: ExchangeIndex,
    /// What no key at hand opens.
    closed: HashSet<String>,
    /// Delegation keys without a map that we can open.
    unmapped: HashSet<DelegationKey>,
    /// Whether everything that the user has a part in was fetched.
    complete: bool,
    /// By delegate.
    towards: HashMap<String, Arc<Towards>>,
    /// Exchange data maps that the server has.
    mapped: HashSet<DelegationKey>,
    signer: Option<Arc<SignerIdentity>>,
}

/// Exchange data that the user gives access to somebody under.
pub(crate) struct Towards {
    pub(crate) open: Arc<OpenExchangeData>,
    /// Whose keys an exchange data map is for, where the delegate is named and the user is not.
    pub(crate) delegate_keys: Vec<TrustedKey>,
    /// Whether entities must not name the delegate.
    pub(crate) anonymous: bool,
}

impl Towards {
    /// The delegate.
    pub(crate) fn delegate(&self) -> Participant<'_> {
        Participant { id: self.open.delegate(), anonymous: self.anonymous }
    }
}

impl Core {
    /// The id of the data owner that the user is.
    pub(crate) fn owner_id(&self) -> Result<&str, RecordError> {
        self.owner.as_ref().map(|(_, id)| id.as_str()).ok_or(RecordError::NotADataOwner)
    }

    /// Whether entities must not name the user.
    pub(crate) fn is_anonymous(&self) -> bool {
        self.owner
            .as_ref()
            .is_some_and(|(owner_type, _)| self.parts.strategies.requires_anonymous_delegation(*owner_type))
    }

    /// The user's side of a delegation.
    pub(crate) fn delegator(&self) -> Result<Participant<'_>, RecordError> {
        Ok(Participant { id: self.owner_id()?, anonymous: self.is_anonymous() })
    }

    /// Adds the header by which the server knows what an anonymous data owner may read (wire 4.2).
    pub(crate) async fn with_access(&self, call: Call, entity_type: EntityType) -> Result<Call, RecordError> {
        if !self.is_anonymous() {
            return Ok(call);
        }
        self.exchange.complete(self).await?;
        let keys: Vec<AccessControlKey> = self.exchange.state.read().index.access_control_keys(entity_type);
        Ok(header_values(&keys).iter().fold(call, |call, value| call.header(HEADER, value)))
    }
}

impl Core {
    /// What an anonymous user presents for a type of entities, in hex; nothing for others.
    pub(crate) async fn access_keys(&self, entity_type: EntityType) -> Result<Vec<String>, RecordError> {
        if !self.is_anonymous() {
            return Ok(Vec::new());
        }
        self.exchange.complete(self).await?;
        let keys = self.exchange.state.read().index.access_control_keys(entity_type);
        Ok(keys.iter().map(AccessControlKey::to_hex).collect())
    }
}

impl Exchange {
    /// Looks again for what could not be found or opened: somebody may have made it since.
    pub(crate) fn look_again(&self) {
        let mut state = self.state.write();
        state.closed.clear();
        state.unmapped.clear();
        state.complete = false;
    }

    /// Forgets everything: the keys changed.
    pub(crate) fn forget(&self) {
        let mut state = self.state.write();
        let generation = state.generation + 1;
        *state = State { generation, ..State::default() };
    }

    /// What opens of an entity's metadata with what is in memory.
    pub(crate) fn open_with(&self, metadata: &SecurityMetadata, entity: EntityRef<'_>) -> Vec<OpenedDelegation> {
        metadata.open_with(entity, &self.state.read().index)
    }

    /// Signs as the user for receivers with our client (crypto 6, item 3).
    pub(crate) async fn signer(&self, core: &Core) -> Result<Option<Arc<SignerIdentity>>, RecordError> {
        if let Some(signer) = &self.state.read().signer {
            return Ok(Some(signer.clone()));
        }
        let ring = core.keys.ring();
        let Some(own) = ring.of(core.owner_id()?).find(|own| own.is_usable()) else { return Ok(None) };
        let signer = Arc::new(SignerIdentity::make(own).await?);
        self.state.write().signer = Some(signer.clone());
        Ok(Some(signer))
    }

    fn add(&self, generation: u64, open: OpenExchangeData) -> Arc<OpenExchangeData> {
        let mut state = self.state.write();
        if state.generation == generation { state.index.add(open) } else { Arc::new(open) }
    }

    fn generation(&self) -> u64 {
        self.state.read().generation
    }

    /// Every exchange data that the user gives somebody access under, or the other way round.
    pub(crate) async fn between(
        core: &Core,
        delegator: &str,
        delegate: &str,
    ) -> Result<Vec<ExchangeData>, RecordError> {
        let call = Call::get(&["exchangedata", "byDelegatorDelegate", delegator, delegate]);
        Ok(core.caller.read(call).await?)
    }
}

/// What operations on exchange data work with.
pub(crate) fn crypto<'a>(core: &'a Core, ring: &'a keystead_crypto::key::KeyRing) -> Crypto<'a> {
    Crypto { provider: &*core.parts.provider, random: &*core.parts.random, ring }
}
