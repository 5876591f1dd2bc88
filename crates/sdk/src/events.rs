//! Live events: what a filter finds, and every change of it from then on (wire 6.3).
//!
//! A [`Subscription`] first listens and then reads, so nothing happens unnoticed between the two. When its
//! connection breaks it does the same again, and tells only what is not as it was.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use keystead_crypto::access_control::EntityType;
use keystead_model::Object;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::api::Core;
use crate::call::Call;
use crate::data_samples::{list_services, matching_services, open_services};
use crate::document::text;
use crate::entities::{self, CONTACT, Kind, Record, RecordError};
use crate::error::RequestError;
use crate::transport::{Frame, Socket, TransportError};

/// The subprotocol in which the server says when it listens, and what happened.
const PROTOCOL: &str = "keystead.events.v1";
/// The code with which a server closes what it will not go on with.
const POLICY: u16 = 1008;
/// Attempts to connect before the caller is told.
const ATTEMPTS: u32 = 6;
/// The wait before the second attempt; doubles each time.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// Records that are read at a time.
const BATCH: usize = 500;

/// Something that a subscription tells.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event<T> {
    /// A record as it is now: found at the beginning, new, shared with the user, or changed.
    Current(T),
    /// A record that the user is given and no key at hand opens: its id.
    Unreadable(String),
    /// A record that was deleted, or is no longer the user's to read: its id.
    Gone(String),
}

/// Where records come from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source {
    /// A class of entities.
    Entities(Kind),
    /// The services inside contacts.
    Services,
}

impl Source {
    fn entity_type(self) -> EntityType {
        match self {
            Self::Entities(kind) => kind.entity_type,
            Self::Services => CONTACT.entity_type,
        }
    }

    fn class(self) -> String {
        let name = match self {
            Self::Entities(kind) => kind.entity_type.as_str(),
            Self::Services => "embed.Service",
        };
        format!("org.taktik.icure.entities.{name}")
    }

    async fn matching(self, core: &Core, filter: &Value) -> Result<Vec<String>, RecordError> {
        match self {
            Self::Entities(kind) => entities::matching(core, kind, filter).await,
            Self::Services => matching_services(core, filter).await,
        }
    }

    async fn list(self, core: &Core, ids: &[&str]) -> Result<Vec<Object>, RecordError> {
        match self {
            Self::Entities(kind) => entities::list(core, kind, ids).await,
            Self::Services => list_services(core, ids).await,
        }
    }

    async fn open(self, core: &Core, stored: Vec<Object>) -> Result<Vec<Record>, RecordError> {
        match self {
            Self::Entities(kind) => entities::open(core, kind, stored).await,
            Self::Services => open_services(core, stored).await,
        }
    }
}

/// What was told of a record: which revision, and a digest of what the server had.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Told {
    revision: u64,
    digest: [u8; 32],
}

impl Told {
    fn of(stored: &Object) -> Self {
        let revision = text(stored, "rev").and_then(|rev| rev.split('-').next()?.parse().ok());
        let body = serde_json::to_vec(stored).unwrap_or_default();
        Self { revision: revision.unwrap_or_default(), digest: Sha256::digest(body).into() }
    }
}

/// A message of the server.
#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    subscribed: bool,
    event: Option<String>,
    entity: Option<Object>,
}

