//! What was written, as far as the clients know, and whether the server agrees.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::people::Person;
use crate::contacts::new_id;
use crate::http::Caller;
use crate::process::Hcp;

/// How many entities are read at once.
const CHUNK: usize = 500;

/// A state of a contact: its revision, and the version that stands in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    /// The revision that the server gave.
    pub(crate) rev: String,
    /// The number that its client wrote into it.
    pub(crate) version: u64,
}

/// What is known of a contact.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    /// What the server acknowledged last; `None` if nothing was.
    pub(crate) acknowledged: Option<State>,
    /// The version of a write that the server did not answer.
    pub(crate) attempted: Option<u64>,
}

/// What one client wrote until the server was gone.
#[derive(Default)]
pub(crate) struct Written {
    /// Contacts by id.
    pub(crate) contacts: BTreeMap<String, Known>,
    /// The ids of a batch that the server did not answer.
    pub(crate) batch: Vec<String>,
    /// Those who were about to register, or had.
    pub(crate) people: Vec<Person>,
}

/// What was written in all rounds.
#[derive(Default)]
pub(crate) struct Ledger {
    contacts: BTreeMap<String, Known>,
    /// The patients of all rounds, with the ids of the contacts that must be found by them.
    patients: Vec<(String, BTreeSet<String>)>,
    batches: Vec<Vec<String>>,
    people: Vec<Person>,
    counts: Counts,
}

/// What happened, to see that something did.
#[derive(Debug, Default)]
struct Counts {
    contacts: usize,
    unanswered_there: usize,
    unanswered_gone: usize,
    registered: usize,
}

impl Ledger {
    /// The secret foreign key of the patient of a new round.
    pub(crate) fn next_patient(&mut self) -> String {
        let patient = new_id();
        self.patients.push((patient.clone(), BTreeSet::new()));
        patient
    }

    /// Takes down what the clients of a round wrote.
    pub(crate) fn note(&mut self, round: Vec<Written>) {
        let (_, of_patient) = self.patients.last_mut().unwrap();
        for written in round {
            of_patient.extend(written.contacts.keys().cloned());
            self.contacts.extend(written.contacts);
            if !written.batch.is_empty() {
                self.batches.push(written.batch);
            }
            self.people.extend(written.people);
        }
    }

    /// Compares everything with what the server has, and learns what became of unanswered writes.
    pub(crate) async fn check(&mut self, session: &Caller, hcp: &Hcp) {
        let stored = self.stored(session).await;
        self.check_contacts(&stored);
        self.check_batches(&stored);
        self.check_found(session, hcp, &stored).await;
        for person in self.people.drain(..) {
            self.counts.registered += usize::from(person.check(&session.anonymous()).await);
        }
    }

    /// All contacts that any client ever tried to write, as far as they are there.
    async fn stored(&self, session: &Caller) -> BTreeMap<String, State> {
        let ids: Vec<&String> = self.contacts.keys().chain(self.batches.iter().flatten()).collect();
        let mut stored = BTreeMap::new();
        for chunk in ids.chunks(CHUNK) {
            let read = session.post("/rest/v2/contact/byIds", &json!({ "ids": chunk })).await.unwrap().json();
            stored.extend(read.as_array().unwrap().iter().map(state));
        }
        stored
    }

    fn check_contacts(&mut self, stored: &BTreeMap<String, State>) {
        for (id, known) in &mut self.contacts {
            let (found, attempted) = (stored.get(id), known.attempted.take());
            if found == known.acknowledged.as_ref() {
                self.counts.unanswered_gone += usize::from(attempted.is_some());
                continue;
            }
            let found = found.unwrap_or_else(|| panic!("{id} was acknowledged and is gone: {known:?}"));
            let before = known.acknowledged.as_ref().map_or(0, |state| counter(&state.rev));
            assert_eq!(Some(found.version), attempted, "{id} is not what was acknowledged: {known:?}");
            assert_eq!(counter(&found.rev), before + 1, "{id}: {known:?}");
            self.counts.unanswered_there += 1;
            known.acknowledged = Some(found.clone());
        }
        self.contacts.retain(|_, known| known.acknowledged.is_some());
        self.counts.contacts = self.contacts.len();
    }

    /// A batch that was not answered is there as a whole or not at all.
    fn check_batches(&mut self, stored: &BTreeMap<String, State>) {
        let (_, of_patient) = self.patients.last_mut().unwrap();
        for batch in self.batches.drain(..) {
            let there = batch.iter().filter(|id| stored.contains_key(*id)).count();
            assert!(there == 0 || there == batch.len(), "half of a batch: {there} of {}", batch.len());
            self.counts.unanswered_there += usize::from(there > 0);
            self.counts.unanswered_gone += usize::from(there == 0);
            for id in batch.into_iter().filter(|_| there > 0) {
                self.contacts.insert(id.clone(), Known { acknowledged: stored.get(&id).cloned(), attempted: None });
                of_patient.insert(id);
            }
        }
    }

    /// What is found by filters is exactly what can be read: by patient, and by who may read it.
    async fn check_found(&mut self, session: &Caller, hcp: &Hcp, stored: &BTreeMap<String, State>) {
        let all = find(session, json!({"$type": "ContactByHcPartyFilter", "hcpId": hcp.id})).await;
        assert_eq!(all, stored.keys().cloned().collect());
        for (patient, contacts) in &mut self.patients {
            contacts.retain(|id| stored.contains_key(id));
            let filter = json!({
                "$type": "ContactByDataOwnerPatientOpeningDateFilter",
                "dataOwnerId": hcp.id,
                "secretForeignKeys": [patient],
            });
            assert_eq!(find(session, filter).await, *contacts);
        }
    }

    /// Says what happened.
    pub(crate) fn show(&self) {
        println!("{:?}", self.counts);
    }

    /// Whether enough happened for the test to mean something.
    pub(crate) fn is_telling(&self) -> bool {
        let counts = &self.counts;
        counts.contacts > 100 && counts.registered > 10 && counts.unanswered_gone + counts.unanswered_there > 10
    }
}

async fn find(session: &Caller, filter: Value) -> BTreeSet<String> {
    let ids = session.post("/rest/v2/contact/match", &filter).await.unwrap().json();
    serde_json::from_value(ids).unwrap()
}

/// The id and state of a contact in an answer.
pub(crate) fn state(contact: &Value) -> (String, State) {
    let text = |key: &str| contact[key].as_str().unwrap().to_owned();
    (text("id"), State { rev: text("rev"), version: text("descr").parse().unwrap() })
}

fn counter(rev: &str) -> u64 {
    rev.split('-').next().unwrap().parse().unwrap()
}
