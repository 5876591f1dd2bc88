//! The second tutorial: a key is lost, a new one is made, those it was shared with are asked, and give access back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use keystead_sdk::crypto::give_back::{GiveBackError, KeyUpdate, TASK_TYPE};
use keystead_sdk::crypto::key::{KeySize, PinError};
use keystead_sdk::crypto::provider::{CryptoProvider, NativeProvider};
use keystead_sdk::data_samples::DataSample;
use keystead_sdk::entities::Shared;
use keystead_sdk::give_back::{AccessRequest, Approval, GiveAccessError, GivenBack};
use keystead_sdk::healthcare_elements::HealthcareElement;
use keystead_sdk::notifications::{Notification, Status};
use keystead_sdk::storage::MemoryStorage;
use keystead_sdk::testing::FaultyTransport;
use keystead_sdk::transport::{Request, Response, Transport, TransportError};
use keystead_sdk::{Api, Captcha, Start};

use crate::support::{DAENERYS, TestServer, exchange_data_of};

/// Counts requests, and breaks the connection at the one with a number.
#[derive(Clone)]
struct Counting {
    honest: FaultyTransport,
    sent: Arc<AtomicUsize>,
    breaks_at: Arc<AtomicUsize>,
}

#[async_trait]
impl Transport for Counting {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let number = self.sent.fetch_add(1, Ordering::SeqCst) + 1;
        match self.breaks_at.load(Ordering::SeqCst) {
            breaks_at if number >= breaks_at => Err(TransportError::Invalid),
            _ => self.honest.send(request).await,
        }
    }
}

/// The doctor, counted.
async fn doctor(server: &TestServer) -> (Api, Counting) {
    let breaks_at = Arc::new(AtomicUsize::new(usize::MAX));
    let counting = Counting { honest: server.transport.clone(), sent: Arc::default(), breaks_at };
    let builder = server.api(&MemoryStorage::new()).user_name("jorah").password("dragonstone");
    (builder.transport(counting.clone()).build().await.unwrap(), counting)
}

/// Daenerys on a device without her key, for which she makes a new one.
async fn new_device(server: &TestServer, device: &MemoryStorage) -> Api {
    let anonymous = server.builder(device).new_key_when_lost().build().unwrap();
    let start = Start::by_email(DAENERYS, Captcha::Recaptcha("solved".into())).name("Daenerys", "Targaryen");
    let process = anonymous.authentication().start(start.responsible(&server.doctor)).await.unwrap();
    anonymous.authentication().complete(&process, &server.code(DAENERYS).await).await.unwrap().api
}

fn diary(text: &str) -> Vec<DataSample> {
    vec![DataSample::new("diary").with_text("en", text)]
}

async fn texts(api: &Api, patient: &str) -> Vec<String> {
    let found = api.data_samples().list_for(patient).await.unwrap();
    let mut texts: Vec<_> = found.records.iter().filter_map(|one| one.text("en")).map(str::to_owned).collect();
    texts.sort();
    texts
}

/// What somebody is asked for.
async fn asked(api: &Api) -> Vec<(Notification, AccessRequest)> {
    let pending = api.notifications().pending_since(0).await.unwrap().records;
    pending.into_iter().filter_map(|one| Some((one.clone(), one.access_request()?))).collect()
}

