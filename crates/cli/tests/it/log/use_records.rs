//! What a patient does with records, and does wrong.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keystead_model::access::delegation_key;
use serde_json::{Value, json};

use super::secrets::Secrets;
use super::{Patient, text};
use crate::contacts::{new_digest, new_id};
use crate::http::Caller;

/// How a public key of 2048 bits begins and ends, in hex (wire 1.2).
const SPKI: (&str, &str) = ("30820122300d06092a864886f70d01010105000382010f003082010a0282010100", "0203010001");

/// Publishes a public key (wire 2.1, step 9).
pub(super) async fn publish_key(session: &Caller, secrets: &mut Secrets) {
    let modulus: String = (0..8).map(|_| new_digest()).collect();
    secrets.add("a public key", [&modulus[..32], &modulus[240..272]]);
    let mut current = session.get("/rest/v2/dataowner/current").await.unwrap().json();
    let owner = current["dataOwner"].take();
    let stub = json!({
        "id": owner["id"], "rev": owner["rev"],
        "publicKeysForOaepWithSha256": [format!("{}{modulus}{}", SPKI.0, SPKI.1)],
    });
    session.put("/rest/v2/dataowner/stub", &json!({"type": "patient", "stub": stub})).await.unwrap().well();
}

/// Writes, reads and finds a contact and a document with an attachment, as an anonymous data owner.
pub(super) async fn write_records(patient: &Patient, secrets: &mut Secrets) {
    let key: [u8; 16] = rand::random();
    secrets.add("an access control key", [STANDARD.encode(key), hex::encode(key)]);
    secrets.add("a delegation key", [delegation_key(&key)]);
    let session = patient.session.with("icure-access-control-keys", STANDARD.encode(key));
    let (id, sealed, secret_id) = (new_id(), STANDARD.encode(new_digest()), new_id());
    secrets.add("a fragment of a body", [id.as_str(), &sealed, &secret_id, "description-in-clear", "TAG-OF-A-KIND"]);
    let metadata = json!({"secureDelegations": {delegation_key(&key): {
        "secretIds": [sealed], "encryptionKeys": [sealed], "permissions": "WRITE",
    }}});
    let mut contact = json!({
        "id": id, "descr": "description-in-clear", "secretForeignKeys": [secret_id], "encryptedSelf": sealed,
        "tags": [{"id": "TAG-OF-A-KIND|1|1", "type": "TAG-OF-A-KIND", "code": "1", "version": "1"}],
        "securityMetadata": metadata,
    });
    let made = session.post("/rest/v2/contact", &contact).await.unwrap().json();
    session.post("/rest/v2/contact", &contact).await.unwrap().is(409);
    contact["rev"] = made["rev"].clone();
    session.put("/rest/v2/contact", &contact).await.unwrap().well();
    session.put("/rest/v2/contact", &contact).await.unwrap().is(409);
    session.get(&format!("/rest/v2/contact/{id}")).await.unwrap().well();
    patient.session.get(&format!("/rest/v2/contact/{id}")).await.unwrap().is(403);
    let filter = json!({
        "$type": "ContactByDataOwnerPatientOpeningDateFilter",
        "dataOwnerId": patient.id, "secretForeignKeys": [secret_id],
    });
    let found = session.post("/rest/v2/contact/match", &filter).await.unwrap().json();
    assert_eq!(found, json!([id]));
    attach(&session, &metadata, secrets).await;
}

async fn attach(session: &Caller, metadata: &Value, secrets: &mut Secrets) {
    let octets = "octets-of-an-attachment".repeat(1000);
    secrets.add("a fragment of an attachment", ["octets-of-an-attachment", "name-of-a-document"]);
    let document = json!({"id": new_id(), "name": "name-of-a-document", "securityMetadata": metadata});
    let made = session.post("/rest/v2/document", &document).await.unwrap().json();
    let path = format!("/rest/v2/document/{}/attachment", text(&made, "id"));
    let query = format!("?rev={}&utis=public.data&encrypted=true", text(&made, "rev"));
    let set = format!("{path}{query}");
    session.send("PUT", &set, octets.clone().into_bytes()).await.unwrap().well();
    session.send("PUT", &set, octets.into_bytes()).await.unwrap().is(409);
    session.get(&path).await.unwrap().well();
}

/// Bodies, paths and queries that are refused.
pub(super) async fn make_mistakes(session: &Caller, secrets: &mut Secrets) {
    let marks = ["a-broken-body", "an-unknown-field", "a-value-of-the-wrong-kind", "an-id-in-a-path", "a-query-text"];
    secrets.add("a fragment of a request", marks);
    let bodies = [
        r#"{"id": "a-broken-body"#.to_owned(),
        r#"["a-broken-body"]"#.to_owned(),
        json!({"id": new_id(), "an-unknown-field": "a-value-of-the-wrong-kind"}).to_string(),
        json!({"id": new_id(), "openingDate": "a-value-of-the-wrong-kind"}).to_string(),
        json!({"id": new_id(), "encryptedSelf": "a-value-of-the-wrong-kind!"}).to_string(),
        json!({"id": new_id(), "securityMetadata": {"secureDelegations": {"an-unknown-field": {}}}}).to_string(),
    ];
    for body in bodies {
        for path in ["/rest/v2/contact", "/rest/v2/contact/match", "/rest/v2/contact/byIds", "/rest/v2/user"] {
            let answer = session.send("POST", path, body.clone().into_bytes()).await.unwrap();
            assert!((400..500).contains(&answer.status), "{path}: {answer:?}");
        }
    }
    for path in
        ["/an-id-in-a-path", "/rest/v2/contact/an-id-in-a-path", "/rest/v2/contact/an-id-in-a-path?rev=a-query-text"]
    {
        session.get(path).await.unwrap().is(404);
        session.send("DELETE", path, Vec::new()).await.unwrap();
    }
    let answer = session.post("/rest/v2/contact/filter?limit=a-query-text", &json!({})).await.unwrap();
    answer.is(400);
    let keys = session.with("icure-access-control-keys", "a-value-of-the-wrong-kind");
    keys.get(&format!("/rest/v2/contact/{}", new_id())).await.unwrap().is(400);
}
