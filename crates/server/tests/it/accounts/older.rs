//! Older clients, MedTech 2.x: the calls of its tutorial as wire 7.2 lists them, with what it sends.

use reqwest::Method;
use serde_json::{Value, json};

use super::people::{Person, World, key, ok, refused};
use crate::support::Answer;

const V1: &str = "/rest/v1";

impl Person {
    async fn older(&self, method: Method, path: &str, body: Value) -> Answer {
        Answer::of(self.at(method, &format!("{V1}/{path}")).json(&body)).await
    }

    async fn older_read(&self, path: &str) -> Value {
        ok(Answer::of(self.at(Method::GET, &format!("{V1}/{path}"))).await)
    }

    /// Publishes a key as these clients do: the first in `publicKey`, and an exchange key to oneself.
    async fn older_stub(&self, change: impl FnOnce(&mut Value)) -> Answer {
        let mut stub = self.older_read(&format!("dataowner/stub/{}", self.owner)).await;
        change(&mut stub["stub"]);
        self.older(Method::PUT, "dataowner/stub", stub).await
    }
}

/// What these clients put into `delegations` and its like.
fn delegation(owner: &str, to: &str) -> Value {
    json!([{"owner": owner, "delegatedTo": to, "key": "00".repeat(32), "tags": []}])
}

/// The fingerprint of a key in this generation.
fn fingerprint(key: &str) -> &str {
    &key[key.len() - 32..]
}

fn contact(patient: &Person, doctor: &Person) -> Value {
    json!({
        "_type": "Contact", "id": "an-old-contact", "openingDate": null, "descr": null,
        "secretForeignKeys": ["secret-of-patient"],
        "cryptedForeignKeys": {&patient.owner: delegation(&patient.owner, &patient.owner)},
        "delegations": {
            &patient.owner: delegation(&patient.owner, &patient.owner),
            &doctor.owner: delegation(&patient.owner, &doctor.owner),
        },
        "encryptionKeys": {&patient.owner: delegation(&patient.owner, &patient.owner)},
        "services": [{"_type": "Service", "id": "an-old-service", "label": null, "tags": [
            {"_type": "CodeStub", "type": "LOINC", "code": "29463-7", "version": "2", "id": "LOINC|29463-7|2"}
        ], "encryptedSelf": "AAAA"}],
    })
}

