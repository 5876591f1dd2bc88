//! Servers as processes of their own.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::client::{Client, request};

const READY_WITHIN: Duration = Duration::from_secs(30);

/// Variables of the environment that configure a server.
pub(crate) type Environment<'a> = &'a [(&'a str, &'a str)];

/// A running server; it is killed when this is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    child: Child,
    /// Kept open: a server whose output nobody takes could stop.
    _output: Lines<BufReader<ChildStdout>>,
}

impl Server {
    /// Starts `program` and waits until it prints where it listens.
    pub(crate) async fn start<A: AsRef<OsStr>>(
        program: &Path,
        arguments: &[A],
        environment: Environment<'_>,
    ) -> anyhow::Result<Self> {
        let shown = program.display();
        let mut child = Command::new(program)
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .env_remove("KEYSTEAD_LOG")
            .spawn()
            .with_context(|| format!("{shown}: cannot be started (cargo xtask bench builds it)"))?;
        let mut output = BufReader::new(child.stdout.take().context("no output")?).lines();
        let address = tokio::time::timeout(READY_WITHIN, address(&mut output));
        let address = address.await.with_context(|| format!("{shown}: not ready in time"))??;
        Ok(Self { address, child, _output: output })
    }

    /// Starts `keystead serve --dev` on a data directory.
    pub(crate) async fn keystead(data: &Path, environment: Environment<'_>) -> anyhow::Result<Self> {
        let mut arguments = ["serve", "--dev", "--listen", "127.0.0.1:0", "--data"].map(OsStr::new).to_vec();
        arguments.push(data.as_os_str());
        Self::start(&keystead()?, &arguments, environment).await
    }

    /// The id of the process.
    pub(crate) fn id(&self) -> anyhow::Result<u32> {
        self.child.id().context("the server has ended")
    }

    /// Memory of the process that is in RAM, in bytes.
    pub(crate) fn resident(&self) -> anyhow::Result<u64> {
        let id = self.id()?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).context("no /proc: this needs Linux")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kib * 1024)
    }

    /// Waits until the health check says that requests are served.
    pub(crate) async fn until_ready(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + READY_WITHIN;
        let mut client = Client::connect(self.address).await?;
        while client.send(&request("GET", "/health/ready", &[], b"")).await?.status != 200 {
            if Instant::now() > deadline {
                bail!("the server does not get ready");
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    }

    /// Asks the server to stop, and waits until it has.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        let id = self.id()?.to_string();
        Command::new("kill").args(["-TERM", &id]).status().await?;
        let status =
            tokio::time::timeout(READY_WITHIN, self.child.wait()).await.context("the server does not stop")??;
        if !status.success() {
            bail!("the server ended with {status}");
        }
        Ok(())
    }
}

/// How long the threads of a process have run, all together; unlike the time that passes, this hardly
/// depends on what else the machine does.
pub(crate) fn processor_time(id: u32) -> anyhow::Result<Duration> {
    let mut nanoseconds = 0;
    for thread in std::fs::read_dir(format!("/proc/{id}/task")).context("no /proc: this needs Linux")? {
        // A thread may end meanwhile.
        let Ok(line) = std::fs::read_to_string(thread?.path().join("schedstat")) else { continue };
        nanoseconds += line.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0);
    }
    Ok(Duration::from_nanos(nanoseconds))
}

async fn address(output: &mut Lines<BufReader<ChildStdout>>) -> anyhow::Result<SocketAddr> {
    while let Some(line) = output.next_line().await? {
        if let Some((_, address)) = line.split_once("http://") {
            return address.trim().parse().context("the address that the server prints");
        }
    }
    bail!("the server ended before it was ready")
}

/// The release binary, which lies beside this one; another one, say with symbols, where `KEYSTEAD_BIN`
/// says so.
pub(crate) fn keystead() -> anyhow::Result<PathBuf> {
    match std::env::var_os("KEYSTEAD_BIN") {
        Some(binary) => Ok(binary.into()),
        None => Ok(std::env::current_exe()?.with_file_name("keystead")),
    }
}

