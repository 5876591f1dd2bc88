//! Part c: complete logins by one-time codes, delivery to the outbox included.
//!
//! A login is the five calls of wire 2.1: start, validate, login, matches, switch. The code has to come
//! from somewhere: a sixth call reads it from the outbox. Its time is reported apart, but the server
//! and the machine carry it all the same.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{Arguments, Keystead};
use crate::client::{Client, request};
use crate::process::processor_time;
use crate::report::{Report, median, quantile};
use crate::seeded::{Kind, uuid};

/// How many people log in at once.
const CLIENTS: usize = 8;
/// One person starts a new login as soon as the last one is complete, so the rate at these many clients
/// is the most that the machine can do while everybody waits for everybody else.
const CROWD: usize = 32;

pub(super) async fn run(arguments: &Arguments, report: &mut Report) -> anyhow::Result<()> {
    let keystead = Keystead::start().await?;
    let server = &keystead.server;
    let mut people = People { address: server.address, process: server.id()?, count: arguments.count(4_000), calls: 0 };

    println!("c: {} first registrations …", people.count);
    let registrations = people.log_in(CLIENTS, people.count).await?;
    report.note(format!("first registration, {CLIENTS} at once"), registrations.rate, "logins/s");
    report.note(format!("first registration, {CLIENTS} at once: p99 of five calls"), registrations.total(0.99), "ms");

    for (clients, goal) in [(CLIENTS, true), (CROWD, false)] {
        println!("c: logins, {clients} at once …");
        let logins = people.log_in(clients, arguments.count(20_000)).await?;
        let name = format!("login by one-time code, {clients} at once");
        let p99 = logins.total(0.99);
        if goal {
            report.at_least(&name, logins.rate, "logins/s", 1_000.0);
            report.at_most(format!("{name}: p99 of five calls"), p99, "ms", 20.0);
        } else {
            report.note(&name, logins.rate, "logins/s");
            report.note(format!("{name}: p99 of five calls"), p99, "ms");
        }
        report.note(format!("{name}: p50 of five calls"), logins.total(0.5), "ms");
        report.note(format!("{name}: processor time of the server"), logins.cost, "us/login");
        for (call, took) in CALLS.into_iter().zip(&logins.calls) {
            report.note(format!("{name}: {call}, p50"), median(took), "ms");
        }
        report.note(format!("{name}: reading the outbox (not counted), p50"), median(&logins.outbox), "ms");
    }
    Ok(())
}

const CALLS: [&str; 5] = ["start", "validate", "login", "matches", "switch"];

/// Those who log in.
struct People {
    address: SocketAddr,
    process: u32,
    count: usize,
    /// Logins begun so far: each asks for its code with an id of its own.
    calls: u64,
}

/// How long logins took, in milliseconds.
#[derive(Default)]
struct Took {
    rate: f64,
    /// Microseconds that the server's threads ran for a login, reading the outbox included.
    cost: f64,
    calls: [Vec<f64>; 5],
    outbox: Vec<f64>,
}

impl Took {
    /// The time of the five calls together that `share` of the logins stay below.
    fn total(&self, share: f64) -> f64 {
        let [start, validate, login, matches, switch] = &self.calls;
        let others = validate.iter().zip(login).zip(matches).zip(switch);
        let totals = start.iter().zip(others).map(|(a, (((b, c), d), e))| a + b + c + d + e);
        quantile(&totals.collect::<Vec<_>>(), share)
    }

    fn append(&mut self, mut other: Self) {
        for (to, from) in self.calls.iter_mut().zip(&mut other.calls) {
            to.append(from);
        }
        self.outbox.append(&mut other.outbox);
    }
}

impl People {
    /// `logins` logins by `clients` at once, everybody in turn.
    async fn log_in(&mut self, clients: usize, logins: usize) -> anyhow::Result<Took> {
        let mut ready = Vec::with_capacity(clients);
        for first in 0..clients {
            let people: Vec<(usize, String)> = (first..logins)
                .step_by(clients)
                .map(|login| (login % self.count, uuid(Kind::Request, self.calls + login as u64)))
                .collect();
            ready.push((Client::connect(self.address).await?, people));
        }
        self.calls += logins as u64;
        let (began, ran) = (Instant::now(), processor_time(self.process)?);
        let mut running = JoinSet::new();
        for (client, people) in ready {
            running.spawn(log_in_one_by_one(client, people));
        }
        let mut took = Took::default();
        while let Some(done) = running.join_next().await {
            took.append(done.context("a client panicked")??);
        }
        took.rate = logins as f64 / began.elapsed().as_secs_f64();
        took.cost = processor_time(self.process)?.saturating_sub(ran).as_secs_f64() * 1e6 / logins as f64;
        Ok(took)
    }
}

async fn log_in_one_by_one(mut client: Client, people: Vec<(usize, String)>) -> anyhow::Result<Took> {
    let mut took = Took::default();
    for (person, request_id) in people {
        let address = format!("person{person}@example.org");
        log_in(&mut client, &address, &request_id, &mut took).await.with_context(|| format!("login of {address}"))?;
    }
    Ok(took)
}

async fn log_in(client: &mut Client, address: &str, request_id: &str, took: &mut Took) -> anyhow::Result<()> {
    let [start, validate, login, matches, switch] = &mut took.calls;
    let body = json!({
        "firstName": "Daenerys", "lastName": "Targaryen", "g-recaptcha-response": "solved",
        "email": address, "mobilePhone": ""
    });
    let path = format!("/gw/dev/process/patient-email/{request_id}");
    timed(client, &request("POST", &path, &[], body.to_string().as_bytes()), start).await?;

    let outbox = request("GET", &format!("/dev/outbox?to={address}"), &[], b"");
    let messages = timed(client, &outbox, &mut took.outbox).await?;
    let code = messages.get(0).and_then(|message| message.get("code")?.as_str()).context("no code")?.to_owned();

    let path = format!("/gw/dev/process/validate/{request_id}-{code}");
    timed(client, &request("GET", &path, &[], b""), validate).await?;

    let body = json!({"username": address, "password": code}).to_string();
    let tokens = timed(client, &request("POST", "/rest/v2/auth/login", &[], body.as_bytes()), login).await?;
    let text = |key: &str| tokens.get(key).and_then(Value::as_str).with_context(|| format!("no {key}"));
    let (bearer, refresh) = (format!("Bearer {}", text("token")?), text("refreshToken")?);

    let found = request("GET", "/rest/v2/user/matches", &[("authorization", &bearer)], b"");
    let found = timed(client, &found, matches).await?;
    let group = found.get(0).and_then(|user| user.get("groupId")?.as_str()).context("no group")?;

    let path = format!("/rest/v2/auth/switch/{group}");
    timed(client, &request("POST", &path, &[("refresh-token", refresh)], b""), switch).await?;
    Ok(())
}

/// Sends a request, and notes how long the answer took. Reading what the answer says is not counted.
async fn timed(client: &mut Client, request: &[u8], took: &mut Vec<f64>) -> anyhow::Result<Value> {
    let began = Instant::now();
    let answer = client.send(request).await?;
    took.push(milliseconds(began.elapsed()));
    answer.expect_success()?;
    // A start and a validation may answer with any text.
    Ok(serde_json::from_slice(answer.body).unwrap_or_default())
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
