//! What it leads to.

use keystead_model::wallet::choose::CustodianShare;
use keystead_model::wallet::client::ClientEffect;
use keystead_model::wallet::{
    BackupMethod, Curve, Effect, Event, Fence, Generation, OperationKind, PerCurve, SETTLING, Step,
};

use super::actions::{Action, Call, Fetch};
use super::world::{Message, Task, World, operation_id, pairs};
use super::{Lifecycle, Wrong, hash};

impl Lifecycle {
    pub(super) fn after(&self, world: &World, action: Action) -> World {
        let mut next = world.clone();
        match action {
            Action::Deliver(message) => self.deliver(&mut next, message),
            Action::Answer => next.answer = Some(next.server.view()),
            Action::Read { again, wish } => read(&mut next, again, wish),
            Action::ReadLastMessage => read_last_message(&mut next),
            Action::Do => self.task(&mut next),
            Action::AppStores { generation, again, answered } => {
                self.app_stores(&mut next, generation, again, answered);
            }
            Action::AppSilent => {
                next.storing = None;
                let fence = next.client.operation().map(|operation| operation.fence);
                next.messages.extend(fence.map(Message::NoCipherText));
            }
            Action::DeviceCrashes => crash(&mut next),
            Action::DeviceLost => {
                crash(&mut next);
                next.client = Default::default();
                next.answer = None;
                next.lost = true;
            }
            Action::Work => work(&mut next),
            Action::LookAgain => resume(&mut next),
            Action::Call(call) => called(&mut next, call),
            Action::LateArrives(second, generation) => {
                next.late.remove(&(second, generation));
                *next.custodian.get_mut(curve(second)) = Some(generation);
            }
            Action::LateDropped(second, generation) => {
                next.late.remove(&(second, generation));
            }
            Action::Settle => next.apply(Event::CustodianSettled { at: SETTLING }).unwrap(),
            Action::Fetch(fetch) => self.fetched(&mut next, fetch),
            Action::TimeOut => {
                let fence = next.fence().map(|(fence, ..)| fence);
                fence.into_iter().for_each(|fence| next.apply(Event::TimedOut { fence, at: 0 }).unwrap());
                self.wipe(&mut next);
            }
            Action::ServerCrashes => {
                next.late
                    .extend(next.calling.iter().flat_map(|generation| [(false, *generation), (true, *generation)]));
                next.work.clear();
                next.calling = None;
            }
        }
        // what an operation that ended wanted to do is not done
        if next.server.operation().is_none() {
            next.work.clear();
            if let Some(generation) = next.calling.take() {
                next.late.extend([(false, generation), (true, generation)]);
            }
        }
        self.forget_what_changes_nothing(&mut next);
        next.lost &= next.client.fitting(&next.server.view()).is_none();
        next
    }

    /// Keeps the number of worlds small. That messages of operations that are over change nothing is a
    /// property of its own.
    fn forget_what_changes_nothing(&self, world: &mut World) {
        let (latest, current) = (world.server.latest(), world.fence().map(|(fence, ..)| fence));
        world.messages.retain(|message| message.fence().generation > latest || Some(message.fence()) == current);
        if self.wrong != Wrong::AppWithoutFence {
            let stored = world.app;
            world.app_calls.retain(|generation| stored.is_none_or(|stored| *generation >= stored));
        }
    }

    /// Whether every message that any operation but the one under way could have sent changes nothing.
    pub(super) fn old_messages_change_nothing(&self, world: &World) -> bool {
        // it depends on the server's record alone
        if !self.inert.lock().unwrap().insert(hash(&world.server)) {
            return true;
        }
        let world = &World { server: world.server.clone(), ..World::default() };
        let current = world.fence().map(|(fence, ..)| fence);
        (1..=world.server.latest().0).flat_map(|number| [number as u8, number as u8 + 100].map(|id| (number, id))).all(
            |(number, id)| {
                let fence = Fence { operation: operation_id(id), generation: Generation(number) };
                let kind = OperationKind::Recover { from: pairs(Generation(2), true), rotate_backup: true };
                let messages = [
                    Message::Begin(fence, kind),
                    Message::Protocol(fence),
                    Message::SigningHalf(fence),
                    Message::CipherText(fence),
                    Message::NoCipherText(fence),
                    Message::Abandon(fence),
                ];
                Some(fence) == current
                    || messages.into_iter().all(|message| {
                        let mut next = world.clone();
                        self.deliver(&mut next, message);
                        next == *world
                    })
            },
        )
    }

