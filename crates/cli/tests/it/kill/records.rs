//! Clients who write contacts until the server is gone.

use std::sync::Arc;

use serde_json::{Value, json};

use super::ledger::{Known, Written, state};
use crate::contacts::{contact, new_id};
use crate::http::Caller;
use crate::process::Hcp;

/// How many contacts there are in a batch.
const BATCH: usize = 7;

/// Creates one contact after the other.
pub(crate) async fn create(session: Caller, hcp: Arc<Hcp>, patient: String) -> Written {
    let mut written = Written::default();
    loop {
        let id = new_id();
        let answer = session.post("/rest/v2/contact", &contact(&id, &patient, &hcp.id, 1)).await;
        let Some(answer) = answer else {
            written.contacts.insert(id, Known { acknowledged: None, attempted: Some(1) });
            return written;
        };
        let (_, acknowledged) = state(&answer.json());
        written.contacts.insert(id, Known { acknowledged: Some(acknowledged), attempted: None });
    }
}

/// Creates a contact and modifies it again and again.
pub(crate) async fn modify(session: Caller, hcp: Arc<Hcp>, patient: String) -> Written {
    let mut written = Written::default();
    let id = new_id();
    let mut body = contact(&id, &patient, &hcp.id, 1);
    let mut known = Known::default();
    for version in 1.. {
        body["descr"] = Value::from(version.to_string());
        let answer = match &known.acknowledged {
            None => session.post("/rest/v2/contact", &body).await,
            Some(state) => {
                body["rev"] = Value::from(state.rev.as_str());
                session.put("/rest/v2/contact", &body).await
            }
        };
        let Some(answer) = answer else {
            known.attempted = Some(version);
            break;
        };
        known.acknowledged = Some(state(&answer.json()).1);
    }
    written.contacts.insert(id, known);
    written
}

/// Creates contacts in batches.
pub(crate) async fn create_batches(session: Caller, hcp: Arc<Hcp>, patient: String) -> Written {
    let mut written = Written::default();
    loop {
        let ids: Vec<String> = (0..BATCH).map(|_| new_id()).collect();
        let batch = json!(ids.iter().map(|id| contact(id, &patient, &hcp.id, 1)).collect::<Vec<_>>());
        let Some(answer) = session.post("/rest/v2/contact/batch", &batch).await else {
            written.batch = ids;
            return written;
        };
        let made = answer.json();
        assert_eq!(made.as_array().unwrap().len(), BATCH, "{made}");
        for contact in made.as_array().unwrap() {
            let (id, acknowledged) = state(contact);
            written.contacts.insert(id, Known { acknowledged: Some(acknowledged), attempted: None });
        }
    }
}
