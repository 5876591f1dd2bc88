//! What can happen next.

use keystead_model::wallet::{Effect, Generation, OperationKind, Step};

use super::world::{Message, World};
use super::{Lifecycle, Wrong};

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Action {
    /// The server gets a message, maybe again.
    Deliver(Message),
    /// The server answers a status query.
    Answer,
    /// The device reads the answer; the answer may come again. The user may want an operation.
    Read {
        again: bool,
        wish: Option<OperationKind>,
    },
    /// The device gets the last message of the protocol.
    ReadLastMessage,
    /// The device does what it is about to do.
    Do,
    /// The app gets a cipher text, maybe again; the device gets its answer, or not.
    AppStores {
        generation: Generation,
        again: bool,
        answered: bool,
    },
    /// The device does not wait for the app any longer.
    AppSilent,
    DeviceCrashes,
    /// The device is gone, with everything that it kept.
    DeviceLost,
    /// The server's worker does what is to be done next.
    Work,
    /// The worker looks for operations that wait.
    LookAgain,
    Call(Call),
    /// A call that was given up arrives after all.
    LateArrives(bool, Generation),
    /// It never will.
    LateDropped(bool, Generation),
    /// Time passed.
    Settle,
    Fetch(Fetch),
    TimeOut,
    ServerCrashes,
}

/// What becomes of calls to `/backup`, one for each curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Call {
    Stored,
    /// It says that it stored the halves, and did not.
    Lied,
    Refused,
    StoredAnswerLost,
    OneStoredOneLate,
    Late,
}

impl Call {
    pub(super) const ALL: &'static [Self] =
        &[Self::Stored, Self::Lied, Self::Refused, Self::StoredAnswerLost, Self::OneStoredOneLate, Self::Late];
}

/// What becomes of a call to `/backup/fetch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Fetch {
    Shown,
    Stale,
    Failed,
}

impl Lifecycle {
    pub(super) fn possible(&self, world: &World, actions: &mut Vec<Action>) {
        actions.extend(world.messages.iter().cloned().map(Action::Deliver));
        if self.delayed_answers && world.answer.as_ref() != Some(&world.server.view()) {
            actions.push(Action::Answer);
        }
        let prompt = (!self.delayed_answers).then(|| world.server.view());
        if let Some(answer) = world.answer.as_ref().or(prompt.as_ref()) {
            if self.delayed_answers {
                actions.push(Action::Read { again: true, wish: None });
            }
            actions.push(Action::Read { again: false, wish: None });
            if world.client.operation().is_none() && answer.operation.is_none() && answer.latest < self.last {
                let wishes = world.wishes().into_iter().filter(|kind| (self.wanted)(kind));
                actions.extend(wishes.map(|kind| Action::Read { again: false, wish: Some(kind) }));
            }
        }
        if world.last_message.is_some() && world.running == world.last_message {
            actions.push(Action::ReadLastMessage);
        }
        if !world.tasks.is_empty() {
            actions.push(Action::Do);
        }
        for generation in world.app_calls.iter().copied() {
            for (again, answered) in [(false, true), (false, false), (true, false)] {
                actions.push(Action::AppStores { generation, again, answered });
            }
        }
        if world.storing.is_some() {
            actions.push(Action::AppSilent);
        }
        if !world.tasks.is_empty() || world.running.is_some() || world.storing.is_some() {
            actions.push(Action::DeviceCrashes);
        }
        if !world.lost && world.server.active_backups().next().is_some() {
            actions.push(Action::DeviceLost);
        }
        self.possible_for_server(world, actions);
    }

    fn possible_for_server(&self, world: &World, actions: &mut Vec<Action>) {
        match (world.work.first(), world.fence()) {
            (Some(Effect::FetchCustodianHalf { .. }), Some((_, Step::Pushed, _))) => {
                actions.extend([Fetch::Shown, Fetch::Stale, Fetch::Failed].map(Action::Fetch));
            }
            (Some(_), _) => actions.push(Action::Work),
            (None, Some((_, Step::CipherTextStored | Step::Pushing | Step::Pushed, _))) if world.calling.is_none() => {
                actions.push(Action::LookAgain);
            }
            _ => {}
        }
        if world.calling.is_some() {
            actions.extend(self.calls.iter().copied().map(Action::Call));
        }
        for (second, generation) in world.late.iter().copied() {
            actions.push(Action::LateArrives(second, generation));
            actions.push(Action::LateDropped(second, generation));
        }
        let quiet = world.late.is_empty() || self.wrong == Wrong::NoSettling;
        if quiet && world.calling.is_none() && !world.server.unsettled().is_empty() {
            actions.push(Action::Settle);
        }
        if world.server.operation().is_some() {
            actions.push(Action::TimeOut);
        }
        if !world.work.is_empty() || world.calling.is_some() {
            actions.push(Action::ServerCrashes);
        }
    }
}
