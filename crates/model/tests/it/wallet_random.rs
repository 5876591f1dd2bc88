//! Random events in random order: nothing panics, and what is always true stays true (wallet 5.3).

use keystead_model::wallet::choose::{CustodianShare, may_sign, recoverable};
use keystead_model::wallet::lifecycle::apply;
use keystead_model::wallet::{
    BackupMethod, CustodianSlots, Effect, Event, Fence, Generation, OperationId, OperationKind, Outcome, PairId,
    PairIds, PairStatus, PerCurve, RETIRED_REMEMBERED, Step, WalletState,
};
use proptest::prelude::*;

/// One of a few pairs, so that events meet.
fn pairs(number: u8) -> PairIds {
    PerCurve { secp256k1: PairId([number; 16]), ed25519: PairId([number + 100; 16]) }
}

fn any_pairs() -> impl Strategy<Value = PairIds> {
    (0..12u8).prop_map(pairs)
}

fn any_set() -> impl Strategy<Value = std::collections::BTreeSet<PairId>> {
    prop_oneof![
        4 => any_pairs().prop_map(|pairs| pairs.to_set()),
        1 => any_pairs().prop_map(|pairs| [pairs.ed25519].into()),
        1 => Just(Default::default()),
    ]
}

fn any_kind() -> impl Strategy<Value = OperationKind> {
    let method = prop_oneof![Just(BackupMethod::Password), Just(BackupMethod::Gdrive)];
    prop_oneof![
        Just(OperationKind::Create),
        (method, any_pairs()).prop_map(|(method, from)| OperationKind::Backup { method, from }),
        (any_pairs(), any::<bool>()).prop_map(|(from, rotate_backup)| OperationKind::Recover { from, rotate_backup }),
        any_pairs().prop_map(|from| OperationKind::Eject { from }),
    ]
}

fn any_fence() -> impl Strategy<Value = Fence> {
    (0..3u8, 0..8u32)
        .prop_map(|(id, generation)| Fence { operation: OperationId([id; 16]), generation: Generation(generation) })
}

/// Anything, mostly nonsense.
fn any_event() -> impl Strategy<Value = Event> {
    let at = 0..200_000u64;
    let shares = prop::collection::vec(
        (any_pairs(), any::<bool>(), any::<bool>()).prop_map(|(pairs, second, intact)| CustodianShare {
            pair: if second { pairs.ed25519 } else { pairs.secp256k1 },
            intact,
        }),
        0..4,
    );
    prop_oneof![
        (0..3u8, 0..8u32, any_kind(), any::<bool>(), at.clone()).prop_map(
            |(id, after, operation_kind, stepped_up, at)| Event::OperationBegan {
                operation: OperationId([id; 16]),
                after: Generation(after),
                operation_kind,
                stepped_up,
                at,
            }
        ),
        (any_fence(), prop::option::of(any_pairs()), prop::option::of(any_pairs()))
            .prop_map(|(fence, signing, backup)| Event::ProtocolFinished { fence, signing, backup }),
        (any_fence(), any_set()).prop_map(|(fence, pairs)| Event::SigningHalfConfirmed { fence, pairs }),
        (any_fence(), any_set()).prop_map(|(fence, pairs)| Event::BackupKeyStored { fence, pairs }),
        (any_fence(), any_set(), any::<bool>()).prop_map(|(fence, pairs, success)| Event::ClientBackupStored {
            fence,
            pairs,
            success
        }),
        (any_fence(), at.clone()).prop_map(|(fence, at)| Event::Resumed { fence, at }),
        any_fence().prop_map(|fence| Event::CustodianPushed { fence }),
        (any_fence(), at.clone()).prop_map(|(fence, at)| Event::CustodianPushFailed { fence, at }),
        (any_fence(), shares).prop_map(|(fence, shares)| Event::CustodianAnswered { fence, shares }),
        at.clone().prop_map(|at| Event::CustodianSettled { at }),
        (any_fence(), at.clone()).prop_map(|(fence, at)| Event::TimedOut { fence, at }),
        (any_fence(), at.clone()).prop_map(|(fence, at)| Event::Abandoned { fence, at }),
        (0..8u32, 0..9u8).prop_map(|(generation, id)| Event::BanReported {
            generation: Generation(generation),
            session: OperationId([id; 16])
        }),
        any::<bool>().prop_map(|unfreeze| Event::Reviewed { unfreeze }),
        (at.clone(), at.clone()).prop_map(|(until, at)| Event::EjectWindowOpened { until, at }),
        (any_fence(), at.clone()).prop_map(|(fence, at)| Event::BackupHalfReleased { fence, at }),
        (any_fence(), at).prop_map(|(fence, at)| Event::Ejected { fence, at }),
    ]
}

