//! `keystead client`: a patient and a doctor, each with a profile, from the registration to a lost key.

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Instant;

use serde_json::Value;
use tempfile::TempDir;

use crate::process::{PATIENCE, Server};

pub(crate) const DAENERYS: &str = "daenerys@example.org";
pub(crate) const JORAH: &str = "jorah@example.org";

pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) profiles: TempDir,
    pub(crate) data: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        Self { server: Server::dev(data.path()), profiles: tempfile::tempdir().unwrap(), data }
    }

    /// A command of a profile.
    pub(crate) fn command(&self, profile: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keystead"));
        command.arg("client").args(arguments).arg("--json").arg("--profile").arg(self.profile(profile));
        command
    }

    fn profile(&self, name: &str) -> std::path::PathBuf {
        self.profiles.path().join(name)
    }

    /// Runs a command that goes well: the objects that it prints.
    pub(crate) fn client(&self, profile: &str, arguments: &[&str]) -> Vec<Value> {
        let output = self.command(profile, arguments).stdin(Stdio::null()).output().unwrap();
        objects(arguments, &output)
    }

    /// Runs a command that fails: what it says.
    pub(crate) fn fails(&self, profile: &str, arguments: &[&str]) -> String {
        let output = self.command(profile, arguments).stdin(Stdio::null()).output().unwrap();
        assert!(!output.status.success(), "{arguments:?} went well");
        String::from_utf8(output.stderr).unwrap()
    }

    /// Runs a command that asks for the code sent to `address`.
    pub(crate) fn with_code(&self, profile: &str, arguments: &[&str], address: &str) -> Output {
        let command = self.command(profile, &[arguments, &["--server", &self.server.base()]].concat());
        self.given_code(command, address).wait_with_output().unwrap()
    }

    /// Starts a command that asks for the code sent to `address`, and gives it the code.
    pub(crate) fn given_code(&self, mut command: Command, address: &str) -> Child {
        let sent = self.sent(address).len();
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        let began = Instant::now();
        let code = loop {
            let messages = self.sent(address);
            if messages.len() > sent {
                break messages[0]["code"].as_str().unwrap().to_owned();
            }
            assert!(began.elapsed() < PATIENCE, "no code was sent");
            std::thread::sleep(std::time::Duration::from_millis(5));
        };
        writeln!(child.stdin.take().unwrap(), "{code}").unwrap();
        child
    }

    fn sent(&self, address: &str) -> Vec<Value> {
        let url = format!("{}/dev/outbox?to={address}", self.server.base());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let http = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
            http.get(url).send().await.unwrap().json().await.unwrap()
        })
    }
}

