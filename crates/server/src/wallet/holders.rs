//! Wallets that a session of this process has and does nothing with: between two signatures on one socket. Whoever else
//! wants such a wallet gets it at once.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use super::change::Whose;

/// How long giving a wallet away may take: one write.
const PATIENCE: Duration = Duration::from_secs(2);

type Name = (String, String);

/// Who holds which wallet idly.
#[derive(Default)]
pub struct Holders(Mutex<HashMap<Name, Arc<Idle>>>);

struct Idle {
    wanted: Notify,
    over: watch::Sender<bool>,
}

/// A session that holds a wallet idly, until it is dropped.
pub(super) struct Resting<'a> {
    holders: &'a Holders,
    name: Name,
    idle: Arc<Idle>,
}

impl Holders {
    /// From now on the wallet is given to whoever asks.
    pub(super) fn rest(&self, whose: Whose<'_>) -> Resting<'_> {
        let name = (whose.group.to_owned(), whose.owner.to_owned());
        let idle = Arc::new(Idle { wanted: Notify::new(), over: watch::Sender::new(false) });
        self.0.lock().insert(name.clone(), Arc::clone(&idle));
        Resting { holders: self, name, idle }
    }

    /// Asks for a wallet; whether it is worth another try.
    pub(super) async fn ask(&self, whose: Whose<'_>) -> bool {
        let name = (whose.group.to_owned(), whose.owner.to_owned());
        let Some(idle) = self.0.lock().get(&name).cloned() else { return false };
        let mut over = idle.over.subscribe();
        idle.wanted.notify_one();
        timeout(PATIENCE, over.wait_for(|over| *over)).await.is_ok()
    }
}

impl Resting<'_> {
    /// Waits until somebody wants the wallet.
    pub(super) async fn wanted(&self) {
        self.idle.wanted.notified().await;
    }
}

impl Drop for Resting<'_> {
    fn drop(&mut self) {
        let mut holders = self.holders.0.lock();
        // a later session may rest where this one did
        if holders.get(&self.name).is_some_and(|idle| Arc::ptr_eq(idle, &self.idle)) {
            holders.remove(&self.name);
        }
        self.idle.over.send_replace(true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOSE: Whose<'static> = Whose { group: "g", owner: "o" };

    #[tokio::test]
    async fn who_rests_gives_to_who_asks() {
        let holders = Holders::default();
        assert!(!holders.ask(WHOSE).await, "nobody rests");
        let resting = holders.rest(WHOSE);
        let gives = async {
            resting.wanted().await;
            drop(resting);
        };
        let (asked, ()) = tokio::join!(holders.ask(WHOSE), gives);
        assert!(asked);
        assert!(!holders.ask(WHOSE).await);
        let (first, second) = (holders.rest(WHOSE), holders.rest(WHOSE));
        drop(first);
        assert_eq!(holders.0.lock().len(), 1, "the second still rests");
        drop(second);
    }
}
