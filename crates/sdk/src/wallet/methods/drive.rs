//! Keys in a folder of the user's Google Drive (REST, version 3), one file each.
//!
//! The folder and the name of the files are Portal's (portal 4.6), so that people who look know what they see. Drive
//! allows several files of one name: a new key is a new file, and nothing is ever written over.

use std::sync::Arc;

use async_trait::async_trait;
use http::Method;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{BackupKey, BackupKeys, KeyId, MethodError, client};
use crate::api::{Core, check_url};
use crate::call::{Call, Server, parse};
use crate::secret::SecretText;
use crate::transport::Response;

const FOLDER: &str = "_PORTAL_MPC_DO_NOT_DELETE_";
const FOLDER_KIND: &str = "application/vnd.google-apps.folder";
/// The most bytes of an answer.
const LONGEST: usize = 64 * 1024;
/// The most files that are looked at.
const MOST: usize = 200;
const BOUNDARY: &str = "keystead-wallet-key";

/// Gets access tokens for the user's Google Drive, with the scope `drive.file`.
#[async_trait]
pub trait AccessTokens: Send + Sync {
    /// An access token; another one than before if that one was refused. `None` if the user does not want to.
    async fn access_token(&self, refused: bool) -> Option<SecretText>;
}

/// The user's Google Drive.
pub struct GoogleDrive {
    tokens: Box<dyn AccessTokens>,
    base: String,
}

impl GoogleDrive {
    /// Google's.
    pub fn new(tokens: impl AccessTokens + 'static) -> Self {
        Self { tokens: Box::new(tokens), base: "https://www.googleapis.com".to_owned() }
    }

    /// Another address of the same interface.
    #[must_use]
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base = url.into();
        self
    }

    pub(super) fn folder<'m>(&'m self, core: &Core) -> Result<Folder<'m>, MethodError> {
        check_url(&self.base, "the base URL of Google Drive", false)?;
        let server = Server::new(&self.base, Arc::clone(&core.parts.transport));
        let name = hex::encode(Sha256::digest(format!("keystead wallet keys {}", client(core))));
        Ok(Folder { server, tokens: &*self.tokens, file_name: format!("{name}.txt") })
    }
}

/// The keys of one user.
pub(super) struct Folder<'m> {
    server: Server,
    tokens: &'m dyn AccessTokens,
    file_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    files: Vec<Item>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct Item {
    id: String,
}

impl Folder<'_> {
    /// Sends a call; once more with another token if the first is refused.
    async fn send(&self, call: &Call) -> Result<Response, MethodError> {
        for refused in [false, true] {
            let token = self.tokens.access_token(refused).await.ok_or(MethodError::Unauthenticated)?;
            let answer = self.server.download(call, token.expose()).await?.collect(LONGEST).await?;
            match answer.status {
                401 => {}
                200..=299 => return Ok(answer),
                status => return Err(MethodError::Refused(status)),
            }
        }
        Err(MethodError::Unauthenticated)
    }

    async fn list(&self, what: &str) -> Result<Vec<Item>, MethodError> {
        let mut found = Vec::new();
        let mut page: Option<String> = None;
        loop {
            let mut call = Call::new(Method::GET, &["drive", "v3", "files"])
                .query("q", &format!("{what} and trashed = false"))
                .query("fields", "nextPageToken,files(id)")
                .query("orderBy", "createdTime desc")
                .query("pageSize", "100");
            if let Some(page) = &page {
                call = call.query("pageToken", page);
            }
            let listed: Listed = parse(&self.send(&call).await?).map_err(|_| MethodError::Unreadable)?;
            found.extend(listed.files);
            match listed.next_page_token {
                Some(next) if found.len() < MOST => page = Some(next),
                _ => return Ok(found),
            }
        }
    }

    /// The files with keys, and what is in them.
    async fn files(&self) -> Result<Vec<(Item, Option<BackupKey>)>, MethodError> {
        let mut files = Vec::new();
        for item in self.list(&format!("name = '{}'", self.file_name)).await? {
            let call = Call::new(Method::GET, &["drive", "v3", "files", &item.id]).query("alt", "media");
            let answer = match self.send(&call).await {
                // deleted since it was listed
                Err(MethodError::Refused(404)) => continue,
                answer => answer?,
            };
            let key = std::str::from_utf8(&answer.body).ok().and_then(BackupKey::from_line);
            files.push((item, key));
        }
        Ok(files)
    }

    async fn folder(&self) -> Result<Item, MethodError> {
        let found = self.list(&format!("name = '{FOLDER}' and mimeType = '{FOLDER_KIND}'")).await?;
        if let Some(folder) = found.into_iter().next() {
            return Ok(folder);
        }
        let call = Call::new(Method::POST, &["drive", "v3", "files"])
            .query("fields", "id")
            .json(&json!({ "name": FOLDER, "mimeType": FOLDER_KIND }));
        parse(&self.send(&call).await?).map_err(|_| MethodError::Unreadable)
    }
}

#[async_trait]
impl BackupKeys for Folder<'_> {
    async fn all(&self) -> Result<Vec<BackupKey>, MethodError> {
        Ok(self.files().await?.into_iter().filter_map(|(_, key)| key).collect())
    }

    async fn append(&self, key: &BackupKey) -> Result<(), MethodError> {
        let folder = self.folder().await?;
        let head = json!({ "name": self.file_name, "parents": [folder.id], "mimeType": "text/plain" });
        let body = format!(
            "--{BOUNDARY}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{head}\r\n\
             --{BOUNDARY}\r\nContent-Type: text/plain\r\n\r\n{}\r\n--{BOUNDARY}--\r\n",
            key.to_line().expose(),
        );
        let call = Call::new(Method::POST, &["upload", "drive", "v3", "files"])
            .query("uploadType", "multipart")
            .query("fields", "id")
            .body("multipart/related; boundary=keystead-wallet-key", body.into_bytes())
            // twice the same key does no harm
            .repeatable();
        self.send(&call).await?;
        Ok(())
    }

    async fn remove(&self, id: &KeyId) -> Result<(), MethodError> {
        for (item, key) in self.files().await? {
            if key.is_some_and(|key| key.id() == id) {
                match self.send(&Call::new(Method::DELETE, &["drive", "v3", "files", &item.id]).repeatable()).await {
                    Ok(_) | Err(MethodError::Refused(404)) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }
}
