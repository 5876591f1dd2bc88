//! The recoverability report: what it says is what happens.

use std::collections::BTreeSet;

use async_trait::async_trait;
use keystead_sdk::Api;
use keystead_sdk::crypto::access_control::EntityType;
use keystead_sdk::crypto::delegation::{
    DelegationContent, NewDelegation, Participant, Permission, SecurityMetadata, make_root_metadata,
};
use keystead_sdk::crypto::entity::{EntityRef, Manifests, seal_entity};
use keystead_sdk::crypto::exchange::{Crypto, ExchangeData, ExchangeError, ExchangeIndex, OpenExchangeData};
use keystead_sdk::crypto::give_back::{KeyUpdate, give_access_back};
use keystead_sdk::crypto::key::{KeyRing, KeyTrust, Oaep, Pins, PrivateKey, PublicKey, key_claim};
use keystead_sdk::crypto::provider::{NativeProvider, SystemRandom};
use keystead_sdk::crypto::secret::EntityKey;
use keystead_sdk::entities::Shared;
use keystead_sdk::healthcare_elements::HealthcareElement;
use keystead_sdk::keys::{CryptoStrategies, KeyDecision, MissingKey, NewKeyReason};
use keystead_sdk::patients::Patient;
use keystead_sdk::progress::{Monitor, Progress};
use keystead_sdk::recovery::{RecordClass, RecoverabilityReport, RecoveryError};
use keystead_sdk::secret::SecretText;
use keystead_sdk::storage::MemoryStorage;
use keystead_sdk::testing::Fault;
use keystead_sdk::users::SharedData;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use crate::support::{DAENERYS, START, TestServer, exchange_data_of};

/// Logins and passwords of doctors.
const DOCTORS: [(&str, &str); 3] = [("jorah", "dragonstone"), ("barristan", "selmy-selmy"), ("tyrion", "lannister-l")];

/// Who shares what with whom, and what went wrong before they look at the report.
#[derive(Debug, Clone)]
struct Graph {
    /// Whether the owner is a doctor, whom records name, and one of the others a patient, whom they do not; or a
    /// patient who shares with doctors.
    named: bool,
    /// For each record, with whom it is shared.
    records: Vec<[bool; 3]>,
    /// Who lost their keys since, and made new ones.
    lost: [bool; 3],
    /// After how many of the records the owner lost a key before.
    second: Option<usize>,
    /// Whether the owner printed a recovery key.
    kit: bool,
}

fn graphs() -> impl Strategy<Value = Graph> {
    let records = proptest::collection::vec(any::<[bool; 3]>(), 1..8);
    (any::<bool>(), records, any::<[bool; 3]>(), proptest::option::of(0..8_usize), any::<bool>())
        .prop_map(|(named, records, lost, second, kit)| Graph { named, records, lost, second, kit })
}

struct Typed(String);

#[async_trait]
impl CryptoStrategies for Typed {
    async fn missing_key(&self, _: &MissingKey) -> KeyDecision {
        KeyDecision::RecoveryKey(SecretText::from(self.0.as_str()))
    }
}

struct Lost;

#[async_trait]
impl CryptoStrategies for Lost {
    async fn missing_key(&self, _: &MissingKey) -> KeyDecision {
        KeyDecision::NewKey(NewKeyReason::AskPeople)
    }
}

async fn enter(server: &TestServer, (login, secret): (&str, &str), how: impl CryptoStrategies + 'static) -> Api {
    let api = server.api(&MemoryStorage::new()).user_name(login).password(secret);
    api.crypto_strategies(how).build().await.unwrap()
}

fn owner(api: &Api) -> String {
    api.data_owner().unwrap().1.to_owned()
}

