//! Stories of documents that are added by [`Store::create`], alone and many at a time.

use std::sync::Arc;
use std::time::Duration;

use keystead_model::query::Query;
use tokio::task::JoinSet;

use super::samples::{CONTACT, GROUP, KEY, creation, hits, ids, nothing, question, texts};
use crate::changes::{Change, ChangeKind, Heard};
use crate::documents::Written;
use crate::{Result, Store, StoreError};

/// Longer than any engine takes to tell.
const PATIENCE: Duration = Duration::from_secs(10);
/// More than an engine writes together.
const MANY: usize = 200;

/// A document is there with all that is derived from it, and told.
pub async fn creates_alone(store: Arc<dyn Store>) -> Result<()> {
    let mut changes = store.changes();
    let projection = nothing().sorted(KEY, "k", 7).reader("r").service("s", 1, 1);
    let new = creation(GROUP, CONTACT, "a", projection);
    assert_eq!(store.create(new.clone()).await?, Written::Done);
    assert_eq!(store.read().await?.document(GROUP, CONTACT, "a").await?.as_ref(), Some(&new.document));
    assert_eq!(ids(&store, question(Query::term(KEY, "k")).readable(&["r"])).await?, texts(&["a"]));
    assert_eq!(ids(&store, question(Query::term(KEY, "k")).readable(&["other"])).await?, texts(&[]));
    let latest = store.read().await?.latest_services(GROUP, &texts(&["s"]), &texts(&["r"])).await?;
    assert_eq!(latest, [("s".to_owned(), "a".to_owned())]);
    let told = Change {
        group: GROUP.to_owned(),
        class: CONTACT.to_owned(),
        kind: ChangeKind::Created,
        document: new.document,
        parts: texts(&["s"]),
    };
    let heard = tokio::time::timeout(PATIENCE, changes.next()).await;
    assert!(matches!(heard, Ok(Heard::Change(change)) if *change == told));
    Ok(())
}

/// What is in the way leaves nothing of the creation, and nothing is told.
pub async fn refuses_what_is_there(store: Arc<dyn Store>) -> Result<()> {
    let first = creation(GROUP, CONTACT, "a", nothing().term(KEY, "old").unique("login:x"));
    assert_eq!(store.create(first).await?, Written::Done);
    let mut changes = store.changes();
    let again = creation(GROUP, CONTACT, "a", nothing().term(KEY, "new"));
    assert_eq!(store.create(again).await?, Written::Exists);
    let taken = creation(GROUP, CONTACT, "b", nothing().term(KEY, "new").unique("login:x"));
    assert_eq!(store.create(taken).await?, Written::Taken("login:x".to_owned()));
    assert_eq!(ids(&store, question(Query::term(KEY, "new"))).await?, texts(&[]));
    assert_eq!(changes.waiting(), None);
    Ok(())
}

/// Of many at the same time every one is answered for itself: an id is given to one of those who want it, also when
/// they are written together with others, and the others are not kept from theirs.
pub async fn answers_each_of_many(store: Arc<dyn Store>) -> Result<()> {
    let mut changes = store.changes();
    let mut tasks = JoinSet::new();
    for number in 0..MANY {
        // each eighth wants the id of the one before it
        let wanted = if number % 8 == 7 { number - 1 } else { number };
        let group = if number % 5 == 0 { "other" } else { GROUP };
        let new = creation(group, CONTACT, &format!("{wanted:03}"), nothing().term(KEY, "k").reader("r"));
        let store = Arc::clone(&store);
        tasks.spawn(async move { (new.group.clone(), new.document.id.clone(), store.create(new).await) });
    }
    let mut made = Vec::new();
    let mut refused = Vec::new();
    while let Some(done) = tasks.join_next().await {
        let (group, id, written) = done.map_err(|_| StoreError::Failed("a task panicked".to_owned()))?;
        match written? {
            Written::Done => made.push((group, id)),
            written => {
                assert_eq!(written, Written::Exists);
                refused.push((group, id));
            }
        }
    }
    made.sort();
    assert!(!refused.is_empty() && refused.iter().all(|one| made.binary_search(one).is_ok()), "{refused:?}");
    assert_eq!(made.len() + refused.len(), MANY);
    let in_group = |group: &str| made.iter().filter(|one| one.0 == group).map(|one| one.1.clone()).collect::<Vec<_>>();
    let found = hits(&store, &question(Query::term(KEY, "k")).readable(&["r"])).await?;
    assert_eq!(found.into_iter().map(|hit| hit.id).collect::<Vec<_>>(), in_group(GROUP));
    let mut told = Vec::new();
    while told.len() < made.len() {
        match tokio::time::timeout(PATIENCE, changes.next()).await {
            Ok(Heard::Change(change)) => told.push((change.group.clone(), change.document.id.clone())),
            heard => return Err(StoreError::Failed(format!("expected a change, heard {heard:?}"))),
        }
    }
    told.sort();
    assert_eq!(told, made);
    Ok(())
}

/// Callers that go away keep nobody from being answered.
pub async fn outlives_who_goes_away(store: Arc<dyn Store>) -> Result<()> {
    let mut tasks = JoinSet::new();
    for number in 0..MANY {
        let new = creation(GROUP, CONTACT, &format!("{number:03}"), nothing().term(KEY, "k"));
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            match number % 2 {
                0 => tokio::time::timeout(Duration::from_micros(300), store.create(new)).await.ok().transpose(),
                _ => store.create(new).await.map(Some),
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        let written = done.map_err(|_| StoreError::Failed("a task panicked".to_owned()))??;
        assert!(matches!(written, None | Some(Written::Done)), "{written:?}");
    }
    let found = hits(&store, &question(Query::term(KEY, "k"))).await?;
    let patient = (1..MANY).step_by(2).map(|number| format!("{number:03}"));
    assert_eq!(patient.filter(|id| !found.iter().any(|hit| hit.id == *id)).count(), 0);
    assert_eq!(store.create(creation(GROUP, CONTACT, "last", nothing())).await?, Written::Done);
    Ok(())
}
