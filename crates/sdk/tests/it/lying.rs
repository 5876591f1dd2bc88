//! A server that lies, or somebody who can write to its database: every attack of the table in
//! docs/topics/client-hardening.md that goes through a server.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use keystead_model::Object;
use keystead_model::query::{Order, Query, Selection};
use keystead_sdk::crypto::key::KeySize;
use keystead_sdk::crypto::provider::{CryptoProvider, NativeProvider};
use keystead_sdk::data_samples::DataSample;
use keystead_sdk::entities::{RecordError, Shared};
use keystead_sdk::healthcare_elements::HealthcareElement;
use keystead_sdk::keys::CryptoStrategies;
use keystead_sdk::patients::Patient;
use keystead_sdk::storage::MemoryStorage;
use keystead_sdk::testing::FaultyTransport;
use keystead_sdk::transport::{Request, Response, Transport, TransportError};
use keystead_sdk::trust::KeyAlarm;
use keystead_store::documents::Find;
use serde_json::{Value, json};

use crate::support::TestServer;

/// Counts alarms; trusts nobody at first sight if `wary`.
#[derive(Clone, Default)]
struct Watchful {
    alarms: Arc<AtomicUsize>,
    wary: bool,
}

#[async_trait]
impl CryptoStrategies for Watchful {
    async fn trust_on_first_use(
        &self,
        _owner: &str,
        _owner_type: keystead_sdk::data_owners::DataOwnerType,
        _listed: &[keystead_sdk::crypto::key::ListedKey],
    ) -> bool {
        !self.wary
    }

    async fn key_alarm(&self, _alarm: &KeyAlarm) {
        self.alarms.fetch_add(1, Ordering::SeqCst);
    }
}

/// What a lie does to an object.
pub(crate) type Lie = Box<dyn Fn(&mut Object) + Send + Sync>;

/// A server that tells lies about entities, by their ids.
#[derive(Clone)]
pub(crate) struct Lying {
    pub(crate) honest: FaultyTransport,
    pub(crate) lies: Arc<Mutex<HashMap<String, Lie>>>,
}

impl Lying {
    pub(crate) fn about(&self, id: &str, lie: impl Fn(&mut Object) + Send + Sync + 'static) {
        self.lies.lock().unwrap().insert(id.to_owned(), Box::new(lie));
    }

    /// Tells the truth again.
    pub(crate) fn forget(&self, id: &str) {
        self.lies.lock().unwrap().remove(id);
    }

    fn tell(&self, value: &mut Value) {
        match value {
            Value::Array(list) => list.iter_mut().for_each(|value| self.tell(value)),
            Value::Object(object) => {
                let lies = self.lies.lock().unwrap();
                for id in ["id", "contactId"] {
                    if let Some(lie) = object.get(id).and_then(Value::as_str).and_then(|id| lies.get(id)) {
                        lie(object);
                        break;
                    }
                }
            }
            _ => {}
        }
    }
}

#[async_trait]
impl Transport for Lying {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let mut response = self.honest.send(request).await?;
        if let Ok(mut body) = serde_json::from_slice::<Value>(&response.body) {
            self.tell(&mut body);
            response.body = serde_json::to_vec(&body).unwrap().into();
        }
        Ok(response)
    }
}

/// The doctor, at a server that can lie.
async fn lied_to(server: &TestServer) -> (keystead_sdk::Api, Lying) {
    let lying = Lying { honest: server.transport.clone(), lies: Arc::default() };
    let builder = server.api(&MemoryStorage::new()).user_name("jorah").password("dragonstone");
    (builder.transport(lying.clone()).build().await.unwrap(), lying)
}

/// A public key whose private half the attacker has.
async fn attackers_key() -> String {
    let key = NativeProvider.make_private_key(KeySize::default()).await.unwrap();
    key.public().to_spki_hex()
}

async fn colleague(server: &TestServer) -> String {
    let id = server.make_doctor(&server.group, "barristan", "selmy-selmy").await;
    server.api(&MemoryStorage::new()).user_name("barristan").password("selmy-selmy").build().await.unwrap();
    id
}

/// The doctor on a device of `memory`, watched.
async fn doctor(server: &TestServer, memory: &MemoryStorage, watchful: &Watchful) -> keystead_sdk::Api {
    let builder = server.api(memory).user_name("jorah").password("dragonstone");
    builder.crypto_strategies(watchful.clone()).build().await.unwrap()
}

/// Every exchange data that the server has.
async fn exchange_data(server: &TestServer) -> Vec<String> {
    let mut tx = server.app.store.read().await.unwrap();
    let find = Find {
        group: server.group.clone(),
        class: "ExchangeData",
        selection: Selection { query: Query::All, order: Order::Id },
        readable_by: None,
        parts: false,
        after: None,
        limit: None,
    };
    let ids: Vec<String> = tx.find(&find).await.unwrap().into_iter().map(|hit| hit.id).collect();
    let found = tx.documents(&server.group, "ExchangeData", &ids, None).await.unwrap();
    found.into_iter().map(|document| document.body).collect()
}

