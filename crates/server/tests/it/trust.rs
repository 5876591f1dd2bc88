//! What the crates may link: the trust boundaries of the design, read from the dependency tree.

use std::collections::BTreeSet;
use std::process::Command;

/// Crates of this workspace that can open what a client sealed. The promise that the server cannot
/// decrypt a record is kept by not linking them: whatever is wrong in the server, the code that could
/// do it is not there.
const CAN_DECRYPT: [&str; 2] = ["keystead-crypto", "keystead-sdk"];

/// Crates that do I/O or are asynchronous. The model says what is said, and nothing else: clients of
/// every platform link it.
const DOES_IO: [&str; 8] = ["tokio", "axum", "rusqlite", "hyper", "reqwest", "async-trait", "futures-util", "mio"];

/// Every crate that `package` links with any feature, itself included; what only its tests or build
/// scripts use is not linked.
fn linked(package: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--package", package, "--edges", "normal", "--all-features"])
        .args(["--prefix", "none", "--format", "{p}"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

fn found<'a>(names: &[&'a str], tree: &BTreeSet<String>) -> Vec<&'a str> {
    names.iter().copied().filter(|name| tree.contains(*name)).collect()
}

#[test]
fn the_server_links_nothing_that_can_decrypt() {
    let tree = linked("keystead-server");
    // A tree that is read wrongly would have none of these either.
    assert_eq!(found(&["keystead-server", "keystead-store", "keystead-model", "tokio"], &tree).len(), 4);
    assert_eq!(found(&CAN_DECRYPT, &tree), Vec::<&str>::new());
}

#[test]
fn the_model_does_no_io() {
    let tree = linked("keystead-model");
    assert_eq!(found(&["keystead-model", "serde_json"], &tree).len(), 2);
    assert_eq!(found(&DOES_IO, &tree), Vec::<&str>::new());
    // The names are right: the server links nearly all of them.
    assert!(found(&DOES_IO, &linked("keystead-server")).len() >= 6);
}
