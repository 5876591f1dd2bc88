//! What a client asked to be told, and whether a change is that.

use std::collections::BTreeSet;

use axum::extract::ws::Utf8Bytes;
use keystead_model::access::{self, Caller};
use keystead_model::class::{self, Class};
use keystead_model::error::FieldError;
use keystead_model::filter;
use keystead_model::query::{Facts, Query};
use keystead_store::changes::ChangeKind;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::Events;
use crate::auth::Session;
use crate::error::ApiResult;
use crate::users;

/// How the classes are named (wire 6.3).
const ENTITIES: &str = "org.taktik.icure.entities.";
const SERVICE: &str = "embed.Service";
/// Classes that are no records and can be subscribed to nevertheless.
const PLAIN: [&str; 3] = ["User", "HealthcareParty", "Device"];

/// The names of the kinds of change.
const KINDS: [(&str, ChangeKind); 3] =
    [("CREATE", ChangeKind::Created), ("UPDATE", ChangeKind::Updated), ("DELETE", ChangeKind::Deleted)];

/// A subscription, seen from where changes come from.
pub(super) struct Subscriber {
    number: u64,
    session: Session,
    class: &'static Class,
    /// Services are asked for, not the contacts that hold them.
    services: bool,
    kinds: Vec<ChangeKind>,
    /// The filter as it was given; `null` for everything.
    filter: Value,
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
    /// Reads the first message of a socket.
    pub(super) fn parse(
        events: &Events,
        session: Session,
        envelopes: bool,
        message: &Value,
        queue: mpsc::Sender<Utf8Bytes>,
    ) -> Result<Self, FieldError> {
        let message = message.as_object().ok_or_else(|| FieldError::new("", "an object"))?;
        let name = message.get("entityClass").and_then(Value::as_str);
        let name = name.and_then(|name| name.strip_prefix(ENTITIES));
        let services = name == Some(SERVICE);
        let name = if services { Some("Contact") } else { name };
        let found = class::ALL.iter().find(|class| name == Some(class.name));
        let class = found.filter(|class| class.encryptable || PLAIN.contains(&class.name));
        let class =
            class.ok_or_else(|| FieldError::new("entityClass", format!("{ENTITIES}… of a class with events")))?;
        let kinds = message.get("eventTypes").and_then(Value::as_array);
        let kinds = kinds.and_then(|kinds| kinds.iter().map(kind).collect::<Option<BTreeSet<usize>>>());
        let kinds = kinds.filter(|kinds| !kinds.is_empty());
        let kinds = kinds.ok_or_else(|| FieldError::new("eventTypes", "some of CREATE, UPDATE, DELETE"))?;
        let kinds = kinds.into_iter().filter_map(|index| Some(KINDS.get(index)?.1)).collect();
        let filter = match message.get("filter") {
            None | Some(Value::Null) => Value::Null,
            Some(chain) => filter::from_chain(chain).map_err(|error| error.under("filter"))?.clone(),
        };
        let mut session = session;
        session.delegation_keys.extend(presented(message.get("accessControlKeys"))?);
        let keys = events.sessions.count_keys(&session.claims.session);
        let caller = caller(events, &session);
        let query = compile(class, services, &filter, &caller).map_err(|error| error.under("filter.filter"))?;
        Ok(Self {
            number: events.next_number(),
            session,
            class,
            services,
            kinds,
            filter,
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
        self.class
    }

    pub(super) fn wants_services(&self) -> bool {
        self.services
    }

    /// Whether two subscriptions ask for the same.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.class.name == other.class.name
            && self.services == other.services
            && self.kinds == other.kinds
            && self.filter == other.filter
            && self.envelopes == other.envelopes
    }

    /// Whether a change of this kind, of something with these facts, is for this client: it asked for it, and may
    /// read it now.
    pub(super) fn wants(&self, events: &Events, kind: ChangeKind, facts: &Facts<'_>) -> bool {
        if !self.kinds.contains(&kind) {
            return false;
        }
        let known = events.sessions.count_keys(&self.session.claims.session);
        let caller = caller(events, &self.session);
        let readable = match self.class.name {
            _ if self.class.encryptable => access::level(facts.grants, &caller).is_some(),
            "User" => users::may_read(&self.session, facts.id),
            _ => true,
        };
        if !readable {
            return false;
        }
        let mut compiled = self.compiled.lock();
        if compiled.keys != known
            && let Ok(query) = compile(self.class, self.services, &self.filter, &caller)
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
                let name = KINDS.iter().find(|(_, one)| *one == kind).map_or("", |(name, _)| *name);
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

fn kind(value: &Value) -> Option<usize> {
    let name = value.as_str()?;
    KINDS.iter().position(|(known, _)| *known == name)
}

/// The delegation keys behind the access control keys that a later client sends in its message.
fn presented(keys: Option<&Value>) -> Result<Vec<String>, FieldError> {
    let invalid = || FieldError::new("accessControlKeys", "an array of keys of 32 hex digits");
    match keys {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(keys)) => {
            keys.iter().map(|key| key.as_str().and_then(access::delegation_key_of_hex).ok_or_else(invalid)).collect()
        }
        Some(_) => Err(invalid()),
    }
}

/// Who asks, with what the session presented elsewhere.
fn caller(events: &Events, session: &Session) -> Caller {
    let mut caller = session.caller();
    caller.delegation_keys.extend(events.sessions.keys(&session.claims.session));
    caller
}

fn compile(class: &'static Class, services: bool, filter: &Value, caller: &Caller) -> Result<Query, FieldError> {
    if filter.is_null() {
        return Ok(Query::All);
    }
    let selection = match services {
        true => filter::compile_service(filter, caller)?,
        false => filter::compile(class, filter, caller)?,
    };
    Ok(selection.query)
}

/// The first message as JSON.
pub(super) fn read(text: &str) -> ApiResult<Value> {
    crate::http::read_value(text.as_bytes())
}
