//! The application as a process of its own, to be killed: this test program, started again for one ignored test.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use super::application::{Application, Order};
use super::watch::At;
use crate::process::PATIENCE;

/// What it is started for, as JSON.
const ORDER: &str = "KEYSTEAD_TEST_CLIENT";
const DONE: &str = "done: ";
const FAILED: &str = "failed: ";

#[test]
#[ignore = "not a test: the process that the tests here start and kill"]
fn process() {
    let Ok(order) = std::env::var(ORDER) else { return };
    // nobody is left behind by a test that ends
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(1);
    });
    let order: Order = serde_json::from_str(&order).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let said = match runtime.block_on(async { Application::start(&order).await.carry_out(&order).await }) {
        Ok(addresses) => format!("{DONE}{} {}", addresses.evm, addresses.solana),
        Err(error) => format!("{FAILED}{error}"),
    };
    say(&said);
}

/// Tells the test something, on a line of its own whatever the test harness writes.
pub(super) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{line}").unwrap();
    out.flush().unwrap();
}

/// A running application. It is killed when it is dropped.
pub(super) struct Client {
    child: Child,
    lines: Receiver<String>,
}

impl Client {
    pub(super) fn start(order: &Order) -> Self {
        let name = format!("{}::process", module_path!().split_once("::").unwrap().1);
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &name, "--ignored", "--nocapture"])
            .env(ORDER, serde_json::to_string(order).unwrap())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Self { child, lines }
    }

    /// The next line that says this.
    fn next(&self, wanted: impl Fn(&str) -> bool) -> Result<String, Vec<String>> {
        let (deadline, mut others) = (Instant::now() + PATIENCE, Vec::new());
        while let Ok(line) = self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            if wanted(&line) {
                return Ok(line);
            }
            others.push(line);
        }
        Err(others)
    }

    /// Waits until it stops there.
    pub(super) fn stops(&self, at: &At) {
        let wanted = at.to_string();
        self.next(|line| line == wanted).unwrap_or_else(|others| panic!("the client is never {wanted}: {others:?}"));
    }

    /// Waits until it ends: the addresses on EVM and on Solana, or why it failed.
    pub(super) fn ends(&self) -> Result<(String, String), String> {
        let ended = self.next(|line| line.starts_with(DONE) || line.starts_with(FAILED));
        let line = ended.unwrap_or_else(|others| panic!("the client does not end: {others:?}"));
        match line.strip_prefix(DONE) {
            Some(addresses) => {
                let (evm, solana) = addresses.split_once(' ').unwrap();
                Ok((evm.to_owned(), solana.to_owned()))
            }
            None => Err(line),
        }
    }

    /// `kill -9`
    pub(super) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
