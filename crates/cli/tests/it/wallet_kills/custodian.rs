//! Custodians as the tutorial's: each keeps one share of the client, what came last. One for each case, under a path of
//! its own.

use std::collections::HashMap;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use super::When;

/// Longer than anybody waits.
const NEVER: Duration = Duration::from_secs(3_600);

/// How a custodian answers.
pub(super) enum Mood {
    /// Takes a share, and shows it.
    Good,
    /// Does not answer when it is given a share, before or after it took it; tells that it was.
    Holds(When, Sender<()>),
    /// Shows what it has, and takes nothing.
    Shows,
    /// Neither takes nor shows.
    Down,
}

/// One custodian.
struct Shelf {
    share: Option<String>,
    mood: Mood,
}

#[derive(Clone, Default)]
struct Shelves(Arc<Mutex<HashMap<String, Shelf>>>);

impl Respond for Shelves {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut shelves = self.0.lock().unwrap();
        let (case, call) = request.url.path().trim_start_matches('/').split_once('/').unwrap();
        let shelf = shelves.get_mut(case).unwrap();
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let takes = call == "backup";
        let share = || Some(body["share"].as_str().unwrap().to_owned());
        match &shelf.mood {
            Mood::Down => ResponseTemplate::new(500),
            _ if !takes => ResponseTemplate::new(200).set_body_json(json!({ "backupShare": shelf.share })),
            Mood::Shows => ResponseTemplate::new(500),
            Mood::Good => {
                shelf.share = share();
                ResponseTemplate::new(200)
            }
            Mood::Holds(when, asked) => {
                if *when == When::After {
                    shelf.share = share();
                }
                asked.send(()).unwrap();
                ResponseTemplate::new(200).set_delay(NEVER)
            }
        }
    }
}

/// All of them.
pub(super) struct Custodians {
    server: MockServer,
    shelves: Shelves,
}

impl Custodians {
    pub(super) async fn start() -> Self {
        let (server, shelves) = (MockServer::start().await, Shelves::default());
        Mock::given(any()).respond_with(shelves.clone()).mount(&server).await;
        Self { server, shelves }
    }

    /// Where the one of a case is.
    pub(super) fn url(&self, case: &str) -> String {
        format!("{}/{case}", self.server.uri())
    }

    /// A new one, with this share.
    pub(super) fn open(&self, case: &str, share: Option<String>, mood: Mood) {
        self.shelves.0.lock().unwrap().insert(case.to_owned(), Shelf { share, mood });
    }

    /// What it keeps.
    pub(super) fn share(&self, case: &str) -> Option<String> {
        self.shelves.0.lock().unwrap()[case].share.clone()
    }

    /// From now on it answers in this way.
    pub(super) fn feels(&self, case: &str, mood: Mood) {
        self.shelves.0.lock().unwrap().get_mut(case).unwrap().mood = mood;
    }
}
