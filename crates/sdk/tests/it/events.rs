//! Live events, over a connection that can be cut.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use keystead_sdk::Api;
use keystead_sdk::data_samples::DataSample;
use keystead_sdk::entities::{RecordError, Shared};
use keystead_sdk::events::{Event, Subscription};
use keystead_sdk::healthcare_elements::HealthcareElement;
use keystead_sdk::patients::Patient;
use keystead_sdk::storage::MemoryStorage;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

use crate::support::TestServer;

/// Longer than anything takes here.
const PATIENCE: Duration = Duration::from_secs(20);
/// Long enough for an event that must not come to have come.
const MOMENT: Duration = Duration::from_millis(300);

/// Stands between a client and the server, and can cut what is open.
struct Relay {
    base: String,
    open: Arc<Mutex<Vec<tokio::task::AbortHandle>>>,
}

impl Relay {
    async fn before(server: &TestServer) -> Self {
        let target = server.base.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let open: Arc<Mutex<Vec<tokio::task::AbortHandle>>> = Arc::default();
        let all = open.clone();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let Ok(mut far) = TcpStream::connect(&target).await else { continue };
                let relayed = tokio::spawn(async move {
                    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                });
                all.lock().unwrap().push(relayed.abort_handle());
            }
        });
        Self { base, open }
    }

    fn cut(&self) {
        self.open.lock().unwrap().drain(..).for_each(|open| open.abort());
    }
}

/// The doctor, once more on the same device.
async fn jorah(server: &TestServer, device: &MemoryStorage) -> Api {
    server.api(device).user_name("jorah").password("dragonstone").build().await.unwrap()
}

/// The next event of a subscription to samples.
async fn sample(subscription: &mut Subscription<DataSample>) -> Event<DataSample> {
    tokio::time::timeout(PATIENCE, subscription.next()).await.unwrap().unwrap()
}

async fn text_of(subscription: &mut Subscription<DataSample>) -> String {
    match sample(subscription).await {
        Event::Current(sample) => sample.text("en").unwrap().to_owned(),
        other => panic!("{other:?}"),
    }
}

async fn nothing(subscription: &mut Subscription<DataSample>) {
    let told = tokio::time::timeout(MOMENT, subscription.next()).await;
    assert!(told.is_err(), "{told:?}");
}

fn dose(text: &str) -> Vec<DataSample> {
    vec![DataSample::new("dose").with_text("en", text).with_tag("TEST", "dose", "1")]
}

async fn filter(api: &Api) -> Value {
    let me = api.data_owners().current().await.unwrap();
    json!({ "$type": "ServiceByHcPartyTagCodeDateFilter", "healthcarePartyId": me.id(), "tagType": "TEST" })
}

#[tokio::test]
async fn what_is_there_comes_first_and_then_what_happens() {
    let server = TestServer::new().await;
    let device = MemoryStorage::new();
    let (doctor, writer) = (jorah(&server, &device).await, jorah(&server, &device).await);
    let patient = writer.patients().create(Patient::new("Viserys", "Targaryen")).await.unwrap();
    let samples = writer.data_samples();
    let first = samples.create_for(patient.id(), dose("1 mg")).await.unwrap().remove(0);

    let mut subscription = doctor.data_samples().subscribe(&filter(&doctor).await);
    assert_eq!(text_of(&mut subscription).await, "1 mg");
    samples.create_for(patient.id(), dose("2 mg")).await.unwrap();
    assert_eq!(text_of(&mut subscription).await, "2 mg");
    samples.create_for(patient.id(), vec![DataSample::new("without the tag")]).await.unwrap();
    nothing(&mut subscription).await;
    samples.modify(&first.with_text("en", "3 mg")).await.unwrap();
    assert_eq!(text_of(&mut subscription).await, "3 mg");
    let first = samples.list_for(patient.id()).await.unwrap().records;
    let first = first.into_iter().find(|one| one.text("en") == Some("3 mg")).unwrap();
    samples.delete(&first).await.unwrap();
    assert_eq!(sample(&mut subscription).await, Event::Gone(first.id().to_owned()));
    subscription.close().await;
}

