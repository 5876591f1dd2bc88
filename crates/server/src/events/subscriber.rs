//! A subscription, and whether a change is for it.

use axum::extract::ws::Utf8Bytes;
use keystead_model::access::{self, Caller};
use keystead_model::class::Class;
use keystead_model::error::FieldError;
use keystead_model::query::{Facts, Query};
use keystead_store::changes::ChangeKind;
use parking_lot::Mutex;
use serde_json::json;
use tokio::sync::mpsc;

use super::Events;
use super::wanted::{Wanted, name};
use crate::auth::Session;
use crate::users;

/// A subscription, seen from where changes come from.
pub(super) struct Subscriber {
    number: u64,
    session: Session,
    wanted: Wanted,
    compiled: Mutex<Compiled>,
    /// Whether the client understands envelopes.
    envelopes: bool,
    /// Gone once the subscription has ended.
    queue: Mutex<Option<mpsc::Sender<Utf8Bytes>>>,
}

/// The filter, compiled for the keys that the session had presented by then.
struct Compiled {
    keys: usize,
    query: Query,
}

impl Subscriber {
    /// A subscription of a session to what it wants.
    pub(super) fn new(
        events: &Events,
        mut session: Session,
        envelopes: bool,
        (wanted, delegation_keys): (Wanted, Vec<String>),
        queue: mpsc::Sender<Utf8Bytes>,
    ) -> Result<Self, FieldError> {
        session.delegation_keys.extend(delegation_keys);
        let keys = events.sessions.count_keys(&session.claims.session);
        let query = wanted.query(&caller(events, &session))?;
        Ok(Self {
            number: events.next_number(),
            session,
            wanted,
            compiled: Mutex::new(Compiled { keys, query }),
            envelopes,
            queue: Mutex::new(Some(queue)),
        })
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn group(&self) -> &str {
        self.session.group()
    }

    pub(super) fn class(&self) -> &'static Class {
        self.wanted.class
    }

    pub(super) fn wants_services(&self) -> bool {
        self.wanted.services
    }

    /// Whether two subscriptions ask for the same.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.wanted == other.wanted && self.envelopes == other.envelopes
    }

    /// Whether a change of this kind, of something with these facts, is for this client: it asked for it, and may
    /// read it now.
    pub(super) fn wants(&self, events: &Events, kind: ChangeKind, facts: &Facts<'_>) -> bool {
        if !self.wanted.kinds.contains(&kind) {
            return false;
        }
        let known = events.sessions.count_keys(&self.session.claims.session);
        let caller = caller(events, &self.session);
        let readable = match self.wanted.class.name {
            _ if self.wanted.class.encryptable => access::level(facts.grants, &caller).is_some(),
            "User" => users::may_read(&self.session, facts.id),
            _ => true,
        };
        if !readable {
            return false;
        }
        let mut compiled = self.compiled.lock();
        if compiled.keys != known
            && let Ok(query) = self.wanted.query(&caller)
        {
            *compiled = Compiled { keys: known, query };
        }
        facts.are_in(&compiled.query)
    }

    /// Puts an event into the queue; false if the client does not keep up.
    pub(super) fn send(&self, kind: ChangeKind, entity: &Utf8Bytes) -> bool {
        let text = match self.envelopes {
            false => entity.clone(),
            true => {
                let name = name(kind);
                format!(r#"{{"event":"{name}","entity":{entity}}}"#).into()
            }
        };
        match &*self.queue.lock() {
            Some(queue) => !matches!(queue.try_send(text), Err(mpsc::error::TrySendError::Full(_))),
            None => true,
        }
    }

    /// Ends the queue with what is in it.
    pub(super) fn end(&self) {
        self.queue.lock().take();
    }

    /// What the client is told once its subscription holds, if it understands that.
    pub(super) fn acknowledgement(&self) -> Option<Utf8Bytes> {
        self.envelopes.then(|| json!({"subscribed": true}).to_string().into())
    }
}

/// Who asks, with what the session presented elsewhere.
fn caller(events: &Events, session: &Session) -> Caller {
    let mut caller = session.caller();
    caller.delegation_keys.extend(events.sessions.keys(&session.claims.session));
    caller
}