/// What `giver` does when `to` asks with a new key: lets it into everything between the two that opens.
async fn give_back(server: &TestServer, login: (&str, &str), giver: &Api, to: &Api) {
    let (me, them) = (owner(giver), owner(to));
    let key: PublicKey = to.key_pairs().last().unwrap().public().clone();
    let listed = giver.data_owners().stub(&them).await.unwrap().listed_keys().unwrap();
    let update = KeyUpdate { owner: them.clone(), key: key.clone(), possession: None, succession: None };
    let mut pins = Pins::default();
    let checked = update.check(&NativeProvider, &them, &listed, &pins).await.unwrap();
    let approved = checked.approve_by_scan(&mut pins, &key_claim(&them, &key), START).unwrap();
    let mut ring = KeyRing::new();
    for own in giver.key_pairs() {
        ring.add(&NativeProvider, &me, own, Oaep::Sha256, KeyTrust::Device).await.unwrap();
    }
    let crypto = Crypto { provider: &NativeProvider, random: &SystemRandom::default(), ring: &ring };
    let shared = exchange_data_of(server, &them).await;
    for data in shared.into_iter().filter(|data| data.delegator == me || data.delegate == me) {
        let extended = give_access_back(crypto, &approved, &data, None).await;
        if matches!(extended, Err(ExchangeError::NoKey)) {
            continue;
        }
        let extended: ExchangeData = extended.unwrap().unwrap();
        server.send_as(login, reqwest::Method::PUT, "exchangedata", &extended).await;
    }
}

/// Which of the records open.
async fn readable(api: &Api, ids: &[String]) -> BTreeSet<String> {
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut found = BTreeSet::new();
    for id in ids {
        if api.healthcare_elements().get(id).await.is_ok() {
            found.insert(id.to_owned());
        }
    }
    found
}

async fn report(api: &Api) -> RecoverabilityReport {
    api.recovery().report(&Monitor::new()).await.unwrap()
}

fn copy(keys: &[PrivateKey]) -> PrivateKey {
    PrivateKey::from_pkcs8(keys[0].expose_pkcs8()).ok().unwrap()
}

/// Whom the owner's records are about: the patient whom the owner is, or one whom the doctor made on this device.
async fn subject(named: bool, api: &Api) -> String {
    match named {
        true => api.patients().create(Patient::new("Viserys", "Targaryen")).await.unwrap().id().to_owned(),
        false => owner(api),
    }
}

