//! Groups, roles, permissions.

use serde_json::{Value, json};

use super::people::{World, ok, refused};

#[tokio::test]
async fn the_own_group_is_readable_and_nothing_else() {
    let world = World::new().await;
    let jorah = world.hcp("jorah").await;
    let group = jorah.read(&format!("group/{}", world.group)).await;
    assert_eq!((&group["id"], &group["name"]), (&json!(world.group), &json!("Development")));
    assert_eq!(group["minimumAuthenticationClassForElevatedPrivileges"], "PASSWORD");
    assert_eq!(jorah.read("group").await, json!([group]));
    assert_eq!(jorah.read(&format!("group/{}/hierarchy", world.group)).await, json!([world.group]));
    assert_eq!(jorah.read(&format!("group/{}/children", world.group)).await, json!({"rows": []}));
    for path in ["group/another", "group/another/hierarchy", "group/another/children", "group/another/defaultRoles"] {
        refused(jorah.get(path).await, 403);
    }
    let admin = world.admin().await;
    refused(admin.post("group/another?name=Another", Value::Null).await, 403);
    refused(admin.delete(&format!("group/{}", world.group)).await, 403);
    refused(admin.put(&format!("group/{}/name/Mine", world.group), Value::Null).await, 403);
    let stranger = world.person("", "", "no token");
    refused(stranger.get("group").await, 401);
    refused(stranger.post("group/another", Value::Null).await, 401);
    world.stop().await;
}

#[tokio::test]
async fn roles_are_listed_with_permissions_that_clients_know() {
    let world = World::new().await;
    let jorah = world.hcp("jorah").await;
    let roles = jorah.read("role").await;
    let ids: Vec<_> = roles.as_array().unwrap().iter().map(|role| role["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["ADMIN", "HCP", "PATIENT", "DEVICE", "USER"]);
    let known = keystead_model::schema::enums().find(|known| known.name == "PermissionType").unwrap();
    for role in roles.as_array().unwrap() {
        let table = keystead_model::schema::table("Role").unwrap();
        keystead_model::schema::check(table, &mut role.as_object().unwrap().clone()).unwrap();
        assert!(role["permissions"].as_array().unwrap().iter().all(|it| known.values.contains(&it.as_str().unwrap())));
    }
    let defaults = jorah.read(&format!("group/{}/defaultRoles", world.group)).await;
    assert_eq!(defaults["PATIENT"], json!([{"source": "DEFAULT", "roles": ["PATIENT"]}]));
    world.stop().await;
}

#[tokio::test]
async fn permissions_are_the_administrators_to_set() {
    let world = World::new().await;
    let (admin, jorah) = (world.admin().await, world.hcp("jorah").await);
    let item =
        json!({"itemType": "AlwaysPermissionItemDto", "type": "ADMIN", "predicate": {"$type": "AlwaysPredicate"}});
    let permission = json!({"grants": [item]});
    let path = format!("permissions/{}", jorah.user);
    refused(jorah.put(&path, permission.clone()).await, 403);
    assert_eq!(ok(admin.put(&path, permission.clone()).await), json!([permission]));
    assert_eq!(jorah.read("user/current").await["permissions"], json!([permission]));
    refused(jorah.post("user/admin", json!({"id": "x", "login": "x"})).await, 403);
    refused(admin.put("permissions/nobody", permission).await, 404);
    assert_eq!(refused(admin.put(&path, json!({"grants": [{"type": "KING"}]})).await, 400), "grants[0].type");
    // sent back unchanged by the user itself, they do not hinder it
    ok(jorah.put("user", jorah.read("user/current").await).await);
    world.stop().await;
}
