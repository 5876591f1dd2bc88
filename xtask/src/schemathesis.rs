//! Schemathesis: requests made from the OpenAPI document, sent to a server of development mode, whose answers have
//! to be what the document says and never 5xx.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::bail;

use crate::steps::{self, command, output, root, works};

/// The version, so that what passes today passes tomorrow.
const PACKAGE: &str = "schemathesis==4.32.5";
/// What an answer is held against.
const CHECKS: &str = "not_a_server_error,response_schema_conformance,content_type_conformance,status_code_conformance";
/// What ends the session that everything else needs.
const ENDS_THE_SESSION: &str = "^/rest/v2/auth/(logout|invalidate|switch)";
const EXAMPLES: &str = "12";
/// Seconds that generating may take.
const SECONDS: &str = "210";
const LOGIN: &str = "schemathesis";

/// Runs it for at most four minutes.
pub(crate) fn run() -> anyhow::Result<()> {
    let program = install()?;
    steps::build()?;
    let server = Server::start()?;
    let base = format!("http://{}", server.address);
    let mut run = command(&program, &["run", &format!("{base}/openapi.json"), "--url", &base]);
    run.args(["--phases", "fuzzing"])
        .args(["--checks", CHECKS, "--exclude-path-regex", ENDS_THE_SESSION, "--max-examples", EXAMPLES])
        .args(["--max-time", SECONDS, "--workers", "2", "--continue-on-failure", "--no-color"])
        .args(["--warnings", "off", "--suppress-health-check", "all", "--request-timeout", "20"]);
    // it keeps examples that failed in the folder it runs in
    // requests it makes can end the session, so the hooks log in again now and then
    run.env("SCHEMATHESIS_HOOKS", "hooks").env("PYTHONPATH", root().join("xtask/schemathesis"));
    run.env("PYTHONDONTWRITEBYTECODE", "1").env("KEYSTEAD", &base).env("KEYSTEAD_LOGIN", LOGIN);
    run.env("KEYSTEAD_CUSTODIAN", server.custodian()?);
    steps::run(run.current_dir(root().join("target/schemathesis")))
}

/// Installs into `target/schemathesis`; the program.
fn install() -> anyhow::Result<String> {
    let folder = root().join("target/schemathesis/venv");
    let program = folder.join("bin/schemathesis").to_string_lossy().into_owned();
    let wanted = PACKAGE.rsplit('=').next().unwrap_or_default();
    if works(&program, &["--version"]) {
        let version = output(&mut command(&program, &["--version"]))?;
        if String::from_utf8_lossy(&version).trim().ends_with(wanted) {
            return Ok(program);
        }
    }
    let make = || works("python3", &["-m", "venv", "--clear", &folder.to_string_lossy()]);
    if !make() {
        if !works("apt-get", &["--version"]) {
            bail!("Schemathesis needs Python 3 with venv: install it and try again");
        }
        steps::run(&mut command("apt-get", &["update"]))?;
        steps::run(&mut command("apt-get", &["install", "--yes", "--no-install-recommends", "python3-venv"]))?;
        if !make() {
            bail!("python3 -m venv fails");
        }
    }
    let pip = folder.join("bin/pip").to_string_lossy().into_owned();
    steps::run(&mut command(&pip, &["install", "--quiet", "--disable-pip-version-check", PACKAGE]))?;
    Ok(program)
}

/// A server on a free port with an empty database, stopped when dropped.
struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    fn start() -> anyhow::Result<Self> {
        let folder = root().join("target/schemathesis");
        let data = folder.join("data");
        if data.exists() {
            fs::remove_dir_all(&data)?;
        }
        fs::create_dir_all(&data)?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let data = data.to_string_lossy();
        let program = root().join("target/debug/keystead").to_string_lossy().into_owned();
        // what is refused because there was so much of it would tell nothing
        let limits = ["CUSTODIAN", "CLIENT"].map(|who| (format!("KEYSTEAD_PORTAL__{who}_CALLS_PER_MINUTE"), "60000"));
        let process = command(&program, &["serve", "--dev", "--data", &data, "--listen", &address.to_string()])
            .envs(limits)
            .stdout(log(&folder)?)
            .stderr(log(&folder)?)
            .spawn()?;
        let server = Self { process, address };
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            if began.elapsed() > Duration::from_secs(30) {
                bail!("the server does not start: see {}", folder.join("server.log").display());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let create = ["admin", "--data", &data, "hcp", "create", "--login", LOGIN, "--password", LOGIN, "--admin"];
        steps::run(command(&program, &create).stdout(Stdio::null()))?;
        Ok(server)
    }
}

impl Server {
    /// The API key of a new custodian.
    fn custodian(&self) -> anyhow::Result<String> {
        let data = root().join("target/schemathesis/data");
        let program = root().join("target/debug/keystead").to_string_lossy().into_owned();
        let create = ["admin", "--data", &data.to_string_lossy(), "custodian", "create", "--name", LOGIN];
        let made = output(&mut command(&program, &create))?;
        let made = String::from_utf8_lossy(&made).into_owned();
        let key = made.split_once("\"apiKey\":\"").and_then(|(_, rest)| Some(rest.split_once('"')?.0.to_owned()));
        key.ok_or_else(|| anyhow::anyhow!("keystead admin custodian create does not tell a key"))
    }
}

fn log(folder: &Path) -> anyhow::Result<fs::File> {
    Ok(fs::OpenOptions::new().create(true).append(true).open(folder.join("server.log"))?)
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