#[tokio::test]
async fn what_was_shared_comes_back() {
    let server = TestServer::new().await;
    let (doctor, _) = doctor(&server).await;
    let before = server.by_code(&MemoryStorage::new()).await.api;
    let own = before.patients().current().await.unwrap();
    before.data_samples().create_for(own.id(), diary("old")).await.unwrap();
    before.healthcare_elements().create_for(own.id(), HealthcareElement::new("asthma")).await.unwrap();

    let after = new_device(&server, &MemoryStorage::new()).await;
    let own = after.patients().current().await.unwrap();
    assert!(texts(&after, own.id()).await.is_empty());
    after.data_samples().create_for(own.id(), diary("new")).await.unwrap();
    assert_eq!(texts(&after, own.id()).await, ["new"]);

    let outcome = after.notifications().request_access().await.unwrap();
    assert_eq!(outcome.asked, [server.doctor.as_str(), own.id()]);
    let phrase = after.data_owners().own_phrase().unwrap().to_string();
    let (notification, request) = asked(&doctor).await.pop().unwrap();
    assert!(request.has_proof() && request.owner_id() == own.id());

    // other words: nothing changes
    let owners = doctor.data_owners();
    let stored = exchange_data_of(&server, own.id()).await;
    let wrong = phrase.replace(' ', " not ");
    let refused = owners.give_access_back_to(&request, Approval::Phrase(&wrong)).await.unwrap_err();
    assert!(matches!(refused, GiveAccessError::NotApproved(PinError::PhraseDiffers)), "{refused}");
    assert!(!refused.retryable());
    assert_eq!(exchange_data_of(&server, own.id()).await, stored);
    let refused = owners.give_access_back_to(&request, Approval::Succession).await.unwrap_err();
    assert!(matches!(refused, GiveAccessError::NotApproved(PinError::NoSuccession)), "{refused}");

    let given = owners.give_access_back_to(&request, Approval::Phrase(&phrase)).await.unwrap();
    assert!(given.extended >= 1 && given.closed == 0, "{given:?}");
    let done = doctor.notifications().complete(&notification).await.unwrap();
    assert_eq!(done.status(), Some(Status::Completed));
    assert!(asked(&doctor).await.is_empty());

    after.reload_keys().await.unwrap();
    assert_eq!(texts(&after, own.id()).await, ["new", "old"]);
    let elements = after.healthcare_elements().list_for(own.id()).await.unwrap().records;
    assert_eq!(elements[0].description(), Some("asthma"));
    // what she writes from now on is found by both
    after.data_samples().create_for(own.id(), diary("newest")).await.unwrap();
    assert_eq!(texts(&doctor, own.id()).await, ["new", "newest", "old"]);
}

#[tokio::test]
async fn forged_requests_are_refused() {
    let server = TestServer::new().await;
    let (doctor, _) = doctor(&server).await;
    let daenerys = server.by_code(&MemoryStorage::new()).await.api;
    let own = daenerys.patients().current().await.unwrap();
    server.make_doctor(&server.group, "walder", "the-red-wedding").await;
    let walder = server.api(&MemoryStorage::new()).user_name("walder").password("the-red-wedding");
    let walder = walder.build().await.unwrap();
    let owners = doctor.data_owners();

    // his own key in her name: she does not publish it; her key: he is not her
    let his = walder.key_pairs().pop().unwrap().public().clone();
    let hers = daenerys.key_pairs().pop().unwrap().public().clone();
    for key in [his, hers] {
        let forged = KeyUpdate { owner: own.id().to_owned(), key, possession: None, succession: None };
        walder.notifications().create(TASK_TYPE, forged.to_properties(), &[&server.doctor]).await.unwrap();
        let (notification, request) = asked(&doctor).await.pop().unwrap();
        let scan = daenerys.data_owners().own_scan().unwrap();
        let refused = owners.give_access_back_to(&request, Approval::Scan(&scan)).await.unwrap_err();
        assert!(matches!(refused, GiveAccessError::Refused(GiveBackError::NotTheOwner)), "{refused}");
        doctor.notifications().complete(&notification).await.unwrap();
    }

    // she asks for a key that she does not publish
    let key = NativeProvider.make_private_key(KeySize::default()).await.unwrap().public().clone();
    let unpublished = KeyUpdate { owner: own.id().to_owned(), key, possession: None, succession: None };
    daenerys.notifications().create(TASK_TYPE, unpublished.to_properties(), &[&server.doctor]).await.unwrap();
    let (_, request) = asked(&doctor).await.pop().unwrap();
    let refused = owners.give_access_back_to(&request, Approval::Phrase("any")).await.unwrap_err();
    assert!(matches!(refused, GiveAccessError::Refused(GiveBackError::NotPublished)), "{refused}");
}

