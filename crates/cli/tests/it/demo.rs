//! `keystead demo`, as a newcomer runs it and as a program does.

use std::process::{Command, Output};

use serde_json::Value;

fn demo(arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_keystead")).arg("demo").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

#[test]
fn a_newcomer_understands_it() {
    let output = demo(&[]);
    let text = String::from_utf8(output.stdout).unwrap();
    // not a terminal: no colours, no bars
    assert!(!text.contains('\u{1b}'));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    for part in [
        "the server has",
        "encryptedSelf",
        "she reads",
        "access is given back",
        "SIGN_SHARE_MISMATCH",
        "all of them",
        "What happened",
    ] {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
}

#[test]
fn a_program_reads_it() {
    let output = demo(&["--json"]);
    let events: Vec<Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |kind: &str| events.iter().filter(|event| event["event"] == kind).collect::<Vec<_>>();
    assert_eq!(of("chapter").len(), 4);
    assert!(of("failed").is_empty());
    let summary = of("summary");
    assert_eq!(summary[0]["steps"], of("step").len());
    // without optimisation the arithmetic of the wallet takes most of it
    let limit = if cfg!(debug_assertions) { 120.0 } else { 10.0 };
    assert!(summary[0]["seconds"].as_f64().unwrap() < limit);
    // what is stored never says what is read
    for beside in of("beside") {
        let (stored, read) = (beside["stored"].as_str().unwrap(), beside["read"].as_str().unwrap());
        assert!(!read.is_empty() && stored.contains("encryptedSelf") && !stored.contains(read), "{beside}");
    }
    assert!(of("beside").len() >= 4);
}
