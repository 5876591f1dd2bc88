//! With whom a new user shares their future data.

use serde_json::{Value, json};

use super::{by_email, dev_group, put, start, validate};
use crate::support::TestServer;

const TO: &str = "dany@example.org";

async fn hcp(server: &TestServer, group: &str, id: &str, deleted: bool) {
    put(server, group, "HealthcareParty", &json!({"id": id})).await;
    if deleted {
        let mut tx = server.app.store.write().await.unwrap();
        let mut document = tx.document(group, "HealthcareParty", id).await.unwrap().unwrap();
        let expected = std::mem::replace(&mut document.rev, "2-00000000000000000000000000000000".into());
        document.deleted = true;
        tx.replace(group, "HealthcareParty", &document, &expected, &Default::default()).await.unwrap();
        tx.commit().await.unwrap();
    }
}

fn with_hcp(id: &str) -> Value {
    let mut body = by_email(TO);
    body["hcpId"] = id.into();
    body
}

async fn shares_with(server: &TestServer, group: &str) -> Value {
    let mut tx = server.app.store.read().await.unwrap();
    let account = tx.accounts(TO).await.unwrap().into_iter().find(|account| account.group == group).unwrap();
    let user = tx.document(group, "User", &account.user).await.unwrap().unwrap();
    serde_json::from_str::<Value>(&user.body).unwrap()["autoDelegations"]["all"].clone()
}

#[tokio::test]
async fn a_patient_needs_one_and_nothing_is_sent_without() {
    let server = TestServer::dev().await;
    for body in [by_email(TO), with_hcp("")] {
        let (_, answer) = start(&server, "dev", "patient-email", &body).await;
        assert_eq!((answer.status, answer.json()["field"].as_str()), (400, Some("hcpId")));
        assert!(answer.json()["message"].as_str().unwrap().contains("responsible healthcare party"));
    }
    assert!(server.outbox("").await.is_empty());
    assert_eq!(start(&server, "dev", "hcp-email", &by_email(TO)).await.1.status, 200);
}

#[tokio::test]
async fn the_one_of_the_request_must_be_of_the_group() {
    let server = TestServer::dev().await;
    let group = dev_group(&server).await;
    hcp(&server, &group, "doctor", false).await;
    hcp(&server, &group, "retired", true).await;
    hcp(&server, "elsewhere", "stranger", false).await;
    for id in ["nobody", "retired", "stranger"] {
        let (_, answer) = start(&server, "dev", "patient-email", &with_hcp(id)).await;
        assert_eq!((answer.status, answer.json()["field"].as_str()), (400, Some("hcpId")), "{id}");
        assert!(!answer.text.contains(id));
    }
    let (id, answer) = start(&server, "dev", "patient-email", &with_hcp("doctor")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(validate(&server, "dev", &id, &server.code(TO).await).await.status, 200);
    assert_eq!(shares_with(&server, &group).await, json!(["doctor"]));
}

#[tokio::test]
async fn the_one_of_the_process_is_used_where_the_request_names_none() {
    let server = TestServer::dev().await;
    let group = dev_group(&server).await;
    let mut tx = server.app.store.write().await.unwrap();
    let changed = keystead_server::gateway::make_responsible(&mut *tx, &group, "doctor").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(changed, 2, "both patient processes");
    let (id, answer) = start(&server, "dev", "patient-email", &by_email(TO)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(validate(&server, "dev", &id, &server.code(TO).await).await.status, 200);
    assert_eq!(shares_with(&server, &group).await, json!(["doctor"]));
}