/// The event that carries the operation under way one step on, or ends it, or one that begins an operation, so that random
/// walks get somewhere. `fresh` names new pairs.
fn sensible(state: &WalletState, choice: u8, fresh: u8) -> Event {
    let at = 250_000;
    let Some(operation) = state.operation() else {
        let backup = recoverable(state).get(usize::from(choice) % 3).map(|set| set.pairs);
        let operation_kind = match (state.active_signing(), backup) {
            (None, _) => OperationKind::Create,
            (Some(_), Some(from)) if choice > 2 => OperationKind::Recover { from, rotate_backup: choice > 4 },
            (Some(set), _) => OperationKind::Backup { method: BackupMethod::Password, from: set.pairs },
        };
        let (operation, after) = (OperationId([fresh; 16]), state.latest());
        return Event::OperationBegan { operation, after, operation_kind, stepped_up: true, at };
    };
    let (fence, kind) = (operation.fence, operation.kind);
    if choice == 1 {
        // something goes wrong with it
        return match fresh % 4 {
            0 => Event::Abandoned { fence, at },
            1 => Event::TimedOut { fence, at },
            2 => Event::CustodianPushFailed { fence, at },
            _ => Event::CustodianAnswered { fence, shares: Vec::new() },
        };
    }
    let made = |sets: Option<PairIds>| sets.map(|pairs| pairs.to_set()).unwrap_or_default();
    let signing = state.signing_sets().iter().find(|set| set.generation == fence.generation).map(|set| set.pairs);
    let backup = state.backup_sets().iter().find(|set| set.generation == fence.generation).map(|set| set.pairs);
    match operation.step {
        Step::Began => Event::ProtocolFinished {
            fence,
            signing: kind.makes_signing().then(|| pairs(fresh)),
            backup: kind.makes_backup().then(|| pairs(fresh + 40)),
        },
        Step::Generated if kind.makes_signing() => Event::SigningHalfConfirmed { fence, pairs: made(signing) },
        Step::Generated | Step::SigningConfirmed => {
            Event::ClientBackupStored { fence, pairs: made(backup), success: true }
        }
        Step::CipherTextStored if !state.unsettled().is_empty() => Event::CustodianSettled { at: u64::MAX },
        Step::CipherTextStored => Event::Resumed { fence, at },
        Step::Pushing => Event::CustodianPushed { fence },
        Step::Pushed | Step::Released | Step::Committed => Event::CustodianAnswered {
            fence,
            shares: made(backup).into_iter().map(|pair| CustodianShare { pair, intact: true }).collect(),
        },
    }
}

/// What is true of every record.
fn assert_sound(state: &WalletState) {
    let active = state.signing_sets().iter().filter(|set| set.status == PairStatus::Active);
    assert!(active.count() <= 1);
    let pending = state.signing_sets().iter().filter(|set| set.status == PairStatus::Pending);
    let made = state.operation().map(|operation| operation.fence.generation);
    assert!(pending.map(|set| Some(set.generation)).all(|generation| generation == made));
    for set in state.signing_sets() {
        let signs = may_sign(state, set.pairs.ed25519).is_ok();
        assert_eq!(signs, set.status == PairStatus::Active && state.frozen().is_none());
        assert!(set.status != PairStatus::Active || set.confirmed.both(), "in force without being confirmed");
    }
    for set in state.backup_sets() {
        match set.status {
            PairStatus::Pending => assert!(set.copy, "the app may have what only our copy fits"),
            PairStatus::Active => {
                assert!(!set.copy && set.confirmed.cipher_text.both() && set.confirmed.custodian.both());
            }
            PairStatus::Retired => assert!(!set.copy),
        }
        assert!(set.generation <= state.latest());
    }
    let retired = |statuses: Vec<PairStatus>| statuses.iter().filter(|status| **status == PairStatus::Retired).count();
    assert!(retired(state.signing_sets().iter().map(|set| set.status).collect()) <= RETIRED_REMEMBERED);
    if let Some(operation) = state.operation() {
        assert!(operation.kind.steps().contains(&operation.step) && operation.step != Step::Committed);
        assert_eq!(operation.fence.generation, state.latest());
    }
}

/// What is true of every change.
fn assert_fair(before: &WalletState, after: &WalletState, effects: &[Effect]) {
    assert!(after.latest() >= before.latest());
    let signing = |state: &WalletState| state.active_signing().map(|set| set.generation);
    if signing(before) != signing(after) {
        assert!(signing(after) > signing(before), "never back, and never none");
        assert_eq!(after.finished().map(|finished| finished.outcome), Some(Outcome::Committed));
    }
    let had_backup = before.active_backups().next().is_some();
    assert!(!had_backup || after.active_backups().next().is_some(), "once there is a backup there is one");
    let wiped = effects.iter().any(|effect| matches!(effect, Effect::WipePendingCustodianHalf { .. }));
    if wiped {
        let finished = after.finished().unwrap();
        assert_eq!(finished.outcome, Outcome::Committed);
        assert!(after.active_backups().any(|set| set.generation == finished.fence.generation));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn random_events_keep_a_record_sound(
        one_slot: bool,
        events in prop::collection::vec((any_event(), 0..8u8), 1..120),
    ) {
        let slots = if one_slot { CustodianSlots::One } else { CustodianSlots::PerMethod };
        let mut state = WalletState::new(slots);
        for (step, (event, choice)) in events.into_iter().enumerate() {
            let event = if choice == 0 { event } else { sensible(&state, choice, 12 + (step % 40) as u8) };
            let Ok((next, effects)) = apply(&state, event.clone()) else { continue };
            assert_sound(&next);
            assert_fair(&state, &next, &effects);
            let text = serde_json::to_string(&next).unwrap();
            prop_assert_eq!(serde_json::from_str::<WalletState>(&text).unwrap(), next.clone());
            let repeatable = !matches!(event, Event::Resumed { .. } | Event::CustodianPushFailed { .. });
            if repeatable && let Ok((again, effects)) = apply(&next, event) {
                prop_assert_eq!(&again, &next, "the same event twice");
                prop_assert!(effects.is_empty());
            }
            state = next;
        }
    }

    #[test]
    fn events_survive_json(event in any_event()) {
        let text = serde_json::to_string(&event).unwrap();
        prop_assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event);
    }
}
