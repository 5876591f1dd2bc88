//! Taking the key out, in every interleaving: windows that close, requests that are late or come again, devices that
//! give up, recoveries in between (portal 1.4, 2.1).

use keystead_model::wallet::lifecycle::apply;
use keystead_model::wallet::{
    BackupMethod, CustodianSlots, Event, Fence, Generation, Millis, OperationId, OperationKind, PairId, PairIds,
    PerCurve, Step, WalletState,
};
use stateright::{Checker, HasDiscoveries, Model, Property};

const MINUTE: Millis = 60_000;
/// When it ends, in minutes.
const END: Millis = 4;
/// The last generation that anybody begins.
const LAST: u32 = 4;
const ONLY_WHILE_OPEN: &str = "halves go to the owner only while the window is open";
const WALLET_STAYS: &str = "the wallet stays as it was";

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct World {
    server: WalletState,
    minute: Millis,
    /// How often halves were given.
    given: u8,
    /// Whether they were given when they may not be.
    wrongly: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Action {
    Wait,
    /// The custodian opens the window for so many minutes.
    Open(Millis),
    Begin(u32, OperationKind, bool),
    /// The owner asks for the halves, maybe again, maybe late.
    Ask(u32),
    Done(u32),
    GiveUp(u32),
    TimeOut(u32),
}

struct Eject {
    /// Halves that were given once are given again, whatever the time: what the check has to notice.
    given_again: bool,
}

fn pairs(generation: u8) -> PairIds {
    PerCurve { secp256k1: PairId([generation; 16]), ed25519: PairId([generation + 100; 16]) }
}

fn fence(generation: u32) -> Fence {
    Fence { operation: OperationId([generation as u8; 16]), generation: Generation(generation) }
}

fn began(generation: u32, operation_kind: OperationKind, stepped_up: bool, at: Millis) -> Event {
    let Fence { operation, generation } = fence(generation);
    Event::OperationBegan { operation, after: Generation(generation.0 - 1), operation_kind, stepped_up, at }
}

/// Signing pairs of generation 1, a backup of generation 2, of which we keep the custodian's half.
fn backed_up() -> WalletState {
    let kind = OperationKind::Backup { method: BackupMethod::Password, from: pairs(1) };
    let events = [
        began(1, OperationKind::Create, false, 0),
        Event::ProtocolFinished { fence: fence(1), signing: Some(pairs(1)), backup: None },
        Event::SigningHalfConfirmed { fence: fence(1), pairs: pairs(1).to_set() },
        began(2, kind, false, 0),
        Event::ProtocolFinished { fence: fence(2), signing: None, backup: Some(pairs(2)) },
        Event::Abandoned { fence: fence(2), at: 0 },
    ];
    events.into_iter().fold(WalletState::new(CustodianSlots::One), |state, event| apply(&state, event).unwrap().0)
}

impl Model for Eject {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World { server: backed_up(), minute: 0, given: 0, wrongly: false }]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        let eject = OperationKind::Eject { from: pairs(2) };
        let recover = OperationKind::Recover { from: pairs(2), rotate_backup: false };
        actions.extend([Action::Wait, Action::Open(1), Action::Open(2)]);
        for generation in 3..=LAST {
            actions.extend(
                [(eject, true), (eject, false), (recover, false)]
                    .map(|(kind, stepped_up)| Action::Begin(generation, kind, stepped_up)),
            );
            actions.extend([Action::Ask, Action::Done, Action::GiveUp, Action::TimeOut].map(|of| of(generation)));
        }
        actions.retain(|action| *action != Action::Wait || world.minute < END);
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let at = world.minute * MINUTE;
        let mut next = world.clone();
        let event = match action {
            Action::Wait => {
                next.minute += 1;
                return Some(next);
            }
            Action::Open(minutes) => Event::EjectWindowOpened { until: at + minutes * MINUTE, at },
            Action::Begin(generation, kind, stepped_up) => began(generation, kind, stepped_up, at),
            Action::Ask(generation) => Event::BackupHalfReleased { fence: fence(generation), at },
            Action::Done(generation) => Event::Ejected { fence: fence(generation), at },
            Action::GiveUp(generation) => Event::Abandoned { fence: fence(generation), at },
            Action::TimeOut(generation) => Event::TimedOut { fence: fence(generation), at },
        };
        let asked = matches!(event, Event::BackupHalfReleased { .. });
        let under_way = world.server.operation().filter(|operation| {
            matches!(action, Action::Ask(generation) if
            operation.fence == fence(generation) && matches!(operation.kind, OperationKind::Eject { .. }))
        });
        let again = self.given_again && under_way.is_some_and(|operation| operation.step == Step::Released);
        match apply(&world.server, event) {
            Ok((server, _)) => next.server = server,
            Err(_) if again => {}
            Err(_) => return None,
        }
        if asked {
            let open = world.server.ejectable_until().is_some_and(|until| at < until);
            next.given = (next.given + 1).min(2);
            next.wrongly |= !open || under_way.is_none();
        }
        (next != *world).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(ONLY_WHILE_OPEN, |_, world: &World| !world.wrongly),
            Property::always("what was given is on record", |_, world: &World| {
                world.server.was_released() == (world.given > 0)
            }),
            Property::always("nobody has the key who was not given the halves", |_, world: &World| {
                world.server.ejected_at().is_none() || world.given > 0
            }),
            Property::always(WALLET_STAYS, |_, world: &World| {
                let signing = world.server.active_signing().map(|set| set.generation);
                let copy = world.server.backup_sets().iter().any(|set| set.copy && set.pairs == pairs(2));
                signing == Some(Generation(1)) && copy
            }),
            Property::sometimes("the halves are given twice", |_, world: &World| world.given > 1),
            Property::sometimes("the key is out", |_, world: &World| world.server.ejected_at().is_some()),
            Property::sometimes("they were given, and another operation is under way", |_, world: &World| {
                let kind = world.server.operation().map(|operation| operation.kind);
                world.given > 0 && matches!(kind, Some(OperationKind::Recover { .. }))
            }),
        ]
    }
}

#[test]
fn taking_the_key_out() {
    let checker = Eject { given_again: false }.checker().threads(2).spawn_bfs().join();
    checker.assert_properties();
    println!("{} worlds, {} steps deep", checker.unique_state_count(), checker.max_depth());
}

#[test]
fn halves_that_are_given_again_whatever_the_time_leave_after_the_window_closed() {
    let found = HasDiscoveries::AllOf([ONLY_WHILE_OPEN].into());
    let checker = Eject { given_again: true }.checker().finish_when(found).spawn_bfs().join();
    checker.assert_any_discovery(ONLY_WHILE_OPEN);
}
