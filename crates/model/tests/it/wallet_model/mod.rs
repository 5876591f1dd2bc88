//! Model checking of the wallet lifecycle: server, device, app and custodian together, in every interleaving
//! of what can go wrong (wallet 5.3, portal 8.4).
//!
//! What can go wrong, at any time and any number of times: a message to the server is lost, late or repeated;
//! an answer of the server is lost, late or repeated; the device crashes or is lost; the server crashes; the
//! app stores late, twice, or without its answer arriving; the custodian refuses, lies, stores without its
//! answer arriving, stores one curve only, stores long after the call was given up, answers with old halves
//! or not at all; operations time out at any step. What bounds the model is the number of operations begun.
//!
//! The custodian and the app have one slot each, as in the tutorial.

mod actions;
mod happens;
mod world;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex};

use keystead_model::wallet::{CustodianSlots, Generation, OperationKind, Outcome, PairStatus, WalletState};
use stateright::{Checker, HasDiscoveries, Model, Property};

use actions::{Action, Call, Fetch};
use world::World;

/// What is deliberately wrong, to see that the check notices it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrong {
    Nothing,
    /// The tutorial's order: the custodian gets its new half before the app has the new cipher text, and
    /// nobody keeps a copy.
    TutorialOrder,
    /// Our copy goes when the app says that it did not store the cipher text.
    WipeWhenNotStored,
    /// Our copy goes when the operation is given up.
    WipeWhenAbandoned,
    /// A new half is pushed while a call with an older one may still arrive.
    NoSettling,
    /// The custodian's word is taken, without fetching the half again.
    NotSeenAgain,
    /// The app stores whatever comes, old or new.
    AppWithoutFence,
    /// The new key of the cipher text replaces the old one.
    OneKey,
    /// New signing halves come into force before the client said that it keeps its own.
    ActivateUnconfirmed,
}

#[derive(Clone)]
struct Lifecycle {
    wrong: Wrong,
    start: World,
    /// The last generation that anybody begins.
    last: Generation,
    wanted: fn(&OperationKind) -> bool,
    /// Whether answers of the server come late or again.
    delayed_answers: bool,
    /// What becomes of calls to the custodian.
    calls: &'static [Call],
    /// Worlds that are known to come to rest.
    resting: Arc<Mutex<HashSet<u64>>>,
    /// Records of the server that are known to ignore old messages.
    inert: Arc<Mutex<HashSet<u64>>>,
}

const CAN_SIGN: &str = "exactly one generation can sign";
const BACKUP_PATH: &str = "a complete backup path";
const DESTROYED: &str = "old halves are destroyed";
const COPIES: &str = "copies are kept as the record says";
const OLD_MESSAGES: &str = "messages of operations that are over change nothing";
const COMES_TO_REST: &str = "it can always be carried through";

impl Model for Lifecycle {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![self.start.clone()]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        self.possible(world, actions);
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        Some(self.after(world, action)).filter(|next| next != world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(CAN_SIGN, |_, world: &World| can_sign(world)),
            Property::always(BACKUP_PATH, |_, world: &World| {
                world.server.active_backups().next().is_none() || world.backup_path()
            }),
            Property::always(DESTROYED, |_, world: &World| destroyed(world)),
            Property::always(COPIES, |_, world: &World| {
                let kept = world.server.backup_sets().iter().filter(|set| set.copy).map(|set| set.generation);
                kept.eq(world.copies.iter().copied())
            }),
            Property::always(COMES_TO_REST, Self::comes_to_rest),
            Property::always(OLD_MESSAGES, Self::old_messages_change_nothing),
            Property::sometimes("an operation is carried through", |model: &Self, world: &World| {
                let ended = world.server.finished().filter(|_| world.server.operation().is_none());
                ended.is_some_and(|ended| ended.fence.generation == model.last && ended.outcome == Outcome::Committed)
            }),
            Property::sometimes("one is given up", |_, world: &World| {
                world.server.finished().is_some_and(|ended| ended.outcome == Outcome::Abandoned)
            }),
            Property::sometimes("a recovery starts from our copy", |model: &Self, world: &World| {
                // takes two operations that rotate the backup
                let from = world.fence().and_then(|(.., kind)| match kind {
                    OperationKind::Recover { from, .. } => Some(from),
                    _ => None,
                });
                !model.has_two_rotations()
                    || world.server.backup_sets().iter().any(|set| set.copy && Some(set.pairs) == from)
            }),
        ]
    }
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The server honours one generation, and really has its half; the device has the other, unless it was lost.
fn can_sign(world: &World) -> bool {
    let honoured: Vec<_> = world.server.signing_sets().iter().filter(|set| set.status == PairStatus::Active).collect();
    match honoured[..] {
        [] => world.server.backup_sets().is_empty(),
        [active] => {
            let fitting = world.client.fitting(&world.server.view());
            world.halves.contains(&active.generation) && (world.lost || fitting.is_some())
        }
        _ => false,
    }
}

