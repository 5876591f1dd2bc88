//! Users, data owners, healthcare professionals, devices.

use keystead_sdk::data_owners::DataOwnerType;
use keystead_sdk::devices::Device;
use keystead_sdk::error::{RequestError, WriteError};
use keystead_sdk::healthcare_professionals::HealthcareProfessional;
use keystead_sdk::storage::MemoryStorage;
use keystead_sdk::users::SharedData;
use serde_json::json;

use crate::support::TestServer;

#[tokio::test]
async fn whom_future_data_is_shared_with() {
    let server = TestServer::new().await;
    let daenerys = server.by_code(&MemoryStorage::new()).await.api;
    let users = daenerys.users();
    let user = users.share_all_future_data_with(&["a", "b", "a"], SharedData::Medical).await.unwrap();
    assert_eq!(user.shares_future_data(SharedData::Medical), ["a", "b"]);
    assert_eq!(user.shares_future_data(SharedData::All), [&server.doctor], "other lists stay");
    let rev = user.rev().map(str::to_owned);
    let again = users.share_all_future_data_with(&["b"], SharedData::Medical).await.unwrap();
    assert_eq!(again.rev().map(str::to_owned), rev, "nothing was written");

    let user = users.stop_sharing_data_with(&["a", "x"], SharedData::Medical).await.unwrap();
    assert_eq!(user.shares_future_data(SharedData::Medical), ["b"]);
    let user = users.stop_sharing_data_with(&[&server.doctor], SharedData::All).await.unwrap();
    assert!(user.shares_future_data(SharedData::All).is_empty());
    assert!(users.current().await.unwrap().shares_future_data(SharedData::All).is_empty());
}

#[tokio::test]
async fn changes_at_the_same_time_are_all_kept() {
    let server = TestServer::new().await;
    let daenerys = server.by_code(&MemoryStorage::new()).await.api;
    let users = daenerys.users();
    let owners = ["a", "b", "c", "d"];
    let changes =
        owners.iter().map(|owner| users.share_all_future_data_with(std::slice::from_ref(owner), SharedData::Medical));
    for outcome in futures_util::future::join_all(changes).await {
        outcome.unwrap();
    }
    let user = users.current().await.unwrap();
    let mut shared = user.shares_future_data(SharedData::Medical);
    shared.sort_unstable();
    assert_eq!(shared, owners);
}

#[tokio::test]
async fn data_owners_and_their_keys() {
    let server = TestServer::new().await;
    let doctor = server.doctor().await;
    let daenerys = server.by_code(&MemoryStorage::new()).await;
    let stub = daenerys.api.data_owners().stub(&server.doctor).await.unwrap();
    assert_eq!((stub.owner_type(), stub.id()), (DataOwnerType::Hcp, server.doctor.as_str()));
    let key = stub.listed_keys().unwrap().keys()[0].key.clone();
    assert_eq!(&key, doctor.key_pairs()[0].public());
    let own = daenerys.api.data_owners().current().await.unwrap();
    assert_eq!(own.owner_type(), DataOwnerType::Patient);
    let error = daenerys.api.data_owners().stub("no / body").await.unwrap_err();
    assert!(matches!(error, RequestError::NotFound(_)), "{error}");
    assert!(error.refusal().unwrap().request_id().is_some());
}

#[tokio::test]
async fn healthcare_professionals_are_made_and_found() {
    let server = TestServer::new().await;
    let doctor = server.doctor().await;
    let professionals = doctor.healthcare_professionals();
    assert_eq!(professionals.current().await.unwrap().id(), server.doctor);
    let made = professionals.create(&HealthcareProfessional::named("Barristan", "Selmy")).await.unwrap();
    assert_eq!(made.first_name(), Some("Barristan"));
    assert!(made.rev().is_some());
    assert_eq!(professionals.get(made.id()).await.unwrap(), made);
    let found = professionals.list(&[made.id(), "nobody", &server.doctor]).await.unwrap();
    assert_eq!(found.iter().map(HealthcareProfessional::id).collect::<Vec<_>>(), [made.id(), &server.doctor]);

    let taken = professionals.create(&made).await.unwrap_err();
    assert!(matches!(taken, WriteError::AlreadyExists(_) | WriteError::Request(RequestError::Invalid(_))), "{taken}");
    let mut same_id = HealthcareProfessional::named("Grey", "Worm");
    same_id.fields_mut().insert("id".into(), json!(made.id()));
    let taken = professionals.create(&same_id).await.unwrap_err();
    assert!(matches!(taken, WriteError::AlreadyExists(_)), "{taken}");

    let mut wrong = HealthcareProfessional::named("Grey", "Worm");
    wrong.fields_mut().insert("gender".into(), json!("dragon"));
    let WriteError::Request(RequestError::Invalid(refusal)) = professionals.create(&wrong).await.unwrap_err() else {
        panic!()
    };
    assert_eq!(refusal.field(), Some("gender"));
    let nameless = HealthcareProfessional::named(" ", "");
    assert!(professionals.create(&nameless).await.is_err());
}

#[tokio::test]
async fn devices_are_made_by_professionals() {
    let server = TestServer::new().await;
    let doctor = server.doctor().await;
    let made = doctor.devices().create(&Device::named("thermometer")).await.unwrap();
    assert_eq!(doctor.devices().get(made.id()).await.unwrap().name(), Some("thermometer"));
    let many: Vec<String> = (0..250).map(|number| format!("unknown-{number}")).chain([made.id().to_owned()]).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(doctor.devices().list(&many).await.unwrap(), [made]);
    assert!(doctor.devices().list(&[]).await.unwrap().is_empty());

    let daenerys = server.by_code(&MemoryStorage::new()).await.api;
    let error = daenerys.devices().create(&Device::named("dragon")).await.unwrap_err();
    assert!(matches!(error, WriteError::Request(RequestError::Forbidden(_))), "{error}");
}