/// Makes the graph, asks for the report, loses the device, and compares.
async fn what_the_report_says_is_what_happens(graph: Graph) {
    let server = TestServer::new().await;
    for (login, password) in &DOCTORS[1..] {
        server.make_doctor(&server.group, login, password).await;
    }
    let registered = server.by_code(&MemoryStorage::new()).await;
    registered.api.users().stop_sharing_data_with(&[&server.doctor], SharedData::All).await.unwrap();
    let patient = (DAENERYS, registered.token.expose());
    let (who, logins) = match graph.named {
        true => (DOCTORS[0], [DOCTORS[1], DOCTORS[2], patient]),
        false => (patient, DOCTORS),
    };
    let mut others = Vec::new();
    for login in logins {
        others.push(if login == patient { registered.api.clone() } else { enter(&server, login, Lost).await });
    }
    let names: Vec<String> = others.iter().map(owner).collect();
    let mut api = if graph.named { enter(&server, who, Lost).await } else { registered.api.clone() };
    let mut about = subject(graph.named, &api).await;

    let mut ids = Vec::new();
    for (position, mask) in graph.records.iter().enumerate() {
        if graph.second == Some(position) {
            // a new device without the old key: what was before is not readable here
            api = enter(&server, who, Lost).await;
            about = subject(graph.named, &api).await;
        }
        let mut element = api.healthcare_elements().create_for(&about, HealthcareElement::new("e")).await.unwrap();
        for (with, _) in names.iter().zip(mask).filter(|(_, shared)| **shared) {
            element = api.healthcare_elements().share(&element, with, Shared::Read).await.unwrap();
        }
        ids.push(element.id().to_owned());
    }
    for (position, _) in graph.lost.iter().enumerate().filter(|(_, lost)| **lost) {
        others[position] = enter(&server, logins[position], Lost).await;
    }
    let kit = match graph.kit {
        true => Some(api.recovery().make_recovery_key(None).await.unwrap()),
        false => None,
    };

    let report = report(&api).await;
    let elements = report.class(RecordClass::HealthcareElement).unwrap();
    let now = readable(&api, &ids).await;
    assert_eq!(elements.readable, now.len(), "{graph:?}");
    // what no key opens the server gives only to whom it names
    assert_eq!(elements.unreadable, if graph.named { ids.len() - now.len() } else { 0 }, "{graph:?}");

    // each alone
    for ((other, name), login) in others.iter().zip(&names).zip(logins) {
        let lost = enter(&server, who, Lost).await;
        give_back(&server, login, other, &lost).await;
        lost.recovery().find_again().await.unwrap();
        let alone: BTreeSet<_> = readable(&lost, &ids).await.intersection(&now).cloned().collect();
        let said = report.counterparts.iter().find(|counterpart| counterpart.id() == name);
        let said = said.and_then(|said| said.by_class.get(&RecordClass::HealthcareElement).copied());
        assert_eq!(said.unwrap_or_default().records, alone.len(), "{graph:?}");
    }
    // all together, and the recovery key
    let lost = enter(&server, who, Lost).await;
    for (other, login) in others.iter().zip(logins) {
        give_back(&server, login, other, &lost).await;
    }
    lost.recovery().find_again().await.unwrap();
    let mut back = readable(&lost, &ids).await;
    if let Some(kit) = &kit {
        let by_kit = enter(&server, who, Typed(kit.text().expose().to_owned())).await;
        let by_kit = readable(&by_kit, &ids).await;
        assert_eq!(report.recovery_keys[0].records, report.readable(), "{graph:?}");
        assert_eq!(by_kit, now, "{graph:?}");
        back.extend(by_kit);
    }
    let back: BTreeSet<String> = back.intersection(&now).cloned().collect();
    let lost_for_good: BTreeSet<String> = now.difference(&back).cloned().collect();
    assert_eq!(elements.recoverable, back.len(), "{graph:?}");
    let said: BTreeSet<String> = elements.at_risk.iter().chain(&elements.doubtful).cloned().collect();
    assert_eq!(said, lost_for_good, "{graph:?}");
    // doubtful is what somebody had who lost it; nobody had the rest
    let shared = |id: &String| graph.records[ids.iter().position(|other| other == id).unwrap()].contains(&true);
    assert!(elements.doubtful.iter().all(shared), "{graph:?}");
    assert!(elements.at_risk.iter().all(|id| !shared(id)), "{graph:?}");
    let nobody: BTreeSet<&String> = elements.shared_with_nobody.iter().collect();
    assert_eq!(nobody, now.iter().filter(|id| !shared(id)).collect(), "{graph:?}");
}

#[test]
fn on_random_sharing_graphs() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let config = Config { cases: 4, max_shrink_iters: 4, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&graphs(), |graph| {
            runtime.block_on(what_the_report_says_is_what_happens(graph));
            Ok(())
        })
        .unwrap();
}

