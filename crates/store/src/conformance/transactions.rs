//! Stories of units of work: all or nothing, whoever else works at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use keystead_model::query::Query;

use super::samples::{CONTACT, GROUP, KEY, document, hits, ids, nothing, put, question, texts};
use crate::documents::Written;
use crate::gateway::{Limit, Limited};
use crate::{Result, Store, StoreError};

/// Nobody sees work before its commit, everybody after.
pub async fn shows_work_at_its_commit(store: Arc<dyn Store>) -> Result<()> {
    let mut work = store.write().await?;
    work.create(GROUP, CONTACT, &document("a", "1-a"), &nothing().term(KEY, "k")).await?;
    assert_eq!(store.read().await?.document(GROUP, CONTACT, "a").await?, None);
    work.commit().await?;
    assert!(store.read().await?.document(GROUP, CONTACT, "a").await?.is_some());
    store.check().await
}

/// Dropping work undoes all of it.
pub async fn undoes_dropped_work(store: Arc<dyn Store>) -> Result<()> {
    put(&store, "a", nothing().term(KEY, "k")).await?;
    let mut work = store.write().await?;
    work.create(GROUP, CONTACT, &document("b", "1-b"), &nothing().term(KEY, "k")).await?;
    work.replace(GROUP, CONTACT, &document("a", "2-a"), "1-a", &nothing()).await?;
    work.use_challenge("c", 1).await?;
    drop(work);
    assert_eq!(ids(&store, question(Query::term(KEY, "k"))).await?, texts(&["a"]));
    let mut work = store.write().await?;
    assert!(work.use_challenge("c", 1).await?);
    assert_eq!(work.document(GROUP, CONTACT, "a").await?, Some(document("a", "1-a")));
    Ok(())
}

/// Work reads what it wrote.
pub async fn sees_its_own_writes(store: Arc<dyn Store>) -> Result<()> {
    let mut work = store.write().await?;
    work.create(GROUP, CONTACT, &document("a", "1-a"), &nothing().sorted(KEY, "k", 1).reader("r")).await?;
    assert_eq!(work.find(&question(Query::term(KEY, "k")).readable(&["r"])).await?.len(), 1);
    assert!(work.reach(GROUP, CONTACT, "a", &texts(&["r"])).await?.is_some_and(|a| a.level.is_some()));
    work.purge(GROUP, CONTACT, "a", "1-a").await?;
    assert_eq!(work.find(&question(Query::All)).await?, []);
    work.commit().await
}

/// A view shows one state, whatever is committed meanwhile.
pub async fn keeps_a_view_consistent(store: Arc<dyn Store>) -> Result<()> {
    put(&store, "a", nothing()).await?;
    let mut view = store.read().await?;
    assert!(view.document(GROUP, CONTACT, "a").await?.is_some());
    put(&store, "b", nothing()).await?;
    let mut work = store.write().await?;
    assert_eq!(work.purge(GROUP, CONTACT, "a", "1-a").await?, Written::Done);
    work.commit().await?;
    assert!(view.document(GROUP, CONTACT, "a").await?.is_some());
    assert_eq!(view.document(GROUP, CONTACT, "b").await?, None);
    assert_eq!(view.find(&question(Query::All)).await?.len(), 1);
    drop(view);
    assert_eq!(ids(&store, question(Query::All)).await?, texts(&["b"]));
    Ok(())
}

/// A look is answered from the latest state each time, and nobody waits for it to end.
pub async fn looks_at_the_latest_state(store: Arc<dyn Store>) -> Result<()> {
    let mut view = store.look().await?;
    assert_eq!(view.document(GROUP, CONTACT, "a").await?, None);
    put(&store, "a", nothing().term(KEY, "k").reader("r")).await?;
    let mut later = store.look().await?;
    assert!(later.document(GROUP, CONTACT, "a").await?.is_some());
    assert_eq!(later.find(&question(Query::term(KEY, "k")).readable(&["r"])).await?.len(), 1);
    let mut work = store.write().await?;
    assert_eq!(work.purge(GROUP, CONTACT, "a", "1-a").await?, Written::Done);
    work.commit().await?;
    assert_eq!(store.look().await?.document(GROUP, CONTACT, "a").await?, None);
    Ok(())
}

/// Who reads after a commit was acknowledged sees its work; many readers at once.
pub async fn shows_acknowledged_writes(store: Arc<dyn Store>) -> Result<()> {
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for number in 0..40 {
                    let id = format!("{task}-{number}");
                    put(&store, &id, nothing().term(KEY, &id)).await?;
                    assert!(store.read().await?.document(GROUP, CONTACT, &id).await?.is_some());
                    assert_eq!(hits(&store, &question(Query::term(KEY, id))).await?.len(), 1);
                }
                Ok(())
            })
        })
        .collect();
    all(tasks).await
}