    fn deliver(&self, world: &mut World, message: Message) {
        // errors change nothing: late, repeated and overtaken messages
        let _refused = match message {
            Message::Begin(fence, operation_kind) => {
                let after = Generation(fence.generation.0 - 1);
                let operation = fence.operation;
                world.apply(Event::OperationBegan { operation, after, operation_kind, stepped_up: true, at: 0 })
            }
            Message::Protocol(fence) => {
                self.protocol(world, fence);
                Ok(())
            }
            Message::SigningHalf(fence) => {
                let pairs = pairs(fence.generation, false).to_set();
                world.apply(Event::SigningHalfConfirmed { fence, pairs })
            }
            Message::CipherText(fence) => {
                let pairs = pairs(fence.generation, true).to_set();
                world.apply(Event::ClientBackupStored { fence, pairs, success: true })
            }
            Message::NoCipherText(fence) => {
                if self.wrong == Wrong::WipeWhenNotStored && world.fence().is_some_and(|(current, ..)| current == fence)
                {
                    world.copies.remove(&fence.generation);
                }
                let pairs = pairs(fence.generation, true).to_set();
                world.apply(Event::ClientBackupStored { fence, pairs, success: false })
            }
            Message::Abandon(fence) => {
                let result = world.apply(Event::Abandoned { fence, at: 0 });
                self.wipe(world);
                result
            }
        };
    }

    fn wipe(&self, world: &mut World) {
        let ended = world.server.finished().filter(|_| world.server.operation().is_none());
        if let (Wrong::WipeWhenAbandoned, Some(ended)) = (self.wrong, ended) {
            world.copies.remove(&ended.fence.generation);
        }
    }

    fn protocol(&self, world: &mut World, fence: Fence) {
        let Some((current, step, kind)) = world.fence() else { return };
        if current != fence {
            return;
        }
        let from = match kind {
            OperationKind::Recover { from, .. } => world.server.backup_sets().iter().find(|set| set.pairs == from),
            _ => None,
        };
        if step == Step::Began && from.is_some_and(|set| !world.sources(set.generation)) {
            return;
        }
        let signing = kind.makes_signing().then(|| pairs(fence.generation, false));
        let backup = kind.makes_backup().then(|| pairs(fence.generation, true));
        world.apply(Event::ProtocolFinished { fence, signing, backup }).unwrap();
        world.last_message = Some(fence);
        match self.wrong {
            Wrong::TutorialOrder if kind.makes_backup() => {
                world.custodian = PerCurve { secp256k1: Some(fence.generation), ed25519: Some(fence.generation) };
                world.copies.remove(&fence.generation);
            }
            Wrong::ActivateUnconfirmed => {
                signing.into_iter().for_each(|pairs| {
                    world.apply(Event::SigningHalfConfirmed { fence, pairs: pairs.to_set() }).unwrap();
                });
            }
            _ => {}
        }
    }

    fn task(&self, world: &mut World) {
        let effect = match world.tasks.remove(0) {
            Task::NoteKey(generation) => {
                world.client = world.client.key_stored(generation);
                return;
            }
            Task::NoteCipherText(generation) => {
                world.client = world.client.cipher_text_stored(generation);
                return;
            }
            Task::Effect(effect) => effect,
        };
        match effect {
            ClientEffect::SendBegin { fence, kind } => drop(world.messages.insert(Message::Begin(fence, kind))),
            ClientEffect::RunProtocol { fence } => {
                world.running = Some(fence);
                world.messages.insert(Message::Protocol(fence));
            }
            ClientEffect::ConfirmSigningHalf { fence, .. } => drop(world.messages.insert(Message::SigningHalf(fence))),
            ClientEffect::StoreKey { generation } => {
                if self.wrong == Wrong::OneKey {
                    world.keys.clear();
                }
                world.keys.insert(generation);
                world.tasks.push(Task::NoteKey(generation));
            }
            ClientEffect::StoreCipherText { generation } => {
                world.app_calls.insert(generation);
                world.storing = Some(generation);
            }
            ClientEffect::ConfirmCipherText { fence, .. } => drop(world.messages.insert(Message::CipherText(fence))),
            ClientEffect::SendAbandon { fence } | ClientEffect::OfferAbandon { fence } => {
                world.messages.insert(Message::Abandon(fence));
            }
            ClientEffect::DeleteKeysBefore { generation, .. } => world.keys.retain(|other| *other >= generation),
            ClientEffect::Wait | ClientEffect::Finished { .. } => {}
        }
    }

