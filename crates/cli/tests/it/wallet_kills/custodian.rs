//! Custodians as the tutorial's: each keeps one share of the client, what came last. One for each case, under a path of
//! its own.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use super::When;

/// Longer than anybody waits.
const NEVER: Duration = Duration::from_secs(3_600);

/// One custodian.
#[derive(Default)]
struct Shelf {
    share: Option<String>,
    /// Answers no `/backup` any more, before or after it took the share, and says when it was asked.
    holds: Option<(When, Sender<()>)>,
    /// Takes nothing, and shows what it has.
    refuses: bool,
}

#[derive(Clone, Default)]
struct Shelves(Arc<Mutex<HashMap<String, Shelf>>>);

impl Respond for Shelves {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut shelves = self.0.lock().unwrap();
        let (case, call) = request.url.path().trim_start_matches('/').split_once('/').unwrap();
        let shelf = shelves.get_mut(case).unwrap();
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        if call == "backup/fetch" {
            return ResponseTemplate::new(200).set_body_json(json!({ "backupShare": shelf.share }));
        }
        if shelf.refuses {
            return ResponseTemplate::new(500);
        }
        let share = || body["share"].as_str().unwrap().to_owned();
        let Some((when, asked)) = &shelf.holds else {
            shelf.share = Some(share());
            return ResponseTemplate::new(200);
        };
        if *when == When::After {
            shelf.share = Some(share());
        }
        asked.send(()).unwrap();
        ResponseTemplate::new(200).set_delay(NEVER)
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
    pub(super) fn open(&self, case: &str, share: Option<String>, refuses: bool) {
        let shelf = Shelf { share, holds: None, refuses };
        self.shelves.0.lock().unwrap().insert(case.to_owned(), shelf);
    }

    /// What it keeps.
    pub(super) fn share(&self, case: &str) -> Option<String> {
        self.shelves.0.lock().unwrap()[case].share.clone()
    }

    /// From now on it does not answer when it is given a share; tells when it was.
    pub(super) fn hold(&self, case: &str, when: When) -> Receiver<()> {
        let (asked, receiver) = channel();
        self.shelves.0.lock().unwrap().get_mut(case).unwrap().holds = Some((when, asked));
        receiver
    }

    /// It answers again.
    pub(super) fn let_go(&self, case: &str) {
        self.shelves.0.lock().unwrap().get_mut(case).unwrap().holds = None;
    }
}
