//! A server or a client is killed (`kill -9`) just before and just after every step that creating, backing up and
//! recovering a wallet make durable, and started again on what is on its disk. The steps are those of
//! [`persisted_steps`]: one that nothing stops at fails here.
//!
//! After each kill, before anything is resumed: exactly one generation signs, and a device without any half brings the
//! wallet back with the text that the application has at that moment (on a copy, since it changes what it tries). Then
//! the application goes on, and in the end both curves sign under the first addresses, and what was before is refused.

mod application;
mod case;
mod client;
mod custodian;
mod disk;
mod prepared;
mod table;
mod watch;

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use keystead_model::wallet::{
    BackupMethod, OperationKind, PairId, PerCurve, PersistedStep, Place, Step, persisted_steps,
};
use serde::{Deserialize, Serialize};

use self::custodian::Custodians;
use self::prepared::Prepared;
use self::table::Row;

/// How many cases at once.
const AT_ONCE: usize = 2;

/// What a client wants of its wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Wish {
    Create,
    BackUp,
    Recover,
    RecoverSigning,
}

impl Wish {
    const ALL: [Self; 4] = [Self::Create, Self::BackUp, Self::Recover, Self::RecoverSigning];

    fn kind(self) -> OperationKind {
        let from = PerCurve { secp256k1: PairId([0; 16]), ed25519: PairId([1; 16]) };
        match self {
            Self::Create => OperationKind::Create,
            Self::BackUp => OperationKind::Backup { method: BackupMethod::Custom, from },
            Self::Recover => OperationKind::Recover { from, rotate_backup: true },
            Self::RecoverSigning => OperationKind::Recover { from, rotate_backup: false },
        }
    }
}

/// On which side of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum When {
    Before,
    /// What is several writes is done by half.
    Within,
    After,
}

/// Where somebody is killed.
#[derive(Debug, Clone, Copy)]
struct Point {
    wish: Wish,
    row: PersistedStep,
    when: When,
}

impl Point {
    /// Whether the server is killed; else the client.
    fn kills_server(&self) -> bool {
        matches!(self.row.place, Place::Server | Place::Custodian)
    }

    /// Whether the client is the device that has the wallet. A recovery is done on a new one, except where its old
    /// halves are to be deleted.
    fn is_on_first_device(&self) -> bool {
        match self.wish {
            Wish::Create | Wish::BackUp => true,
            Wish::Recover | Wish::RecoverSigning => (self.row.place, self.row.step) == (Place::Client, Step::Committed),
        }
    }
}

/// Before and after each step, and in between where the client's is made of several writes.
fn points() -> Vec<Point> {
    let mut points = Vec::new();
    for wish in Wish::ALL {
        for row in persisted_steps(&wish.kind()) {
            let halves = wish.kind().makes_signing() && row.place == Place::Client;
            let several =
                halves && (row.step == Step::Generated || (row.step == Step::Committed && wish != Wish::Create));
            for when in [When::Before, When::Within, When::After] {
                if when != When::Within || several {
                    points.push(Point { wish, row, when });
                }
            }
        }
    }
    points
}

/// With the variable `KEYSTEAD_KILLS` only those whose name contains it.
#[test]
fn whoever_is_killed_at_any_step_nothing_is_lost() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let custodians = runtime.block_on(Custodians::start());
    let prepared = Prepared::make(&runtime, &custodians);
    let only = std::env::var("KEYSTEAD_KILLS").unwrap_or_default();
    let points = points().into_iter().enumerate().filter(|(_, point)| table::name(point).contains(&only));
    let queue: Mutex<VecDeque<_>> = Mutex::new(points.collect());
    let (rows, failed) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some((number, point)) = queue.lock().unwrap().pop_front() else { return };
                    let run = || case::run(&runtime, &prepared, &custodians, &point, number);
                    match catch_unwind(AssertUnwindSafe(run)) {
                        Ok(found) => rows.lock().unwrap().push((number, Row { point, found })),
                        Err(_) => failed.lock().unwrap().push(table::name(&point)),
                    }
                }
            });
        }
    });
    let mut rows = rows.into_inner().unwrap();
    rows.sort_by_key(|(number, _)| *number);
    let rows: Vec<Row> = rows.into_iter().map(|(_, row)| row).collect();
    println!("{}", table::whole(&rows));
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "failed: {}", failed.join(", "));
    if only.is_empty() {
        table::compare_with_the_page(&rows);
    }
}