    fn app_stores(&self, world: &mut World, generation: Generation, again: bool, answered: bool) {
        if !again {
            world.app_calls.remove(&generation);
        }
        if self.wrong == Wrong::AppWithoutFence || world.app.is_none_or(|stored| stored <= generation) {
            world.app = Some(generation);
            if answered && world.storing == Some(generation) {
                world.storing = None;
                world.tasks = vec![Task::NoteCipherText(generation)];
            }
        }
    }

    fn fetched(&self, world: &mut World, fetch: Fetch) {
        world.work.remove(0);
        let Some((fence, ..)) = world.fence() else { return };
        let ours = pairs(fence.generation, true);
        let mut shares = world.shown();
        match fetch {
            Fetch::Failed => return,
            Fetch::Stale => shares.retain(|share| ours.curve_of(&share.pair).is_none()),
            Fetch::Shown if self.wrong == Wrong::NotSeenAgain => {
                shares = ours.iter().map(|(_, pair)| CustodianShare { pair: *pair, intact: true }).collect();
            }
            Fetch::Shown => {}
        }
        world.apply(Event::CustodianAnswered { fence, shares }).unwrap();
    }
}

fn curve(second: bool) -> Curve {
    if second { Curve::Ed25519 } else { Curve::Secp256k1 }
}

fn crash(world: &mut World) {
    world.tasks.clear();
    world.running = None;
    world.storing = None;
}

fn read(world: &mut World, again: bool, wish: Option<OperationKind>) {
    let answer = world.answer.clone().unwrap_or_else(|| world.server.view());
    if !again {
        world.answer = None;
    }
    if let Some(kind) = wish {
        let operation = operation_id(answer.latest.0 as u8 + if world.lost { 100 } else { 1 });
        let Some(begun) = world.client.begin(operation, kind, &answer) else { return };
        world.client = begun;
    }
    let (client, effects) = world.client.view(&answer);
    world.client = client;
    world.storing = None;
    world.tasks = effects
        .into_iter()
        .filter(|effect| !matches!(effect, ClientEffect::Wait | ClientEffect::Finished { .. }))
        .map(Task::Effect)
        .collect();
}

fn read_last_message(world: &mut World) {
    let Some(fence) = world.last_message.take() else { return };
    world.running = None;
    world.tasks.clear();
    let Some(operation) = world.client.operation().filter(|operation| operation.fence == fence) else { return };
    let signing = operation.kind.makes_signing().then(|| pairs(fence.generation, false));
    let backup = operation.kind.makes_backup().then(|| (BackupMethod::Password, pairs(fence.generation, true)));
    world.client = world.client.protocol_finished(fence, signing, backup);
}

fn resume(world: &mut World) {
    if let Some((fence, ..)) = world.fence() {
        world.apply(Event::Resumed { fence, at: 0 }).unwrap();
    }
}

fn work(world: &mut World) {
    match world.work.remove(0) {
        Effect::TakeUp { .. } | Effect::RetryLater { .. } => resume(world),
        Effect::PushCustodianHalf { fence, .. } => world.calling = Some(fence.generation),
        _ => {}
    }
}

fn called(world: &mut World, call: Call) {
    let Some(generation) = world.calling.take() else { return };
    let Some((fence, ..)) = world.fence() else { return };
    match call {
        Call::Stored | Call::StoredAnswerLost => {
            world.custodian = PerCurve { secp256k1: Some(generation), ed25519: Some(generation) };
        }
        Call::OneStoredOneLate => {
            world.custodian.secp256k1 = Some(generation);
            world.late.insert((true, generation));
        }
        Call::Late => world.late.extend([(false, generation), (true, generation)]),
        Call::Lied | Call::Refused => {}
    }
    let said = match call {
        Call::Stored | Call::Lied => Event::CustodianPushed { fence },
        _ => Event::CustodianPushFailed { fence, at: 0 },
    };
    world.apply(said).unwrap();
}