#[tokio::test]
async fn the_tutorial_of_the_first_generation() {
    let world = World::new().await;
    let (doctor, other) = (world.hcp("jorah").await, world.hcp("barristan").await);
    let patient = world.patient("daenerys@example.org").await;
    let (own, doctors) = (key(1), key(2));

    // login, matches, current; then the key with an exchange key to oneself
    let login = json!({"username": "daenerys@example.org", "password": "123456"});
    let answer = ok(world.server.post(&format!("{V1}/auth/login"), &login).await);
    assert!(answer["token"].is_string());
    assert_eq!(patient.older_read("user/matches").await[0]["userId"], json!(patient.user));
    ok(doctor.older_stub(|stub| stub["publicKey"] = json!(doctors)).await);
    ok(patient
        .older_stub(|stub| {
            stub["publicKey"] = json!(own);
            stub["aesExchangeKeys"] = json!({&own: {&patient.owner: {fingerprint(&own): "aa"}}});
        })
        .await);

    // its own patient gets its first delegations by an ordinary PUT
    let mut record = patient.older_read(&format!("patient/{}", patient.owner)).await;
    record["delegations"] = json!({&patient.owner: delegation(&patient.owner, &patient.owner)});
    record["_type"] = json!("Patient");
    record["dateOfDeath"] = Value::Null;
    let record = ok(patient.older(Method::PUT, "patient", record).await);
    assert!(record.get("_type").is_none());

    // a token that lasts; the body is the text `null`
    let token =
        patient.at(Method::POST, &format!("{V1}/user/token/{}/{}?tokenValidity=315360000", patient.user, "device"));
    let token = Answer::of(token.header("content-type", "text/plain").body("null")).await;
    assert_eq!(token.status, 200, "{}", token.text);
    let patient = world.again(&patient, "daenerys@example.org", token.text.trim()).await;

    // exchange keys to the doctor, then a data sample for both
    ok(patient
        .older_stub(|stub| stub["aesExchangeKeys"][&own][&doctor.owner] = json!({fingerprint(&doctors): "bb"}))
        .await);
    let towards = doctor.older_read(&format!("patient/{}/aesExchangeKeys", doctor.owner)).await;
    assert_eq!(towards, json!({&patient.owner: {fingerprint(&own): {fingerprint(&doctors): "bb"}}}));
    let made = ok(patient.older(Method::POST, "contact", contact(&patient, &doctor)).await);
    assert!(made.get("_type").is_none() && made["services"][0].get("_type").is_none());
    assert_eq!(made["services"][0]["encryptedSelf"], "AAAA");

    // who is a delegate reads, finds and changes; who is not does not
    assert_eq!(doctor.older_read("contact/an-old-contact").await["id"], "an-old-contact");
    refused(Answer::of(other.at(Method::GET, &format!("{V1}/contact/an-old-contact"))).await, 403);
    let chain = json!({"$type": "FilterChain", "predicate": null, "filter": {
        "$type": "ServiceByHcPartyTagCodeDateFilter", "healthcarePartyId": doctor.owner, "tagType": "LOINC", "tagCode": null,
    }});
    let page = ok(doctor.older(Method::POST, "contact/service/filter", chain.clone()).await);
    assert_eq!(page["rows"][0]["id"], "an-old-service");
    let chain = json!({"$type": "FilterChain", "predicate": null, "filter": {
        "$type": "ServiceByHcPartyTagCodeDateFilter", "healthcarePartyId": other.owner, "tagType": "LOINC",
    }});
    assert_eq!(ok(other.older(Method::POST, "contact/service/filter", chain).await)["rows"], json!([]));

    // sharing is an ordinary PUT that adds; taking away is refused
    let mut shared = doctor.older_read("contact/an-old-contact").await;
    shared["delegations"][&other.owner] = delegation(&doctor.owner, &other.owner);
    let shared = ok(doctor.older(Method::PUT, "contact", shared).await);
    assert_eq!(other.older_read("contact/an-old-contact").await["rev"], shared["rev"]);
    let mut taken = shared;
    taken["delegations"].as_object_mut().unwrap().remove(&patient.owner);
    refused(other.older(Method::PUT, "contact", taken).await, 400);
    world.stop().await;
}

