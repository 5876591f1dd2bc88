//! What every engine must do, as one suite: [`store_conformance!`](crate::store_conformance) makes a
//! test of each story for the store that it is given.
//!
//! ```ignore
//! mod memory {
//!     keystead_store::store_conformance!(keystead_store::conformance::memory);
//! }
//! ```

pub mod accounts;
pub mod changes;
pub mod creations;
pub mod documents;
pub mod find;
pub mod gateway;
pub mod jobs;
pub mod orders;
mod postgres;
mod samples;
pub mod services;
pub mod transactions;

use std::any::Any;
use std::sync::Arc;

pub use self::postgres::{PostgresServer, postgres};
use crate::memory::MemoryStore;
use crate::sqlite::{Options, SqliteStore};
use crate::{Result, Store, StoreError};

/// A fresh, empty store for one test.
pub struct Fresh {
    /// The store.
    pub store: Arc<dyn Store>,
    /// What has to live as long as the store, its directory for instance.
    pub keep: Box<dyn Any + Send>,
}

/// A fresh store in memory.
pub async fn memory() -> Result<Fresh> {
    Ok(Fresh { store: Arc::new(MemoryStore::new()), keep: Box::new(()) })
}

/// A fresh store in an SQLite file, which is removed when `keep` is dropped.
pub async fn sqlite() -> Result<Fresh> {
    let dir = tempfile::tempdir().map_err(|error| StoreError::Unavailable(error.kind().to_string()))?;
    let store = SqliteStore::open(dir.path(), Options::default())?;
    Ok(Fresh { store: Arc::new(store), keep: Box::new(dir) })
}

/// Makes a test of every story, each on a store of its own: `$make` is an asynchronous function without
/// parameters that answers a `Result<Fresh>`.
#[macro_export]
macro_rules! store_conformance {
    ($make:path) => {
        $crate::store_conformance! { @stories $make,
            changes: [tells_what_was_committed, does_not_tell_what_was_undone],
            creations: [
                creates_alone, refuses_what_is_there, answers_each_of_many, outlives_who_goes_away,
            ],
            documents: [
                creates_and_reads, refuses_an_id_twice, replaces_only_the_expected_revision,
                keeps_unique_values_unique, releases_unique_values, reaches_with_the_highest_level,
                lists_in_the_order_asked_for, lists_groups, hides_deleted_documents, purges_everything,
                keeps_attachments, keeps_any_text, gives_a_unique_value_to_one_of_many,
            ],
            find: [
                finds_terms, finds_within_bounds, finds_tags_within_bounds, finds_prefixes, finds_ranges, finds_ids,
                finds_everything, finds_what_is_accessible, finds_unions, finds_intersections,
                finds_differences, finds_nothing, restricts_to_readers, keeps_groups_and_classes_apart,
                follows_changes, answers_wide_and_deep_questions,
            ],
            orders: [
                orders_by_sort_value, orders_by_the_best_value, orders_by_the_first_sorted_set,
                orders_unions, pages_by_id, pages_in_every_order, pages_through_ties,
            ],
            services: [
                finds_parts, finds_only_the_latest_version, decides_the_latest_for_each_reader,
                breaks_ties, finds_parts_of_every_kind, pages_parts, names_the_contact_of_the_latest,
            ],
            accounts: [
                keeps_names_unique_in_a_group, replaces_names, keeps_secrets, ends_secrets,
                keeps_sessions, revokes_sessions, removes_accounts,
            ],
            gateway: [
                keeps_processes, keeps_code_requests, counts_live_codes, counts_wrong_codes,
                uses_codes_and_challenges_once, limits, forgets_what_ended,
                forgives_as_many_parallel_guesses_as_in_turn,
            ],
            jobs: [
                claims_due_jobs, finishes_and_postpones, takes_back_what_was_claimed, keeps_the_newest_of_the_outbox,
            ],
            transactions: [
                shows_work_at_its_commit, undoes_dropped_work, sees_its_own_writes,
                keeps_a_view_consistent, looks_at_the_latest_state, shows_acknowledged_writes, keeps_every_concurrent_write,
                undoes_only_the_dropped_of_many, survives_cancelled_callers, closes,
            ],
        }
    };
    (@stories $make:path, $($concern:ident: [$($story:ident),* $(,)?],)*) => {
        $(
            mod $concern {
                $(
                    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                    async fn $story() -> $crate::Result<()> {
                        let fresh = $make().await?;
                        $crate::conformance::$concern::$story(fresh.store).await
                    }
                )*
            }
        )*
    };
}
