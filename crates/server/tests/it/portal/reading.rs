//! What a custodian reads of its clients.

use http::Method;
use serde_json::{Value, json};

use super::wallets::with_backup;
use super::{call, client, environment, environment_with, get, refused};
use crate::support::TestServer;

const LIST: &str = "/api/v3/custodians/me/clients";

#[tokio::test]
async fn a_client_is_shown_with_its_wallets_and_briefly() {
    let server = TestServer::dev().await;
    let environment = environment_with(&server, "env", |environment| {
        environment.name = "Production".into();
        environment.backup_with_portal_enabled = true;
    })
    .await;
    let (made, _) = with_backup(&server, &environment).await;
    let shown = get(&server, &format!("{LIST}/{}", made.id), &environment.key).await.json();
    assert_eq!(shown, get(&server, "/api/v3/clients/me", &made.key).await.json());
    assert_eq!(shown["custodian"], json!({"id": "acme", "name": "Acme"}));
    let expected = json!({"id": "env", "name": "Production", "backupWithPortalEnabled": true});
    assert_eq!(shown["environment"], expected);
    assert_eq!((&shown["ejectedAt"], &shown["isAccountAbstracted"]), (&Value::Null, &json!(false)));
    assert_eq!(shown["createdAt"], "2027-01-15T08:00:00.000Z");

    let address = shown["metadata"]["namespaces"]["eip155"]["address"].as_str().unwrap();
    for path in ["/api/clients", "/api/v1/custodians/clients"] {
        let brief = get(&server, &format!("{path}/{}", made.id), &environment.key).await.json();
        assert_eq!(brief["id"], made.id);
        assert_eq!(brief["address"].as_str().unwrap().to_lowercase(), address);
        assert_eq!((&brief["clientApiKey"], &brief["isAccountAbstracted"]), (&Value::Null, &json!(false)));
        let listed = get(&server, path, &environment.key).await.json();
        assert_eq!(listed.as_array().unwrap().len(), 1);
        assert_eq!(listed[0]["signingStatus"], "STORED_CLIENT");
        assert_eq!(listed[0]["backupStatus"], "STORED_CLIENT_BACKUP_SHARE");
        assert_eq!(listed[0]["address"], brief["address"]);
    }
}

#[tokio::test]
async fn clients_come_in_pages_in_the_order_of_their_making() {
    let server = TestServer::dev_with(|config| config.portal.custodian_calls_per_minute = 1_000).await;
    let (environment, other) = (environment(&server, "env").await, environment(&server, "other").await);
    client(&server, &other).await;
    let mut ids = Vec::new();
    for _ in 0..105 {
        server.advance(1);
        ids.push(client(&server, &environment).await.id);
    }
    let page = async |query: &str| get(&server, &format!("{LIST}{query}"), &environment.key).await.json();
    let of = |page: &Value| -> Vec<String> {
        let results = page["results"].as_array().unwrap();
        results.iter().map(|client| client["id"].as_str().unwrap().to_owned()).collect()
    };
    let first = page("").await;
    assert_eq!(of(&first), ids[..100]);
    assert_eq!(first["metadata"], json!({"cursor": ids[99], "take": 100, "total": 105}));
    let last = page(&format!("?cursor={}", ids[99])).await;
    assert_eq!(of(&last), ids[100..]);
    assert_eq!(last["metadata"]["cursor"], Value::Null);
    let middle = page(&format!("?take=2&cursor={}", ids[3])).await;
    assert_eq!(of(&middle), ids[4..6]);
    assert_eq!(middle["metadata"], json!({"cursor": ids[5], "take": 2, "total": 105}));
    assert_eq!(of(&page("?take=&cursor=").await).len(), 100);
    let listed = get(&server, "/api/clients", &environment.key).await.json();
    let listed: Vec<&str> = listed.as_array().unwrap().iter().map(|client| client["id"].as_str().unwrap()).collect();
    assert_eq!(listed, ids, "the list of version 1 has them all");
    // or says where it goes on
    let mut path = "/api/v1/custodians/clients?take=50".to_owned();
    let mut listed = Vec::new();
    for more in [true, true, false] {
        let answer = get(&server, &path, &environment.key).await;
        let page = answer.json();
        listed.extend(page.as_array().unwrap().iter().map(|client| client["id"].as_str().unwrap().to_owned()));
        let link = answer.headers.get("link").map(|link| link.to_str().unwrap());
        assert_eq!(link.is_some(), more);
        if let Some(link) = link {
            path = link.strip_prefix('<').and_then(|link| link.strip_suffix(r#">; rel="next""#)).unwrap().to_owned();
        }
    }
    assert_eq!(listed, ids);
    for query in ["?take=0", "?take=1001", "?take=x"] {
        refused(&get(&server, &format!("/api/clients{query}"), &environment.key).await, 400, "BAD_REQUEST");
    }
    for query in ["?take=0", "?take=101", "?take=-1", "?take=x", "?take=1.5"] {
        refused(&get(&server, &format!("{LIST}{query}"), &environment.key).await, 400, "BAD_REQUEST");
    }
}

#[tokio::test]
async fn clients_of_another_environment_are_not_there() {
    let server = TestServer::dev().await;
    let (ours, theirs) = (environment(&server, "ours").await, environment(&server, "theirs").await);
    let made = client(&server, &ours).await;
    assert_eq!(get(&server, "/api/clients", &theirs.key).await.json(), json!([]));
    assert_eq!(get(&server, LIST, &theirs.key).await.json()["metadata"]["total"], 0);
    for path in [
        format!("{LIST}/{}", made.id),
        format!("/api/clients/{}", made.id),
        format!("/api/v1/custodians/clients/{}", made.id),
        format!("{LIST}/nobody"),
    ] {
        refused(&get(&server, &path, &theirs.key).await, 404, "NOT_FOUND");
        refused(&get(&server, &path, &made.key).await, 401, "AUTH_FAILED");
    }
    let eject = format!("{LIST}/{}/enable-eject", made.id);
    let body = json!({"walletId": "x"});
    refused(&call(&server, Method::PATCH, &eject, &theirs.key, Some(&body)).await, 404, "NOT_FOUND");
}
