//! Keys of patients in the generic endpoints of encrypted entities.

use serde_json::{Value, json};

use super::people::{World, key, ok, refused};

#[tokio::test]
async fn a_patients_keys_are_its_own_in_every_endpoint() {
    let world = World::new().await;
    let jorah = world.hcp("jorah").await;
    let delegation =
        json!({"delegator": jorah.owner, "delegate": jorah.owner, "exchangeDataId": "x", "permissions": "WRITE"});
    let patient = json!({
        "id": "sansa", "publicKeysForOaepWithSha256": [key(66)],
        "securityMetadata": {"secureDelegations": {"1".repeat(64): delegation}},
    });
    let made = ok(jorah.post("patient", patient).await);
    assert_eq!(made["publicKeysForOaepWithSha256"], Value::Null);
    ok(jorah.post("user", json!({"id": "u", "login": "sansa", "patientId": "sansa", "passwordHash": "p"})).await);
    let sansa = world.person("u", "sansa", &world.log_in("sansa", "p").await.unwrap());
    sansa.publish(1).await;

    let mut swapped = jorah.read("patient/sansa").await;
    swapped["publicKeysForOaepWithSha256"] = json!([key(66)]);
    swapped["note"] = json!("changed");
    let stored = ok(jorah.put("patient", swapped).await);
    assert_eq!((&stored["publicKeysForOaepWithSha256"], &stored["note"]), (&json!([key(1)]), &json!("changed")));

    // purging would free the id: somebody else could come to have it, with other keys
    refused(jorah.delete("patient/purge/sansa").await, 403);
    let deleted = ok(jorah.delete("patient/sansa").await);
    refused(jorah.delete("patient/purge/sansa").await, 403);
    let again = json!({"id": "sansa", "securityMetadata": stored["securityMetadata"]});
    refused(jorah.post("patient", again).await, 409);
    let undelete = format!("patient/undelete/sansa?rev={}", deleted["rev"].as_str().unwrap());
    ok(jorah.post(&undelete, Value::Null).await);
    assert_eq!(sansa.read("dataowner/current").await["dataOwner"]["publicKeysForOaepWithSha256"], json!([key(1)]));

    jorah.add_patient("unclaimed").await;
    ok(jorah.delete("patient/purge/unclaimed").await);
    world.stop().await;
}
