//! The first tutorial: a patient makes encrypted data that a doctor reads.

use keystead_sdk::data_samples::DataSample;
use keystead_sdk::entities::Shared;
use keystead_sdk::healthcare_elements::HealthcareElement;
use keystead_sdk::patients::Patient;
use keystead_sdk::storage::MemoryStorage;
use serde_json::json;

use crate::support::TestServer;

#[tokio::test]
async fn a_patients_data_reach_the_responsible_doctor() {
    let server = TestServer::new().await;
    let doctor = server.doctor().await;
    let daenerys = server.by_code(&MemoryStorage::new()).await.api;
    let patient = daenerys.patients().current().await.unwrap();
    assert!(patient.is_authenticated());

    let weight = DataSample::new("weight").with_measure("en", 61.5, "kg").with_tag("LOINC", "29463-7", "2");
    let diary = DataSample::new("diary").with_text("en", "slept well");
    let made = daenerys.data_samples().create_for(patient.id(), vec![weight, diary]).await.unwrap();
    assert!(made.iter().all(DataSample::is_authenticated));
    let asthma = HealthcareElement::new("asthma").with_note("since 2019");
    let asthma = daenerys.healthcare_elements().create_for(patient.id(), asthma).await.unwrap();

    // what the server has does not say what the sample says
    let mut tx = server.app.store.read().await.unwrap();
    let stored = tx.document(&server.group, "Contact", made[0].contact_id().unwrap()).await.unwrap().unwrap();
    assert!(stored.body.contains("29463-7") && !stored.body.contains("61.5") && !stored.body.contains("slept"));
    drop(tx);

    let seen = doctor.data_samples().list_for(patient.id()).await.unwrap();
    assert!(seen.unreadable.is_empty());
    let mut seen = seen.records;
    seen.sort_by_key(|sample| sample.label().map(str::to_owned));
    assert_eq!(seen[0].text("en"), Some("slept well"));
    assert_eq!(seen[1].number("en"), Some(61.5));
    assert!(seen.iter().all(DataSample::is_authenticated));
    let elements = doctor.healthcare_elements().list_for(patient.id()).await.unwrap().records;
    assert_eq!(elements[0].description(), Some("asthma"));
    assert_eq!(elements[0].note(), asthma.note());
}

#[tokio::test]
async fn changes_meet_each_other() {
    let server = TestServer::new().await;
    let doctor = server.doctor().await;
    let daenerys = server.by_code(&MemoryStorage::new()).await.api;
    let patient = daenerys.patients().current().await.unwrap();
    let made = daenerys
        .data_samples()
        .create_for(patient.id(), vec![DataSample::new("diary").with_text("en", "one")])
        .await
        .unwrap();

    let by_doctor = doctor.data_samples().get(made[0].id()).await.unwrap();
    let changed = doctor.data_samples().modify(&by_doctor.with_text("en", "two")).await.unwrap();
    assert_eq!(changed.text("en"), Some("two"));
    let read = daenerys.data_samples().get(made[0].id()).await.unwrap();
    assert_eq!(read.text("en"), Some("two"));
    assert!(read.is_authenticated());

    let element = daenerys.healthcare_elements().create_for(patient.id(), HealthcareElement::new("a")).await.unwrap();
    let theirs = doctor.healthcare_elements().get(element.id()).await.unwrap();
    doctor.healthcare_elements().modify(&theirs.with_note("n")).await.unwrap();
    let late = daenerys.healthcare_elements().modify(&element.with_note("m")).await.unwrap_err();
    assert!(late.is_conflict() && !late.retryable());

    daenerys.data_samples().delete(&read).await.unwrap();
    assert!(daenerys.data_samples().list_for(patient.id()).await.unwrap().records.is_empty());
}

#[tokio::test]
async fn doctors_share_with_doctors() {
    let server = TestServer::new().await;
    let doctor = server.doctor().await;
    let colleague_id = server.make_doctor(&server.group, "barristan", "selmy-selmy").await;
    let colleague =
        server.api(&MemoryStorage::new()).user_name("barristan").password("selmy-selmy").build().await.unwrap();
    let patient = doctor.patients().create(Patient::new("Viserys", "Targaryen").with_note("greedy")).await.unwrap();
    let made = doctor
        .data_samples()
        .create_for(patient.id(), vec![DataSample::new("temperature").with_number("en", 99.0)])
        .await
        .unwrap();

    assert!(colleague.patients().find_by_name("targ").await.unwrap().records.is_empty());
    assert!(colleague.data_samples().get(made[0].id()).await.is_err());

    let shared = doctor.patients().share(&patient, &colleague_id, Shared::Read).await.unwrap();
    assert_ne!(shared.rev(), patient.rev());
    // again: nothing to give, nothing is written
    assert_eq!(doctor.patients().share(&shared, &colleague_id, Shared::Read).await.unwrap().rev(), shared.rev());
    let found = colleague.patients().find_by_name("targ").await.unwrap().records;
    assert_eq!(found[0].note(), Some("greedy"));
    assert!(colleague.data_samples().list_for(patient.id()).await.unwrap().records.is_empty());

    doctor.data_samples().share(&made[0], &colleague_id, Shared::Write).await.unwrap();
    let seen = colleague.data_samples().list_for(patient.id()).await.unwrap().records;
    assert_eq!(seen[0].number("en"), Some(99.0));
    // reading does not let write
    let error = colleague.patients().modify(&found[0].clone().with_note("x")).await.unwrap_err();
    assert_eq!(error_status(&error), Some(403), "{error}");
    assert_eq!(seen[0].fields()["content"], json!({"en": {"numberValue": 99.0}}));
}

fn error_status(error: &keystead_sdk::entities::RecordError) -> Option<u16> {
    match error {
        keystead_sdk::entities::RecordError::Request(error) => error.refusal().map(|refusal| refusal.status()),
        _ => None,
    }
}