pub(crate) fn objects(arguments: &[&str], output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn from_the_registration_to_a_lost_key() {
    let world = World::new();
    let register = ["register", "--doctor", "--email", JORAH, "--first-name", "Jorah", "--last-name", "Mormont"];
    let jorah = objects(&register, &world.with_code("jorah", &register, JORAH));
    let jorah = jorah[0]["dataOwnerId"].as_str().unwrap().to_owned();
    let register = ["register", "--email", DAENERYS, "--first-name", "Daenerys", "--responsible", &jorah];
    let daenerys = objects(&register, &world.with_code("daenerys", &register, DAENERYS));
    let daenerys = daenerys[0]["dataOwnerId"].as_str().unwrap().to_owned();

    let add = ["sample", "add", "weight", "--number", "61.5", "--unit", "kg", "--tag", "LOINC|29463-7|2"];
    let added = world.client("daenerys", &add)[0]["id"].as_str().unwrap().to_owned();
    let listed = world.client("daenerys", &["sample", "list"]);
    assert_eq!(listed[0]["samples"][0]["content"]["en"]["measureValue"]["value"], 61.5);
    let shown = world.client("jorah", &["sample", "show", &added]);
    assert_eq!((&shown[0]["authenticated"], &shown[0]["sample"]["label"]), (&true.into(), &"weight".into()));
    world.client("jorah", &["sample", "list", "--patient", &daenerys]);

    // not shared any more from now on
    world.client("daenerys", &["share-future", "--with", &jorah, "--stop"]);
    let secret = world.client("daenerys", &["sample", "add", "diary", "--text", "a secret"]);
    let secret = secret[0]["id"].as_str().unwrap().to_owned();
    world.fails("jorah", &["sample", "show", &secret]);
    let report = &world.client("daenerys", &["report"])[0];
    assert_eq!(report["atRisk"], 1);
    world.client("daenerys", &["share", &secret, "--with", &jorah]);
    assert_eq!(world.client("daenerys", &["report"])[0]["atRisk"], 0);

    // a new laptop: nothing is decided silently
    let stopped = world.with_code("laptop", &["login", "--email", DAENERYS, "--responsible", &jorah], DAENERYS);
    let said = String::from_utf8(stopped.stderr).unwrap();
    assert!(!stopped.status.success() && said.contains("--new-key") && said.contains("--recovery-key"), "{said}");
    let login = ["login", "--email", DAENERYS, "--responsible", &jorah, "--new-key"];
    let asked = objects(&login, &world.with_code("laptop", &login, DAENERYS));
    let words = asked[1]["words"].as_str().unwrap();
    assert_eq!(world.client("laptop", &["sample", "list"])[0]["samples"].as_array().unwrap().len(), 0);

    let pending = &world.client("jorah", &["notifications"])[0]["pending"];
    assert_eq!(pending[0]["from"], daenerys);
    let notification = pending[0]["id"].as_str().unwrap();
    assert!(world.fails("jorah", &["give-back", notification, "--words", "these are other words"]).contains("Error"));
    assert_eq!(world.client("laptop", &["sample", "list"])[0]["samples"].as_array().unwrap().len(), 0);
    world.client("jorah", &["give-back", notification, "--words", words]);
    assert_eq!(world.client("laptop", &["sample", "list"])[0]["samples"].as_array().unwrap().len(), 2);
    assert!(world.client("jorah", &["notifications"])[0]["pending"].as_array().unwrap().is_empty());
}

#[test]
fn a_recovery_key_brings_everything_back() {
    let world = World::new();
    let register = ["register", "--doctor", "--email", JORAH];
    let jorah = objects(&register, &world.with_code("jorah", &register, JORAH));
    let jorah = jorah[0]["dataOwnerId"].as_str().unwrap().to_owned();
    let register = ["register", "--email", DAENERYS, "--responsible", &jorah];
    objects(&register, &world.with_code("daenerys", &register, DAENERYS));
    world.client("daenerys", &["share-future", "--with", &jorah, "--stop"]);
    world.client("daenerys", &["sample", "add", "diary", "--text", "a secret"]);
    let kit = &world.client("daenerys", &["recovery-kit", "--days", "30"])[0];
    let key = kit["recoveryKey"].as_str().unwrap();
    assert_eq!(world.client("daenerys", &["report"])[0]["atRisk"], 0);

    // asked for before the code
    let base = world.server.base();
    let login = ["login", "--email", DAENERYS, "--responsible", &jorah, "--recovery-key", "--server", &base];
    let sent = world.sent(DAENERYS).len();
    let mut child = world
        .command("laptop", &login)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, "{}", key.to_lowercase()).unwrap();
    let began = Instant::now();
    while world.sent(DAENERYS).len() == sent {
        assert!(began.elapsed() < PATIENCE, "no code was sent");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    writeln!(stdin, "{}", world.sent(DAENERYS)[0]["code"].as_str().unwrap()).unwrap();
    drop(stdin);
    objects(&login, &child.wait_with_output().unwrap());
    let listed = &world.client("laptop", &["sample", "list"])[0];
    assert_eq!(listed["samples"][0]["content"]["en"]["stringValue"], "a secret");
}

#[test]
fn what_is_wrong_is_said() {
    let world = World::new();
    assert!(world.fails("nobody", &["sample", "list"]).contains("nobody is logged in"));
    assert!(world.fails("nobody", &["register"]).contains("--email or --sms"));
    let missing = Path::new("/nonexistent/passphrase").to_str().unwrap();
    assert!(world.fails("nobody", &["whoami", "--passphrase-file", missing]).contains("cannot be read"));
}

#[test]
fn a_wallet_comes_back_with_its_backup() {
    let world = World::new();
    let register = ["register", "--doctor", "--email", JORAH, "--first-name", "Jorah", "--last-name", "Mormont"];
    let jorah = objects(&register, &world.with_code("jorah", &register, JORAH));
    let jorah = jorah[0]["dataOwnerId"].as_str().unwrap().to_owned();
    let register = ["register", "--email", DAENERYS, "--first-name", "Daenerys", "--responsible", &jorah];
    objects(&register, &world.with_code("phone", &register, DAENERYS));
    assert!(world.fails("phone", &["wallet", "show"]).contains("wallet create"));
    let made = world.client("phone", &["wallet", "create"])[0]["evm"].clone();

    let file = |name: &str| world.profiles.path().join(name).display().to_string();
    let (backup, key, pin) = (file("backup"), file("key"), file("pin"));
    std::fs::write(&pin, "123\n").unwrap();
    let with_pin = ["wallet", "back-up", &backup, "--method", "pin", "--secret-file", &pin];
    assert!(world.fails("phone", &with_pin).contains("at least 4 characters"));
    assert!(world.fails("phone", &["wallet", "back-up", &backup, "--method", "file"]).contains("--key-file"));
    let drive = ["wallet", "back-up", &backup, "--method", "google-drive"];
    assert!(world.fails("phone", &drive).contains("--access-token-file"));
    let nobody = [&drive[..], &["--access-token-file", &pin, "--drive-url", "http://127.0.0.1:9"]].concat();
    assert!(world.fails("phone", &nobody).contains("cannot be reached"));
    let by_file = ["--method", "file", "--key-file", &key];
    world.client("phone", &[&["wallet", "back-up", &backup][..], &by_file].concat());
    // said again, for whoever missed the answer
    world.client("phone", &["wallet", "stored"]);
    let shown = &world.client("phone", &["wallet", "show"])[0];
    assert_eq!((&shown["onDevice"], &shown["methods"]), (&true.into(), &serde_json::json!(["FILE"])));

    let login = ["login", "--email", DAENERYS, "--responsible", &jorah, "--new-key"];
    objects(&login, &world.with_code("laptop", &login, DAENERYS));
    let sign = ["wallet", "sign", "personal_sign", r#"["hello"]"#];
    assert!(world.fails("laptop", &sign).contains("recover"));
    assert!(world.fails("laptop", &["wallet", "recover", &backup]).contains("another method"));
    let drill = &world.client("laptop", &[&["wallet", "drill", &backup][..], &by_file].concat())[0];
    assert!(drill["statement"].as_str().unwrap().contains(r#""method":"FILE""#));
    assert!(world.fails("laptop", &["wallet", "drill", &backup]).contains("another method"));
    let recovered = &world.client("laptop", &[&["wallet", "recover", &backup][..], &by_file].concat())[0];
    assert_eq!(recovered["evm"], made);
    let signed = world.client("laptop", &sign)[0]["result"].as_str().unwrap().len();
    assert_eq!(signed, 132);
    assert!(world.fails("phone", &sign).contains("recover"));
    let wrong = ["wallet", "sign", "personal_sign", r#"[1]"#];
    assert!(world.fails("laptop", &wrong).contains("params[0]: expected a text"));
    assert!(world.fails("laptop", &["wallet", "sign", "eth_mine", "[]"]).contains("personal_sign"));
}
