//! A real PostgreSQL for tests, from the packages of the machine: started in moments, gone with whoever started it.

use std::io;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::Fresh;
use crate::postgres::{Options, PostgresStore};
use crate::{Result, Store, StoreError};

/// Where Debian puts the programs of each version.
const PACKAGES: &str = "/usr/lib/postgresql";
/// No machine takes longer to start a server.
const PATIENCE: Duration = Duration::from_secs(30);
/// The account that runs the server where the tests run as root, which PostgreSQL refuses.
const USER: &str = "postgres";

/// A server that listens at a socket in a directory of its own. It is killed when it is dropped, or when the thread
/// that started it ends.
pub struct PostgresServer {
    /// `postgres://…`, of a database without tables.
    pub url: String,
    child: Child,
    dir: TempDir,
    settings: &'static [&'static str],
}

impl PostgresServer {
    /// Starts one.
    ///
    /// # Errors
    /// PostgreSQL is not installed (`cargo xtask test` does that), or does not start.
    pub fn start() -> io::Result<Self> {
        Self::start_with(&QUICK)
    }

    /// Starts one that survives a power cut, as an operator would: for measurements.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_durable() -> io::Result<Self> {
        Self::start_with(&DURABLE)
    }

    fn start_with(settings: &'static [&'static str]) -> io::Result<Self> {
        let programs = programs()?;
        let account = account()?;
        let template = template(&programs, account)?;
        let dir = TempDir::new()?;
        give(dir.path(), account)?;
        let data = dir.path().join("data");
        run(copying(&template, &data, account))?;
        let child = spawn(dir.path(), settings)?;
        let url = format!("postgres://keystead@localhost/postgres?host={}", dir.path().display());
        let mut server = Self { url, child, dir, settings };
        server.wait()?;
        Ok(server)
    }

    /// A store with empty tables: whatever was in the database is gone.
    ///
    /// # Errors
    /// The server does not answer.
    pub async fn empty_store(&self) -> Result<Arc<dyn Store>> {
        let pool = sqlx::PgPool::connect(&self.url).await?;
        sqlx::raw_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public").execute(&pool).await?;
        pool.close().await;
        PostgresStore::migrate(&self.url).await?;
        Ok(Arc::new(PostgresStore::connect(&self.url, Options::default()).await?))
    }

    /// The id of its process, for tests that end it.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a power cut would, and starts it again on the same data.
    ///
    /// # Errors
    /// It does not start.
    pub fn restart(&mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        let began = Instant::now();
        loop {
            self.child = spawn(self.dir.path(), self.settings)?;
            match self.wait() {
                Ok(()) => return Ok(()),
                // the last processes of the one before may still be at the data
                Err(_) if began.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(20)),
                Err(error) => return Err(error),
            }
        }
    }

    /// Waits until it takes connections.
    fn wait(&mut self) -> io::Result<()> {
        let began = Instant::now();
        let ready = programs()?.join("pg_isready");
        loop {
            let asked = Command::new(&ready).arg("-q").arg("-h").arg(self.dir.path()).status()?;
            if asked.success() {
                return Ok(());
            }
            if self.child.try_wait()?.is_some() || began.elapsed() > PATIENCE {
                let log = std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
                return Err(io::Error::other(format!("PostgreSQL does not start: {log}")));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Starts a server on the data in a directory.
fn spawn(dir: &Path, settings: &[&str]) -> io::Result<Child> {
    let mut command = as_account(&programs()?.join("postgres"), account()?);
    command.arg("-D").arg(dir.join("data")).arg("-k").arg(dir);
    for setting in SETTINGS.iter().chain(settings) {
        command.args(["-c", setting]);
    }
    let log = std::fs::File::create(dir.join("log"))?;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn()
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        // its data goes with it, so there is nothing to finish
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const SETTINGS: [&str; 3] = ["listen_addresses=", "max_connections=200", "unix_socket_permissions=0777"];
/// A test's data must survive the end of the process, and need not survive a power cut.
const QUICK: [&str; 4] = ["fsync=off", "full_page_writes=off", "shared_buffers=64MB", "autovacuum=off"];
/// The defaults, but for memory.
const DURABLE: [&str; 1] = ["shared_buffers=256MB"];

/// The programs of the newest version.
fn programs() -> io::Result<PathBuf> {
    let missing = || io::Error::other("PostgreSQL is not installed: `cargo xtask test` does that");
    let versions = std::fs::read_dir(PACKAGES).map_err(|_| missing())?;
    let mut found: Vec<(u32, PathBuf)> = versions
        .filter_map(|version| {
            let version = version.ok()?;
            let programs = version.path().join("bin");
            let number = version.file_name().to_str()?.parse().ok()?;
            programs.join("initdb").is_file().then_some((number, programs))
        })
        .collect();
    found.sort();
    found.pop().map(|(_, programs)| programs).ok_or_else(missing)
}

/// The account to run as: none if we are not root.
fn account() -> io::Result<Option<(u32, u32)>> {
    let id = |arguments: &[&str]| -> io::Result<u32> {
        let output = Command::new("id").args(arguments).output()?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        text.parse().map_err(|_| io::Error::other("the account `postgres` is missing"))
    };
    if id(&["-u"])? != 0 {
        return Ok(None);
    }
    Ok(Some((id(&["-u", USER])?, id(&["-g", USER])?)))
}

/// A command as that account, that ends with us.
fn as_account(program: &Path, account: Option<(u32, u32)>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]);
    if let Some((user, group)) = account {
        command.args([&format!("--reuid={user}"), &format!("--regid={group}"), "--clear-groups"]);
    }
    command.arg(program).current_dir("/");
    command
}

fn give(path: &Path, account: Option<(u32, u32)>) -> io::Result<()> {
    match account {
        // others look for the socket in it
        Some((user, group)) => {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))?;
            chown(path, Some(user), Some(group))
        }
        None => Ok(()),
    }
}

