//! Several nodes on one PostgreSQL, behind a plain round-robin, killed and restarted in turn under load.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keystead_store::conformance::PostgresServer;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::contacts::{contact, new_digest, new_id};
use crate::http::{Answer, Caller};
use crate::process::Server;

/// How often a node is killed.
const KILLS: usize = 200;
/// Clients that write at once.
const CLIENTS: usize = 6;
/// Attempts of a client before it gives up.
const ATTEMPTS: usize = 100;

/// Nodes, their database and what stands before them.
struct Cluster {
    postgres: PostgresServer,
    secret: String,
    data: TempDir,
    nodes: Vec<Server>,
    addresses: Arc<Mutex<Vec<SocketAddr>>>,
    front: SocketAddr,
}

impl Cluster {
    async fn start(nodes: usize) -> Self {
        let postgres = PostgresServer::start().unwrap();
        let data = tempfile::tempdir().unwrap();
        let (addresses, front) = round_robin().await;
        let mut cluster = Self { postgres, secret: new_digest(), data, nodes: Vec::new(), addresses, front };
        cluster.keystead(&["migrate"]);
        for number in 0..nodes {
            let node = cluster.node(number);
            cluster.addresses.lock().unwrap().push(node.address);
            cluster.nodes.push(node);
        }
        cluster
    }

    fn environment(&self) -> [(&str, &str); 2] {
        [("KEYSTEAD_SERVER__SECRET", &self.secret), ("KEYSTEAD_SERVER__DATABASE", &self.postgres.url)]
    }

    fn node(&self, number: usize) -> Server {
        Server::start(&self.data.path().join(number.to_string()), &["--dev"], &self.environment())
    }