/// The directory `target/bench`.
pub(crate) fn bench_dir() -> anyhow::Result<PathBuf> {
    let here = std::env::current_exe()?;
    let target = here.parent().and_then(Path::parent).context("this binary is not in a target directory")?;
    let dir = target.join("bench");
    std::fs::create_dir_all(&dir)?;
    Ok(dir)
}

/// A healthcare party with a password.
#[derive(Debug, Clone)]
pub(crate) struct Hcp {
    pub(crate) id: String,
    pub(crate) group: String,
    login: String,
}

pub(crate) const PASSWORD: &str = "a password of the benchmark";

impl Hcp {
    /// Makes one on the data directory of a running server, responsible for new patients.
    pub(crate) async fn create(data: &Path, login: &str, environment: Environment<'_>) -> anyhow::Result<Self> {
        let mut command = Command::new(keystead()?);
        command.envs(environment.iter().copied());
        command.args(["admin", "hcp", "create", "--login", login, "--password", PASSWORD]);
        command.args(["--first-name", "Jorah", "--last-name", "Mormont", "--responsible", "--data"]).arg(data);
        let output = command.stderr(Stdio::inherit()).output().await?;
        if !output.status.success() {
            bail!("keystead admin hcp create ended with {}", output.status);
        }
        let made: Value = serde_json::from_slice(&output.stdout)?;
        Ok(Self { id: text(&made, "dataOwnerId")?, group: text(&made, "groupId")?, login: login.to_owned() })
    }

    /// Writes down who it is, for a later run.
    pub(crate) fn to_json(&self) -> String {
        serde_json::json!({"dataOwnerId": self.id, "groupId": self.group, "login": self.login}).to_string()
    }

    /// Reads what [`Self::to_json`] wrote.
    pub(crate) fn load(json: &str) -> anyhow::Result<Self> {
        let made: Value = serde_json::from_str(json)?;
        Ok(Self { id: text(&made, "dataOwnerId")?, group: text(&made, "groupId")?, login: text(&made, "login")? })
    }

    /// Logs in, and gives the value of the header `Authorization`.
    pub(crate) async fn log_in(&self, address: SocketAddr) -> anyhow::Result<String> {
        let mut client = Client::connect(address).await?;
        let body = serde_json::json!({"username": self.login, "password": PASSWORD}).to_string();
        let answer = client.send(&request("POST", "/rest/v2/auth/login", &[], body.as_bytes())).await?.json()?;
        let token = answer.get("token").and_then(Value::as_str).context("a login without a token")?;
        Ok(format!("Bearer {token}"))
    }
}

fn text(object: &Value, key: &str) -> anyhow::Result<String> {
    object.get(key).and_then(Value::as_str).map(str::to_owned).with_context(|| format!("{key} is missing"))
}

/// Puts this process on one core and the servers on another.
///
/// A system that is free to choose moves a server that answers soon onto the core of the client that waits for
/// it, and another one not; waking an idle core takes longer than reading a document does. So what is compared
/// would be where it put them.
pub(crate) fn place_apart(servers: &[u32]) -> anyhow::Result<()> {
    place(std::process::id(), "0")?;
    servers.iter().try_for_each(|server| place(*server, "1"))
}

/// Lets the system choose the cores again.
pub(crate) fn place_anywhere(servers: &[u32]) -> anyhow::Result<()> {
    let cores = format!("0-{}", num_cores().saturating_sub(1));
    place(std::process::id(), &cores)?;
    servers.iter().try_for_each(|server| place(*server, &cores))
}

fn num_cores() -> usize {
    std::fs::read_dir("/sys/devices/system/cpu").map_or(1, |found| {
        let name = |entry: std::io::Result<std::fs::DirEntry>| entry.ok()?.file_name().into_string().ok();
        let is_core = |name: &String| name.strip_prefix("cpu").is_some_and(|number| number.parse::<u32>().is_ok());
        found.filter_map(name).filter(is_core).count()
    })
}

fn place(process: u32, cores: &str) -> anyhow::Result<()> {
    let placed = std::process::Command::new("taskset")
        .args(["--all-tasks", "--pid", "--cpu-list", cores, &process.to_string()])
        .stdout(Stdio::null())
        .status()
        .context("taskset: cannot be started")?;
    if placed.success() { Ok(()) } else { bail!("taskset: {placed}") }
}