#[tokio::test]
async fn each_gives_back_what_was_shared_with_them() {
    let server = TestServer::new().await;
    let (doctor, _) = doctor(&server).await;
    let second_id = server.make_doctor(&server.group, "barristan", "selmy-selmy").await;
    let second =
        server.api(&MemoryStorage::new()).user_name("barristan").password("selmy-selmy").build().await.unwrap();
    let before = server.by_code(&MemoryStorage::new()).await.api;
    let own = before.patients().current().await.unwrap();
    before.patients().share(&own, &second_id, Shared::Read).await.unwrap();
    before.data_samples().create_for(own.id(), diary("to Jorah")).await.unwrap();
    before.users().stop_sharing_data_with(&[&server.doctor], keystead_sdk::users::SharedData::All).await.unwrap();
    let with = [(second_id.as_str(), Shared::Write)];
    before.data_samples().create_shared(own.id(), diary("to Barristan"), &with).await.unwrap();
    before.data_samples().create_for(own.id(), diary("to nobody")).await.unwrap();

    let after = new_device(&server, &MemoryStorage::new()).await;
    after.patients().current().await.unwrap();
    let outcome = after.notifications().request_access().await.unwrap();
    assert_eq!(outcome.asked.len(), 3);
    let phrase = after.data_owners().own_phrase().unwrap().to_string();
    let mut expected = Vec::new();
    for (giver, text) in [(&second, "to Barristan"), (&doctor, "to Jorah")] {
        let (_, request) = asked(giver).await.pop().unwrap();
        giver.data_owners().give_access_back_to(&request, Approval::Phrase(&phrase)).await.unwrap();
        after.reload_keys().await.unwrap();
        expected.push(text);
        assert_eq!(texts(&after, own.id()).await, expected);
    }
}

#[tokio::test]
async fn the_cost_does_not_depend_on_the_number_of_records() {
    let mut counts = Vec::new();
    for records in [1, 20] {
        let server = TestServer::new().await;
        let (doctor, counting) = doctor(&server).await;
        let before = server.by_code(&MemoryStorage::new()).await.api;
        let own = before.patients().current().await.unwrap();
        for _ in 0..records {
            before.data_samples().create_for(own.id(), diary("old")).await.unwrap();
        }
        let after = new_device(&server, &MemoryStorage::new()).await;
        after.patients().current().await.unwrap();
        after.notifications().request_access().await.unwrap();
        let scan = after.data_owners().own_scan().unwrap();
        let (_, request) = asked(&doctor).await.pop().unwrap();
        let sent = counting.sent.load(Ordering::SeqCst);
        doctor.data_owners().give_access_back_to(&request, Approval::Scan(&scan)).await.unwrap();
        counts.push(counting.sent.load(Ordering::SeqCst) - sent);
        after.reload_keys().await.unwrap();
        assert_eq!(texts(&after, own.id()).await.len(), records);
    }
    assert_eq!(counts[0], counts[1]);
}

#[tokio::test]
async fn interrupted_anywhere_it_goes_on() {
    let server = TestServer::new().await;
    let (doctor, counting) = doctor(&server).await;
    let before = server.by_code(&MemoryStorage::new()).await.api;
    let own = before.patients().current().await.unwrap();
    // exchange data in both directions
    before.data_samples().create_for(own.id(), diary("old")).await.unwrap();
    let theirs = doctor.patients().get(own.id()).await.unwrap();
    let with = [(own.id(), Shared::Read)];
    doctor.data_samples().create_shared(theirs.id(), diary("advice"), &with).await.unwrap();

    let after = new_device(&server, &MemoryStorage::new()).await;
    after.patients().current().await.unwrap();
    after.notifications().request_access().await.unwrap();
    // asked before: not again
    let count = asked(&doctor).await.len();
    after.notifications().request_access().await.unwrap();
    assert_eq!(asked(&doctor).await.len(), count);

    let scan = after.data_owners().own_scan().unwrap();
    let (_, request) = asked(&doctor).await.pop().unwrap();
    let mut breaks = 0;
    let given: GivenBack = loop {
        breaks += 1;
        counting.breaks_at.store(counting.sent.load(Ordering::SeqCst) + breaks, Ordering::SeqCst);
        match doctor.data_owners().give_access_back_to(&request, Approval::Scan(&scan)).await {
            Ok(given) => break given,
            Err(error) => assert!(matches!(error, GiveAccessError::Record(_)), "{error}"),
        }
        assert!(breaks < 50);
    };
    counting.breaks_at.store(usize::MAX, Ordering::SeqCst);
    assert!(breaks > 4 && given.before >= 1, "{breaks} {given:?}");
    after.reload_keys().await.unwrap();
    assert_eq!(texts(&after, own.id()).await, ["advice", "old"]);
}
