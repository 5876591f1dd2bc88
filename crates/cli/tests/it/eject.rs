//! `keystead client wallet eject` and `sweep`: the keys go into a file for their owner alone, and nowhere else.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command};

use serde_json::{Value, json};

use crate::client::{DAENERYS, JORAH, World, objects};
use crate::http::Caller;
use crate::process::{Server, admin};

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

/// A wallet on the device `phone`, with a backup that a PIN opens.
struct Prepared {
    world: World,
    /// Whose it is.
    owner: String,
    /// The healthcare party that Daenerys is a patient of.
    jorah: String,
    /// The file with the backup.
    backup: String,
    /// The file with the PIN.
    pin: String,
}

impl Prepared {
    fn new() -> Self {
        let world = World::new();
        let register = ["register", "--doctor", "--email", JORAH, "--first-name", "Jorah", "--last-name", "Mormont"];
        let jorah = objects(&register, &world.with_code("jorah", &register, JORAH));
        let jorah = jorah[0]["dataOwnerId"].as_str().unwrap().to_owned();
        let register = ["register", "--email", DAENERYS, "--first-name", "Daenerys", "--responsible", &jorah];
        let owner = objects(&register, &world.with_code("phone", &register, DAENERYS));
        let owner = owner[0]["dataOwnerId"].as_str().unwrap().to_owned();
        world.client("phone", &["wallet", "create"]);
        let file = |name: &str| world.profiles.path().join(name).display().to_string();
        let (backup, pin) = (file("backup"), file("pin"));
        std::fs::write(&pin, "1234567\n").unwrap();
        world.client("phone", &["wallet", "back-up", &backup, "--method", "pin", "--secret-file", &pin]);
        Self { world, owner, jorah, backup, pin }
    }

    /// The command that takes the keys out into a file.
    fn eject<'a>(&'a self, keys: &'a str) -> Vec<&'a str> {
        let wanted = ["wallet", "eject", &self.backup, "--keys", keys, "--method", "pin", "--secret-file", &self.pin];
        [&wanted[..], &["--email", DAENERYS, "--responsible", &self.jorah]].concat()
    }

    /// Starts it, as `change` makes of it, with the code that it asks for.
    fn start(&self, keys: &str, change: impl FnOnce(Command) -> Command) -> Child {
        let base = self.world.server.base();
        let eject = [&self.eject(keys)[..], &["--server", &base]].concat();
        self.world.given_code(change(self.world.command("phone", &eject)), DAENERYS)
    }

    /// What the server keeps of the wallet: how far its operation is, and when it was ejected.
    fn standing(&self) -> (Value, Value) {
        let database = rusqlite::Connection::open(self.world.data.path().join("keystead.db")).unwrap();
        let query = "SELECT body FROM document WHERE class = 'Wallet'";
        let body: String = database.query_row(query, [], |row| row.get(0)).unwrap();
        let mut state = serde_json::from_str::<Value>(&body).unwrap()["state"].take();
        (state["operation"]["step"].take(), state["ejectedAt"].take())
    }
}

#[test]
fn the_keys_go_into_a_file_and_nowhere_else() {
    let prepared = Prepared::new();
    let (world, owner, pin) = (&prepared.world, &prepared.owner, &prepared.pin);
    let shown = world.client("phone", &["wallet", "show"])[0]["addresses"].clone();
    let keys = world.profiles.path().join("keys").display().to_string();
    let eject = prepared.eject(&keys);
    let refused = world.with_code("phone", &eject, DAENERYS);
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && why.contains("an administrator has to allow"), "{why}");
    assert!(!Path::new(&keys).exists(), "an empty file is no use");

    // what is there is not touched
    open_window(world, owner);
    std::fs::write(&keys, "something else").unwrap();
    let refused = world.fails("phone", &eject);
    assert!(refused.contains("is there already") && !refused.contains("something else"), "{refused}");
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
    let other = ["wallet", "sweep", "--keys", pin, "--to", to, "--recent-blockhash", hash, "--balance", "1000000"];
    let refused = world.fails("nobody", &other);
    assert!(refused.contains("not a file of wallet eject") && !refused.contains("1234567"), "{refused}");
}