#[tokio::test]
async fn other_own_keys_are_counted_apart() {
    let server = TestServer::new().await;
    drop(server.doctor().await);
    let first = MemoryStorage::new();
    let who = server.by_code(&first).await;
    let me = owner(&who.api);
    who.api.users().stop_sharing_data_with(&[&server.doctor], SharedData::All).await.unwrap();
    let before = who.api.healthcare_elements().create_for(&me, HealthcareElement::new("before")).await.unwrap();

    // the second device takes the first one's key over, and the two are connected
    let second = enter(&server, (DAENERYS, who.token.expose()), Lost).await;
    let passphrase = SecretText::from("mother of dragons");
    let file = who.api.recovery().export_keys(&passphrase).unwrap();
    second.recovery().import_keys(&file, &passphrase).await.unwrap();
    let alone = report(&second).await;
    assert!(alone.other_keys.is_empty());
    let elements = alone.class(RecordClass::HealthcareElement).unwrap();
    assert_eq!((elements.readable, elements.recoverable), (1, 0));
    assert_eq!((&elements.at_risk, &elements.doubtful), (&vec![before.id().to_owned()], &Vec::new()));

    // a third device with the second one's key only by what it opens: nothing but transfer keys
    let mut key = second.key_pairs();
    key.retain(|key| *key != copy(&who.key_pairs));
    let third = server.api(&MemoryStorage::new()).user_name(DAENERYS).token(who.token.duplicate());
    let third = third.key_pair(copy(&key)).build().await.unwrap();
    assert_eq!(third.keys_report().recovered, [who.key_pairs[0].public().id()]);
    // without the connection, the key of the other device is what it depends on
    server.tamper("Patient", &me, |patient| drop(patient.remove("transferKeys"))).await;
    let forgetful = server.api(&MemoryStorage::new()).user_name(DAENERYS).token(who.token.duplicate());
    let forgetful = forgetful.key_pair(copy(&who.key_pairs)).build().await.unwrap();
    let said = report(&forgetful).await;
    let elements = said.class(RecordClass::HealthcareElement).unwrap();
    assert_eq!(said.other_keys.len(), 1);
    assert_eq!((elements.recoverable, elements.doubtful.len(), elements.at_risk.len()), (0, 1, 0));
    assert_eq!(said.other_keys[0].records, said.doubtful());
}

#[tokio::test]
async fn progress_is_told_and_the_work_stops() {
    let server = TestServer::new().await;
    let doctor = server.doctor().await;
    let who = server.by_code(&MemoryStorage::new()).await;
    let me = owner(&who.api);
    let patient = who.api.patients().current().await.unwrap();
    assert_eq!(patient.id(), me);
    let element = who.api.healthcare_elements().create_for(&me, HealthcareElement::new("asthma")).await.unwrap();

    let told: std::sync::Arc<std::sync::Mutex<Vec<Progress>>> = std::sync::Arc::default();
    let heard = told.clone();
    let monitor = Monitor::calling(move |progress| heard.lock().unwrap().push(progress));
    let said = who.api.recovery().report(&monitor).await.unwrap();
    let told = told.lock().unwrap().clone();
    assert!(told.windows(2).all(|pair| pair[0].done <= pair[1].done && pair[0].total == pair[1].total));
    assert_eq!(told.last().map(|last| last.done), told.last().map(|last| last.total));
    assert!(told.iter().rev().skip(1).all(|progress| progress.done < progress.total));
    // her doctor has everything: herself, and what she has
    assert_eq!((said.readable(), said.recoverable(), said.at_risk()), (2, 2, 0));
    assert_eq!(said.counterparts[0].id(), owner(&doctor));
    assert_eq!(said.counterparts[0].alone.records, 2);
    let shown = format!("{said:?}");
    assert!(!shown.contains(&me) && !shown.contains(element.id()) && !shown.contains(&owner(&doctor)), "{shown}");

    // the doctor, who is named where she is not, depends on her
    let said = report(&doctor).await;
    let elements = said.class(RecordClass::HealthcareElement).unwrap();
    assert_eq!((elements.readable, elements.recoverable), (1, 1));
    assert!(elements.shared_with_nobody.is_empty());

    let monitor = Monitor::new();
    monitor.cancel();
    let stopped = who.api.recovery().report(&monitor).await.unwrap_err();
    assert!(matches!(stopped, RecoveryError::Stopped));
}

#[tokio::test]
async fn a_doctor_finds_again_what_a_patient_gave_back() {
    let server = TestServer::new().await;
    let device = MemoryStorage::new();
    let doctor = server.api(&device).user_name("jorah").password("dragonstone").build().await.unwrap();
    let who = server.by_code(&MemoryStorage::new()).await;
    let patient = who.api.patients().current().await.unwrap();
    let element = HealthcareElement::new("asthma");
    let element = who.api.healthcare_elements().create_for(patient.id(), element).await.unwrap();
    let said = report(&doctor).await;
    assert_eq!((said.readable(), said.recoverable()), (2, 2));

    let lost = enter(&server, DOCTORS[0], Lost).await;
    let login = (DAENERYS, who.token.expose());
    give_back(&server, login, &who.api, &lost).await;
    assert!(lost.healthcare_elements().get(element.id()).await.is_err(), "the map is for the key that is lost");
    // interrupted, and done again
    server.transport.plan("PUT ", vec![Fault::NotSent; 8]);
    assert!(lost.recovery().find_again().await.unwrap_err().retryable());
    server.transport.clear();
    assert_eq!(lost.recovery().find_again().await.unwrap(), 2, "of patients and of healthcare elements");
    assert_eq!(lost.recovery().find_again().await.unwrap(), 0);
    assert!(lost.healthcare_elements().get(element.id()).await.unwrap().is_authenticated());
    assert_eq!(report(&lost).await.readable(), said.recoverable());
}