#[tokio::test]
async fn a_lost_key_of_the_first_generation() {
    let world = World::new().await;
    let doctor = world.hcp("jorah").await;
    let patient = world.patient("daenerys@example.org").await;
    let (old, new, doctors) = (key(1), key(3), key(2));
    ok(doctor.older_stub(|stub| stub["publicKey"] = json!(doctors)).await);
    ok(patient
        .older_stub(|stub| {
            stub["publicKey"] = json!(old);
            stub["aesExchangeKeys"] = json!({&old: {
                &patient.owner: {fingerprint(&old): "aa"},
                &doctor.owner: {fingerprint(&doctors): "bb"},
            }});
        })
        .await);

    // a second key joins under `aesExchangeKeys`; the first stays the first
    let after = ok(patient
        .older_stub(|stub| stub["aesExchangeKeys"][&new] = json!({&patient.owner: {fingerprint(&new): "cc"}}))
        .await);
    assert_eq!(after["stub"]["publicKey"], json!(old));

    // the doctor is told by a task, and finds it
    let task = json!({
        "_type": "MaintenanceTask", "id": "lost", "taskType": "KEY_PAIR_UPDATE", "status": "pending", "created": 5,
        "delegations": {&patient.owner: delegation(&patient.owner, &patient.owner), &doctor.owner: delegation(&patient.owner, &doctor.owner)},
        "properties": [{"id": "a", "type": null, "typedValue": {"type": "STRING", "stringValue": "x", "booleanValue": null}}],
    });
    ok(patient.older(Method::POST, "maintenancetask", task).await);
    let chain = json!({"$type": "FilterChain", "filter": {
        "$type": "MaintenanceTaskAfterDateFilter", "healthcarePartyId": doctor.owner, "date": 1,
    }});
    let found = ok(doctor.older(Method::POST, "maintenancetask/filter", chain).await);
    assert_eq!(found["rows"][0]["id"], "lost");

    // giving back: only an entry of one's own joins the other's stub
    let theirs = |doctor: &Person| {
        let (doctor, patient) = (doctor.clone(), patient.owner.clone());
        async move { doctor.older_read(&format!("dataowner/stub/{patient}")).await }
    };
    let mut stub = theirs(&doctor).await;
    stub["stub"]["aesExchangeKeys"][&old][&doctor.owner][fingerprint(&new)] = json!("dd");
    ok(doctor.older(Method::PUT, "dataowner/stub", stub).await);
    let mut stub = theirs(&doctor).await;
    stub["stub"]["publicKey"] = json!(doctors);
    refused(doctor.older(Method::PUT, "dataowner/stub", stub).await, 403);
    let mut stub = theirs(&doctor).await;
    stub["stub"]["aesExchangeKeys"][&old][&patient.owner][fingerprint(&new)] = json!("ee");
    refused(doctor.older(Method::PUT, "dataowner/stub", stub).await, 403);
    let mut done = found["rows"][0].clone();
    done["status"] = json!("completed");
    assert_eq!(ok(doctor.older(Method::PUT, "maintenancetask", done).await)["status"], "completed");
    let towards = patient.older_read(&format!("patient/{}/aesExchangeKeys", patient.owner)).await;
    assert_eq!(towards[&patient.owner][fingerprint(&new)][fingerprint(&new)], "cc");
    world.stop().await;
}

#[tokio::test]
async fn name_and_secret_with_every_call() {
    let world = World::new().await;
    let doctor = world.hcp("jorah").await;
    let get = |path: &str, name: &str, secret: &str| {
        let request = world.server.http.get(format!("{}{path}", world.server.base)).basic_auth(name, Some(secret));
        Answer::of(request)
    };
    for _ in 0..3 {
        let current = ok(get("/rest/v1/user/current", "jorah", "jorah").await);
        assert_eq!(current["id"], json!(doctor.user));
    }
    refused(get("/rest/v1/user/current", "jorah", "wrong").await, 401);
    refused(get("/rest/v1/user/current", "nobody", "jorah").await, 401);
    // newer addresses have sessions
    refused(get("/rest/v2/user/current", "jorah", "jorah").await, 401);
    // guessing is limited as at the login
    let mut refusals = Vec::new();
    while refusals.last() != Some(&429) && refusals.len() < 200 {
        refusals.push(get("/rest/v1/user/current", "jorah", "wrong").await.status);
    }
    assert_eq!(refusals.last(), Some(&429));
    world.stop().await;
}

#[tokio::test]
async fn nulls_are_forgiven_on_older_addresses_only() {
    let world = World::new().await;
    let (doctor, patient) = (world.hcp("jorah").await, world.patient("daenerys@example.org").await);
    ok(patient.older_stub(|stub| stub["publicKey"] = json!(key(1))).await);
    let mut nulls = contact(&patient, &doctor);
    nulls["services"][0]["tags"][0]["version"] = Value::Null;
    nulls["delegations"][&doctor.owner][0]["tags"] = Value::Null;
    let newer = patient.post("contact", nulls.clone()).await;
    assert!([400, 422].contains(&newer.status), "{}", newer.text);
    ok(patient.older(Method::POST, "contact", nulls).await);
    world.stop().await;
}
