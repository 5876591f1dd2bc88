//! Everything that exists: server, device, custodian, app, the store of keys, and what is in flight.

use std::collections::BTreeSet;

use keystead_model::wallet::choose::{CustodianShare, HalfSource, backup_held, half_sources};
use keystead_model::wallet::client::{ClientEffect, ClientState};
use keystead_model::wallet::{
    BackupMethod, CustodianSlots, Effect, Event, Fence, Generation, LifecycleError, OperationId, OperationKind, PairId,
    PairIds, PerCurve, ServerView, Step, WalletState,
};

/// A message to the server. It stays in flight for ever: it is lost, delayed or repeated as may be.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Message {
    Begin(Fence, OperationKind),
    Protocol(Fence),
    SigningHalf(Fence),
    CipherText(Fence),
    NoCipherText(Fence),
    Abandon(Fence),
}

impl Message {
    pub(super) fn fence(&self) -> Fence {
        match self {
            Self::Begin(fence, _)
            | Self::Protocol(fence)
            | Self::SigningHalf(fence)
            | Self::CipherText(fence)
            | Self::NoCipherText(fence)
            | Self::Abandon(fence) => *fence,
        }
    }
}

/// What the device is about to do; lost in a crash.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Task {
    Effect(ClientEffect),
    NoteKey(Generation),
    NoteCipherText(Generation),
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct World {
    // the server: its record, what is stored beside it, and what it is about to do (lost in a crash)
    pub(super) server: WalletState,
    pub(super) halves: BTreeSet<Generation>,
    pub(super) copies: BTreeSet<Generation>,
    pub(super) work: Vec<Effect>,
    pub(super) calling: Option<Generation>,
    // the custodian: one slot for each curve, and calls that were given up and may still arrive
    pub(super) custodian: PerCurve<Option<Generation>>,
    pub(super) late: BTreeSet<(bool, Generation)>,
    // the app's one slot, calls to it, and where the method keeps the keys of cipher texts
    pub(super) app: Option<Generation>,
    pub(super) app_calls: BTreeSet<Generation>,
    pub(super) keys: BTreeSet<Generation>,
    // the device: what it keeps, and what is lost in a crash
    pub(super) client: ClientState,
    pub(super) tasks: Vec<Task>,
    pub(super) running: Option<Fence>,
    pub(super) storing: Option<Generation>,
    // the network
    pub(super) messages: BTreeSet<Message>,
    pub(super) answer: Option<ServerView>,
    pub(super) last_message: Option<Fence>,
    /// The device was lost, and none holds a fitting half since.
    pub(super) lost: bool,
}

/// The ids of a generation. Every try has a generation of its own, so that this names everything.
pub(super) fn pairs(generation: Generation, backup: bool) -> PairIds {
    let id = |curve: u8| {
        let mut id = [0; 16];
        id[..4].copy_from_slice(&generation.0.to_be_bytes());
        id[4] = u8::from(backup);
        id[5] = curve;
        PairId(id)
    };
    PerCurve { secp256k1: id(1), ed25519: id(2) }
}

pub(super) fn operation_id(number: u8) -> OperationId {
    OperationId([number; 16])
}

impl World {
    /// The server's transaction: its record and what is stored beside it.
    pub(super) fn apply(&mut self, event: Event) -> Result<(), LifecycleError> {
        let (server, effects) = keystead_model::wallet::lifecycle::apply(&self.server, event)?;
        self.server = server;
        for effect in effects {
            match effect {
                Effect::PersistPending { generation, signing, backup } => {
                    self.halves.extend(signing.map(|_| generation));
                    self.copies.extend(backup.map(|_| generation));
                }
                Effect::DestroyServerSigningHalf { generation, .. } => {
                    self.halves.remove(&generation);
                }
                Effect::WipePendingCustodianHalf { generation, .. } => {
                    self.copies.remove(&generation);
                }
                outward => self.work.push(outward),
            }
        }
        Ok(())
    }

    pub(super) fn fence(&self) -> Option<(Fence, Step, OperationKind)> {
        self.server.operation().map(|operation| (operation.fence, operation.step, operation.kind))
    }