/// The server keeps no half but the one in force and the one being made.
fn destroyed(world: &World) -> bool {
    let active = world.server.active_signing().map(|set| set.generation);
    let made = world.fence().map(|(fence, ..)| fence.generation);
    world.halves.iter().all(|generation| [active, made].contains(&Some(*generation)))
}

impl Lifecycle {
    fn has_two_rotations(&self) -> bool {
        self.start != empty() && self.last == Generation(4)
    }

    fn new(wrong: Wrong, start: World, last: u32, wanted: fn(&OperationKind) -> bool) -> Self {
        Self {
            wrong,
            start,
            last: Generation(last),
            wanted,
            delayed_answers: true,
            calls: Call::ALL,
            resting: Arc::default(),
            inert: Arc::default(),
        }
    }

    /// Whether everything comes to rest, with both sides in agreement, once nothing goes wrong any more: a
    /// recovery is resumed or begun anew. What is still in flight arrives, late calls first.
    fn comes_to_rest(&self, world: &World) -> bool {
        if self.wrong != Wrong::Nothing {
            return true;
        }
        let free = Self { last: Generation(u32::MAX), wanted: |_| true, ..self.clone() };
        let mut world = world.clone();
        let mut seen = Vec::new();
        for _ in 0..200 {
            let hash = hash(&world);
            if self.resting.lock().unwrap().contains(&hash) || at_rest(&world) {
                seen.push(hash);
                self.resting.lock().unwrap().extend(seen);
                return true;
            }
            if seen.contains(&hash) {
                return false;
            }
            seen.push(hash);
            world = free.after(&world, free.next_good(&world));
        }
        false
    }

    /// What happens next when nothing goes wrong.
    fn next_good(&self, world: &World) -> Action {
        if let Some((second, generation)) = world.late.first() {
            return Action::LateArrives(*second, *generation);
        }
        if let Some(generation) = world.app_calls.first() {
            return Action::AppStores { generation: *generation, again: false, answered: true };
        }
        let mut actions = Vec::new();
        self.possible(world, &mut actions);
        let good = |action: &Action| match action {
            Action::Settle => Some(0),
            Action::Call(Call::Stored) | Action::Fetch(Fetch::Shown) | Action::Work | Action::LookAgain => Some(1),
            Action::ReadLastMessage => Some(2),
            Action::Do => Some(3),
            // a message makes a difference, or is an old one
            Action::Deliver(_) if self.after(world, action.clone()) != *world => Some(4),
            Action::Read { again: false, wish: Some(OperationKind::Recover { rotate_backup: true, .. }) }
                if world.lost && self.is_fresh(world) =>
            {
                Some(5)
            }
            Action::Read { again: false, wish: Some(OperationKind::Create) } if self.is_fresh(world) => Some(5),
            Action::Read { again: false, wish: None } => Some(6),
            Action::Answer => Some(7),
            _ => None,
        };
        let best = actions.into_iter().filter_map(|action| Some((good(&action)?, action)));
        best.min_by_key(|(rank, _)| *rank).map_or(Action::Answer, |(_, action)| action)
    }
}

impl Lifecycle {
    fn is_fresh(&self, world: &World) -> bool {
        !self.delayed_answers || world.answer.as_ref() == Some(&world.server.view())
    }
}

/// Nothing is under way, the device can sign, and the newest backup in force is where it belongs.
fn at_rest(world: &World) -> bool {
    let signing = world.client.fitting(&world.server.view()).is_some();
    let idle = world.server.operation().is_none() && world.client.operation().is_none();
    let backup = world.server.active_backups().next().is_none() || world.backup_path();
    signing && idle && backup
}

