//! Registration by the gateway: what the first validated code makes.

use keystead_server::users::register::{Address, Registrant, RegistrantKind};
use serde_json::json;

use super::people::{World, ok, refused};

#[tokio::test]
async fn a_patient_and_its_user_are_made_once() {
    let world = World::new().await;
    let dany = world.patient("dany@example.org").await;
    let user = dany.read("user/current").await;
    assert_eq!(user["login"], "dany@example.org");
    assert_eq!(user["email"], "dany@example.org");
    assert_eq!(user["mobilePhone"], json!(null));
    assert_eq!((&user["status"], &user["type"]), (&json!("ACTIVE"), &json!("database")));
    assert_eq!((&user["groupId"], &user["name"]), (&json!(world.group), &json!("Daenerys Targaryen")));
    assert_eq!(user["patientId"], dany.owner);
    assert_eq!(user["autoDelegations"], json!({"all": ["responsible"]}));
    assert_eq!(user["passwordHash"], json!(null));

    let patient = dany.read(&format!("patient/{}", dany.owner)).await;
    assert_eq!((&patient["firstName"], &patient["lastName"]), (&json!("Daenerys"), &json!("Targaryen")));
    let telecoms = &patient["addresses"][0]["telecoms"];
    assert_eq!(*telecoms, json!([{"telecomType": "email", "telecomNumber": "dany@example.org"}]));

    let again = world.register(&world.registrant("dany@example.org")).await;
    assert_eq!(again, dany.user, "the second code is for the same user");
    world.stop().await;
}

#[tokio::test]
async fn a_healthcare_party_registers_by_phone_without_names() {
    let world = World::new().await;
    let user = world
        .register(&Registrant {
            kind: RegistrantKind::Hcp,
            address: Address::Phone("+32470123456".into()),
            first_name: " ".into(),
            last_name: String::new(),
            responsible: None,
            ..world.registrant("")
        })
        .await;
    let bearer = world.log_in("+32 470 12 34 56", "123456").await.unwrap();
    let hcp = world.person(&user, "", &bearer);
    let user = hcp.read("user/current").await;
    assert_eq!(user["mobilePhone"], "+32470123456");
    assert_eq!((&user["email"], &user["autoDelegations"], &user["name"]), (&json!(null), &json!(null), &json!(null)));
    let owner = hcp.read("dataowner/current").await;
    assert_eq!(owner["type"], "hcp");
    assert_eq!(owner["dataOwner"]["id"], user["healthcarePartyId"]);
    assert_eq!(owner["dataOwner"]["lastName"], json!(null));
    world.stop().await;
}

#[tokio::test]
async fn names_are_looked_up_within_the_group_only() {
    let world = World::new().await;
    let app = world.server.app.clone();
    let mut tx = app.store.write().await.unwrap();
    keystead_server::groups::create_group(&app, &mut *tx, "elsewhere", "Elsewhere").await.unwrap();
    tx.commit().await.unwrap();
    let here = world.register(&world.registrant("dany@example.org")).await;
    let there = Registrant { group: "elsewhere".into(), ..world.registrant("dany@example.org") };
    let there = world.register(&there).await;
    assert_ne!(here, there);
    world.stop().await;
}

#[tokio::test]
async fn an_invited_patient_registers_into_the_user_that_was_made_for_it() {
    let world = World::new().await;
    let hcp = world.hcp("jorah").await;
    let patient = hcp.add_patient("sansa").await;
    let user = ok(hcp.post("user", json!({"id": "u-sansa", "email": "Sansa@Example.org", "patientId": patient})).await);
    assert_eq!(world.register(&world.registrant("sansa@example.org")).await, "u-sansa");
    let sansa = world.person("u-sansa", "sansa", &world.log_in("sansa@example.org", "123456").await.unwrap());
    assert_eq!(sansa.read("dataowner/current").await["dataOwner"]["id"], "sansa");

    let mut disabled = sansa.read("user/current").await;
    assert_eq!(disabled["rev"], user["rev"]);
    disabled["status"] = json!("DISABLED");
    ok(hcp.put("user", disabled).await);
    refused(sansa.get("user/current").await, 401);
    world.register(&world.registrant("sansa@example.org")).await;
    assert_eq!(world.log_in("sansa@example.org", "123456").await, Err(401), "a code does not enable a disabled user");
    world.stop().await;
}
