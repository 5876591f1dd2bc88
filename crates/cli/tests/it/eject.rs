//! `keystead client wallet eject` and `sweep`: the keys go into a file for their owner alone, and nowhere else.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::client::{DAENERYS, JORAH, World, objects};
use crate::http::Caller;
use crate::process::admin;

/// An administrator lets an owner take the keys out.
fn open_window(world: &World, owner: &str) {
    admin(world.data.path(), &["hcp", "create", "--login", "tywin", "--password", "casterly rock", "--admin"]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let caller = Caller::new(world.server.base());
        let login = json!({ "username": "tywin", "password": "casterly rock" });
        let tokens = caller.post("/rest/v2/auth/login", &login).await.unwrap().json();
        let caller = caller.with("authorization", format!("Bearer {}", tokens["token"].as_str().unwrap()));
        let body = json!({ "owner": owner });
        caller.post("/rest/v2/wallet/eject/window", &body).await.unwrap().well();
    });
}

#[test]
fn the_keys_go_into_a_file_and_nowhere_else() {
    let world = World::new();
    let register = ["register", "--doctor", "--email", JORAH, "--first-name", "Jorah", "--last-name", "Mormont"];
    let jorah = objects(&register, &world.with_code("jorah", &register, JORAH));
    let jorah = jorah[0]["dataOwnerId"].as_str().unwrap().to_owned();
    let register = ["register", "--email", DAENERYS, "--first-name", "Daenerys", "--responsible", &jorah];
    let owner = objects(&register, &world.with_code("phone", &register, DAENERYS));
    let owner = owner[0]["dataOwnerId"].as_str().unwrap().to_owned();
    world.client("phone", &["wallet", "create"]);
    let shown = world.client("phone", &["wallet", "show"])[0]["addresses"].clone();

    let file = |name: &str| world.profiles.path().join(name).display().to_string();
    let (backup, pin, keys) = (file("backup"), file("pin"), file("keys"));
    std::fs::write(&pin, "1234567\n").unwrap();
    let opened = ["--method", "pin", "--secret-file", &pin];
    world.client("phone", &[&["wallet", "back-up", &backup][..], &opened].concat());

    let eject = ["wallet", "eject", &backup, "--keys", &keys, "--email", DAENERYS, "--responsible", &jorah];
    let eject = [&eject[..], &opened].concat();
    let refused = world.with_code("phone", &eject, DAENERYS);
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && why.contains("an administrator has to allow"), "{why}");
    assert!(!Path::new(&keys).exists(), "an empty file is no use");

    // what is there is not touched
    open_window(&world, &owner);
    std::fs::write(&keys, "something else").unwrap();
    assert!(world.fails("phone", &eject).contains("cannot be made"));
    assert_eq!(std::fs::read_to_string(&keys).unwrap(), "something else");
    std::fs::remove_file(&keys).unwrap();

    let output = world.with_code("phone", &eject, DAENERYS);
    let said = &objects(&eject, &output)[0];
    assert_eq!((&said["evm"], &said["solana"]), (&shown["evm"], &shown["solana"]));
    assert!(said["warnings"][1].as_str().unwrap().contains("no seed"));
    assert_eq!(std::fs::metadata(&keys).unwrap().permissions().mode() & 0o777, 0o600);
    let written: Value = serde_json::from_str(&std::fs::read_to_string(&keys).unwrap()).unwrap();
    let secrets = [&written["secp256k1"], &written["ed25519"]["scalar"], &written["ed25519"]["expanded"]];
    let secrets = secrets.map(|secret| secret.as_str().unwrap());
    assert_eq!(secrets.map(str::len), [64, 64, 128]);
    assert!(secrets[2].starts_with(secrets[1]));
    let printed = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(secrets.iter().all(|secret| !printed.contains(&secret[..16])));

    // what the wallet holds on Solana goes elsewhere
    let to = "FVen3X669xLzsi6N2V91DoiyzHzg1uAgqiT8jZ9nS96Z";
    let hash = "EkSnNWid2cvwEVnVx9aBqawnmiCNiDgp3gUdkDPTKN1N";
    let sweep = ["wallet", "sweep", "--keys", &keys, "--to", to, "--recent-blockhash", hash, "--balance", "1000000"];
    let swept = &world.client("nobody", &sweep)[0];
    assert_eq!(swept["from"], shown["solana"]);
    assert!(swept["transaction"].as_str().unwrap().len() > 280);
    let too_little = [&sweep[..8], &["--balance", "5000"]].concat();
    assert!(world.fails("nobody", &too_little).contains("balance: expected more lamports than the fee"));
    let other = ["wallet", "sweep", "--keys", &pin, "--to", to, "--recent-blockhash", hash, "--balance", "1000000"];
    let refused = world.fails("nobody", &other);
    assert!(refused.contains("not a file of wallet eject") && !refused.contains("1234567"), "{refused}");
}
