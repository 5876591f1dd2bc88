//! The keys of custodians and clients as they are kept: a digest under the server's secret, never the key.

use keystead_model::query::{Posting, Query};
use keystead_store::{Reading, Writing};
use serde::{Deserialize, Serialize};

use super::records::{self, Kept, Stored};
use super::token::{Kind, Token};
use crate::app::App;
use crate::error::ApiResult;
use crate::keys::Purpose;

/// How long a session token lives after it was used last, in milliseconds (portal 1.5).
const SESSION_IDLE: i64 = 24 * 3_600_000;
/// How long it lives at most.
const SESSION_LIFE: i64 = 7 * SESSION_IDLE;
/// How exactly it is noted when it was used.
const NOTED_EACH: i64 = 60_000;
/// The most session tokens of one client; those that were not used for longest make room.
const MAX_SESSIONS: usize = 100;

const BY_OWNER: &str = "portal.credential-by-owner";

/// A key.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Credential {
    id: String,
    kind: Kind,
    /// The client; the group, of a custodian's.
    owner: String,
    label: Option<String>,
    created: i64,
    used: i64,
    digest: String,
}

impl Kept for Credential {
    const CLASS: &'static str = "PortalCredential";

    fn id(&self) -> &str {
        &self.id
    }

    fn postings(&self) -> Vec<Posting> {
        vec![Posting::new(BY_OWNER, self.owner.as_str())]
    }
}

impl Credential {
    fn lives(&self, now: i64) -> bool {
        self.kind != Kind::Session
            || (now < self.used.saturating_add(SESSION_IDLE) && now < self.created.saturating_add(SESSION_LIFE))
    }
}

/// Whose key was presented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Proven {
    pub(super) group: String,
    /// Of the key.
    pub(super) id: String,
    pub(super) owner: String,
    /// When it was made, of a session token.
    pub(super) session_since: Option<i64>,
}

/// What an operator may know of a key.
#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    /// Its id, which is part of it.
    pub id: String,
    /// What it is called.
    pub label: Option<String>,
    /// When it was made, in milliseconds since 1970.
    pub created: i64,
}

fn digest(app: &App, token: &Token) -> String {
    hex::encode(app.keys.digest(Purpose::Token, &parts(token)))
}

fn parts(token: &Token) -> [&[u8]; 5] {
    let kind: &[u8] = match token.kind {
        Kind::Custodian => b"custodian",
        Kind::Client => b"client",
        Kind::Session => b"session",
    };
    [b"portal key", kind, token.group.as_bytes(), token.id.as_bytes(), token.secret.as_bytes()]
}

/// Makes a key for `owner`: the text that is given out, which is not kept.
pub(super) async fn make(
    app: &App,
    tx: &mut dyn Writing,
    kind: Kind,
    group: &str,
    owner: &str,
    label: Option<&str>,
) -> ApiResult<String> {
    if kind == Kind::Session {
        make_room(app, tx, group, owner).await?;
    }
    let token = Token::random(&*app.rng, kind, group);
    let now = app.now();
    let credential = Credential {
        id: token.id.clone(),
        kind,
        owner: owner.to_owned(),
        label: label.map(str::to_owned),
        created: now,
        used: now,
        digest: digest(app, &token),
    };
    records::create(app, tx, group, &credential).await?;
    Ok(token.print())
}

/// Removes the session tokens of a client that ended, and those used longest ago where there are too many.
async fn make_room(app: &App, tx: &mut dyn Writing, group: &str, owner: &str) -> ApiResult<()> {
    let mut sessions: Vec<_> = of_owner(&mut *tx, group, owner).await?;
    sessions.retain(|stored| stored.value.kind == Kind::Session);
    sessions.sort_by_key(|stored| std::cmp::Reverse(stored.value.used));
    let now = app.now();
    for (place, stored) in sessions.iter().enumerate() {
        if place + 1 >= MAX_SESSIONS || !stored.value.lives(now) {
            records::purge(tx, group, stored).await?;
        }
    }
    Ok(())
}

async fn of_owner(tx: &mut (dyn Reading + '_), group: &str, owner: &str) -> ApiResult<Vec<Stored<Credential>>> {
    let ids = records::ids::<Credential>(tx, group, Query::term(BY_OWNER, owner), None, None).await?;
    records::all(tx, group, &ids).await
}

/// Whose key `token` is; `None` for what is no key, was revoked, or ended. A use of a session token is noted.
pub(super) async fn verify(app: &App, token: &Token) -> ApiResult<Option<Proven>> {
    let now = app.now();
    let stored = records::load::<Credential>(&mut *app.store.look().await?, &token.group, &token.id).await?;
    let Some(stored) = stored else { return Ok(None) };
    let kept = hex::decode(&stored.value.digest).unwrap_or_default();
    if !app.keys.verify(Purpose::Token, &parts(token), &kept) || !stored.value.lives(now) {
        return Ok(None);
    }
    let Credential { id, owner, created, .. } = &stored.value;
    let session_since = (token.kind == Kind::Session).then_some(*created);
    let proven = Proven { group: token.group.clone(), id: id.clone(), owner: owner.clone(), session_since };
    if token.kind == Kind::Session && now.saturating_sub(stored.value.used) >= NOTED_EACH {
        note_use(app, &token.group, stored, now).await?;
    }
    Ok(Some(proven))
}

async fn note_use(app: &App, group: &str, mut stored: Stored<Credential>, now: i64) -> ApiResult<()> {
    stored.value.used = now;
    let mut tx = app.store.write().await?;
    // another call of the client may have noted it already
    if records::replace(app, &mut *tx, group, &stored).await? {
        tx.commit().await?;
    }
    Ok(())
}

/// The keys of `owner`, oldest first, without its session tokens.
pub(super) async fn list(tx: &mut (dyn Reading + '_), group: &str, owner: &str) -> ApiResult<Vec<Listed>> {
    let mut all = of_owner(tx, group, owner).await?;
    all.retain(|stored| stored.value.kind != Kind::Session);
    all.sort_by_key(|stored| stored.value.created);
    let listed = all.into_iter().map(|stored| {
        let Credential { id, label, created, .. } = stored.value;
        Listed { id, label, created }
    });
    Ok(listed.collect())
}

/// Revokes the key `id` of `owner`; whether there was one.
pub(super) async fn revoke(tx: &mut dyn Writing, group: &str, owner: &str, id: &str) -> ApiResult<bool> {
    let stored = records::load::<Credential>(&mut *tx, group, id).await?;
    let Some(stored) = stored.filter(|stored| stored.value.owner == owner) else { return Ok(false) };
    records::purge(tx, group, &stored).await?;
    Ok(true)
}

/// Revokes every key and session token of `owner`; how many there were.
pub(super) async fn revoke_all(tx: &mut dyn Writing, group: &str, owner: &str) -> ApiResult<usize> {
    let all = of_owner(&mut *tx, group, owner).await?;
    for stored in &all {
        records::purge(tx, group, stored).await?;
    }
    Ok(all.len())
}
