//! What is remembered of sessions for their sockets, in memory and for a while only (wire 6.3).
//!
//! Official clients present access control keys with requests and never over a socket, so an anonymous data owner
//! would get no events: the keys that a session presented count for its sockets. And they do not subscribe again
//! after a socket broke: the subscription waits for the next socket of the session that stays silent.

use std::collections::{BTreeSet, HashMap};

use parking_lot::Mutex;

use super::socket::Subscription;

/// Sessions whose keys are remembered.
const SESSIONS: usize = 10_000;
/// Keys of one session.
const KEYS: usize = 4_096;
/// Subscriptions of one session that wait.
const PARKED: usize = 16;
/// How long a subscription waits for its client, in milliseconds.
const WAIT_MS: i64 = 120_000;

/// What is known of sessions.
#[derive(Default)]
pub(super) struct Sessions {
    keys: Mutex<HashMap<String, Known>>,
    parked: Mutex<HashMap<String, Vec<Parked>>>,
}

#[derive(Default)]
struct Known {
    keys: BTreeSet<String>,
    used: i64,
}

struct Parked {
    subscription: Subscription,
    since: i64,
}

/// What a silent socket is given.
pub(super) enum Attached {
    /// No subscription of the session waits.
    Nothing,
    /// The one that waits, or one of several that are alike.
    This(Box<Subscription>),
    /// Several that differ: nobody can tell which is meant.
    Ambiguous,
}

impl Sessions {
    pub(super) fn remember_keys(&self, session: &str, keys: &[String], now: i64) {
        let mut all = self.keys.lock();
        if all.len() >= SESSIONS && !all.contains_key(session) {
            let oldest = all.iter().min_by_key(|(_, known)| known.used).map(|(session, _)| session.clone());
            oldest.and_then(|oldest| all.remove(&oldest));
        }
        let known = all.entry(session.to_owned()).or_default();
        known.used = now;
        for key in keys {
            if known.keys.len() >= KEYS {
                break;
            }
            if !known.keys.contains(key) {
                known.keys.insert(key.clone());
            }
        }
    }

    /// How many keys a session presented: as long as that does not change, nor does the set.
    pub(super) fn count_keys(&self, session: &str) -> usize {
        self.keys.lock().get(session).map_or(0, |known| known.keys.len())
    }

    /// The keys that a session presented.
    pub(super) fn keys(&self, session: &str) -> Vec<String> {
        self.keys.lock().get(session).map(|known| known.keys.iter().cloned().collect()).unwrap_or_default()
    }

    /// Keeps a subscription whose socket broke. Gives back what is given up for it.
    pub(super) fn park(&self, session: &str, subscription: Subscription, now: i64) -> Vec<Subscription> {
        let mut all = self.parked.lock();
        let mut gone = sweep(&mut all, now);
        let waiting = all.entry(session.to_owned()).or_default();
        waiting.push(Parked { subscription, since: now });
        if waiting.len() > PARKED {
            gone.push(waiting.remove(0).subscription);
        }
        gone
    }

    /// What waits for a socket that stays silent, and what waited too long.
    pub(super) fn attach(&self, session: &str, now: i64) -> (Attached, Vec<Subscription>) {
        let mut all = self.parked.lock();
        let mut gone = sweep(&mut all, now);
        let Some(mut waiting) = all.remove(session) else { return (Attached::Nothing, gone) };
        let alike = waiting.windows(2).all(|pair| match pair {
            [one, other] => one.subscription.subscriber.is_like(&other.subscription.subscriber),
            _ => true,
        });
        if !alike {
            gone.extend(waiting.into_iter().map(|parked| parked.subscription));
            return (Attached::Ambiguous, gone);
        }
        let Some(parked) = waiting.pop() else { return (Attached::Nothing, gone) };
        if !waiting.is_empty() {
            all.insert(session.to_owned(), waiting);
        }
        (Attached::This(Box::new(parked.subscription)), gone)
    }
}

/// Takes out what waited too long.
fn sweep(all: &mut HashMap<String, Vec<Parked>>, now: i64) -> Vec<Subscription> {
    let mut gone = Vec::new();
    all.retain(|_, waiting| {
        let (kept, late): (Vec<_>, Vec<_>) =
            std::mem::take(waiting).into_iter().partition(|parked| now.saturating_sub(parked.since) < WAIT_MS);
        gone.extend(late.into_iter().map(|parked| parked.subscription));
        *waiting = kept;
        !waiting.is_empty()
    });
    gone
}
