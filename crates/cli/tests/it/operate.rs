//! What an operator does beside serving: backup, restore, doctor, config check.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::http::Caller;
use crate::mail::MailServer;
use crate::process::Server;

fn keystead(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keystead"));
    command.args(arguments).envs(environment.iter().copied()).env_remove("KEYSTEAD_LOG").output().unwrap()
}

/// Standard output of a command that has to succeed.
fn done(arguments: &[&str]) -> String {
    let output = keystead(arguments, &[]);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Standard error of a command that has to fail.
fn refused(arguments: &[&str]) -> String {
    let output = keystead(arguments, &[]);
    assert!(!output.status.success(), "{arguments:?} was carried out");
    String::from_utf8(output.stderr).unwrap()
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn hcp(data: &Path, login: &str) {
    done(&["admin", "hcp", "create", "--login", login, "--password", "dragonstone", "--data", path(data)]);
}

async fn may_log_in(server: &Server, login: &str) -> bool {
    let credentials = json!({ "username": login, "password": "dragonstone" });
    let answer = Caller::new(server.base()).post("/rest/v2/auth/login", &credentials).await.unwrap();
    answer.status == 200
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_running_server_comes_back_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let [data, copy, restored] = ["data", "copy", "restored"].map(|name| dir.path().join(name));
    let server = Server::dev(&data);
    hcp(&data, "before");
    let manifest: Value = serde_json::from_str(&done(&["backup", path(&copy), "--data", path(&data)])).unwrap();
    assert!(manifest["documents"].as_u64().unwrap() > 2, "{manifest}");
    hcp(&data, "after");
    server.stop();

    // nothing is overwritten, in either direction
    assert!(refused(&["backup", path(&copy), "--data", path(&data)]).contains("expected a folder that can be made"));
    assert!(refused(&["restore", path(&copy), "--data", path(&data)]).contains("expected an empty folder"));
    done(&["restore", path(&copy), "--data", path(&restored)]);
    let server = Server::dev(&restored);
    assert!(may_log_in(&server, "before").await);
    assert!(!may_log_in(&server, "after").await);
    server.stop();

    for name in ["keystead.db", "secret.key"] {
        let file = copy.join(name);
        let mut bytes = std::fs::read(&file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&file, &bytes).unwrap();
        let none = dir.path().join("none");
        assert!(refused(&["restore", path(&copy), "--data", path(&none)]).contains(name));
        assert!(!none.exists());
        bytes[middle] ^= 1;
        std::fs::write(&file, &bytes).unwrap();
    }
    assert!(refused(&["restore", path(dir.path()), "--data", path(&data)]).contains("no backup"));
    assert!(refused(&["backup", path(&dir.path().join("x")), "--data", path(dir.path())]).contains("keystead.db"));
}

#[test]
fn a_configuration_is_checked_without_starting_anything() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("keystead.toml");
    std::fs::write(&file, "[server]\nlisten = \"0.0.0.0:16043\"\n").unwrap();
    let said = done(&["config", "check", "--config", path(&file)]);
    assert!(said.contains("can be used") && said.contains("tokens and codes travel in clear"), "{said}");
    std::fs::write(&file, "[server]\nlissten = \"0.0.0.0:16043\"\n").unwrap();
    assert!(refused(&["config", "check", "--config", path(&file)]).contains("lissten"));
    std::fs::write(&file, "[tls]\ncertificate_file = \"none.pem\"\nkey_file = \"none.key\"\n").unwrap();
    assert!(refused(&["config", "check", "--config", path(&file)]).contains("none.pem"));
}

#[test]
fn the_doctor_says_what_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    assert!(refused(&["doctor", "--data", path(&data)]).contains("there is no database"));
    done(&["admin", "group", "create", "--name", "care", "--data", path(&data)]);
    let said = done(&["doctor", "--data", path(&data)]);
    assert!(said.contains("good  database") && said.contains("-     e-mail"), "{said}");

    let mail = MailServer::start();
    let examine = |port: u16| {
        let environment = [
            ("KEYSTEAD_SMTP__HOST", "127.0.0.1"),
            ("KEYSTEAD_SMTP__PORT", &port.to_string()),
            ("KEYSTEAD_SMTP__TLS", "none"),
            ("KEYSTEAD_SMTP__FROM", "care@example.org"),
        ];
        let output = keystead(&["doctor", "--json", "--data", path(&data)], &environment);
        let findings: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        let mail = findings.into_iter().find(|finding| finding["what"] == "e-mail").unwrap();
        (output.status.success(), mail["health"].as_str().unwrap().to_owned())
    };
    assert_eq!(examine(mail.port), (true, "good".to_owned()));
    // nobody listens at the port of a socket that was closed
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert_eq!(examine(closed), (false, "bad".to_owned()));

    std::fs::set_permissions(data.join("secret.key"), std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let output = keystead(&["doctor", "--data", path(&data)], &[]);
    assert!(!output.status.success());
    assert!(String::from_utf8(output.stdout).unwrap().contains("others may read it"));
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_for_this_machine_or_for_who_has_the_token() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::dev(data.path());
    assert!(!may_log_in(&server, "nobody").await);
    let get = |base: String, headers: &'static [(&str, &str)]| async move {
        let http = keystead_server::http::outgoing().unwrap();
        let request = headers
            .iter()
            .fold(http.get(format!("{base}/metrics")), |request, header| request.header(header.0, header.1));
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (status, text) = get(server.base(), &[]).await;
    assert_eq!(status, 200);
    let counted = r#"keystead_http_requests_total{method="POST",route="/rest/v2/auth/login",status="401"} 1"#;
    assert!(text.contains(counted), "{text}");
    assert!(text.contains("keystead_sockets_open 0") && text.contains("keystead_store_in_use"), "{text}");
    assert!(!text.contains("nobody"));
    assert_eq!(get(server.base(), &[("x-forwarded-for", "127.0.0.1")]).await.0, 404);
    server.stop();

    let server = Server::start(data.path(), &["--dev"], &[("KEYSTEAD_METRICS__TOKEN", "a token of some length")]);
    assert_eq!(get(server.base(), &[]).await.0, 404);
    assert_eq!(get(server.base(), &[("authorization", "Bearer another token, longer")]).await.0, 404);
    assert_eq!(get(server.base(), &[("authorization", "Bearer a token of some length")]).await.0, 200);
    server.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_tells_what_was_done_and_notices_what_was_changed() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::dev(data.path());
    let made =
        done(&["admin", "hcp", "create", "--login", "jorah", "--password", "dragonstone", "--data", path(data.path())]);
    let made: Value = serde_json::from_str(&made).unwrap();
    let (user, group) = (made["userId"].as_str().unwrap(), made["groupId"].as_str().unwrap());
    assert!(may_log_in(&server, "jorah").await);
    let wrong = json!({ "username": "jorah", "password": "no" });
    assert_eq!(Caller::new(server.base()).post("/rest/v2/auth/login", &wrong).await.unwrap().status, 401);
    server.stop();

    let place = ["--data", path(data.path())];
    let show = || done(&[&["audit", "show", "--group", group][..], &place].concat());
    let entries: Vec<Value> = show().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<(&str, &str)> =
        entries.iter().map(|entry| (entry["actor"].as_str().unwrap(), entry["action"].as_str().unwrap())).collect();
    assert_eq!(told, [("operator", "operator.party"), (user, "login"), ("", "login.refused")]);
    assert!(!show().contains("dragonstone"));
    let verified: Value = serde_json::from_str(&done(&[&["audit", "verify"][..], &place].concat())).unwrap();
    assert_eq!(verified[0]["entries"], 3);

    // whoever has the database and not the secret
    let database = rusqlite::Connection::open(data.path().join("keystead.db")).unwrap();
    let entry = |number: usize| format!("{number:020}");
    let original: String = database
        .query_row("SELECT body FROM document WHERE class = 'AuditEntry' AND id = ?1", [entry(2)], |row| row.get(0))
        .unwrap();
    let set = |body: &str| {
        let sql = "UPDATE document SET body = ?2 WHERE class = 'AuditEntry' AND id = ?1";
        assert_eq!(database.execute(sql, [entry(2).as_str(), body]).unwrap(), 1);
    };
    let verify = || refused(&[&["audit", "verify"][..], &place].concat());
    set(&original.replace("login", "logout"));
    assert!(verify().contains("1 of 1"));
    set(&original);
    done(&[&["audit", "verify"][..], &place].concat());
    for number in [3, 2] {
        database.execute("DELETE FROM document WHERE class = 'AuditEntry' AND id = ?1", [entry(number)]).unwrap();
        verify();
    }
}