    /// A command on the database of the nodes; the JSON it prints.
    fn keystead(&self, arguments: &[&str]) -> Value {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keystead"));
        command.args(arguments).arg("--data").arg(self.data.path().join("admin")).envs(self.environment());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Puts a node in the place of one that is gone.
    fn replace(&mut self, number: usize) {
        let node = self.node(number);
        self.addresses.lock().unwrap()[number] = node.address;
        self.nodes[number] = node;
    }

    /// A healthcare party, and a session at the front.
    async fn doctor(&self) -> (String, Caller) {
        let made = self.keystead(&["admin", "hcp", "create", "--login", "jorah", "--password", "dragonstone"]);
        let front = Caller::new(format!("http://{}", self.front));
        let login = json!({ "username": "jorah", "password": "dragonstone" });
        let tokens = front.post("/rest/v2/auth/login", &login).await.unwrap().json();
        let bearer = format!("Bearer {}", tokens["token"].as_str().unwrap());
        (made["dataOwnerId"].as_str().unwrap().to_owned(), front.with("authorization", bearer))
    }
}

/// Passes each connection on to the next node that takes it.
async fn round_robin() -> (Arc<Mutex<Vec<SocketAddr>>>, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let front = listener.local_addr().unwrap();
    let addresses: Arc<Mutex<Vec<SocketAddr>>> = Arc::default();
    let known = addresses.clone();
    tokio::spawn(async move {
        let turn = Arc::new(AtomicUsize::new(0));
        while let Ok((mut near, _)) = listener.accept().await {
            let (known, turn) = (known.clone(), turn.clone());
            tokio::spawn(async move {
                for _ in 0..20 {
                    let nodes = known.lock().unwrap().clone();
                    let node = nodes[turn.fetch_add(1, Ordering::Relaxed) % nodes.len()];
                    if let Ok(mut far) = TcpStream::connect(node).await {
                        let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                        return;
                    }
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            });
        }
    });
    (addresses, front)
}

/// What clients wrote: the id and the revision that was acknowledged last.
type Acknowledged = BTreeMap<String, String>;

/// What a client does again: an answer that did not come, or one that says to come again.
fn is_to_be_repeated(answer: Option<&Answer>) -> bool {
    answer.is_none_or(|answer| matches!(answer.status, 429 | 502..=504))
}

/// Sends until there is an answer that counts.
async fn insist(session: &Caller, method: &str, path: &str, body: &Value, repeated: &AtomicUsize) -> (Answer, bool) {
    for attempt in 0..ATTEMPTS {
        let answer = session.send(method, path, body.to_string().into_bytes()).await;
        if !is_to_be_repeated(answer.as_ref()) {
            return (answer.unwrap(), attempt > 0);
        }
        repeated.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{ATTEMPTS} attempts at {method} {path} came to nothing");
}

/// Makes contacts and changes them, until it is told to stop.
async fn write(session: Caller, hcp: String, stop: Arc<AtomicBool>, repeated: Arc<AtomicUsize>) -> Acknowledged {
    let mut acknowledged = Acknowledged::new();
    while !stop.load(Ordering::Relaxed) {
        let (id, patient) = (new_id(), new_id());
        let made = contact(&id, &patient, &hcp, 1);
        let (answer, again) = insist(&session, "POST", "/rest/v2/contact", &made, &repeated).await;
        // the first attempt was carried out, though its answer was lost
        let stored = if again && answer.status == 409 { read(&session, &id, &repeated).await } else { answer.json() };
        acknowledged.insert(id.clone(), stored["rev"].as_str().unwrap().to_owned());

        let mut changed = stored;
        changed["descr"] = json!("2");
        let (answer, again) = insist(&session, "PUT", "/rest/v2/contact", &changed, &repeated).await;
        let stored = if again && answer.status == 409 { read(&session, &id, &repeated).await } else { answer.json() };
        assert_eq!(stored["descr"], "2");
        acknowledged.insert(id, stored["rev"].as_str().unwrap().to_owned());
    }
    acknowledged
}

async fn read(session: &Caller, id: &str, repeated: &AtomicUsize) -> Value {
    insist(session, "POST", "/rest/v2/contact/byIds", &json!({ "ids": [id] }), repeated).await.0.json()[0].clone()
}

/// Clients at work.
struct Load {
    stop: Arc<AtomicBool>,
    repeated: Arc<AtomicUsize>,
    clients: JoinSet<Acknowledged>,
}

impl Load {
    fn begin(session: &Caller, hcp: &str) -> Self {
        let (stop, repeated) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let mut clients = JoinSet::new();
        for _ in 0..CLIENTS {
            clients.spawn(write(session.clone(), hcp.to_owned(), stop.clone(), repeated.clone()));
        }
        Self { stop, repeated, clients }
    }

    async fn end(self) -> (Acknowledged, usize) {
        self.stop.store(true, Ordering::Relaxed);
        let written = self.clients.join_all().await.into_iter().flatten().collect();
        (written, self.repeated.load(Ordering::Relaxed))
    }
}

/// Everything that was acknowledged is there, at every node.
async fn check(cluster: &Cluster, session: &Caller, written: &Acknowledged) {
    for node in &cluster.nodes {
        let session = session.at(node.base());
        let ids: Vec<&String> = written.keys().collect();
        for chunk in ids.chunks(500) {
            let found = session.post("/rest/v2/contact/byIds", &json!({ "ids": chunk })).await.unwrap().json();
            let found: BTreeMap<&str, &str> = found
                .as_array()
                .unwrap()
                .iter()
                .map(|contact| (contact["id"].as_str().unwrap(), contact["rev"].as_str().unwrap()))
                .collect();
            for id in chunk {
                assert_eq!(found.get(id.as_str()).copied(), Some(written[*id].as_str()), "acknowledged and lost");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_nodes_are_killed_in_turn() {
    let mut cluster = Cluster::start(3).await;
    let (hcp, session) = cluster.doctor().await;
    let load = Load::begin(&session, &hcp);
    for kill in 0..KILLS {
        let number = kill % 3;
        cluster.nodes[number].kill_now();
        tokio::task::block_in_place(|| cluster.replace(number));
    }
    let (written, repeated) = load.end().await;
    check(&cluster, &session, &written).await;
    println!("{KILLS} kills, {} contacts written, {repeated} requests repeated, none lost", written.len());
    assert!(written.len() > KILLS && repeated > 0, "the load was too small to show anything");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_drains_every_node() {
    let mut cluster = Cluster::start(3).await;
    let (hcp, session) = cluster.doctor().await;
    let load = Load::begin(&session, &hcp);
    for round in 0..6 {
        let number = round % 3;
        let node = cluster.node(number);
        let leaving = std::mem::replace(&mut cluster.nodes[number], node);
        cluster.addresses.lock().unwrap()[number] = cluster.nodes[number].address;
        let (status, output) = tokio::task::block_in_place(|| leaving.stop());
        assert!(status.success(), "{status}: {output}");
    }
    let (written, repeated) = load.end().await;
    check(&cluster, &session, &written).await;
    println!("{} contacts written over 6 restarts, {repeated} requests repeated", written.len());
    // a connection may be closed in the moment in which a request is sent over it, and that is all
    assert!(repeated <= 2 * CLIENTS * 6, "{repeated} requests were repeated");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_restarted_under_load_loses_nothing() {
    let mut cluster = Cluster::start(2).await;
    let (hcp, session) = cluster.doctor().await;
    let load = Load::begin(&session, &hcp);
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        tokio::task::block_in_place(|| cluster.postgres.restart()).unwrap();
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (written, repeated) = load.end().await;
    check(&cluster, &session, &written).await;
    assert!(written.len() > 20 && repeated > 0, "{} written, {repeated} repeated", written.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn any_request_goes_to_any_node() {
    let cluster = Cluster::start(2).await;
    let (_, session) = cluster.doctor().await;
    let at = |number: usize| session.at(cluster.nodes[number].base());
    // a code that was asked for at one node is right at the other, once, and wrong ones count at both
    let start = json!({
        "g-recaptcha-response": "solved", "email": "daenerys@example.org", "from": "daenerys@example.org",
        "firstName": "Daenerys", "lastName": "Targaryen", "hcpId": session_owner(&session).await,
    });
    let request = new_id();
    let path = format!("/gw/dev/process/patient-email/{request}");
    at(0).anonymous().post(&path, &start).await.unwrap().is(200);
    for wrong in 0..5 {
        let path = format!("/gw/dev/process/validate/{request}-00000{wrong}x");
        at(wrong % 2).anonymous().get(&path).await.unwrap().is(401);
    }
    let outbox = at(1).anonymous().get("/dev/outbox?to=daenerys@example.org").await.unwrap().json();
    let code = outbox[0]["code"].as_str().unwrap();
    at(1).anonymous().get(&format!("/gw/dev/process/validate/{request}-{code}")).await.unwrap().is(410);
    // a session that ends at one node ends at the other
    at(1).get("/rest/v2/user/current").await.unwrap().is(200);
    at(0).post("/rest/v2/auth/logout", &json!(null)).await.unwrap().is(200);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    at(1).get("/rest/v2/user/current").await.unwrap().is(401);
    // a node with another secret does not join
    let mut command = Command::new(env!("CARGO_BIN_EXE_keystead"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(cluster.data.path().join("stranger"));
    command.env("KEYSTEAD_SERVER__DATABASE", &cluster.postgres.url).env("KEYSTEAD_SERVER__SECRET", new_digest());
    let output = command.output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("another secret"), "{output:?}");
}

async fn session_owner(session: &Caller) -> Value {
    session.get("/rest/v2/dataowner/current").await.unwrap().json()["dataOwner"]["id"].clone()
}
