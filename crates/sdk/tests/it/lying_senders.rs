//! Who gave access: attacks on the sender of exchange data (docs/topics/client-hardening.md).

use std::sync::Arc;

use keystead_sdk::Api;
use keystead_sdk::crypto::exchange::SenderError;
use keystead_sdk::entities::Shared;
use keystead_sdk::patients::Patient;
use keystead_sdk::storage::MemoryStorage;
use serde_json::{Value, json};

use crate::lying::Lying;
use crate::support::{TestServer, exchange_data_of};

/// Barristan, to whom others give access.
struct Receiver {
    id: String,
    device: MemoryStorage,
    lying: Lying,
}

impl Receiver {
    async fn new(server: &TestServer) -> Self {
        let id = server.make_doctor(&server.group, "barristan", "selmy-selmy").await;
        let lying = Lying { honest: server.transport.clone(), lies: Arc::default() };
        let receiver = Self { id, device: MemoryStorage::new(), lying };
        receiver.start(server).await;
        receiver
    }

    /// Starts the client again: it remembers what is on the device, and nothing else.
    async fn start(&self, server: &TestServer) -> Api {
        let builder = server.api(&self.device).user_name("barristan").password("selmy-selmy");
        builder.transport(self.lying.clone()).build().await.unwrap()
    }

    /// What the client says of who gave access to a patient.
    async fn verdict(&self, server: &TestServer, patient: &str) -> (String, Result<(), SenderError>) {
        let api = self.start(server).await;
        let patient = api.patients().get(patient).await.unwrap();
        let senders = api.patients().senders(&patient).await.unwrap();
        let [sender] = &senders[..] else { panic!("{senders:?}") };
        (sender.owner_id().to_owned(), sender.signature().map(drop))
    }
}

/// A patient of somebody who logs in like this, shared with the receiver.
async fn shared(server: &TestServer, (login, password): (&str, &str), receiver: &Receiver) -> String {
    let api = server.api(&MemoryStorage::new()).user_name(login).password(password).new_key_when_lost();
    let api = api.build().await.unwrap();
    let patient = api.patients().create(Patient::new("Viserys", "Targaryen")).await.unwrap();
    api.patients().share(&patient, &receiver.id, Shared::Read).await.unwrap();
    patient.id().to_owned()
}

/// The exchange data from somebody to the receiver.
async fn data_from(server: &TestServer, delegator: &str, receiver: &Receiver) -> String {
    let all = exchange_data_of(server, &receiver.id).await;
    all.into_iter().find(|data| data.delegator == delegator).unwrap().id
}

const JORAH: (&str, &str) = ("jorah", "dragonstone");

#[tokio::test]
async fn a_signature_that_is_stripped_is_missed() {
    let server = TestServer::new().await;
    let receiver = Receiver::new(&server).await;
    let patient = shared(&server, JORAH, &receiver).await;
    let data = data_from(&server, &server.doctor, &receiver).await;
    // as official clients leave it
    let strip = |body: &mut keystead_model::Object| {
        let signatures = body["delegatorSignature"].as_object_mut().unwrap();
        signatures.retain(|_, signature| signature.as_str().unwrap().len() < 500);
    };

    // who never saw a signature cannot miss it
    receiver.lying.about(&data, strip);
    assert_eq!(receiver.verdict(&server, &patient).await, (server.doctor.clone(), Err(SenderError::Unsigned)));
    receiver.lying.forget(&data);
    assert_eq!(receiver.verdict(&server, &patient).await, (server.doctor.clone(), Ok(())));
    receiver.lying.about(&data, strip);
    assert_eq!(receiver.verdict(&server, &patient).await, (server.doctor.clone(), Err(SenderError::Stripped)));
}

#[tokio::test]
async fn somebody_elses_record_in_the_doctors_name_is_not_the_doctors() {
    let server = TestServer::new().await;
    let receiver = Receiver::new(&server).await;
    let mallory = server.make_doctor(&server.group, "mallory", "mallory-mallory").await;
    let genuine = shared(&server, JORAH, &receiver).await;
    assert_eq!(receiver.verdict(&server, &genuine).await.1, Ok(()));
    let planted = shared(&server, ("mallory", "mallory-mallory"), &receiver).await;
    assert_eq!(receiver.verdict(&server, &planted).await, (mallory.clone(), Ok(())));

    let data = data_from(&server, &mallory, &receiver).await;
    let doctor = server.doctor.clone();
    receiver.lying.about(&data, move |body| drop(body.insert("delegator".to_owned(), json!(doctor))));
    let (doctor, mallorys) = (server.doctor.clone(), mallory.clone());
    receiver.lying.about(&planted, move |body| {
        let metadata = body["securityMetadata"].to_string().replace(&mallorys, &doctor);
        body.insert("securityMetadata".to_owned(), serde_json::from_str(&metadata).unwrap());
    });
    assert_eq!(receiver.verdict(&server, &planted).await, (server.doctor.clone(), Err(SenderError::UnknownKey)));

    // a server that also lists mallory's key as the doctor's: the doctor's keys are pinned
    let stub = receiver.start(&server).await.data_owners().stub(&mallory).await.unwrap();
    let keys = stub.fields()["publicKeysForOaepWithSha256"].clone();
    receiver.lying.about(&server.doctor, move |body| {
        body.insert("publicKeysForOaepWithSha256".to_owned(), keys.clone());
    });
    assert_eq!(receiver.verdict(&server, &planted).await, (server.doctor.clone(), Err(SenderError::UnknownKey)));
}

#[tokio::test]
async fn a_signature_of_other_exchange_data_is_forged() {
    let server = TestServer::new().await;
    let receiver = Receiver::new(&server).await;
    let patient = shared(&server, JORAH, &receiver).await;
    assert_eq!(receiver.verdict(&server, &patient).await.1, Ok(()));
    let data = data_from(&server, &server.doctor, &receiver).await;
    let own = exchange_data_of(&server, &server.doctor).await;
    let own = own.iter().find(|data| data.delegate == server.doctor).unwrap();
    let transplanted: Value = serde_json::to_value(&own.delegator_signature).unwrap();
    receiver.lying.about(&data, move |body| drop(body.insert("delegatorSignature".to_owned(), transplanted.clone())));
    assert_eq!(receiver.verdict(&server, &patient).await, (server.doctor.clone(), Err(SenderError::Forged)));
}
