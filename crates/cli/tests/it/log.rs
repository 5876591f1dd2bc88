//! No address, code, token, key, password, name or fragment of a body is in any line that the server
//! writes, whatever the level of the log.
//!
//! Both tests go through what clients do, mistakes included, note on the way everything that must not
//! be repeated, and then search the output for it.

mod deliver;
mod secrets;
mod use_records;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

use self::secrets::Secrets;
use crate::contacts::new_id;
use crate::http::Caller;
use crate::process::{Hcp, PATIENCE, Server};

/// Everything, from every crate.
const LOUD: [(&str, &str); 1] = [("KEYSTEAD_LOG", "trace")];

/// A code that is certainly wrong, and long enough not to be part of a time of day.
const WRONG_CODE: &str = "918273645546";

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_the_people_and_their_records_is_logged() {
    let data = tempfile::tempdir().unwrap();
    let mut secrets = Secrets::default();
    let server = Server::start(data.path(), &["--dev"], &LOUD);
    let hcp = Hcp::create(data.path());
    secrets.add("a name", ["Jorahprename", "Mormontsurname"]);
    secrets.add("a login name", [hcp.login]);
    secrets.add("a password", [hcp.password, "a-wrong-guess-at-a-password"]);
    let anybody = Caller::new(server.base());

    wrong_logins(&anybody, &hcp).await;
    let patient = register(&anybody, &mut secrets).await;
    renew(&anybody, &patient, &mut secrets).await;
    use_records::publish_key(&patient.session, &mut secrets).await;
    use_records::write_records(&patient, &mut secrets).await;
    use_records::make_mistakes(&patient.session, &mut secrets).await;
    nonsense(&server, &mut secrets);

    let (status, output) = server.stop();
    assert!(status.success(), "{status}");
    assert_is_loud(&output);
    secrets.assert_absent(&output);
}

/// The log is really on: lines of the finest level, and one for every request by its template.
fn assert_is_loud(output: &str) {
    assert!(output.contains("/rest/v2/contact") && output.contains("DEBUG"), "{output}");
}

async fn wrong_logins(anybody: &Caller, hcp: &Hcp) {
    for (name, password) in [(hcp.login, "a-wrong-guess-at-a-password"), ("a-wrong-guess-at-a-password", "x")] {
        let body = json!({"username": name, "password": password});
        anybody.post("/rest/v2/auth/login", &body).await.unwrap().is(401);
    }
}

/// A patient who registered by a one-time code.
struct Patient {
    session: Caller,
    refresh: String,
    user: String,
    group: String,
    id: String,
}

async fn register(anybody: &Caller, secrets: &mut Secrets) -> Patient {
    let address = "Stormborn.Unburnt@Dragonstone.example.org";
    secrets.add("an address", [address, "stormborn.unburnt", "dragonstone.example"]);
    secrets.add("a name", ["Daenerysprename", "Targaryensurname"]);
    secrets.add("a captcha solution", ["solution-of-a-captcha"]);
    secrets.add("a code", [WRONG_CODE]);
    let request = new_id();
    let body = json!({
        "firstName": "Daenerysprename", "lastName": "Targaryensurname",
        "g-recaptcha-response": "solution-of-a-captcha", "email": address, "mobilePhone": "",
    });
    let start = format!("/gw/dev/process/patient-email/{request}?codeLength=12");
    anybody.post(&start, &body).await.unwrap().well();
    let messages = anybody.get(&format!("/dev/outbox?to={address}")).await.unwrap().json();
    let code = messages[0]["code"].as_str().unwrap();
    secrets.add("a code", [code]);
    let validate = format!("/gw/dev/process/validate/{request}-");
    anybody.get(&format!("{validate}{WRONG_CODE}")).await.unwrap().is(401);
    anybody.get(&format!("{validate}{code}")).await.unwrap().well();

    let login = |password: &str| json!({"username": address, "password": password});
    anybody.post("/rest/v2/auth/login", &login(WRONG_CODE)).await.unwrap().is(401);
    let tokens = anybody.post("/rest/v2/auth/login", &login(code)).await.unwrap().json();
    let (bearer, refresh) = secrets.tokens(&tokens);
    let session = anybody.with("authorization", format!("Bearer {bearer}"));
    let users = session.get("/rest/v2/user/matches").await.unwrap().json();
    let text = |key: &str| users[0][key].as_str().unwrap().to_owned();
    Patient { session, refresh, user: text("userId"), group: text("groupId"), id: text("patientId") }
}

/// Switch, refresh, a token of one's own, a logout, and tokens that are none.
async fn renew(anybody: &Caller, patient: &Patient, secrets: &mut Secrets) {
    let renewing = anybody.with("refresh-token", &patient.refresh);
    let switch = format!("/rest/v2/auth/switch/{}", patient.group);
    let tokens = renewing.send("POST", &switch, Vec::new()).await.unwrap().json();
    let (bearer, refresh) = secrets.tokens(&tokens);
    let again = anybody.with("refresh-token", refresh);
    let refreshed = again.send("POST", "/rest/v2/auth/refresh", Vec::new()).await.unwrap().json();
    secrets.token(refreshed["token"].as_str().unwrap());

    let own = "a-token-of-ones-own-choice";
    secrets.add("a token", [own, "not-a-token-at-all"]);
    let path = format!("/rest/v2/user/token/{}/phone", patient.user);
    patient.session.with("token", own).send("POST", &path, Vec::new()).await.unwrap().well();
    let broken = format!("{bearer}x");
    for token in ["not-a-token-at-all", &broken] {
        let nobody = anybody.with("authorization", format!("Bearer {token}"));
        nobody.get("/rest/v2/user/matches").await.unwrap().is(401);
        let nobody = anybody.with("refresh-token", token);
        nobody.send("POST", "/rest/v2/auth/refresh", Vec::new()).await.unwrap().is(401);
    }
}

/// Octets that are no request, and requests that are too large.
fn nonsense(server: &Server, secrets: &mut Secrets) {
    let marks = ["unfinished-path", "header-that-is-too-long", "no-such-version", "path-not-utf-8"];
    secrets.add("a fragment of a request", marks);
    let long = format!("GET / HTTP/1.1\r\nhost: k\r\nx: {}\r\n\r\n", marks[1].repeat(20_000));
    let requests: [&[u8]; 4] = [
        b"GET /unfinished-path HTT",
        long.as_bytes(),
        b"GET /no-such-version HTTP/9.9\r\n\r\n",
        b"GET /path-not-utf-8?\xff\xfe HTTP/1.1\r\nhost: k\r\nauthorization: \xff\xfe\r\n\r\n",
    ];
    for request in requests {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // The server may hang up before it has read all of it.
        let _ = stream.write_all(request);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
    }
}

/// The text at `key` of an answer.
fn text(answer: &Value, key: &str) -> String {
    answer[key].as_str().unwrap().to_owned()
}
