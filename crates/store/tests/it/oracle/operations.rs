//! Random operations, and a look at everything.

use std::sync::Arc;

use keystead_model::access::{Grant, Level};
use keystead_model::query::{Posting, ServiceVersion};
use keystead_store::accounts::{Account, Secret, SecretKind, Session};
use keystead_store::documents::{Attachment, Creation, Document, Projection};
use keystead_store::gateway::{CodeRequest, Limit};
use keystead_store::jobs::Job;
use keystead_store::{Result, Store, Writing};
use proptest::prelude::*;
use proptest::sample::select;

use super::questions::{CLASSES, GROUPS, IDS, KEYS, SERVICES, TERMS, indexes, one_of, some_of};

const NAMES: [&str; 4] = ["ann", "bob", "ann@x", "bob@x"];
const USERS: [&str; 2] = ["u", "v"];
const NOW: i64 = 100;

#[derive(Debug, Clone)]
pub(super) enum Operation {
    Create { group: String, class: &'static str, document: Document, projection: Projection },
    Replace { group: String, class: &'static str, document: Document, projection: Projection, stale: bool },
    Purge { group: String, class: &'static str, id: String, stale: bool },
    Attach { group: String, document: String, key: String, content: Option<Vec<u8>> },
    Names { account: Account, names: Vec<String> },
    Secret { account: Account, name: String, expires: Option<i64>, removed: bool },
    RemoveAccount(Account),
    Session { id: String, accounts: Vec<Account>, expires: i64 },
    Revoke { id: String },
    RevokeAll(Account),
    Code { id: String, address: String, expires: i64 },
    WrongCode(String),
    UseCode(String),
    Challenge { id: String, expires: i64 },
    Take { key: String, limit: Limit, now: i64 },
    Clear(String),
    Job { id: String, run_at: i64 },
    Claim { now: i64, limit: usize },
    TakeBack { now: i64, until: i64 },
    Finish(String),
    Postpone { id: String, at: i64 },
    Forget(i64),
}

fn projection(class: &'static str) -> impl Strategy<Value = Projection> {
    let part = if class == "Contact" { select(vec!["", "2", "s", "t"]) } else { select(vec![""]) };
    let posting = (select(indexes(class).to_vec()), one_of(TERMS), prop::option::of(-1..4_i64), part)
        .prop_map(|(index, term, sort, part)| Posting::new(index, term).sorted(sort).of_part(part));
    let grant = (one_of(KEYS), select(vec![Level::Read, Level::Write])).prop_map(|(key, level)| Grant { key, level });
    let service = (one_of(SERVICES), 0..3_i64, 0..2_i64)
        .prop_map(|(service_id, version, contact_modified)| ServiceVersion { service_id, version, contact_modified });
    let services = if class == "Contact" { 0..4 } else { 0..1 };
    (
        prop::collection::vec(posting, 0..8),
        prop::collection::vec(grant, 0..4),
        prop::collection::vec(service, services),
        prop_oneof![3 => Just(Vec::new()), 1 => some_of(TERMS, 2)],
    )
        .prop_map(|(postings, grants, services, unique)| Projection { postings, grants, services, unique })
}

/// A document with its projection; that of a deleted one keeps its grants only.
fn stored(class: &'static str) -> impl Strategy<Value = (Document, Projection)> {
    (one_of(IDS), 0..1_000_u32, prop::bool::weighted(0.2), projection(class)).prop_map(
        |(id, rev, deleted, projection)| {
            let document = Document { id, rev: rev.to_string(), deleted, body: format!("{{{rev}}}"), created_by: None };
            let projection =
                if deleted { Projection { grants: projection.grants, ..Projection::default() } } else { projection };
            (document, projection)
        },
    )
}

fn account() -> impl Strategy<Value = Account> {
    (one_of(GROUPS), one_of(USERS)).prop_map(|(group, user)| Account { group, user })
}

fn document_operation() -> impl Strategy<Value = Operation> {
    let stale = || prop::bool::weighted(0.1);
    (one_of(GROUPS), select(CLASSES.to_vec())).prop_flat_map(move |(group, class)| {
        let (one, two, three) = (group.clone(), group.clone(), group);
        prop_oneof![
            6 => stored(class).prop_map(move |(document, projection)| {
                Operation::Create { group: one.clone(), class, document, projection }
            }),
            6 => (stored(class), stale()).prop_map(move |((document, projection), stale)| {
                Operation::Replace { group: two.clone(), class, document, projection, stale }
            }),
            1 => (one_of(IDS), stale()).prop_map(move |(id, stale)| {
                Operation::Purge { group: three.clone(), class, id, stale }
            }),
        ]
    })
}

fn other_operation() -> impl Strategy<Value = Operation> {
    let time = || 95..105_i64;
    let id = || one_of(IDS);
    prop_oneof![
        (one_of(GROUPS), id(), one_of(TERMS), prop::option::of(prop::collection::vec(any::<u8>(), 0..9)))
            .prop_map(|(group, document, key, content)| Operation::Attach { group, document, key, content }),
        (account(), some_of(NAMES, 3)).prop_map(|(account, names)| Operation::Names { account, names }),
        (account(), one_of(TERMS), prop::option::of(time()), any::<bool>())
            .prop_map(|(account, name, expires, removed)| Operation::Secret { account, name, expires, removed }),
        account().prop_map(Operation::RemoveAccount),
        (id(), prop::collection::vec(account(), 0..3), time()).prop_map(|(id, accounts, expires)| Operation::Session {
            id,
            accounts,
            expires
        }),
        id().prop_map(|id| Operation::Revoke { id }),
        account().prop_map(Operation::RevokeAll),
        (id(), one_of(TERMS), time()).prop_map(|(id, address, expires)| Operation::Code { id, address, expires }),
        id().prop_map(Operation::WrongCode),
        id().prop_map(Operation::UseCode),
        (id(), time()).prop_map(|(id, expires)| Operation::Challenge { id, expires }),
        (one_of(KEYS), 1..4_u32, 1..5_u64, time()).prop_map(|(key, burst, interval, now)| Operation::Take {
            key,
            limit: Limit { burst, interval },
            now
        }),
        one_of(KEYS).prop_map(Operation::Clear),
        (id(), time()).prop_map(|(id, run_at)| Operation::Job { id, run_at }),
        (time(), 0..4_usize).prop_map(|(now, limit)| Operation::Claim { now, limit }),
        (time(), time()).prop_map(|(now, until)| Operation::TakeBack { now, until }),
        id().prop_map(Operation::Finish),
        (id(), time()).prop_map(|(id, at)| Operation::Postpone { id, at }),
        time().prop_map(Operation::Forget),
    ]
}

pub(super) fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![3 => document_operation(), 1 => other_operation()]
}

impl Operation {
    /// As a unit of work of its own, if it is a creation.
    pub(super) fn creation(&self) -> Option<Creation> {
        let Self::Create { group, class, document, projection } = self.clone() else { return None };
        Some(Creation { group, class, document, projection, parts: Vec::new() })
    }

    /// Runs the operation; the answer as text.
    pub(super) async fn run(&self, work: &mut dyn Writing) -> Result<String> {
        let answer = match self.clone() {
            Self::Create { group, class, document, projection } => {
                format!("{:?}", work.create(&group, class, &document, &projection).await?)
            }
            Self::Replace { group, class, document, projection, stale } => {
                let expected = expected(work, &group, class, &document.id, stale).await?;
                format!("{:?}", work.replace(&group, class, &document, &expected, &projection).await?)
            }
            Self::Purge { group, class, id, stale } => {
                let expected = expected(work, &group, class, &id, stale).await?;
                format!("{:?}", work.purge(&group, class, &id, &expected).await?)
            }
            Self::Attach { group, document, key, content: Some(content) } => {
                let attachment = Attachment { id: content.len().to_string(), content };
                format!("{:?}", work.set_attachment(&group, &document, &key, &attachment).await?)
            }
            Self::Attach { group, document, key, content: None } => {
                format!("{:?}", work.remove_attachment(&group, &document, &key).await?)
            }
            Self::Names { account, names } => format!("{:?}", work.set_names(&account, &names).await?),
            Self::Secret { account, name, removed: true, .. } => {
                format!("{:?}", work.remove_secret(&account, SecretKind::Token, &name).await?)
            }
            Self::Secret { account, name, expires, .. } => {
                let secret = Secret { kind: SecretKind::Token, name, digest: vec![7], created: 1, expires };
                format!("{:?}", work.set_secret(&account, &secret).await?)
            }
            Self::RemoveAccount(account) => format!("{:?}", work.remove_account(&account).await?),
            Self::Session { id, accounts, expires } => {
                // Random ids do not repeat.
                work.revoke_session(&id).await?;
                let session = Session { id, accounts, class: 3, created: 1, expires };
                format!("{:?}", work.create_session(&session).await?)
            }
            Self::Revoke { id } => format!("{:?}", work.revoke_session(&id).await?),
            Self::RevokeAll(account) => format!("{:?}", work.revoke_sessions(&account).await?),
            Self::Code { id, address, expires } => {
                let request = CodeRequest {
                    id,
                    spec: "s".to_owned(),
                    process: "p".to_owned(),
                    address: address.into_bytes(),
                    code: vec![1],
                    payload: vec![2],
                    tries_left: 2,
                    expires,
                    used: false,
                };
                format!("{:?}", work.create_code_request(&request).await?)
            }
            Self::WrongCode(id) => format!("{:?}", work.count_wrong_code(&id).await?),
            Self::UseCode(id) => format!("{:?}", work.use_code(&id).await?),
            Self::Challenge { id, expires } => format!("{:?}", work.use_challenge(&id, expires).await?),
            Self::Take { key, limit, now } => {
                let peeked = work.peek(&key, limit, now).await?;
                let taken = work.take(&key, limit, now).await?;
                assert_eq!(peeked, taken);
                format!("{taken:?}")
            }
            Self::Clear(key) => format!("{:?}", work.clear(&key).await?),
            Self::Job { id, run_at } => {
                // Random ids do not repeat.
                work.finish_job(&id).await?;
                let job = Job { id, kind: "k".to_owned(), payload: vec![3], attempts: 0, run_at };
                format!("{:?}", work.create_job(&job).await?)
            }
            Self::Claim { now, limit } => format!("{:?}", work.claim_jobs(now, now + 3, limit).await?),
            Self::TakeBack { now, until } => format!("{:?}", work.take_back_jobs(now, until).await?),
            Self::Finish(id) => format!("{:?}", work.finish_job(&id).await?),
            Self::Postpone { id, at } => format!("{:?}", work.postpone_job(&id, at).await?),
            Self::Forget(now) => format!("{:?}", work.forget(now).await?),
        };
        Ok(answer)
    }
}

async fn expected(work: &mut dyn Writing, group: &str, class: &str, id: &str, stale: bool) -> Result<String> {
    let stored = work.document(group, class, id).await?;
    Ok(stored.filter(|_| !stale).map_or_else(|| "stale".to_owned(), |document| document.rev))
}

/// Compares all that can be read.
pub(super) async fn compare_everything(sqlite: &Arc<dyn Store>, memory: &Arc<dyn Store>) -> Result<()> {
    assert_eq!(everything(sqlite).await?, everything(memory).await?);
    Ok(())
}

async fn everything(store: &Arc<dyn Store>) -> Result<Vec<String>> {
    let mut view = store.read().await?;
    let mut all = Vec::new();
    let owned = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
    for group in GROUPS {
        for class in CLASSES {
            for id in IDS {
                for keys in [&["k"][..], &["l", "m"], &["n", "k", "x"], &[]] {
                    all.push(format!("{:?}", view.reach(group, class, id, &owned(keys)).await?));
                }
                all.push(format!("{:?}", view.document(group, class, id).await?));
            }
            let ids = owned(&["4", "1", "x", "3", "1", "2"]);
            all.push(format!("{:?}", view.documents(group, class, &ids, None).await?));
            all.push(format!("{:?}", view.documents(group, class, &ids, Some(&owned(&["k", "m"]))).await?));
        }
        for keys in [&["k"][..], &["l", "m"], &["n", "k", "l"]] {
            let latest = view.latest_services(group, &owned(&["t", "2", "x", "s"]), &owned(keys)).await?;
            all.push(format!("{latest:?}"));
        }
        for id in IDS {
            for key in TERMS {
                all.push(format!("{:?}", view.attachment(group, id, key).await?));
            }
        }
        for user in USERS {
            let account = Account { group: group.to_owned(), user: user.to_owned() };
            for secret in view.secrets(&account, NOW).await? {
                all.push(format!("{user} {} {:?} {:?}", secret.name, secret.digest, secret.expires));
            }
        }
    }
    for name in NAMES {
        all.push(format!("{:?}", view.accounts(name).await?));
    }
    for id in IDS {
        all.push(format!("{:?}", view.session(id, NOW).await?));
        all.push(format!("{:?}", view.code_request(id).await?));
    }
    for address in TERMS {
        all.push(format!("{:?}", view.live_codes(address.as_bytes(), NOW).await?));
    }
    all.push(format!("{:?}", view.waiting_jobs().await?));
    Ok(all)
}
