//! Exchange data maps.

use keystead_model::access::delegation_key;
use serde_json::{Value, json};

use super::people::{World, fingerprint, ok, refused};

#[tokio::test]
async fn entries_are_added_and_never_replaced() {
    let world = World::new().await;
    let jorah = world.hcp("jorah").await;
    let dany = world.patient("dany@example.org").await;
    let (key, id) = (
        "0123456789abcdef".repeat(2),
        delegation_key(&[0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef].repeat(2).try_into().unwrap()),
    );
    let put = async |entries: Value| dany.put("exchangedatamap/batch", json!({"batch": {key.as_str(): entries}})).await;
    let answer = put(json!({fingerprint(1): "AAAA"})).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, "ok"), "raw text, no quotes");
    let read = async || ok(jorah.post("exchangedatamap/batch", json!({"ids": ["none", id]})).await);
    let first = read().await;
    assert_eq!(first[0]["id"], id);
    assert_eq!(first[0]["encryptedExchangeDataIds"], json!({fingerprint(1): "AAAA"}));
    assert_eq!(first.as_array().unwrap().len(), 1, "what does not exist is left out");

    assert_eq!(put(json!({fingerprint(1): "BBBB", fingerprint(2): "CCCC"})).await.text, "ok");
    let second = read().await;
    assert_eq!(second[0]["encryptedExchangeDataIds"], json!({fingerprint(1): "AAAA", fingerprint(2): "CCCC"}));
    assert!(second[0]["rev"].as_str().unwrap().starts_with("2-"));
    assert_eq!(put(json!({fingerprint(2): "DDDD"})).await.text, "ok");
    assert_eq!(read().await, second, "nothing new, no new revision");
    world.stop().await;
}

#[tokio::test]
async fn batches_may_be_empty_and_have_to_be_well_formed() {
    let world = World::new().await;
    let jorah = world.hcp("jorah").await;
    for body in [json!({"batch": {}}), json!({}), Value::Null] {
        assert_eq!(jorah.put("exchangedatamap/batch", body).await.text, "ok");
    }
    assert_eq!(ok(jorah.post("exchangedatamap/batch", json!({})).await), json!([]));
    for body in [
        json!({"batch": {"short": {}}}),
        json!({"batch": {"0".repeat(32): {"short": "AAAA"}}}),
        json!({"batch": {"0".repeat(32): {fingerprint(1): "not base64"}}}),
        json!({"batch": []}),
        json!([]),
    ] {
        refused(jorah.put("exchangedatamap/batch", body).await, 400);
    }
    world.stop().await;
}
