//! Directories of a case: what the server, the devices, the application and the user keep.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use keystead_model::wallet::WalletState;
use serde_json::Value;

/// Everything that is on somebody's disk.
#[derive(Debug, Clone)]
pub(super) struct Home(pub(super) PathBuf);

impl Home {
    /// What the server keeps.
    pub(super) fn data(&self) -> PathBuf {
        self.0.join("data")
    }

    /// A device.
    pub(super) fn device(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The application's back end: one text.
    pub(super) fn slot(&self) -> PathBuf {
        self.0.join("application")
    }

    /// The keys that open texts.
    pub(super) fn keys(&self) -> PathBuf {
        self.0.join("keys")
    }

    /// All of it, elsewhere.
    pub(super) fn copy(&self, to: &Path) -> Self {
        copy(&self.0, to);
        Self(to.to_owned())
    }

    /// All of it, elsewhere, while the server runs.
    pub(super) fn copy_of_running(&self, to: &Path) -> Self {
        let copied = Self(to.to_owned());
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(&self.0).unwrap().map(Result::unwrap).filter(|entry| entry.path() != self.data()) {
            let target = to.join(entry.file_name());
            if entry.path().is_dir() {
                copy(&entry.path(), &target);
            } else {
                fs::copy(entry.path(), target).unwrap();
            }
        }
        let mut backup = Command::new(env!("CARGO_BIN_EXE_keystead"));
        let output = backup.arg("backup").arg(copied.data()).arg("--data").arg(self.data()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        copied
    }

    /// Has the server, which does not run, find its custodian elsewhere.
    pub(super) fn move_custodian(&self, url: &str) {
        let database = rusqlite::Connection::open(self.data().join("keystead.db")).unwrap();
        let of_class = "WHERE class = 'WalletCustodian'";
        let body = format!("SELECT body FROM document {of_class}");
        let body: String = database.query_row(&body, [], |row| row.get(0)).unwrap();
        let mut settings: Value = serde_json::from_str(&body).unwrap();
        settings["url"] = url.into();
        let changed = database.execute(&format!("UPDATE document SET body = ?1 {of_class}"), [settings.to_string()]);
        assert_eq!(changed.unwrap(), 1);
    }

    /// The server's record of the one wallet, if there is any.
    pub(super) fn state(&self) -> Option<WalletState> {
        let database = rusqlite::Connection::open(self.data().join("keystead.db")).unwrap();
        let mut query = database.prepare("SELECT body FROM document WHERE class = 'Wallet'").unwrap();
        let bodies: Vec<String> = query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        assert!(bodies.len() < 2);
        let record: Value = serde_json::from_str(bodies.first()?).unwrap();
        Some(serde_json::from_value(record["state"].clone()).unwrap())
    }
}

/// Copies a directory with all that is in it.
pub(super) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Writes a file beside another, and puts it into its place.
pub(super) fn replace(path: &Path, text: &str) {
    let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap()).unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file.as_file().sync_all().unwrap();
    file.persist(path).unwrap();
}