/// The records that a filter finds, and what becomes of them. Take events with [`Self::next`] as long as wanted;
/// dropping it ends it.
///
/// ```no_run
/// use keystead_sdk::events::Event;
/// # async fn example(api: keystead_sdk::Api) -> Result<(), Box<dyn std::error::Error>> {
/// let me = api.data_owners().current().await?;
/// let filter = serde_json::json!({
///     "$type": "ServiceByHcPartyTagCodeDateFilter", "healthcarePartyId": me.id(), "tagType": "LOINC",
/// });
/// let mut samples = api.data_samples().subscribe(&filter);
/// loop {
///     match samples.next().await? {
///         Event::Current(sample) => println!("{:?}", sample.text("en")),
///         Event::Gone(id) => println!("{id} is gone"),
///         _ => {}
///     }
/// }
/// # }
/// ```
pub struct Subscription<T> {
    core: Arc<Core>,
    source: Source,
    filter: Value,
    socket: Option<Box<dyn Socket>>,
    /// Texts of the server that were not looked at yet.
    inbox: VecDeque<String>,
    /// Ids that are to be read, newest knowledge of the server.
    unread: VecDeque<String>,
    ready: VecDeque<Event<T>>,
    told: HashMap<String, Told>,
    attempts: u32,
    records: PhantomData<fn() -> T>,
}

impl<T> fmt::Debug for Subscription<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("connected", &self.socket.is_some()).finish_non_exhaustive()
    }
}

#[expect(private_bounds, reason = "only records of this crate are told, and only it makes them")]
impl<T: From<Record>> Subscription<T> {
    pub(crate) fn new(core: Arc<Core>, source: Source, filter: &Value) -> Self {
        Self {
            core,
            source,
            filter: filter.clone(),
            socket: None,
            inbox: VecDeque::new(),
            unread: VecDeque::new(),
            ready: VecDeque::new(),
            told: HashMap::new(),
            attempts: 0,
            records: PhantomData,
        }
    }

