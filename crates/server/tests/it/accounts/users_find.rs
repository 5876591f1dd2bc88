//! Reading and finding users.

use serde_json::{Value, json};

use super::people::{World, ok, refused};

#[tokio::test]
async fn healthcare_parties_find_users_and_patients_find_themselves() {
    let world = World::new().await;
    let jorah = world.hcp("jorah").await;
    let dany = world.patient("dany@example.org").await;
    let email = "user/byEmail/Dany@Example.org";
    assert_eq!(jorah.read(email).await["id"], dany.user);
    assert_eq!(dany.read(email).await["id"], dany.user);
    assert_eq!(jorah.read(&format!("user/byPatientId/{}", dany.owner)).await, json!([dany.user]));
    assert_eq!(jorah.read(&format!("user/byHealthcarePartyId/{}", jorah.owner)).await, json!([jorah.user]));
    assert_eq!(jorah.read("user/byPatientId/nobody").await, json!([]));
    assert_eq!(dany.read(&format!("user/byHealthcarePartyId/{}", jorah.owner)).await, json!([]));
    let mut phoned = world.admin().await.read(&format!("user/{}", dany.user)).await;
    phoned["mobilePhone"] = json!("+32 470 12 34 56");
    let admin = world.again(&dany, "admin", "admin").await;
    ok(admin.put("user", phoned).await);
    assert_eq!(jorah.read("user/byPhoneNumber/%2B32470123456").await["id"], dany.user);

    refused(jorah.get("user/byEmail/nobody@example.org").await, 404);
    refused(jorah.get("user/nobody").await, 404);
    // who may not read users does not learn whom there is
    for path in ["user/byEmail/nobody@example.org", "user/byPhoneNumber/+1234567", "user/nobody"] {
        refused(dany.get(path).await, 403);
    }
    refused(dany.get(&format!("user/{}", jorah.user)).await, 403);
    world.stop().await;
}

#[tokio::test]
async fn filters_and_ids_are_restricted_to_whom_the_caller_may_read() {
    let world = World::new().await;
    let (jorah, barristan) = (world.hcp("jorah").await, world.hcp("barristan").await);
    let dany = world.patient("dany@example.org").await;
    let mut everybody = vec![jorah.user.clone(), barristan.user.clone(), dany.user.clone()];
    everybody.sort();
    let all = json!({"$type": "AllUsersFilter"});
    let matched = |answer: Value| {
        let mut ids: Vec<String> = serde_json::from_value(answer).unwrap();
        ids.sort();
        ids
    };
    for path in ["user/match".to_owned(), format!("user/inGroup/{}/match", world.group)] {
        assert_eq!(matched(ok(jorah.post(&path, all.clone()).await)), everybody);
        assert_eq!(matched(ok(dany.post(&path, all.clone()).await)), std::slice::from_ref(&dany.user));
    }
    let by_owner = json!({"$type": "UserByHealthcarePartyIdFilter", "healthcarePartyId": jorah.owner});
    assert_eq!(ok(barristan.post("user/match", by_owner.clone()).await), json!([jorah.user]));
    assert_eq!(ok(dany.post("user/match", by_owner).await), json!([]));
    assert_eq!(refused(jorah.post("user/match", json!({"$type": "AllDevicesFilter"})).await, 400), "$type");

    let ids = json!({"ids": [dany.user, "nobody", jorah.user]});
    let found = ok(jorah.post("user/byIds", ids.clone()).await);
    let listed = |found: &Value| found.as_array().unwrap().iter().map(|user| user["id"].clone()).collect::<Vec<_>>();
    assert_eq!(listed(&found), [json!(dany.user), json!(jorah.user)], "in the order asked for");
    assert_eq!(listed(&ok(dany.post("user/byIds", ids).await)), [json!(dany.user)]);
    assert_eq!(ok(jorah.post("user/byIds", json!({})).await), json!([]));

    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let page =
            ok(jorah.post(&format!("user/filter?limit=2{next}"), json!({"filter": all, "predicate": null})).await);
        seen.extend(listed(&page["rows"]).iter().map(|id| id.as_str().unwrap().to_owned()));
        match page["nextKeyPair"]["startKeyDocId"].as_str() {
            Some(key) => next = format!("&startDocumentId={key}"),
            None => break,
        }
    }
    seen.sort();
    assert_eq!(seen, everybody);
    assert_eq!(listed(&dany.read("user").await["rows"]), [json!(dany.user)]);
    assert_eq!(jorah.read(&format!("user/inGroup/{}", world.group)).await["rows"].as_array().unwrap().len(), 3);
    refused(jorah.get("user?limit=many").await, 400);
    refused(jorah.get("user?startDocumentId=made-up").await, 400);
    world.stop().await;
}

#[tokio::test]
async fn names_of_tokens_are_shown_to_their_user_only() {
    let world = World::new().await;
    let (jorah, barristan) = (world.hcp("jorah").await, world.hcp("barristan").await);
    let path = format!("user/token/{}/tablet?tokenValidity=86400", jorah.user);
    let token = jorah.post(&path, Value::Null).await.text;
    let user = jorah.get("user/current").await;
    assert!(!user.text.contains(&token));
    let shown = json!({"tablet": {"creationTime": crate::support::START, "validity": 86_400}});
    assert_eq!(user.json()["authenticationTokens"], shown);
    let others = barristan.read(&format!("user/{}", jorah.user)).await;
    assert_eq!(others["authenticationTokens"], json!(null));
    let admin = world.admin().await;
    assert_eq!(admin.read(&format!("user/{}", jorah.user)).await["authenticationTokens"], shown);
    // sent back, they are neither stored nor do they count
    let mut sent = user.json();
    sent["authenticationTokens"]["forged"] = json!({"creationTime": 1, "validity": 1, "token": "forged-token"});
    assert_eq!(ok(jorah.put("user", sent).await)["authenticationTokens"], shown);
    assert_eq!(world.log_in("jorah", "forged-token").await, Err(401));
    assert!(world.log_in("jorah", &token).await.is_ok());
    world.stop().await;
}