    /// What the custodian shows.
    pub(super) fn shown(&self) -> Vec<CustodianShare> {
        let slots = self.custodian.iter().filter_map(|(curve, slot)| Some((curve, (*slot)?)));
        slots
            .map(|(curve, generation)| CustodianShare { pair: *pairs(generation, true).get(curve), intact: true })
            .collect()
    }

    /// Whether a device that has nothing could recover now: with the cipher text that the app has, if its key
    /// is still there, and for each curve the custodian's half, from the custodian or from us.
    pub(super) fn backup_path(&self) -> bool {
        let Some(generation) = self.app.filter(|generation| self.keys.contains(generation)) else { return false };
        let Ok(set) = backup_held(&self.server, pairs(generation, true)) else { return false };
        self.sources(generation) && half_sources(set, &self.server, &self.shown()).iter().all(|(_, half)| half.is_ok())
    }

    /// Whether the halves are where `half_sources` looks for them.
    pub(super) fn sources(&self, generation: Generation) -> bool {
        let Ok(set) = backup_held(&self.server, pairs(generation, true)) else { return false };
        half_sources(set, &self.server, &self.shown()).iter().all(|(curve, source)| match source {
            Ok(HalfSource::PendingCopy) => self.copies.contains(&generation),
            Ok(HalfSource::Custodian) => *self.custodian.get(curve) == Some(generation),
            Err(_) => false,
        })
    }

    /// The operations that a user could want now.
    pub(super) fn wishes(&self) -> Vec<OperationKind> {
        let Some(signing) = self.server.active_signing() else { return vec![OperationKind::Create] };
        let mut wishes = Vec::new();
        if let Some(generation) = self.app.filter(|generation| self.keys.contains(generation)) {
            let from = pairs(generation, true);
            wishes.push(OperationKind::Recover { from, rotate_backup: true });
            wishes.push(OperationKind::Recover { from, rotate_backup: false });
        }
        if self.client.active().is_some_and(|half| half.generation == signing.generation) {
            wishes.push(OperationKind::Backup { method: BackupMethod::Password, from: signing.pairs });
        }
        wishes
    }

    /// A wallet with a backup, everything at rest.
    pub(super) fn backed_up() -> Self {
        let mut world = Self { server: WalletState::new(CustodianSlots::One), ..Self::default() };
        for kind in [
            OperationKind::Create,
            OperationKind::Backup { method: BackupMethod::Password, from: pairs(Generation(1), false) },
        ] {
            let generation = world.server.latest().next().unwrap();
            let fence = Fence { operation: operation_id(generation.0 as u8), generation };
            let signing = kind.makes_signing().then(|| pairs(generation, false));
            let backup = kind.makes_backup().then(|| pairs(generation, true));
            let after = world.server.latest();
            let view = world.server.view();
            world.client = world.client.begin(fence.operation, kind, &view).unwrap();
            world
                .apply(Event::OperationBegan {
                    operation: fence.operation,
                    after,
                    operation_kind: kind,
                    stepped_up: false,
                    at: 0,
                })
                .unwrap();
            world.apply(Event::ProtocolFinished { fence, signing, backup }).unwrap();
            world.client =
                world.client.protocol_finished(fence, signing, backup.map(|pairs| (BackupMethod::Password, pairs)));
            if let Some(signing) = signing {
                world.apply(Event::SigningHalfConfirmed { fence, pairs: signing.to_set() }).unwrap();
            }
            if let Some(backup) = backup {
                world.keys.insert(generation);
                world.app = Some(generation);
                world.client = world.client.key_stored(generation).cipher_text_stored(generation);
                world.apply(Event::ClientBackupStored { fence, pairs: backup.to_set(), success: true }).unwrap();
                world.apply(Event::Resumed { fence, at: 0 }).unwrap();
                world.custodian = PerCurve { secp256k1: Some(generation), ed25519: Some(generation) };
                world.apply(Event::CustodianPushed { fence }).unwrap();
                let shares = world.shown();
                world.apply(Event::CustodianAnswered { fence, shares }).unwrap();
            }
            world.client = world.client.view(&world.server.view()).0;
            world.work.clear();
        }
        world
    }
}
