//! From what was committed to the queues of those whom it is for.

use std::sync::{Arc, Weak};

use axum::extract::ws::Utf8Bytes;
use keystead_model::Object;
use keystead_model::query::Facts;
use keystead_store::changes::{Change, Changes, Heard};

use super::Events;
use super::subscriber::Subscriber;
use crate::app::App;
use crate::documents;
use crate::entities::services;

/// Dispatches until the server or the store is gone.
pub(super) async fn run(app: Weak<App>, mut changes: Changes) {
    loop {
        let heard = changes.next().await;
        let Some(app) = app.upgrade() else { return };
        match heard {
            Heard::Change(change) => dispatch(&app.events, &change),
            Heard::Missed(missed) => {
                // whoever subscribed must not believe that they saw everything
                tracing::warn!(missed, "events came faster than they could be told: sockets are closed");
                app.events.give_up_all();
            }
            Heard::End => return,
        }
    }
}

impl Events {
    /// Ends every subscription: its client reads what it missed, and subscribes again.
    fn give_up_all(&self) {
        let all: Vec<_> = self.subscribers.write().drain().flat_map(|(_, list)| list).collect();
        all.iter().for_each(|subscriber| subscriber.end());
    }
}

fn dispatch(events: &Events, change: &Change) {
    let subscribers: Vec<Arc<Subscriber>> = {
        let all = events.subscribers.read();
        let of_group = all.iter().filter(|((group, class), _)| *group == change.group && *class == change.class);
        of_group.flat_map(|(_, list)| list.iter().cloned()).collect()
    };
    let Some(class) = subscribers.first().map(|subscriber| subscriber.class()) else { return };
    let Ok(object) = documents::parse(&change.document) else { return };
    // of something that was deleted, too, the filter sees the last version
    let (postings, grants) = ((class.postings)(&object), documents::grants(class, &object));
    let facts = Facts { id: &change.document.id, part: None, postings: &postings, grants: &grants };
    let whole = Utf8Bytes::from(change.document.body.as_str());
    let parts: Vec<(&str, Utf8Bytes)> = change.parts.iter().filter_map(|part| embedded(&object, part)).collect();
    for subscriber in subscribers {
        let kept_up = if subscriber.wants_services() {
            parts.iter().all(|(part, text)| {
                let facts = Facts { part: Some(part), ..facts };
                !subscriber.wants(events, change.kind, &facts) || subscriber.send(change.kind, text)
            })
        } else {
            !subscriber.wants(events, change.kind, &facts) || subscriber.send(change.kind, &whole)
        };
        if !kept_up {
            // the socket sends what is in the queue, and ends with it
            subscriber.end();
            events.remove(&subscriber);
        }
    }
}

fn embedded<'a>(contact: &Object, part: &'a str) -> Option<(&'a str, Utf8Bytes)> {
    let service = services::embedded(contact, part)?;
    Some((part, serde_json::to_string(&service).ok()?.into()))
}
