//! `keystead serve` as a process of its own, on a directory that outlives it.

use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

/// The binary under test.
const KEYSTEAD: &str = env!("CARGO_BIN_EXE_keystead");

/// Nothing here takes longer on a machine that is not broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A running server. It is killed when it is dropped.
pub(crate) struct Server {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// How long it took from the start of the process until it said that it is ready.
    pub(crate) ready_in: Duration,
    child: Child,
    output: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

impl Server {
    /// Starts one in development mode.
    pub(crate) fn dev(data: &Path) -> Self {
        Self::start(data, &["--dev"], &[])
    }

    /// Starts one with more arguments and environment variables.
    pub(crate) fn start(data: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let began = Instant::now();
        let mut child = spawn(data, arguments, environment);
        let (output, (found, address)) = (Arc::new(Mutex::new(String::new())), mpsc::channel());
        let readers = vec![
            follow(child.stdout.take().unwrap(), output.clone(), Some(found)),
            follow(child.stderr.take().unwrap(), output.clone(), None),
        ];
        let Ok(address) = address.recv_timeout(PATIENCE) else {
            let _ = child.kill();
            panic!("the server did not say where it listens:\n{}", output.lock().unwrap());
        };
        Self { address, ready_in: began.elapsed(), child, output, readers }
    }

    /// Starts one in development mode where another one was.
    pub(crate) fn instead_of(gone: Self, data: &Path) -> Self {
        let address = gone.address.to_string();
        drop(gone);
        Self::start(data, &["--dev", "--listen", &address], &[])
    }

    /// Waits until it has written this.
    pub(crate) fn says(&self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.output.lock().unwrap().contains(text) {
            assert!(Instant::now() < deadline, "the server never says {text:?}:\n{}", self.output.lock().unwrap());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// `http://127.0.0.1:port`
    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it as a power cut would, as far as processes can tell.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The same, to be replaced later.
    pub(crate) fn kill_now(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop, as an init system does.
    pub(crate) fn ask_to_stop(&self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }

    /// Waits until it has ended, and gives how it ended and everything it wrote.
    pub(crate) fn ended(mut self) -> (ExitStatus, String) {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None => assert!(Instant::now() < deadline, "the server does not stop"),
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        // The pipes end with the process: afterwards the output is complete.
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        let output = std::mem::take(&mut *self.output.lock().unwrap());
        (status, output)
    }

    /// Asks it to stop and waits: how it ended and everything it wrote.
    pub(crate) fn stop(self) -> (ExitStatus, String) {
        self.ask_to_stop();
        self.ended()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts `keystead serve` without waiting for it.
pub(crate) fn spawn(data: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Child {
    let listen = if arguments.contains(&"--listen") { &[][..] } else { &["--listen", "127.0.0.1:0"] };
    Command::new(KEYSTEAD)
        .arg("serve")
        .args(listen)
        .arg("--data")
        .arg(data)
        .args(arguments)
        .env_remove("KEYSTEAD_LOG")
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Collects what a process writes, and tells `found` the first address in it.
fn follow(
    from: impl Read + Send + 'static,
    output: Arc<Mutex<String>>,
    found: Option<mpsc::Sender<SocketAddr>>,
) -> JoinHandle<()> {
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let address = line.split_once("http://").and_then(|(_, rest)| rest.trim().parse().ok());
            *output.lock().unwrap() += &format!("{line}\n");
            if let (Some(found), Some(address)) = (&found, address) {
                let _ = found.send(address);
            }
        }
    })
}

/// `keystead admin …` on a data directory: the JSON that it prints.
pub(crate) fn admin(data: &Path, arguments: &[&str]) -> Value {
    let output = Command::new(KEYSTEAD).arg("admin").args(arguments).arg("--data").arg(data).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A healthcare party who can log in, and is responsible for those who register.
pub(crate) struct Hcp {
    /// Its data owner id.
    pub(crate) id: String,
    /// Its group.
    pub(crate) group: String,
    /// Its login name.
    pub(crate) login: &'static str,
    /// Its password.
    pub(crate) password: &'static str,
}

impl Hcp {
    /// Makes one.
    pub(crate) fn create(data: &Path) -> Self {
        let (login, password) = ("jorah-of-bear-island", "longclaw-was-forged-in-valyria");
        let names = ["--first-name", "Jorahprename", "--last-name", "Mormontsurname"];
        let mut arguments = vec!["hcp", "create", "--login", login, "--password", password, "--responsible"];
        arguments.extend(names);
        let made = admin(data, &arguments);
        let text = |key: &str| made[key].as_str().unwrap().to_owned();
        Self { id: text("dataOwnerId"), group: text("groupId"), login, password }
    }
}