/// Every acknowledged one of many concurrent changes of the same rows counts.
pub async fn keeps_every_concurrent_write(store: Arc<dyn Store>) -> Result<()> {
    put(&store, "counter", nothing()).await?;
    let limit = Limit { burst: 1_000_000, interval: 1 };
    let tasks: Vec<_> = (0..32)
        .map(|task| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for number in 0..20 {
                    let mut work = store.write().await?;
                    let Some(mut counter) = work.document(GROUP, CONTACT, "counter").await? else {
                        return Err(StoreError::Corrupt("the counter is gone"));
                    };
                    let rev = counter.rev.clone();
                    counter.rev = format!("{}-x", revision(&rev) + 1);
                    assert_eq!(work.replace(GROUP, CONTACT, &counter, &rev, &nothing()).await?, Written::Done);
                    assert_eq!(work.take("limit", limit, 0).await?, Limited::Allowed);
                    let own = document(&format!("{task}-{number}"), "1-a");
                    assert_eq!(work.create(GROUP, CONTACT, &own, &nothing().term(KEY, "k")).await?, Written::Done);
                    work.commit().await?;
                }
                Ok(())
            })
        })
        .collect();
    all(tasks).await?;
    let counter = store.read().await?.document(GROUP, CONTACT, "counter").await?;
    assert_eq!(counter.map(|counter| revision(&counter.rev)), Some(641));
    assert_eq!(hits(&store, &question(Query::term(KEY, "k"))).await?.len(), 640);
    Ok(())
}

fn revision(rev: &str) -> u32 {
    rev.split('-').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Among many who commit together, those who give up lose theirs and nobody else's.
pub async fn undoes_only_the_dropped_of_many(store: Arc<dyn Store>) -> Result<()> {
    let tasks: Vec<_> = (0..120)
        .map(|task| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let mut work = store.write().await?;
                let id = format!("{task:03}");
                work.create(GROUP, CONTACT, &document(&id, "1-a"), &nothing().term(KEY, "k").unique(&id)).await?;
                match task % 3 {
                    0 => drop(work),
                    1 => {
                        // A refused write inside, and the work goes on.
                        let taken = work.create(GROUP, CONTACT, &document("x", "1-a"), &nothing().unique(&id)).await?;
                        assert_eq!(taken, Written::Taken(id));
                        work.commit().await?;
                    }
                    _ => work.commit().await?,
                }
                Ok(())
            })
        })
        .collect();
    all(tasks).await?;
    let expected: Vec<String> = (0..120).filter(|task| task % 3 != 0).map(|task| format!("{task:03}")).collect();
    assert_eq!(ids(&store, question(Query::term(KEY, "k"))).await?, expected);
    Ok(())
}

/// Callers that are cancelled at any point, waiting for their turn or for the answer, disturb nobody.
pub async fn survives_cancelled_callers(store: Arc<dyn Store>) -> Result<()> {
    let acknowledged = Arc::new(AtomicU32::new(0));
    let tasks: Vec<_> = (0..60_u32)
        .map(|task| {
            let (store, acknowledged) = (Arc::clone(&store), Arc::clone(&acknowledged));
            tokio::spawn(async move {
                for number in 0..10_u32 {
                    let work = put_counted(&store, format!("{task}-{number}"), &acknowledged);
                    if (task + number) % 2 == 0 {
                        let patience = Duration::from_micros(u64::from(task * 13 + number * 29) % 700);
                        if let Ok(done) = tokio::time::timeout(patience, work).await {
                            done?;
                        }
                    } else {
                        work.await?;
                    }
                }
                Ok(())
            })
        })
        .collect();
    tokio::time::timeout(Duration::from_secs(60), all(tasks))
        .await
        .map_err(|_| StoreError::Failed("somebody waits for ever".to_owned()))??;
    let found = hits(&store, &question(Query::term(KEY, "k"))).await?.len();
    let acknowledged = usize::try_from(acknowledged.load(Ordering::SeqCst)).unwrap_or(0);
    assert!(found >= acknowledged && acknowledged >= 300, "{found} of {acknowledged}");
    put(&store, "last", nothing()).await
}

async fn put_counted(store: &Arc<dyn Store>, id: String, acknowledged: &AtomicU32) -> Result<()> {
    put(store, &id, nothing().term(KEY, "k")).await?;
    acknowledged.fetch_add(1, Ordering::SeqCst);
    Ok(())
}

/// Closing waits for what is under way, and nothing begins afterwards.
pub async fn closes(store: Arc<dyn Store>) -> Result<()> {
    let mut work = store.write().await?;
    work.create(GROUP, CONTACT, &document("a", "1-a"), &nothing()).await?;
    let closing = {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.close().await })
    };
    tokio::time::sleep(Duration::from_millis(20)).await;
    work.commit().await?;
    closing.await.map_err(|_| StoreError::Failed("closing failed".to_owned()))?;
    assert!(matches!(store.write().await.map(drop), Err(StoreError::Unavailable(_))));
    assert!(matches!(store.read().await.map(drop), Err(StoreError::Unavailable(_))));
    assert!(matches!(store.check().await, Err(StoreError::Unavailable(_))));
    Ok(())
}

async fn all(tasks: Vec<tokio::task::JoinHandle<Result<()>>>) -> Result<()> {
    for task in tasks {
        task.await.map_err(|_| StoreError::Failed("a task failed".to_owned()))??;
    }
    Ok(())
}
