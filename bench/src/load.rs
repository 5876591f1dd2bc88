//! The same load for several servers that take turns.

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::Context as _;
use tokio::task::JoinSet;

use crate::client::Client;
use crate::process::{Server, processor_time};
use crate::report::{median, quantile};

/// Makes the request `number`.
type Make = Box<dyn Fn(u64) -> Vec<u8>>;

/// A server under load.
pub(crate) struct Subject {
    address: SocketAddr,
    process: u32,
    make: Make,
    next: u64,
    connections: Vec<Client>,
    rates: Vec<f64>,
    latencies: Vec<f64>,
    /// Microseconds that the server's threads ran for a request, by round.
    costs: Vec<f64>,
}

impl Subject {
    /// A server that is sent what `make` makes, counting from 0.
    pub(crate) fn new(server: &Server, make: impl Fn(u64) -> Vec<u8> + 'static) -> anyhow::Result<Self> {
        Ok(Self {
            address: server.address,
            process: server.id()?,
            make: Box::new(make),
            next: 0,
            connections: Vec::new(),
            rates: Vec::new(),
            latencies: Vec::new(),
            costs: Vec::new(),
        })
    }

    /// Drops what was measured so far.
    pub(crate) fn forget(&mut self) {
        self.rates.clear();
        self.latencies.clear();
        self.costs.clear();
    }

    /// Requests per second, the median of the rounds.
    pub(crate) fn rate(&self) -> f64 {
        median(&self.rates)
    }

    /// Milliseconds below which `share` of the requests were answered.
    pub(crate) fn latency(&self, share: f64) -> f64 {
        quantile(&self.latencies, share)
    }

    /// Microseconds that the server's threads ran for a request, the median of the rounds.
    pub(crate) fn cost(&self) -> f64 {
        median(&self.costs)
    }

    /// One round; the requests are made before the clock starts.
    async fn round(&mut self, load: &Load) -> anyhow::Result<()> {
        while self.connections.len() < load.clients {
            self.connections.push(Client::connect(self.address).await?);
        }
        let share = load.requests / load.clients;
        let mut ready = Vec::with_capacity(load.clients);
        for connection in self.connections.drain(..) {
            let numbers = self.next..self.next + share as u64;
            self.next = numbers.end;
            ready.push((connection, numbers.map(&self.make).collect::<Vec<_>>()));
        }
        let (began, ran) = (Instant::now(), processor_time(self.process)?);
        let mut clients = JoinSet::new();
        for (connection, requests) in ready {
            clients.spawn(send_all(connection, requests));
        }
        let mut latencies = Vec::with_capacity(load.requests);
        while let Some(done) = clients.join_next().await {
            let (connection, mut took) = done.context("a client panicked")??;
            self.connections.push(connection);
            latencies.append(&mut took);
        }
        let (passed, ran) = (began.elapsed(), processor_time(self.process)?.saturating_sub(ran));
        let requests = latencies.len() as f64;
        self.rates.push(requests / passed.as_secs_f64());
        self.costs.push(ran.as_secs_f64() * 1e6 / requests);
        self.latencies.append(&mut latencies);
        Ok(())
    }
}

async fn send_all(mut connection: Client, requests: Vec<Vec<u8>>) -> anyhow::Result<(Client, Vec<f64>)> {
    let mut latencies = Vec::with_capacity(requests.len());
    for request in requests {
        let began = Instant::now();
        connection.send(&request).await?.expect_success()?;
        latencies.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    Ok((connection, latencies))
}

/// How much load, in how many turns.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// How many clients at once, each waiting for an answer before its next request.
    pub(crate) clients: usize,
    /// How many requests in a round, over all clients.
    pub(crate) requests: usize,
    /// How many rounds, after one that does not count. Many short ones, so that whatever else the
    /// machine does falls upon all subjects alike.
    pub(crate) rounds: usize,
}

impl Load {
    /// Loads the subjects in turns. Who comes first changes from round to round.
    pub(crate) async fn run(&self, subjects: &mut [Subject]) -> anyhow::Result<()> {
        for round in 0..=self.rounds {
            for turn in 0..subjects.len() {
                let index = (turn + round) % subjects.len();
                if let Some(subject) = subjects.get_mut(index) {
                    subject.round(self).await?;
                    if round == 0 {
                        subject.forget();
                    }
                }
            }
        }
        Ok(())
    }
}
