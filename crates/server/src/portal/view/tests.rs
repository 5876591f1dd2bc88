//! Wallets at every stage of their lives, as clients see them.

use keystead_model::wallet::{
    BackupMethod, CustodianSlots, Event, Fence, OperationId, OperationKind, PairIds, choose::CustodianShare,
    lifecycle::apply,
};
use serde_json::json;

use super::*;

fn pairs(seed: u8) -> PairIds {
    PerCurve { secp256k1: PairId([seed; 16]), ed25519: PairId([seed + 100; 16]) }
}

fn keys() -> PerCurve<Vec<u8>> {
    let key = |text| hex::decode(text).unwrap();
    PerCurve {
        secp256k1: key("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"),
        ed25519: key("5866666666666666666666666666666666666666666666666666666666666666"),
    }
}

fn go(state: &mut WalletState, event: Event) {
    *state = apply(state, event.clone()).unwrap_or_else(|error| panic!("{event:?}: {error}")).0;
}

fn protocol(state: &mut WalletState, kind: OperationKind, signing: Option<u8>, backup: Option<u8>) -> Fence {
    let after = state.latest();
    let generation = after.next().unwrap();
    let operation = OperationId([u8::try_from(generation.0).unwrap(); 16]);
    let fence = Fence { operation, generation };
    go(state, Event::OperationBegan { operation, after, operation_kind: kind, stepped_up: true, at: 1_000 });
    let (signing, backup) = (signing.map(pairs), backup.map(pairs));
    go(state, Event::ProtocolFinished { fence, signing, backup });
    fence
}

fn back_up(state: &mut WalletState, from: u8, to: u8) {
    let kind = OperationKind::Backup { method: BackupMethod::Vault, from: pairs(from) };
    let fence = protocol(state, kind, None, Some(to));
    go(state, Event::ClientBackupStored { fence, pairs: pairs(to).to_set(), success: true });
    go(state, Event::Resumed { fence, at: 2_000 });
    go(state, Event::CustodianPushed { fence });
    let shares = pairs(to).to_set().into_iter().map(|pair| CustodianShare { pair, intact: true }).collect();
    go(state, Event::CustodianAnswered { fence, shares });
}

/// What is shown of `state`: the wallets, and the statuses of version 1.
fn shown(state: &WalletState, keys: Option<&PerCurve<Vec<u8>>>) -> (Vec<Value>, Value) {
    let made = BTreeMap::from([(PairId([1; 16]), 1_700_000_000_123), (PairId([3; 16]), 1_700_000_001_000)]);
    let facts = Facts { id: "w", created: 1_700_000_000_000, state, keys, made: &made };
    (facts.wallets(), json!([facts.newest_signing(), facts.newest_backup()]))
}

/// Ids and statuses of the pairs of one kind on secp256k1.
fn statuses(state: &WalletState, kind: &str) -> Value {
    let (wallets, _) = shown(state, Some(&keys()));
    let pairs = wallets[0][kind].as_array().unwrap();
    pairs.iter().map(|pair| json!([pair["id"].as_str().unwrap()[..2], pair["status"]])).collect()
}

#[test]
fn there_is_no_wallet_before_there_are_keys() {
    let (wallets, v1) = shown(&WalletState::new(CustodianSlots::PerMethod), None);
    assert_eq!((wallets, v1), (vec![], json!([null, null])));
}

#[test]
fn a_wallet_is_shown_from_its_making_to_its_second_backup() {
    let mut state = WalletState::new(CustodianSlots::PerMethod);
    let fence = protocol(&mut state, OperationKind::Create, Some(1), None);
    assert_eq!(statuses(&state, "signingSharePairs"), json!([["01", "incomplete"]]));
    go(&mut state, Event::SigningHalfConfirmed { fence, pairs: [PairId([1; 16])].into() });
    assert_eq!(statuses(&state, "signingSharePairs"), json!([["01", "completed"]]));
    assert_eq!(shown(&state, Some(&keys())).1, json!(["STORED_DATABASE", null]), "one curve is not all");
    go(&mut state, Event::SigningHalfConfirmed { fence, pairs: [PairId([101; 16])].into() });
    assert_eq!(shown(&state, Some(&keys())).1, json!(["STORED_CLIENT", null]));

    let kind = OperationKind::Backup { method: BackupMethod::Vault, from: pairs(1) };
    let fence = protocol(&mut state, kind, None, Some(3));
    assert_eq!(statuses(&state, "backupSharePairs"), json!([["03", "incomplete"]]));
    assert_eq!(shown(&state, Some(&keys())).1, json!(["STORED_CLIENT", "STORED_DATABASE"]));
    go(&mut state, Event::Abandoned { fence, at: 2_000 });
    back_up(&mut state, 1, 5);
    assert_eq!(statuses(&state, "backupSharePairs"), json!([["05", "completed"]]), "what went before is left out");
    assert_eq!(shown(&state, Some(&keys())).1, json!(["STORED_CLIENT", "STORED_CLIENT_BACKUP_SHARE"]));
}