/// Tries everything; the counts are for the reader of the test's output.
fn check(model: Lifecycle) {
    let checker = model.checker().threads(2).spawn_bfs().join();
    checker.assert_properties();
    println!("{} worlds, {} steps deep", checker.unique_state_count(), checker.max_depth());
}

/// Looks for a way to break a property with something deliberately wrong.
fn counterexample(wrong: Wrong, last: u32, wanted: fn(&OperationKind) -> bool, property: &'static str) {
    let model = Lifecycle::new(wrong, World::backed_up(), last, wanted);
    let model = Lifecycle { delayed_answers: false, calls: &[Call::Stored, Call::Lied], ..model };
    let found = HasDiscoveries::AllOf([property].into());
    let checker = model.checker().threads(2).finish_when(found).spawn_bfs().join();
    let path = checker.assert_any_discovery(property).into_actions();
    println!("{wrong:?}: broken after {} steps", path.len());
}

fn is_rotation(kind: &OperationKind) -> bool {
    matches!(kind, OperationKind::Recover { rotate_backup: true, .. })
}

fn is_renewal(kind: &OperationKind) -> bool {
    matches!(kind, OperationKind::Recover { rotate_backup: false, .. })
}

fn empty() -> World {
    World { server: WalletState::new(CustodianSlots::One), ..World::default() }
}

#[test]
fn creating_a_wallet() {
    check(Lifecycle::new(Wrong::Nothing, empty(), 2, |kind| matches!(kind, OperationKind::Create)));
}

#[test]
fn creating_a_wallet_and_its_first_backup() {
    let model = Lifecycle::new(Wrong::Nothing, empty(), 3, |kind| !is_rotation(kind));
    check(Lifecycle { delayed_answers: false, ..model });
}

#[test]
fn one_recovery_that_rotates_the_backup() {
    check(Lifecycle::new(Wrong::Nothing, World::backed_up(), 3, is_rotation));
}

#[test]
fn one_recovery_of_the_signing_pair_alone() {
    check(Lifecycle::new(Wrong::Nothing, World::backed_up(), 3, is_renewal));
}

#[test]
fn two_recoveries_that_rotate_the_backup() {
    let model = Lifecycle::new(Wrong::Nothing, World::backed_up(), 4, is_rotation);
    check(Lifecycle { delayed_answers: false, ..model });
}

#[test]
fn two_operations_of_any_kind() {
    let model = Lifecycle::new(Wrong::Nothing, World::backed_up(), 4, |_| true);
    check(Lifecycle { delayed_answers: false, calls: &[Call::Stored], ..model });
}

#[test]
fn the_order_of_the_tutorial_leaves_no_backup() {
    counterexample(Wrong::TutorialOrder, 3, is_rotation, BACKUP_PATH);
}

#[test]
fn a_copy_wiped_when_the_app_says_that_it_did_not_store_leaves_no_backup() {
    counterexample(Wrong::WipeWhenNotStored, 3, is_rotation, BACKUP_PATH);
}

#[test]
fn a_copy_wiped_when_the_operation_is_given_up_leaves_no_backup() {
    counterexample(Wrong::WipeWhenAbandoned, 3, is_rotation, BACKUP_PATH);
}

#[test]
fn pushing_while_an_older_call_may_arrive_leaves_no_backup() {
    counterexample(Wrong::NoSettling, 4, is_rotation, BACKUP_PATH);
}

#[test]
fn taking_the_custodians_word_leaves_no_backup() {
    counterexample(Wrong::NotSeenAgain, 3, is_rotation, BACKUP_PATH);
}

#[test]
fn an_app_that_stores_older_cipher_texts_leaves_no_backup() {
    counterexample(Wrong::AppWithoutFence, 4, is_rotation, BACKUP_PATH);
}

#[test]
fn a_key_that_replaces_the_old_one_leaves_no_backup() {
    counterexample(Wrong::OneKey, 3, is_rotation, BACKUP_PATH);
}

#[test]
fn a_signing_half_in_force_before_the_client_confirmed_it_cannot_sign() {
    counterexample(Wrong::ActivateUnconfirmed, 3, is_renewal, CAN_SIGN);
}