/// Makes an entity of a class for which there is no sub-client yet, for the doctor alone.
async fn make(server: &TestServer, open: &OpenExchangeData, entity_type: EntityType, path: &str, fields: Value) {
    let (random, id) = (SystemRandom::default(), format!("a {path}"));
    let mut body = fields.as_object().unwrap().clone();
    body.extend([("id".to_owned(), json!(id)), ("created".to_owned(), json!(START))]);
    let (key, side) = (EntityKey::make(&random), Participant { id: &server.doctor, anonymous: false });
    let content = DelegationContent { secret_ids: &["s"], owning_entity_ids: &[], encryption_keys: &[&key] };
    let entity = EntityRef { entity_type, id: &id };
    let permissions = Permission::Write;
    let root = NewDelegation { entity, exchange_data: open, delegator: side, delegate: side, content, permissions };
    let metadata = make_root_metadata(&body, &root, &[]).unwrap();
    let mut sealed = seal_entity(&random, &Manifests::default(), entity, &key, &body).unwrap();
    sealed.insert("securityMetadata".into(), metadata.to_json());
    server.send_as(DOCTORS[0], reqwest::Method::POST, path, &sealed).await;
}

#[tokio::test]
async fn documents_and_notifications_are_counted() {
    let server = TestServer::new().await;
    let doctor = server.doctor().await;
    let patient = doctor.patients().create(Patient::new("Viserys", "Targaryen")).await.unwrap();
    let mut ring = KeyRing::new();
    let own = copy(&doctor.key_pairs());
    ring.add(&NativeProvider, &server.doctor, own, Oaep::Sha256, KeyTrust::Device).await.unwrap();
    let data = exchange_data_of(&server, &server.doctor).await;
    let mut index = ExchangeIndex::new();
    let open = index.add(data[0].open(&ring).await.unwrap());
    let entity = EntityRef { entity_type: EntityType::Patient, id: patient.id() };
    let opened = SecurityMetadata::of(patient.fields()).unwrap().open_with(entity, &index);
    let secret_id = &opened[0].secret_ids[0].value;

    let letter = json!({ "name": "letter", "secretForeignKeys": [secret_id] });
    make(&server, &open, EntityType::Document, "document", letter).await;
    make(&server, &open, EntityType::MaintenanceTask, "maintenancetask", json!({ "taskType": "x" })).await;
    let said = report(&doctor).await;
    for (class, id) in [(RecordClass::Document, "a document"), (RecordClass::Notification, "a maintenancetask")] {
        let class = said.class(class).unwrap();
        assert_eq!((class.readable, class.recoverable, class.unreadable), (1, 0, 0));
        assert_eq!((&class.at_risk, &class.shared_with_nobody), (&vec![id.to_owned()], &vec![id.to_owned()]));
    }
    doctor.recovery().make_recovery_key(None).await.unwrap();
    let said = report(&doctor).await;
    assert_eq!((said.readable(), said.recoverable(), said.at_risk()), (3, 3, 0));
    assert_eq!(said.recovery_keys[0].records, 3);
    assert!(said.counterparts.is_empty());
    assert!(said.classes.iter().all(|class| class.shared_with_nobody.len() == class.readable));

    // what is deleted does not count
    doctor.recovery().delete_all(None).await.unwrap();
    assert_eq!(report(&doctor).await.at_risk(), 3);
}
