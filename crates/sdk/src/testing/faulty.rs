//! A transport that fails on demand.

use std::collections::VecDeque;
use std::sync::Arc;

use async_trait::async_trait;
use http::{HeaderMap, HeaderValue};
use parking_lot::Mutex;

use crate::transport::{Handshake, Request, Response, Transport, TransportError};

/// What goes wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// There is no connection: the request is not sent.
    NotSent,
    /// The connection breaks after the request was carried out: the answer is lost.
    AnswerLost,
    /// The answer comes too late: the request is carried out.
    TimedOut,
    /// Something on the way answers instead of the server, perhaps with `Retry-After` in seconds.
    Answer {
        /// The status.
        status: u16,
        /// `Retry-After`.
        retry_after: Option<u64>,
    },
}

/// Passes requests on to another transport, except those that are planned to fail. Clones share the plan.
#[derive(Clone)]
pub struct FaultyTransport {
    inner: Arc<dyn Transport>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    plan: Vec<(String, VecDeque<Fault>)>,
    sent: Vec<String>,
}

impl FaultyTransport {
    /// A transport over `inner` without any plan.
    pub fn over(inner: impl Transport + 'static) -> Self {
        Self { inner: Arc::new(inner), state: Arc::default() }
    }

    /// The next requests whose method and address contain `part` fail in these ways, one after the other:
    /// `POST ` matches every `POST`, `auth/login` every login.
    pub fn plan(&self, part: &str, faults: impl IntoIterator<Item = Fault>) {
        self.state.lock().plan.push((part.to_owned(), faults.into_iter().collect()));
    }

    /// Forgets what is left of the plan.
    pub fn clear(&self) {
        self.state.lock().plan.clear();
    }

    /// How many requests so far had `part` in their method and address, failed ones included.
    pub fn count(&self, part: &str) -> usize {
        self.state.lock().sent.iter().filter(|line| line.contains(part)).count()
    }

    fn next(&self, line: String) -> Option<Fault> {
        let mut state = self.state.lock();
        let planned = state.plan.iter_mut().filter(|(part, _)| line.contains(part.as_str()));
        let fault = planned.filter_map(|(_, faults)| faults.pop_front()).next();
        state.sent.push(line);
        fault
    }
}

#[cfg_attr(not(target_family = "wasm"), async_trait)]
#[cfg_attr(target_family = "wasm", async_trait(?Send))]
impl Transport for FaultyTransport {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let fault = self.next(format!("{} {}", request.method, request.url));
        match fault {
            None => self.inner.send(request).await,
            Some(Fault::NotSent) => Err(TransportError::NotSent),
            Some(Fault::AnswerLost) => self.inner.send(request).await.and(Err(TransportError::Interrupted)),
            Some(Fault::TimedOut) => self.inner.send(request).await.and(Err(TransportError::TimedOut)),
            Some(Fault::Answer { status, retry_after }) => {
                let mut headers = HeaderMap::new();
                if let Some(seconds) = retry_after {
                    headers.insert(http::header::RETRY_AFTER, HeaderValue::from(seconds));
                }
                Ok(Response::new(status, headers, ""))
            }
        }
    }

    async fn socket(&self, request: Request, protocol: &str) -> Result<Handshake, TransportError> {
        match self.next(format!("SOCKET {}", request.url)) {
            None => self.inner.socket(request, protocol).await,
            Some(Fault::TimedOut) => Err(TransportError::TimedOut),
            Some(_) => Err(TransportError::NotSent),
        }
    }
}
