//! What requests and new delegations look like.

use super::*;

#[test]
fn new_delegations_read_like_those_of_clients() {
    let more = json!({
        "explicitDelegator": "hcp", "explicitDelegate": "other", "exchangeDataId": "x", "secretIds": ["czE="],
        "encryptionKeys": ["azE="], "owningEntityIds": ["bzE="], "encryptedExchangeDataId": {},
    });
    let mut entity = contact();
    let outcome =
        run(&mut entity, false, &request(&[B], json!({"0": share(D, "MAX_WRITE", more)})), &caller("hcp", &[]));
    assert!(outcome.exchange_data_maps.is_empty());
    let expected = format!(
        r#"{{"delegator":"hcp","delegate":"other","secretIds":["czE="],"encryptionKeys":["azE="],"owningEntityIds":["bzE="],"parentDelegations":["{}"],"exchangeDataId":"x","permissions":"WRITE"}}"#,
        key(B)
    );
    assert_eq!(delegations(&entity)[&key(D)].to_string(), expected);
}

#[test]
fn requests_are_read_strictly() {
    let refused = |body: Value| parse(&mut object(body)).map(drop).map_err(|error| error.path);
    let one = |body: Value| refused(json!({"requestsByEntityId": {"e": {"requests": {"0": body}}}}));
    let at = |path: &str| Err(format!("requestsByEntityId[0].requests[0]{path}"));
    assert_eq!(refused(json!({})), Err("requestsByEntityId".to_owned()));
    assert_eq!(refused(json!({"requestsByEntityId": {}})), Ok(()));
    assert_eq!(refused(json!({"requestsByEntityId": {"e": {"requests": {}}}})), Ok(()));
    assert_eq!(one(json!({})), at(""));
    assert_eq!(one(json!({"share": null})), at(""));
    let both = json!({"share": share(A, "ROOT", json!({}))["share"], "update": {"metadataAccessControlHash": key(A)}});
    assert_eq!(one(both), at(""));
    assert_eq!(
        one(json!({"share": {"accessControlKeys": [], "requestedPermissions": "ROOT"}})),
        at(".share.accessControlKeys")
    );
    assert_eq!(one(share("0A", "ROOT", json!({}))), at(".share.accessControlKeys[0]"));
    assert_eq!(one(share(A, "WRITE", json!({}))), at(".share.requestedPermissions"));
    assert_eq!(one(share(A, "ROOT", json!({"secretIds": ["not base64"]}))), at(".share.secretIds[0]"));
    let update = json!({"update": {"metadataAccessControlHash": key(A), "secretIds": {"czE=": "UPDATE"}}});
    assert_eq!(one(update), at(".update.secretIds[0]"));
}

/// The bodies of annex B, which RC.7 sent.
#[test]
fn reads_what_rc7_sends() {
    let recorded: Vec<_> = crate::schema::samples::all()
        .into_iter()
        .filter(|sample| sample.class == "BulkShareOrUpdateMetadataParams")
        .collect();
    assert!(recorded.len() >= 6);
    for sample in recorded {
        for entity in parse(&mut object(sample.body)).unwrap() {
            let Some(Request::Share(share)) = entity.requests.get("0") else { panic!("{}", sample.made) };
            assert_eq!((share.delegation_keys.len(), share.secret_ids.len()), (1, 1), "{}", sample.made);
            assert!(!share.encrypted_exchange_data_id.is_empty() || share.exchange_data_id.is_some());
        }
    }
}
