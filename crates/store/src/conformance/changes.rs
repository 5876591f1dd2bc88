//! Stories of what is told after a commit.

use std::sync::Arc;
use std::time::Duration;

use super::samples::document;
use crate::changes::{Change, ChangeKind, Changes, Heard};
use crate::{Result, Store};

/// Longer than any engine takes to tell.
const PATIENCE: Duration = Duration::from_secs(10);

async fn next(changes: &mut Changes) -> Option<Change> {
    match tokio::time::timeout(PATIENCE, changes.next()).await {
        Ok(Heard::Change(change)) => Some((*change).clone()),
        _ => None,
    }
}

async fn write(store: &Arc<dyn Store>, id: &str, kind: ChangeKind, parts: &[&str]) -> Result<Change> {
    let document = document(id, "1-a");
    let parts: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
    let mut work = store.write().await?;
    work.create("g", "Contact", &document, &Default::default()).await?;
    work.announce("g", "Contact", kind, &document, parts.clone()).await?;
    work.commit().await?;
    Ok(Change { group: "g".to_owned(), class: "Contact".to_owned(), kind, document, parts })
}

/// Whoever listens is told of what was committed since, in order and whole.
pub async fn tells_what_was_committed(store: Arc<dyn Store>) -> Result<()> {
    write(&store, "before", ChangeKind::Created, &[]).await?;
    let (mut one, mut two) = (store.changes(), store.changes());
    let first = write(&store, "a", ChangeKind::Created, &["service", "other"]).await?;
    let second = write(&store, "b", ChangeKind::Deleted, &[]).await?;
    for listener in [&mut one, &mut two] {
        assert_eq!(next(listener).await.as_ref(), Some(&first));
        assert_eq!(next(listener).await.as_ref(), Some(&second));
    }
    Ok(())
}

/// What was not committed is not told.
pub async fn does_not_tell_what_was_undone(store: Arc<dyn Store>) -> Result<()> {
    let mut changes = store.changes();
    let mut work = store.write().await?;
    work.announce("g", "Contact", ChangeKind::Created, &document("undone", "1-a"), Vec::new()).await?;
    drop(work);
    let committed = write(&store, "committed", ChangeKind::Updated, &[]).await?;
    assert_eq!(next(&mut changes).await, Some(committed));
    assert_eq!(changes.waiting(), None);
    Ok(())
}