#[tokio::test]
async fn a_broken_connection_loses_nothing_and_repeats_nothing() {
    let server = TestServer::new().await;
    let relay = Relay::before(&server).await;
    let device = MemoryStorage::new();
    let writer = jorah(&server, &device).await;
    let builder = server.api(&device).user_name("jorah").password("dragonstone");
    let doctor = builder.base_url(&relay.base).build().await.unwrap();
    let patient = writer.patients().create(Patient::new("Viserys", "Targaryen")).await.unwrap();
    let samples = writer.data_samples();
    let kept = samples.create_for(patient.id(), dose("kept")).await.unwrap().remove(0);
    let gone = samples.create_for(patient.id(), dose("gone")).await.unwrap().remove(0);

    let mut subscription = doctor.data_samples().subscribe(&filter(&doctor).await);
    let mut found = [text_of(&mut subscription).await, text_of(&mut subscription).await];
    found.sort();
    assert_eq!(found, ["gone", "kept"]);
    nothing(&mut subscription).await;

    relay.cut();
    samples.delete(&gone).await.unwrap();
    samples.create_for(patient.id(), dose("meanwhile")).await.unwrap();
    assert_eq!(sample(&mut subscription).await, Event::Gone(gone.id().to_owned()));
    assert_eq!(text_of(&mut subscription).await, "meanwhile");
    nothing(&mut subscription).await;
    samples.modify(&kept.with_text("en", "changed")).await.unwrap();
    assert_eq!(text_of(&mut subscription).await, "changed");
}

#[tokio::test]
async fn a_patient_is_told_of_what_the_doctor_makes() {
    let server = TestServer::new().await;
    let doctor = server.doctor().await;
    let patient = server.by_code(&MemoryStorage::new()).await.api;
    let own = patient.patients().current().await.unwrap();
    let filter = json!({ "$type": "HealthElementByHcPartyFilter", "hcpId": own.id() });
    let mut subscription = patient.healthcare_elements().subscribe(&filter);
    // nothing there: it waits
    assert!(tokio::time::timeout(MOMENT, subscription.next()).await.is_err());
    let elements = doctor.healthcare_elements();
    let element = HealthcareElement::new("asthma");
    let made = elements.create_shared(own.id(), element, &[(own.id(), Shared::Read)]).await.unwrap();
    // under exchange data that did not exist when she subscribed: the server knows her by what she presents
    patient.reload_keys().await.unwrap();
    patient.healthcare_elements().list_for(own.id()).await.unwrap();
    elements.modify(&made.clone().with_note("since childhood")).await.unwrap();
    let told = tokio::time::timeout(PATIENCE, subscription.next()).await.unwrap().unwrap();
    let Event::Current(told) = told else { panic!("{told:?}") };
    assert_eq!((told.id(), told.description()), (made.id(), Some("asthma")));
    assert!(told.is_authenticated());
}

#[tokio::test]
async fn a_filter_that_does_not_exist_is_refused() {
    let server = TestServer::new().await;
    let doctor = server.doctor().await;
    let refused = doctor.patients().subscribe(&json!({ "$type": "NoSuchFilter" })).next().await.unwrap_err();
    assert!(matches!(&refused, RecordError::NotSubscribed(reason) if reason.contains("filter")), "{refused}");
    assert!(!refused.retryable());
}

#[tokio::test]
async fn a_server_that_is_away_is_a_passing_failure() {
    let server = TestServer::new().await;
    let doctor = server.doctor().await;
    let mut subscription = doctor.data_samples().subscribe(&filter(&doctor).await);
    server.transport.plan("SOCKET", vec![keystead_sdk::testing::Fault::NotSent; 6]);
    let error = subscription.next().await.unwrap_err();
    assert!(error.retryable(), "{error}");
    let patient = doctor.patients().create(Patient::new("Viserys", "Targaryen")).await.unwrap();
    doctor.data_samples().create_for(patient.id(), dose("1 mg")).await.unwrap();
    assert_eq!(text_of(&mut subscription).await, "1 mg");
}
