//! Recovery data.

use serde_json::{Value, json};

use super::people::{Person, World, ok, refused};
use crate::support::START;

fn data(id: u32, recipient: &Person, kind: &str) -> Value {
    json!({"id": format!("{id:064x}"), "recipient": recipient.owner, "encryptedSelf": "AAAA", "type": kind})
}

fn path(id: u32) -> String {
    format!("recoverydata/{id:064x}")
}

#[tokio::test]
async fn it_is_for_its_recipient() {
    let world = World::new().await;
    let (jorah, admin) = (world.hcp("jorah").await, world.admin().await);
    let dany = world.patient("dany@example.org").await;
    let made = ok(dany.post("recoverydata", data(1, &dany, "KEYPAIR_RECOVERY")).await);
    assert_eq!(dany.read(&path(1)).await, made);
    refused(dany.post("recoverydata", data(1, &dany, "KEYPAIR_RECOVERY")).await, 409);
    ok(dany.post("recoverydata", data(2, &jorah, "EXCHANGE_KEY_RECOVERY")).await);
    assert_eq!(jorah.read(&path(2)).await["recipient"], jorah.owner, "somebody else may make it");
    for stranger in [&jorah, &admin] {
        refused(stranger.get(&path(1)).await, 403);
        refused(stranger.delete(&path(1)).await, 403);
    }
    refused(dany.get(&path(2)).await, 403);
    refused(dany.get(&path(3)).await, 404);
    assert_eq!(ok(dany.delete(&path(1)).await), json!({"id": made["id"], "rev": made["rev"]}));
    refused(dany.get(&path(1)).await, 404);
    refused(dany.delete(&path(1)).await, 404);
    for (field, value) in
        [("type", json!("OTHER")), ("encryptedSelf", json!("?")), ("recipient", json!(null)), ("rev", json!("1-x"))]
    {
        let mut bad = data(4, &dany, "KEYPAIR_RECOVERY");
        bad[field] = value;
        assert_eq!(refused(dany.post("recoverydata", bad).await, 400), field);
    }
    world.stop().await;
}

#[tokio::test]
async fn what_has_expired_is_missing() {
    let world = World::new().await;
    let jorah = world.hcp("jorah").await;
    let mut later = data(1, &jorah, "KEYPAIR_RECOVERY");
    later["expirationInstant"] = json!(START + 1000);
    ok(jorah.post("recoverydata", later.clone()).await);
    assert_eq!(jorah.get(&path(1)).await.status, 200);
    // the official client overflows and sends a past instant: accepted, and missing
    let mut past = data(2, &jorah, "KEYPAIR_RECOVERY");
    past["expirationInstant"] = json!(START - 1);
    ok(jorah.post("recoverydata", past).await);
    refused(jorah.get(&path(2)).await, 404);
    refused(jorah.delete(&path(2)).await, 404);
    world.server.advance(1000);
    refused(jorah.get(&path(1)).await, 404);
    ok(jorah.post("recoverydata", later).await);
    assert_eq!(
        ok(jorah.delete(&format!("recoverydata/forRecipient/{}", jorah.owner)).await),
        json!({"numberValue": 0}),
        "what has expired does not count"
    );
    world.stop().await;
}

#[tokio::test]
async fn all_for_a_recipient_go_at_once_by_right_and_by_mis_built_paths() {
    let world = World::new().await;
    let (jorah, admin) = (world.hcp("jorah").await, world.admin().await);
    let dany = world.patient("dany@example.org").await;
    let fill = async || {
        for id in 0..3 {
            ok(dany.post("recoverydata", data(id, &jorah, "KEYPAIR_RECOVERY")).await);
        }
        ok(dany.post("recoverydata", data(3, &jorah, "EXCHANGE_KEY_RECOVERY")).await);
    };
    for start in ["recoverydataforRecipient", "recoverydata/forRecipient"] {
        let all = format!("{start}/{}", jorah.owner);
        for (keys, exchange) in
            [("KeypairRecovery", "ExchangeKeyRecovery"), ("KEYPAIR_RECOVERY", "EXCHANGE_KEY_RECOVERY")]
        {
            fill().await;
            refused(dany.delete(&all).await, 403);
            refused(dany.delete(&format!("{all}/ofType/{keys}")).await, 403);
            refused(jorah.delete(&format!("{all}/ofType/Other")).await, 400);
            assert_eq!(ok(jorah.delete(&format!("{all}/ofType/{exchange}")).await), json!({"numberValue": 1}));
            assert_eq!(ok(jorah.delete(&format!("{all}/ofType/{keys}")).await), json!({"numberValue": 3}));
            assert_eq!(ok(jorah.delete(&all).await), json!({"numberValue": 0}));
        }
        fill().await;
        assert_eq!(ok(jorah.delete(&all).await), json!({"numberValue": 4}));
        fill().await;
        assert_eq!(ok(admin.delete(&all).await), json!({"numberValue": 4}), "an administrator may, unread");
    }
    world.stop().await;
}
