//! Web sockets at their limits: clients that do not keep up, too many sockets, a server that stops.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::people::{Person, World, delegation_key, ok};

type Socket = WebSocketStream<TcpStream>;

/// A socket of somebody, or the status of the refusal.
async fn open(world: &World, person: &Person) -> Result<Socket, u16> {
    let address = world.server.base.trim_start_matches("http://").to_owned();
    let mut request = format!("ws://{address}/ws/v2/notification/subscribe").into_client_request().unwrap();
    request.headers_mut().insert("authorization", person.authorization().parse().unwrap());
    request.headers_mut().insert("sec-websocket-protocol", "keystead.events.v1".parse().unwrap());
    match client_async(request, TcpStream::connect(&address).await.unwrap()).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(other) => panic!("{other}"),
    }
}

/// Subscribes to tasks, and waits until that holds.
async fn subscribe(socket: &mut Socket) {
    let subscription = json!({
        "eventTypes": ["CREATE"], "entityClass": "org.taktik.icure.entities.MaintenanceTask", "filter": null,
    });
    socket.send(Message::text(subscription.to_string())).await.unwrap();
    assert_eq!(next(socket).await, Ok(json!({"subscribed": true})));
}

/// The next event, or the code and reason with which the server closed.
async fn next(socket: &mut Socket) -> Result<Value, (u16, String)> {
    loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Text(text) if text.as_str() == "ping" => {}
            Message::Text(text) => return Ok(serde_json::from_str(&text).unwrap()),
            Message::Close(Some(frame)) => return Err((frame.code.into(), frame.reason.to_string())),
            other => panic!("{other:?}"),
        }
    }
}

fn task(doctor: &Person, number: usize) -> Value {
    let delegation =
        json!({"delegator": doctor.owner, "delegate": doctor.owner, "exchangeDataId": "x", "permissions": "WRITE"});
    let id = format!("task-{number}");
    json!({"id": id, "taskType": "T", "securityMetadata": {"secureDelegations": {delegation_key(&id): delegation}}})
}

#[tokio::test]
async fn who_does_not_keep_up_is_told_to_read_again() {
    let world = World::with(|config| config.events.queue = 4).await;
    let doctor = world.hcp("jorah").await;
    let (mut slow, mut quick) = (open(&world, &doctor).await.unwrap(), open(&world, &doctor).await.unwrap());
    subscribe(&mut slow).await;
    subscribe(&mut quick).await;
    let tasks: Vec<Value> = (0..400).map(|number| task(&doctor, number)).collect();
    ok(doctor.post("maintenancetask/batch", json!(tasks)).await);
    let mut events = 0;
    let end = loop {
        match next(&mut slow).await {
            Ok(_) => events += 1,
            Err(end) => break end,
        }
    };
    assert!((1..400).contains(&events), "{events}");
    assert_eq!(end.0, 1013);
    assert!(end.1.contains("read again"), "{end:?}");
    // whoever subscribes again is served again
    let mut again = open(&world, &doctor).await.unwrap();
    subscribe(&mut again).await;
    ok(doctor.post("maintenancetask", task(&doctor, 400)).await);
    assert_eq!(next(&mut again).await.unwrap()["entity"]["id"], "task-400");
    world.stop().await;
}

#[tokio::test]
async fn a_user_has_so_many_sockets_and_no_more() {
    let world = World::with(|config| config.events.sockets_per_user = 2).await;
    let (doctor, other) = (world.hcp("jorah").await, world.hcp("barristan").await);
    let one = open(&world, &doctor).await.unwrap();
    let _two = open(&world, &doctor).await.unwrap();
    assert_eq!(open(&world, &doctor).await.err(), Some(429));
    assert!(open(&world, &other).await.is_ok());
    drop(one);
    for attempt in 0.. {
        if open(&world, &doctor).await.is_ok() {
            break;
        }
        assert!(attempt < 500, "the place of a socket that is gone stays taken");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    world.stop().await;
}

#[tokio::test]
async fn a_server_that_stops_sends_everybody_away_with_a_reason() {
    let world = World::new().await;
    let doctor = world.hcp("jorah").await;
    let (mut subscribed, mut silent) = (open(&world, &doctor).await.unwrap(), open(&world, &doctor).await.unwrap());
    subscribe(&mut subscribed).await;
    let events = world.server.app.events.clone();
    let stopping = tokio::spawn(async move { events.stop().await });
    for socket in [&mut subscribed, &mut silent] {
        let (code, reason) = next(socket).await.unwrap_err();
        assert_eq!(code, 1012);
        assert!(reason.contains("come back"), "{reason}");
    }
    stopping.await.unwrap();
    assert_eq!(world.server.app.events.open(), 0);
    assert_eq!(open(&world, &doctor).await.err(), Some(503));
    world.stop().await;
}