/// A data directory that was made once, to be copied: that is ten times quicker than making one.
fn template(programs: &Path, account: Option<(u32, u32)>) -> io::Result<PathBuf> {
    let version = programs.parent().and_then(Path::file_name).and_then(|name| name.to_str()).unwrap_or("0");
    let user = account.map_or_else(|| "own".to_owned(), |(user, _)| user.to_string());
    let made = std::env::temp_dir().join(format!("keystead-postgres-{version}-{user}"));
    if made.join("PG_VERSION").is_file() {
        return Ok(made);
    }
    let beside = tempfile::Builder::new().prefix("keystead-postgres-").tempdir()?;
    give(beside.path(), account)?;
    let data = beside.path().join("data");
    let mut command = as_account(&programs.join("initdb"), account);
    command.arg("-D").arg(&data).args(["-U", "keystead", "--auth=trust", "--no-locale", "-E", "UTF8", "--no-sync"]);
    run(command)?;
    // somebody else may have been faster: theirs is as good
    let moved = std::fs::rename(&data, &made);
    if made.join("PG_VERSION").is_file() { Ok(made) } else { moved.map(|()| made) }
}

fn copying(from: &Path, to: &Path, account: Option<(u32, u32)>) -> Command {
    let mut command = as_account(Path::new("cp"), account);
    command.arg("-a").arg(from).arg(to);
    command
}

fn run(mut command: Command) -> io::Result<()> {
    let output = command.output()?;
    match output.status.success() {
        true => Ok(()),
        false => Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned())),
    }
}

/// A fresh store in a PostgreSQL of its own.
///
/// # Errors
/// There is no PostgreSQL.
pub async fn postgres() -> Result<Fresh> {
    let server = PostgresServer::start().map_err(|error| StoreError::Unavailable(error.to_string()))?;
    PostgresStore::migrate(&server.url).await?;
    let store = PostgresStore::connect(&server.url, Options::default()).await?;
    Ok(Fresh { store: Arc::new(store), keep: Box::new(server) })
}
