//! `keystead admin custodian`, beside a running server.

use std::process::Command;

use serde_json::{Value, json};

use crate::http::Caller;
use crate::process::{Server, admin};

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value}"))
}

fn bearer(server: &Server, key: &str) -> Caller {
    Caller::new(server.base()).with("authorization", format!("Bearer {key}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn environments_and_keys_are_made_and_revoked_while_the_server_runs() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::dev(data.path());
    let run = |arguments: &[&str]| admin(data.path(), &[&["custodian"], arguments].concat());

    let made = run(&["create", "--name", "Acme"]);
    let id = text(&made["environment"], "id");
    assert_eq!(made["environment"]["name"], "Development");
    assert_eq!(made["environment"]["backupWithPortalEnabled"], false);
    let custodian = bearer(&server, text(&made, "apiKey"));
    let client = custodian.post("/api/clients", &json!({})).await.unwrap().json();
    bearer(&server, text(&client, "clientApiKey")).get("/api/v3/clients/me").await.unwrap().well();

    let acme = text(&made["environment"]["custodian"], "id");
    let production =
        run(&["create", "--name", "Acme", "--custodian", acme, "--environment", "Production", "--backup-with-portal"]);
    assert_eq!(production["environment"]["custodian"]["id"], acme);
    assert_eq!(production["environment"]["backupWithPortalEnabled"], true);
    assert_eq!(run(&["list"]).as_array().unwrap().len(), 2);
    let changed = run(&["backup", "--environment", id, "--with-portal", "true"]);
    assert_eq!(changed["backupWithPortalEnabled"], true);

    let second = run(&["keys", "create", "--environment", id, "--label", "second"]);
    let keys = run(&["keys", "list", "--environment", id]);
    assert_eq!(keys.as_array().unwrap().len(), 2);
    assert_eq!(keys[1]["label"], "second");
    assert!(!keys.to_string().contains(text(&second, "apiKey")));
    let first = text(&keys[0], "id");
    assert_eq!(run(&["keys", "revoke", "--environment", id, "--id", first]), json!({"revoked": true}));
    assert_eq!(run(&["keys", "revoke", "--environment", id, "--id", first]), json!({"revoked": false}));
    custodian.get("/api/clients").await.unwrap().is(401);
    bearer(&server, text(&second, "apiKey")).get("/api/clients").await.unwrap().well();

    let renewed = run(&["client", "renew", "--environment", id, "--id", text(&client, "id")]);
    bearer(&server, text(&client, "clientApiKey")).get("/api/v3/clients/me").await.unwrap().is(401);
    bearer(&server, text(&renewed, "clientApiKey")).get("/api/v3/clients/me").await.unwrap().well();
    let revoked = run(&["client", "revoke", "--environment", id, "--id", text(&client, "id")]);
    assert_eq!(revoked, json!({"revoked": 1}));
    bearer(&server, text(&renewed, "clientApiKey")).get("/api/v3/clients/me").await.unwrap().is(401);
    assert!(server.stop().0.success());
}

#[test]
fn what_there_is_not_is_named() {
    let data = tempfile::tempdir().unwrap();
    for (arguments, named) in [
        (&["keys", "create", "--environment", "nobody"][..], "--environment"),
        (&["keys", "list", "--environment", "nobody"], "--environment"),
        (&["backup", "--environment", "nobody", "--with-portal", "true"], "--environment"),
        (&["create", "--name", "Acme", "--group", "nobody"], "--group"),
        (&["client", "renew", "--environment", "nobody", "--id", "x"], "client"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_keystead"))
            .args(["admin", "custodian"])
            .args(arguments)
            .arg("--data")
            .arg(data.path())
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && errors.contains(named), "{arguments:?}: {errors}");
    }
}