    /// Waits for the next event. May be dropped while it waits, and after an error be called again: nothing is lost.
    ///
    /// # Errors
    /// See [`RecordError`]. One that is [`RecordError::retryable`] says that the server could not be reached for a
    /// while.
    pub async fn next(&mut self) -> Result<Event<T>, RecordError> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(event);
            }
            if !self.unread.is_empty() {
                self.read().await?;
            } else if let Some(message) = self.inbox.front().cloned() {
                self.look_at(&message).await?;
                self.inbox.pop_front();
            } else if self.socket.is_some() {
                self.receive().await?;
            } else {
                self.connect().await?;
            }
        }
    }

    /// Ends the subscription in good order.
    pub async fn close(mut self) {
        if let Some(mut socket) = self.socket.take() {
            socket.close().await;
        }
    }

    /// Listens, and then asks what there is: what happens meanwhile waits in the socket.
    async fn connect(&mut self) -> Result<(), RecordError> {
        match self.listen().await {
            Ok(socket) => {
                self.attempts = 0;
                // kept before the next question is asked, so that whoever stops waiting loses nothing
                self.socket = Some(socket);
                match self.source.matching(&self.core, &self.filter).await {
                    Ok(ids) => self.compare(ids),
                    Err(error) => {
                        self.socket = None;
                        return Err(error);
                    }
                }
                Ok(())
            }
            Err(error) if error.retryable() && self.attempts + 1 < ATTEMPTS => {
                let wait = FIRST_WAIT.saturating_mul(1 << self.attempts);
                self.attempts += 1;
                self.core.parts.time.sleep(wait).await;
                Ok(())
            }
            Err(error) => {
                self.attempts = 0;
                Err(error)
            }
        }
    }

    /// Opens a socket, and waits until the server listens for us.
    async fn listen(&self) -> Result<Box<dyn Socket>, RecordError> {
        let core = &*self.core;
        let keys = core.access_keys(self.source.entity_type()).await?;
        let subscription = json!({
            "eventTypes": ["CREATE", "UPDATE", "DELETE"],
            "entityClass": self.source.class(),
            "filter": { "filter": self.filter, "predicate": null },
            "accessControlKeys": keys,
        });
        let call = Call::new(http::Method::GET, &["ws", "v2", "notification", "subscribe"]);
        let mut socket = core.caller.socket(call, PROTOCOL).await?;
        socket.send(&subscription.to_string()).await.map_err(RequestError::from)?;
        loop {
            match socket.receive().await.map_err(RequestError::from)? {
                Frame::Text(message) if message == "ping" => socket.send("pong").await.map_err(RequestError::from)?,
                Frame::Text(message) => match serde_json::from_str::<Envelope>(&message) {
                    Ok(Envelope { subscribed: true, .. }) => return Ok(socket),
                    _ => return Err(RequestError::Unreadable.into()),
                },
                Frame::Octets(_) => return Err(RequestError::Unreadable.into()),
                Frame::Closed { code, reason } => return Err(ended(code, reason)),
            }
        }
    }

    /// What was there and is no more is gone; the rest has to be read.
    fn compare(&mut self, ids: Vec<String>) {
        let there: HashSet<&String> = ids.iter().collect();
        let gone: Vec<String> = self.told.keys().filter(|id| !there.contains(id)).cloned().collect();
        for id in gone {
            self.told.remove(&id);
            self.ready.push_back(Event::Gone(id));
        }
        self.unread = ids.into();
    }

    /// Reads some of what is there.
    async fn read(&mut self) -> Result<(), RecordError> {
        let ids: Vec<String> = self.unread.iter().take(BATCH).cloned().collect();
        let stored = self.source.list(&self.core, &ids.iter().map(String::as_str).collect::<Vec<_>>()).await?;
        self.tell(stored).await?;
        self.unread.drain(..ids.len());
        Ok(())
    }

    async fn receive(&mut self) -> Result<(), RecordError> {
        let Some(socket) = &mut self.socket else { return Ok(()) };
        let frame = socket.receive().await;
        let broken = match frame {
            Ok(Frame::Text(message)) if message == "ping" => socket.send("pong").await.is_err(),
            Ok(Frame::Text(message)) => {
                self.inbox.push_back(message);
                false
            }
            // nothing that a server of ours says
            Ok(Frame::Octets(_)) => false,
            Ok(Frame::Closed { code, reason }) => {
                self.socket = None;
                return if code == Some(POLICY) { Err(ended(code, reason)) } else { Ok(()) };
            }
            Err(_) => true,
        };
        if broken {
            self.socket = None;
        }
        Ok(())
    }

    async fn look_at(&mut self, message: &str) -> Result<(), RecordError> {
        // what no server of ours says is skipped: one bad message must not end the others
        let Ok(Envelope { event: Some(event), entity: Some(entity), .. }) = serde_json::from_str(message) else {
            return Ok(());
        };
        if event != "DELETE" {
            return self.tell(vec![entity]).await;
        }
        if let Some(id) = text(&entity, "id")
            && self.told.remove(id).is_some()
        {
            self.ready.push_back(Event::Gone(id.to_owned()));
        }
        Ok(())
    }

    /// Tells records, except those that are as they were told before, or older.
    async fn tell(&mut self, mut stored: Vec<Object>) -> Result<(), RecordError> {
        stored.retain(|stored| {
            let (now, before) = (Told::of(stored), text(stored, "id").and_then(|id| self.told.get(id)));
            before.is_none_or(|before| now.digest != before.digest && now.revision >= before.revision)
        });
        let told: Vec<Option<(String, Told)>> =
            stored.iter().map(|stored| Some((text(stored, "id")?.to_owned(), Told::of(stored)))).collect();
        let mut records = self.source.open(&self.core, stored.clone()).await?;
        if records.iter().any(|record| record.report.is_none()) {
            // perhaps under exchange data that were made since this client asked for them
            self.core.exchange.look_again();
            records = self.source.open(&self.core, stored).await?;
        }
        for (record, told) in records.into_iter().zip(told) {
            let Some((id, told)) = told else { continue };
            self.ready.push_back(match record.report {
                Some(_) => Event::Current(record.into()),
                None => Event::Unreadable(id.clone()),
            });
            self.told.insert(id, told);
        }
        Ok(())
    }
}

/// Why a server ended a subscription.
fn ended(code: Option<u16>, reason: String) -> RecordError {
    match code {
        Some(POLICY) => RecordError::NotSubscribed(reason),
        _ => RequestError::from(TransportError::Interrupted).into(),
    }
}