#[test]
fn a_recovery_shows_both_signing_pairs_until_the_old_one_is_over() {
    let mut state = WalletState::new(CustodianSlots::PerMethod);
    let fence = protocol(&mut state, OperationKind::Create, Some(1), None);
    go(&mut state, Event::SigningHalfConfirmed { fence, pairs: pairs(1).to_set() });
    back_up(&mut state, 1, 3);
    let kind = OperationKind::Recover { from: pairs(3), rotate_backup: false };
    let fence = protocol(&mut state, kind, Some(5), None);
    assert_eq!(statuses(&state, "signingSharePairs"), json!([["01", "completed"], ["05", "incomplete"]]));
    go(&mut state, Event::SigningHalfConfirmed { fence, pairs: pairs(5).to_set() });
    assert_eq!(statuses(&state, "signingSharePairs"), json!([["05", "completed"]]));
}

#[test]
fn wallets_have_the_shape_of_the_wire() {
    let mut state = WalletState::new(CustodianSlots::PerMethod);
    let fence = protocol(&mut state, OperationKind::Create, Some(1), None);
    go(&mut state, Event::SigningHalfConfirmed { fence, pairs: pairs(1).to_set() });
    back_up(&mut state, 1, 3);
    go(&mut state, Event::EjectWindowOpened { until: 1_700_000_300_000, at: 1_700_000_000_000 });
    let (wallets, _) = shown(&state, Some(&keys()));
    let expected = json!({
        "id": "w-SECP256K1",
        "createdAt": "2023-11-14T22:13:20.000Z",
        "curve": "SECP256K1",
        "publicKey": "{\"X\":\"55066263022277343669578718895168534326250603453777594175500187360389116729240\",\"Y\":\"32670510020758816978083085130507043184471273380659243275938904335757337482424\"}",
        "signingSharePairs": [{
            "id": "01010101-0101-0101-0101-010101010101",
            "createdAt": "2023-11-14T22:13:20.123Z",
            "status": "completed",
        }],
        "backupSharePairs": [{
            "id": "03030303-0303-0303-0303-030303030303",
            "backupMethod": "CUSTOM",
            "createdAt": "2023-11-14T22:13:21.000Z",
            "status": "completed",
        }],
        "ejectableUntil": "2023-11-14T22:18:20.000Z",
    });
    assert_eq!(wallets[0], expected);
    assert_eq!((wallets.len(), &wallets[1]["curve"]), (2, &json!("ED25519")));
}

#[test]
fn addresses_are_those_of_the_chains() {
    let (state, made) = (WalletState::default(), BTreeMap::new());
    let keys = keys();
    let facts = Facts { id: "w", created: 0, state: &state, keys: Some(&keys), made: &made };
    let namespaces = facts.namespaces();
    assert_eq!(
        namespaces["eip155"],
        json!({"address": "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf", "curve": "SECP256K1"})
    );
    let bitcoin = &namespaces["bip122"];
    assert_eq!(bitcoin["address"], "");
    assert_eq!(bitcoin["bitcoin"]["p2wpkh"]["mainnet"], "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4");
    assert!(namespaces["tron"]["address"].as_str().unwrap().starts_with('T'));
    assert!(namespaces["stellar"]["address"].as_str().unwrap().starts_with('G'));
    assert_eq!(namespaces["solana"]["curve"], "ED25519");
    assert_eq!(facts.address().unwrap(), "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf");
    assert_eq!(facts.curve_of("w-ED25519"), Some(Curve::Ed25519));
    assert_eq!(facts.curve_of("w"), None);
}
