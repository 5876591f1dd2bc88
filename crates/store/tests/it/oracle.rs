//! Random work on SQLite and on the oracle in memory must have the same answers.

mod operations;
mod questions;

use std::sync::Arc;

use keystead_store::documents::Find;
use keystead_store::{Reading, Result, Store, conformance};
use proptest::prelude::*;

use self::operations::{Operation, operation};
use self::questions::question;

/// A unit of work, and what is asked during and after it.
#[derive(Debug, Clone)]
struct Unit {
    operations: Vec<Operation>,
    commits: bool,
    within: Vec<Find>,
    after: Vec<Find>,
}

fn unit() -> impl Strategy<Value = Unit> {
    (
        prop::collection::vec(operation(), 1..12),
        prop::bool::weighted(0.8),
        prop::collection::vec(question(), 0..3),
        prop::collection::vec(question(), 1..8),
    )
        .prop_map(|(operations, commits, within, after)| Unit { operations, commits, within, after })
}

proptest! {
    #[test]
    fn answers_like_the_oracle(units in prop::collection::vec(unit(), 1..6)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let sqlite = conformance::sqlite().await.unwrap();
            let memory = conformance::memory().await.unwrap();
            for unit in &units {
                run(unit, &sqlite.store, &memory.store).await.unwrap();
            }
            operations::compare_everything(&sqlite.store, &memory.store).await.unwrap();
        });
    }
}

async fn run(unit: &Unit, sqlite: &Arc<dyn Store>, memory: &Arc<dyn Store>) -> Result<()> {
    let first = unit.operations.first().filter(|_| unit.commits).and_then(Operation::creation);
    if let Some(alone) = &first {
        let (left, right) = (sqlite.create(alone.clone()).await?, memory.create(alone.clone()).await?);
        assert_eq!(left, right, "{alone:?}");
    }
    let mut one = sqlite.write().await?;
    let mut other = memory.write().await?;
    for operation in unit.operations.iter().skip(usize::from(first.is_some())) {
        let (left, right) = (operation.run(&mut *one).await?, operation.run(&mut *other).await?);
        assert_eq!(left, right, "{operation:?}");
    }
    for find in &unit.within {
        assert_eq!(one.find(find).await?, other.find(find).await?, "{find:?}");
    }
    if unit.commits {
        one.commit().await?;
        other.commit().await?;
    } else {
        drop((one, other));
    }
    let (mut one, mut other) = (sqlite.read().await?, memory.read().await?);
    for find in &unit.after {
        compare(find, &mut *one, &mut *other).await?;
    }
    Ok(())
}

/// Compares a whole answer, and its pages from every position.
async fn compare(find: &Find, one: &mut dyn Reading, other: &mut dyn Reading) -> Result<()> {
    let whole = other.find(find).await?;
    assert_eq!(one.find(find).await?, whole, "{find:?}");
    let unlimited = Find { limit: None, ..find.clone() };
    for after in other.find(&unlimited).await? {
        let page = Find { after: Some(after), ..find.clone() };
        assert_eq!(one.find(&page).await?, other.find(&page).await?, "{page:?}");
    }
    Ok(())
}

proptest! {
    // each case starts with empty tables in the one server of this test
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn postgres_answers_like_the_oracle(units in prop::collection::vec(unit(), 1..6)) {
        static SERVER: std::sync::OnceLock<conformance::PostgresServer> = std::sync::OnceLock::new();
        let server = SERVER.get_or_init(|| conformance::PostgresServer::start().unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let postgres = server.empty_store().await.unwrap();
            let memory = conformance::memory().await.unwrap();
            for unit in &units {
                run(unit, &postgres, &memory.store).await.unwrap();
            }
            operations::compare_everything(&postgres, &memory.store).await.unwrap();
            postgres.close().await;
        });
    }
}
