//! A server that is killed in the middle of writes comes back with every acknowledged write, and with
//! no half of a transaction.
//!
//! `kill -9` ends a process, not the machine: what the kernel has been given survives it. So this shows
//! that nothing is acknowledged before it is committed, and that a commit is all or nothing. That a
//! commit reaches the disk is the business of `synchronous=FULL`.

mod ledger;
mod people;
mod records;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use self::ledger::Ledger;
use crate::http::Caller;
use crate::process::{Hcp, Server, spawn};

/// How often the server is killed under load.
const KILLS: usize = 12;
/// How often it is killed before, while it starts on an empty directory.
const EARLY_KILLS: usize = 5;
/// How many of each kind of client write at once.
const CLIENTS: usize = 2;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_and_nothing_is_there_by_half() {
    let data = tempfile::tempdir().unwrap();
    for _ in 0..EARLY_KILLS {
        let mut child = spawn(data.path(), &["--dev"], &[]);
        moment(0, 150).await;
        child.kill().unwrap();
        child.wait().unwrap();
    }

    let mut server = Server::dev(data.path());
    let hcp = Arc::new(Hcp::create(data.path()));
    let mut session = Caller::new(server.base()).logged_in(&hcp).await;
    let mut ledger = Ledger::default();
    for _ in 0..KILLS {
        let under_way = load(&session, &hcp, &mut ledger);
        moment(150, 900).await;
        server.kill();
        ledger.note(under_way.join_all().await);
        server = Server::dev(data.path());
        // The session of before is one of the acknowledged writes.
        session = session.at(server.base());
        ledger.check(&session, &hcp).await;
    }
    let (status, output) = server.stop();
    assert!(status.success(), "{status}: {output}");
    ledger.show();
    assert!(ledger.is_telling(), "the load was too small to show anything");
}

/// A random moment within the bounds, in milliseconds.
async fn moment(from: u64, to: u64) {
    tokio::time::sleep(Duration::from_millis(rand::random_range(from..to))).await;
}

/// Clients of every kind, who write until the server is gone and then say what they wrote.
fn load(session: &Caller, hcp: &Arc<Hcp>, ledger: &mut Ledger) -> JoinSet<ledger::Written> {
    let patient = ledger.next_patient();
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        clients.spawn(records::create(session.clone(), hcp.clone(), patient.clone()));
        clients.spawn(records::modify(session.clone(), hcp.clone(), patient.clone()));
        clients.spawn(records::create_batches(session.clone(), hcp.clone(), patient.clone()));
        clients.spawn(people::register(session.anonymous()));
    }
    clients
}
