//! A custodian as the tutorial makes one, in memory, which can be in every mood.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

/// What the server shows it.
pub(super) const SECRET: &str = "a secret between the two";

/// How a custodian feels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    Good,
    /// 500 with a page, as a wrong secret is answered by the example that is out there.
    Down,
    /// Takes everything, keeps nothing, and has no words.
    Forgetful,
    /// Takes everything, and shows what it had before.
    Stale,
    /// Shows the halves of somebody else.
    Foreign,
    /// Shows other halves under the right names.
    Tampered,
    /// Keeps what it takes, and answers too late.
    Slow,
    /// Sends us elsewhere.
    Elsewhere,
    /// Answers without end.
    Endless,
    /// Answers with a page.
    Page,
}

/// What it remembers.
pub(super) struct State {
    mood: Mood,
    /// Keeps one share of each client.
    has_one_slot: bool,
    /// Client, method, share.
    rows: Vec<(String, String, String)>,
    before: Vec<(String, String, String)>,
    /// What it was asked.
    pub(super) requests: Vec<Request>,
}

/// A custodian as the tutorial makes one, in memory.
#[derive(Clone)]
pub(super) struct Custodian {
    pub(super) state: Arc<Mutex<State>>,
    elsewhere: String,
}

impl Respond for Custodian {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut state = self.state.lock();
        state.requests.push(request.clone());
        if request.headers.get("x-webhook-secret").and_then(|secret| secret.to_str().ok()) != Some(SECRET) {
            return page(500);
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let client = body["clientId"].as_str().unwrap().to_owned();
        let takes = match request.url.path() {
            "/webhook/backup" => true,
            "/webhook/backup/fetch" => false,
            other => panic!("{other}"),
        };
        match state.mood {
            Mood::Down => return page(500),
            Mood::Forgetful => return ResponseTemplate::new(204),
            Mood::Elsewhere => {
                let there = format!("{}{}", self.elsewhere, request.url.path());
                return ResponseTemplate::new(307).insert_header("location", there);
            }
            Mood::Endless => return ResponseTemplate::new(200).set_body_bytes(vec![b' '; 2 * 1024 * 1024]),
            Mood::Page => return page(200),
            _ => {}
        }
        let late = if state.mood == Mood::Slow { Duration::from_millis(1_500) } else { Duration::ZERO };
        if takes {
            let share = body["share"].as_str().unwrap().to_owned();
            let method = if state.has_one_slot { "" } else { body["backupMethod"].as_str().unwrap() };
            let row = (client, method.to_owned(), share);
            state.before = state.rows.clone();
            if state.mood != Mood::Stale {
                state.rows.retain(|old| (&old.0, &old.1) != (&row.0, &row.1));
                state.rows.push(row);
            }
            return ResponseTemplate::new(200).set_body_json(json!({ "message": "OK" })).set_delay(late);
        }
        let shown = state.rows.iter().filter(|row| row.0 == client).map(|row| match state.mood {
            Mood::Foreign => row.2.replace(&client, "viserys"),
            Mood::Tampered => tampered(&row.2),
            _ => row.2.clone(),
        });
        let mut shown: Vec<String> = shown.collect();
        let answer = match state.has_one_slot {
            true => json!({ "backupShare": shown.pop() }),
            // rows that cannot be read pile up with the years
            false => {
                let shares = [vec!["{".to_owned(), String::new()], shown].concat();
                json!({ "backupShares": shares })
            }
        };
        ResponseTemplate::new(200).set_body_json(answer).set_delay(late)
    }
}

fn page(status: u16) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw("<!DOCTYPE html><pre>Error: Unauthorized</pre>", "text/html")
}

/// Another half under the same name: its last octets are others.
fn tampered(share: &str) -> String {
    let mut share: Value = serde_json::from_str(share).unwrap();
    let half = share["share"].as_str().unwrap();
    let flipped: String = half.chars().map(|letter| if letter == 'A' { 'B' } else { letter }).collect();
    assert_ne!(half, flipped);
    share["share"] = flipped.into();
    share.to_string()
}

impl Custodian {
    /// It, where it listens, and where it sends those whom it sends elsewhere.
    pub(super) async fn start(has_one_slot: bool) -> (Self, MockServer, MockServer) {
        let (here, elsewhere) = (MockServer::start().await, MockServer::start().await);
        let state = State { mood: Mood::Good, has_one_slot, rows: vec![], before: vec![], requests: vec![] };
        let custodian = Self { state: Arc::new(Mutex::new(state)), elsewhere: elsewhere.uri() };
        Mock::given(any()).respond_with(custodian.clone()).mount(&here).await;
        (custodian, here, elsewhere)
    }

    pub(super) fn feels(&self, mood: Mood) {
        self.state.lock().mood = mood;
    }

    /// What it keeps.
    pub(super) fn rows(&self) -> Vec<(String, String, String)> {
        self.state.lock().rows.clone()
    }
}
