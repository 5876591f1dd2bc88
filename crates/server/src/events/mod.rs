//! Live events over web sockets (wire 6.3): a client names a class, kinds of change and a filter, and is sent
//! every change that matches and that it may read.
//!
//! The store tells what was committed ([`keystead_store::changes`]). One task, [`dispatch`], looks at each change
//! once and puts it into the queues of the [`subscriber::Subscriber`]s that it is for; each [`socket`] empties its
//! queue. What the protocol leaves to the server is in [`sessions`]: the access control keys of a session, which
//! official clients never send over a socket, and subscriptions whose socket broke.

mod dispatch;
mod sessions;
mod socket;
mod subscriber;
mod upgrade;
mod wanted;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use axum::routing::get;
use http::Method;
use keystead_store::accounts::Account;
use parking_lot::{Mutex, RwLock};
use tokio::sync::watch;

use self::sessions::Sessions;
use self::subscriber::Subscriber;
pub use self::wanted::Wanted;
use crate::app::App;
use crate::http::{Access, Route, Shape};

/// Subscriptions by the group and class whose changes may concern them.
type ByClass = HashMap<(String, &'static str), Vec<Arc<Subscriber>>>;

/// What the server knows of its web sockets.
pub struct Events {
    subscribers: RwLock<ByClass>,
    /// Open sockets of each user.
    open: Mutex<HashMap<Account, usize>>,
    sessions: Sessions,
    dispatching: AtomicBool,
    numbers: AtomicU64,
    stopping: watch::Sender<bool>,
    closed: watch::Sender<usize>,
}

impl Default for Events {
    fn default() -> Self {
        Self {
            subscribers: RwLock::default(),
            open: Mutex::default(),
            sessions: Sessions::default(),
            dispatching: AtomicBool::new(false),
            numbers: AtomicU64::new(0),
            stopping: watch::Sender::new(false),
            closed: watch::Sender::new(0),
        }
    }
}

impl Events {
    /// Remembers the delegation keys that a session presented with a request: they hold for its sockets too.
    pub(crate) fn remember_keys(&self, session: &str, keys: &[String], now: i64) {
        if !keys.is_empty() {
            self.sessions.remember_keys(session, keys, now);
        }
    }

    /// How many sockets are open.
    pub fn open(&self) -> usize {
        *self.closed.borrow()
    }

    /// Closes every socket, telling its client to come back, and takes no new ones.
    pub async fn stop(&self) {
        self.stopping.send_replace(true);
        let mut open = self.closed.subscribe();
        let all = open.wait_for(|open| *open == 0);
        if tokio::time::timeout(socket::PATIENCE, all).await.is_err() {
            tracing::warn!("some web sockets did not close in time");
        }
    }

    /// Waits until the server stops.
    pub(crate) async fn stopped(&self) {
        let _ = self.stopping.subscribe().wait_for(|stopping| *stopping).await;
    }

    /// Whether no new sockets are taken.
    pub(crate) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Listens to the store from now on, if nobody did before.
    fn start(&self, app: &Arc<App>) {
        if !self.dispatching.swap(true, Ordering::SeqCst) {
            tokio::spawn(dispatch::run(Arc::downgrade(app), app.store.changes()));
        }
    }

    fn next_number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    fn add(&self, subscriber: &Arc<Subscriber>) {
        let key = (subscriber.group().to_owned(), subscriber.class().name);
        self.subscribers.write().entry(key).or_default().push(Arc::clone(subscriber));
    }

    fn remove(&self, subscriber: &Subscriber) {
        let key = (subscriber.group().to_owned(), subscriber.class().name);
        let mut subscribers = self.subscribers.write();
        if let Some(list) = subscribers.get_mut(&key) {
            list.retain(|other| other.number() != subscriber.number());
            if list.is_empty() {
                subscribers.remove(&key);
            }
        }
    }

    /// Takes a place for a socket of a user; `None` if they have `most` already.
    pub(crate) fn enter(self: &Arc<Self>, account: &Account, most: usize) -> Option<Place> {
        let mut open = self.open.lock();
        let count = open.entry(account.clone()).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        self.closed.send_modify(|open| *open += 1);
        Some(Place { events: Arc::clone(self), account: account.clone() })
    }
}

/// The place of an open socket among those of its user.
pub(crate) struct Place {
    events: Arc<Events>,
    account: Account,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.events.open.lock();
        if let Some(count) = open.get_mut(&self.account) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.remove(&self.account);
            }
        }
        self.events.closed.send_modify(|open| *open = open.saturating_sub(1));
    }
}

/// The endpoint of the subscriptions, and the tokens with which a browser opens one.
pub fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Method::GET,
            "/ws/v2/notification/{subscribe}",
            "Subscribe to events (web socket)",
            get(upgrade::upgrade),
        )
        .access(Access::Session)
        .query(&["jwt"])
        .gives(Shape::Empty),
        Route::new(
            Method::GET,
            "/rest/v2/auth/token/{method}/{*path}",
            "A token for one web socket, for clients that cannot send headers",
            get(upgrade::one_time_token),
        )
        .gives(Shape::Text),
    ]
}