#[tokio::test]
async fn a_key_substituted_at_a_share_gets_nothing() {
    let server = TestServer::new().await;
    let (colleague, memory, watchful) = (colleague(&server).await, MemoryStorage::new(), Watchful::default());
    let before = doctor(&server, &memory, &watchful).await;
    let first = before.patients().create(Patient::new("Viserys", "Targaryen")).await.unwrap();
    before.patients().share(&first, &colleague, Shared::Read).await.unwrap();
    assert_eq!(watchful.alarms.load(Ordering::SeqCst), 0);

    let planted = attackers_key().await;
    server
        .tamper("HealthcareParty", &colleague, |body| {
            body.insert("publicKeysForOaepWithSha256".to_owned(), json!([planted]));
        })
        .await;
    // the same device, started again: it remembers
    let after = doctor(&server, &memory, &watchful).await;
    let second = after.patients().create(Patient::new("Rhaegar", "Targaryen")).await.unwrap();
    let refused = after.patients().share(&second, &colleague, Shared::Read).await.unwrap_err();
    let RecordError::UntrustedKeys(alarm) = refused else { panic!("{refused}") };
    assert_eq!((alarm.unknown.len(), alarm.missing.len()), (1, 1));
    assert_eq!(watchful.alarms.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_key_added_beside_a_known_one_gets_nothing() {
    let server = TestServer::new().await;
    let (colleague, memory, watchful) = (colleague(&server).await, MemoryStorage::new(), Watchful::default());
    let api = doctor(&server, &memory, &watchful).await;
    let first = api.patients().create(Patient::new("Viserys", "Targaryen")).await.unwrap();
    api.patients().share(&first, &colleague, Shared::Read).await.unwrap();

    let planted = attackers_key().await;
    server
        .tamper("HealthcareParty", &colleague, |body| {
            body["publicKeysForOaepWithSha256"].as_array_mut().unwrap().push(json!(planted));
        })
        .await;
    let api = doctor(&server, &memory, &watchful).await;
    let second = api.patients().create(Patient::new("Rhaegar", "Targaryen")).await.unwrap();
    api.patients().share(&second, &colleague, Shared::Read).await.unwrap();
    assert_eq!(watchful.alarms.load(Ordering::SeqCst), 1);
    // nothing anywhere has an entry for the planted key
    let fingerprint = &planted[planted.len() - 32..planted.len() - 10];
    let data = exchange_data(&server).await;
    assert!(data.len() >= 2 && data.iter().all(|data| !data.contains(fingerprint)));
}

#[tokio::test]
async fn who_compares_first_shares_with_nobody_unseen() {
    let server = TestServer::new().await;
    let colleague = colleague(&server).await;
    let wary = Watchful { wary: true, ..Watchful::default() };
    let api = doctor(&server, &MemoryStorage::new(), &wary).await;
    let patient = api.patients().create(Patient::new("Viserys", "Targaryen")).await.unwrap();
    let refused = api.patients().share(&patient, &colleague, Shared::Read).await.unwrap_err();
    assert!(matches!(refused, RecordError::UntrustedKeys(_)), "{refused}");
}

#[tokio::test]
async fn a_parent_that_the_server_made_up_gets_nothing() {
    let server = TestServer::new().await;
    let parent = colleague(&server).await;
    server
        .tamper("HealthcareParty", &server.doctor, |body| {
            body.insert("parentId".to_owned(), json!(parent));
        })
        .await;
    let api = doctor(&server, &MemoryStorage::new(), &Watchful::default()).await;
    let patient = api.patients().create(Patient::new("Viserys", "Targaryen").with_note("greedy")).await.unwrap();
    let mut tx = server.app.store.read().await.unwrap();
    let stored = tx.document(&server.group, "Patient", patient.id()).await.unwrap().unwrap();
    assert!(!stored.body.contains(&parent));
    let data = exchange_data(&server).await;
    assert!(!data.is_empty() && data.iter().all(|data| !data.contains(&parent)));
}

#[tokio::test]
async fn fields_swapped_between_entities_are_reported() {
    let server = TestServer::new().await;
    let (api, lying) = lied_to(&server).await;
    let patient = api.patients().create(Patient::new("Viserys", "Targaryen")).await.unwrap();
    let elements = api.healthcare_elements();
    let one = elements.create_for(patient.id(), HealthcareElement::new("harmless")).await.unwrap();
    let two = elements.create_for(patient.id(), HealthcareElement::new("deadly")).await.unwrap();
    let of = |element: &HealthcareElement, name: &str| element.fields()[name].clone();

    // the sealed part alone: it does not open with the other's key
    let (sealed, metadata) = (of(&two, "encryptedSelf"), of(&two, "securityMetadata"));
    lying.about(one.id(), move |body| drop(body.insert("encryptedSelf".to_owned(), sealed.clone())));
    assert!(matches!(elements.get(one.id()).await, Err(RecordError::Unreadable)));

    // with the keys: it opens, and says that it was sealed for another place
    let sealed = of(&two, "encryptedSelf");
    lying.about(one.id(), move |body| {
        body.insert("encryptedSelf".to_owned(), sealed.clone());
        body.insert("securityMetadata".to_owned(), metadata.clone());
    });
    let moved = elements.get(one.id()).await.unwrap();
    assert_eq!(moved.description(), Some("deadly"));
    assert!(!moved.is_authenticated());
    assert!(elements.get(two.id()).await.unwrap().is_authenticated());
}

#[tokio::test]
async fn fields_swapped_within_an_entity_are_reported() {
    let server = TestServer::new().await;
    let (api, lying) = lied_to(&server).await;
    let patient = api.patients().create(Patient::new("Viserys", "Targaryen")).await.unwrap();
    let dose = |text| DataSample::new("dose").with_text("en", text);
    let made = api.data_samples().create_for(patient.id(), vec![dose("1 mg"), dose("100 mg")]).await.unwrap();
    let mut tx = server.app.store.read().await.unwrap();
    let stored = tx.document(&server.group, "Contact", made[0].contact_id().unwrap()).await.unwrap().unwrap().body;
    let stored: Value = serde_json::from_str(&stored).unwrap();
    let sealed: Vec<Value> = [1, 0].map(|other| stored["services"][other]["encryptedSelf"].clone()).to_vec();
    let ids: Vec<String> = made.iter().map(|sample| sample.id().to_owned()).collect();
    lying.about(made[0].contact_id().unwrap(), move |service| {
        let position = ids.iter().position(|id| service["id"] == **id).unwrap();
        service.insert("encryptedSelf".to_owned(), sealed[position].clone());
    });
    let found = api.data_samples().list_for(patient.id()).await.unwrap().records;
    let doses: Vec<_> = made.iter().map(|made| found.iter().find(|one| one.id() == made.id()).unwrap()).collect();
    assert_eq!((doses[0].text("en"), doses[1].text("en")), (Some("100 mg"), Some("1 mg")));
    assert!(doses.iter().all(|sample| !sample.is_authenticated()));
}

#[tokio::test]
async fn what_is_cut_or_left_out_is_reported() {
    let server = TestServer::new().await;
    let (api, lying) = lied_to(&server).await;
    let patient = api.patients().create(Patient::new("Viserys", "Targaryen")).await.unwrap();
    let elements = api.healthcare_elements();
    let one = elements.create_for(patient.id(), HealthcareElement::new("asthma")).await.unwrap();
    let sealed = one.fields()["encryptedSelf"].as_str().unwrap().to_owned();
    for octets in [3, 16, 48, 64] {
        let cut = sealed[..sealed.len() - octets].to_owned();
        lying.about(one.id(), move |body| drop(body.insert("encryptedSelf".to_owned(), json!(cut))));
        assert!(elements.get(one.id()).await.map_or(true, |element| !element.is_authenticated()));
    }
    lying.about(one.id(), |body| {
        body.remove("encryptedSelf");
        body.insert("descr".to_owned(), json!("planted"));
    });
    assert!(!elements.get(one.id()).await.unwrap().is_authenticated());
}

#[tokio::test]
async fn an_older_version_is_refused() {
    let server = TestServer::new().await;
    let (api, lying) = lied_to(&server).await;
    let patient = api.patients().create(Patient::new("Viserys", "Targaryen")).await.unwrap();
    let elements = api.healthcare_elements();
    let one = elements.create_for(patient.id(), HealthcareElement::new("10 mg")).await.unwrap();
    let old = elements.get(one.id()).await.unwrap();
    let two = elements.modify(&one.clone().with_note("20 mg from now on")).await.unwrap();
    assert_ne!(two.rev(), one.rev());
    let (sealed, rev) = (old.fields()["encryptedSelf"].clone(), old.fields()["rev"].clone());
    lying.about(one.id(), move |body| {
        body.insert("encryptedSelf".to_owned(), sealed.clone());
        body.insert("rev".to_owned(), rev.clone());
    });
    assert!(matches!(elements.get(one.id()).await, Err(RecordError::RolledBack)));
    assert!(matches!(elements.list_for(patient.id()).await, Err(RecordError::RolledBack)));
}
