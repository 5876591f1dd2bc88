//! The page on the lifecycle lists the steps that the code has.

use keystead_model::wallet::{BackupMethod, OperationKind, PairId, PerCurve, persisted_steps};

const BEGIN: &str = "<!-- begin: persisted steps -->\n";
const END: &str = "<!-- end: persisted steps -->";

fn table() -> String {
    let from = PerCurve { secp256k1: PairId([0; 16]), ed25519: PairId([1; 16]) };
    let kinds = [
        ("create", OperationKind::Create),
        ("back up", OperationKind::Backup { method: BackupMethod::Password, from }),
        ("recover", OperationKind::Recover { from, rotate_backup: true }),
        ("recover the signing pair alone", OperationKind::Recover { from, rotate_backup: false }),
        ("eject", OperationKind::Eject { from }),
    ];
    let mut table = "| operation | step of the server | where | what |\n|---|---|---|---|\n".to_owned();
    for (name, kind) in kinds {
        for persisted in persisted_steps(&kind) {
            let step = serde_json::to_value(persisted.step).unwrap();
            let place = format!("{:?}", persisted.place).to_lowercase();
            let step = step.as_str().unwrap();
            table += &format!("| {name} | {step} | {place} | {} |\n", persisted.what);
        }
    }
    table
}

#[test]
fn the_page_lists_every_persisted_step() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/protocol/wallet-lifecycle.md");
    let page = std::fs::read_to_string(path).unwrap();
    let written = page.split_once(BEGIN).unwrap().1.split_once(END).unwrap().0;
    assert_eq!(written, table(), "put this between the marks of {path}:\n{}", table());
}
