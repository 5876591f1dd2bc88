//! Part g: how long it takes until web sockets are told of a change, with 1,000 of them open.
//!
//! The clock starts before the request that makes the change is sent, and stops when the event was received: writing
//! and committing are in it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::{Arguments, Keystead};
use crate::client::{Client, request};
use crate::process::Hcp;
use crate::report::{Report, median, quantile};
use crate::seeded::{Kind, digest, uuid};

const PEOPLE: usize = 50;
const SOCKETS_EACH: usize = 20;
const GOAL_MS: f64 = 50.0;
const PATIENCE: Duration = Duration::from_secs(30);

/// Which event was received, and when.
type Received = (String, Instant);

pub(super) async fn run(arguments: &Arguments, report: &mut Report) -> anyhow::Result<()> {
    let keystead = Keystead::start().await?;
    let address = keystead.server.address;
    println!("g: {PEOPLE} people open {SOCKETS_EACH} sockets each …");
    let mut people = Vec::with_capacity(PEOPLE);
    for number in 0..PEOPLE {
        people.push(Hcp::create(keystead.data.path(), &format!("listener{number}"), &[]).await?);
    }
    let (told, mut received) = unbounded_channel();
    let mut listening = JoinSet::new();
    for person in &people {
        let authorization = person.log_in(address).await?;
        for _ in 0..SOCKETS_EACH {
            let socket = subscribe(address, &authorization).await?;
            listening.spawn(listen(socket, told.clone()));
        }
    }
    let sockets = PEOPLE * SOCKETS_EACH;
    let memory = keystead.server.resident()? as f64 / 1e6;
    report.note(format!("memory with {sockets} sockets (resident)"), memory, "MB");

    let mut writer = Writer {
        client: Client::connect(address).await?,
        authorization: keystead.hcp.log_in(address).await?,
        owner: keystead.hcp.id.clone(),
        written: 0,
    };
    let one_by_one: Vec<&[Hcp]> = people.chunks(1).collect();
    for (name, events, pause, audiences) in [
        (
            format!("an event for {SOCKETS_EACH} of {sockets} sockets"),
            1_000,
            Duration::from_millis(10),
            &one_by_one[..],
        ),
        (format!("an event for all {sockets} sockets"), 100, Duration::from_millis(200), &[&people[..]][..]),
    ] {
        println!("g: {name} …");
        let took = writer.tell(arguments.count(events), pause, audiences, &mut received).await?;
        report.note(format!("{name}: p50"), median(&took), "ms");
        report.at_most(format!("{name}: p99"), quantile(&took, 0.99), "ms", GOAL_MS);
    }
    listening.shutdown().await;
    Ok(())
}

/// Opens a socket that is told of new tasks.
async fn subscribe(address: SocketAddr, authorization: &str) -> anyhow::Result<WebSocketStream<TcpStream>> {
    let mut request = format!("ws://{address}/ws/v2/notification/subscribe").into_client_request()?;
    request.headers_mut().insert("authorization", authorization.parse()?);
    request.headers_mut().insert("sec-websocket-protocol", "keystead.events.v1".parse()?);
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut socket, _) = client_async(request, stream).await?;
    let subscription = json!({
        "eventTypes": ["CREATE"], "entityClass": "org.taktik.icure.entities.MaintenanceTask", "filter": null,
    });
    socket.send(Message::text(subscription.to_string())).await?;
    match next(&mut socket).await? {
        Some(answer) if answer == r#"{"subscribed":true}"# => Ok(socket),
        answer => bail!("a subscription was answered with {answer:?}"),
    }
}

/// Passes on what the socket is told, until it ends.
async fn listen(mut socket: WebSocketStream<TcpStream>, told: UnboundedSender<Received>) -> anyhow::Result<()> {
    while let Some(event) = next(&mut socket).await? {
        let now = Instant::now();
        // reading a thousand times the same JSON would be most of what is measured
        let id = event.split_once(r#""id":""#).and_then(|(_, rest)| rest.split('"').next());
        told.send((id.context("an event without an entity")?.to_owned(), now))?;
    }
    Ok(())
}

async fn next(socket: &mut WebSocketStream<TcpStream>) -> anyhow::Result<Option<Utf8Bytes>> {
    loop {
        match socket.next().await.transpose()? {
            Some(Message::Text(text)) if text.as_str() != "ping" => return Ok(Some(text)),
            Some(Message::Close(_)) | None => return Ok(None),
            Some(_) => {}
        }
    }
}

/// Who makes the changes that the others are told of.
struct Writer {
    client: Client,
    authorization: String,
    owner: String,
    written: u64,
}

impl Writer {
    /// Makes tasks for one audience after the other; how long it took until each socket of theirs was told, in
    /// milliseconds.
    async fn tell(
        &mut self,
        events: usize,
        pause: Duration,
        audiences: &[&[Hcp]],
        received: &mut UnboundedReceiver<Received>,
    ) -> anyhow::Result<Vec<f64>> {
        let (mut sent, mut expected) = (HashMap::new(), 0);
        let mut clock = tokio::time::interval(pause);
        for audience in audiences.iter().cycle().take(events) {
            clock.tick().await;
            let (id, body) = self.task(audience);
            let headers = [("authorization", self.authorization.as_str())];
            let octets = request("POST", "/rest/v2/maintenancetask", &headers, body.to_string().as_bytes());
            sent.insert(id, Instant::now());
            expected += audience.len() * SOCKETS_EACH;
            self.client.send(&octets).await?.expect_success()?;
        }
        let mut took = Vec::with_capacity(expected);
        while took.len() < expected {
            let next = tokio::time::timeout(PATIENCE, received.recv()).await;
            let (id, at) = next.context("events are missing")?.context("every socket is closed")?;
            let began = sent.get(&id).context("an event of something else")?;
            took.push(at.duration_since(*began).as_secs_f64() * 1_000.0);
        }
        ensure!(received.is_empty(), "sockets are told of what is not theirs");
        Ok(took)
    }

    /// A task that `audience` may read.
    fn task(&mut self, audience: &[Hcp]) -> (String, Value) {
        self.written += 1;
        let id = uuid(Kind::Request, self.written);
        let delegations: serde_json::Map<String, Value> = audience
            .iter()
            .zip(0..)
            .map(|(delegate, place)| {
                let delegation = json!({
                    "delegator": self.owner, "delegate": delegate.id, "exchangeDataId": "x", "permissions": "WRITE",
                });
                (digest(Kind::Delegation, self.written * 100 + place), delegation)
            })
            .collect();
        let task = json!({
            "id": id, "taskType": "BENCHMARK", "securityMetadata": {"secureDelegations": delegations},
        });
        (id, task)
    }
}