/// Where the disk is full: no file gets longer than `bytes`.
fn on_a_full_disk(command: &Command, bytes: usize) -> Command {
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; exec prlimit --fsize=\"$0\" -- \"$@\"", &bytes.to_string()]);
    limited.arg(command.get_program()).args(command.get_args());
    limited
}

/// The server dies when the file is written and it is about to hear of it. What is in the file; the server runs again.
fn breaks_off_at_the_end(prepared: &mut Prepared, keys: &str) -> String {
    let (address, data) = (prepared.world.server.address.to_string(), prepared.world.data.path().to_owned());
    let listen = ["--dev", "--listen", &address];
    prepared.world.server.kill_now();
    prepared.world.server = Server::start(&data, &listen, &[("KEYSTEAD_PAUSE", "eject/COMMITTED/before")]);
    open_window(&prepared.world, &prepared.owner);
    let child = prepared.start(keys, |command| command);
    prepared.world.server.says("paused at eject/COMMITTED/before");
    prepared.world.server.kill_now();
    let output = child.wait_with_output().unwrap();
    let why = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && why.contains("The keys are in"), "{why}");
    let written = std::fs::read_to_string(keys).unwrap();
    // while nobody answers, it stays
    assert!(prepared.world.fails("phone", &prepared.eject(keys)).contains("has keys already"));
    assert_eq!(std::fs::read_to_string(keys).unwrap(), written);
    prepared.world.server = Server::start(&data, &listen, &[]);
    assert_eq!(prepared.standing(), (json!("RELEASED"), Value::Null));
    written
}

#[test]
fn a_full_disk_loses_no_keys() {
    let mut prepared = Prepared::new();
    let keys = prepared.world.profiles.path().join("keys").display().to_string();
    let written = breaks_off_at_the_end(&mut prepared, &keys);
    std::fs::remove_file(&keys).unwrap();
    for _ in 0..2 {
        // more than what a login writes, and not enough for the last bytes of the keys
        let full = |command: Command| on_a_full_disk(&command, written.len() - 1);
        let output = prepared.start(&keys, full).wait_with_output().unwrap();
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && why.contains("keys: cannot be written. Nothing is lost"), "{why}");
        assert!(!Path::new(&keys).exists(), "half a file is no use");
        assert_eq!(prepared.standing(), (json!("RELEASED"), Value::Null));
    }
    let output = prepared.start(&keys, |command| command).wait_with_output().unwrap();
    objects(&prepared.eject(&keys), &output);
    assert_eq!(std::fs::read_to_string(&keys).unwrap(), written);
    let (operation, ejected) = prepared.standing();
    assert!(operation.is_null() && ejected.is_i64(), "{ejected}");
}

#[test]
fn a_file_that_was_written_is_told_about_by_the_same_command() {
    let mut prepared = Prepared::new();
    let keys = prepared.world.profiles.path().join("keys").display().to_string();
    let written = breaks_off_at_the_end(&mut prepared, &keys);
    // neither half a file nor one of another wallet counts
    for other in [&written[..written.len() / 2], &written.replacen("0x", "0x1", 1)] {
        std::fs::write(&keys, other).unwrap();
        let refused = prepared.world.fails("phone", &prepared.eject(&keys));
        assert!(refused.contains("is there already, and nothing was asked for"), "{refused}");
        assert_eq!(prepared.standing(), (json!("RELEASED"), Value::Null));
    }
    // no code is asked for: the keys are out
    std::fs::write(&keys, &written).unwrap();
    for _ in 0..2 {
        let said = &prepared.world.client("phone", &prepared.eject(&keys))[0];
        assert!(written.contains(said["evm"].as_str().unwrap()));
        let (operation, ejected) = prepared.standing();
        assert!(operation.is_null() && ejected.is_i64(), "{ejected}");
    }
    assert_eq!(std::fs::read_to_string(&keys).unwrap(), written);
}
