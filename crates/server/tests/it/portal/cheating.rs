//! A client that cheats over the socket, and one that has only a part of what it takes.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keystead_mpc::channel::ChannelKey;
use keystead_mpc::testing::{cheat_in_transfers, mirror_commitment};
use keystead_mpc::{Party, Session, SessionParams, SignRequest, create_wallet, sign};
use keystead_server::rng::{Rng, SystemRng};
use serde_json::{Value, json};

use super::device::{Device, Link};
use super::wallets::{backup_stored, signing_stored, with_backup};
use super::{TestClient, TestEnvironment, client, environment, get};
use crate::support::TestServer;

const DIGEST: [u8; 32] = [7; 32];
/// Longer than the moment for which a session counts on having the wallet without looking again.
const LOOKS_AGAIN: Duration = Duration::from_millis(200);

/// What the server has of the wallet.
async fn record(server: &TestServer, client: &TestClient) -> Value {
    let mut tx = server.app.store.read().await.unwrap();
    let document = tx.document("env", "Wallet", &client.id).await.unwrap().unwrap();
    serde_json::from_str(&document.body).unwrap()
}

async fn set_up() -> (TestServer, TestEnvironment, TestClient, Device) {
    let server = TestServer::dev().await;
    let environment = environment(&server, "env").await;
    let (client, device) = with_backup(&server, &environment).await;
    (server, environment, client, device)
}

/// A session that signs on secp256k1 with the device's half, after the wish for it.
async fn begin(device: &Device, link: &mut Link) -> Session<keystead_mpc::Signed> {
    begin_for(device, link, json!({ "content": STANDARD.encode(DIGEST) })).await
}

/// A session that signs the digest, after the wish for what is shown.
async fn begin_for(device: &Device, link: &mut Link, mut wish: Value) -> Session<keystead_mpc::Signed> {
    let rng: &dyn Rng = &SystemRng::default();
    let client_nonce = rng.bytes::<32>();
    let [secp256k1, ed25519] = device.signing_pairs();
    let pairs = json!({"SECP256K1": secp256k1, "ED25519": ed25519});
    wish["curve"] = json!("SECP256K1");
    wish["pairs"] = pairs;
    wish["clientNonce"] = json!(hex::encode(client_nonce));
    link.tell(&wish).await;
    let half = &device.signing.as_ref().unwrap().secp256k1;
    let (wallet, target_generation) = (half.commitments().wallet(), half.commitments().generation());
    let params =
        SessionParams { party: Party::Client, wallet, target_generation, client_nonce, server_nonce: link.nonce };
    sign(&params, half, &SignRequest::digest(DIGEST)).unwrap()
}

/// Signs to the end on an open socket.
async fn signs(device: &Device, link: &mut Link) -> Result<(), Value> {
    let mut session = begin(device, link).await;
    link.send(&session.start().unwrap().unwrap()).await;
    let third = session.handle(&link.octets().await?).unwrap().message.unwrap();
    link.send(&third).await;
    let signed = session.handle(&link.octets().await?).unwrap().outcome.unwrap();
    assert!(signed.signature.is_some());
    let done = link.text().await?;
    hex::decode_to_slice(done["serverNonce"].as_str().unwrap(), &mut link.nonce).unwrap();
    Ok(())
}

/// The code that the server refuses with, where a message of the protocol could be.
async fn refusal(link: &mut Link) -> Value {
    link.octets().await.map_or_else(|code| code, |_| json!("a message of the protocol"))
}

#[tokio::test]
async fn a_ban_is_stored_outlives_the_server_and_ends_with_a_recovery() {
    let (server, environment, client, mut device) = set_up().await;
    let address = get(&server, "/api/v3/clients/me", &client.key).await.json()["metadata"]["namespaces"].clone();
    let mut link = device.channel("sign").await.unwrap();
    signs(&device, &mut link).await.unwrap();
    let mut session = begin(&device, &mut link).await;
    link.send(&cheat_in_transfers(&session.start().unwrap().unwrap())).await;
    assert_eq!(refusal(&mut link).await, "MPC_BAN");
    let stored = record(&server, &client).await;
    assert_eq!(stored["state"]["bans"], 1);
    assert!(stored["state"]["frozen"].is_object() && stored["lease"].is_null(), "{stored}");
    assert_eq!(device.sign().await.unwrap_err(), "WALLET_FROZEN");

    let server = server.restarted().await;
    device.base = server.base.clone();
    assert_eq!(device.sign().await.unwrap_err(), "WALLET_FROZEN", "after a restart, too");
    assert_eq!(device.back_up("PASSWORD").await.unwrap_err(), "WALLET_FROZEN");
    // who has a key that lives for long does not unfreeze it; who proved a moment ago who they are does
    let backup = device.backup.take();
    let mut other = Device::new(&server.base, &client.key);
    other.backup = backup;
    other.learn().await;
    assert_eq!(other.recover().await.unwrap_err(), "STEP_UP_REQUIRED");
    let path = format!("/api/v1/custodians/clients/{}/session", client.id);
    let fresh = super::post(&server, &path, &environment.key, &json!({})).await.json();
    let mut fresh = Device::new(&server.base, fresh["clientSessionToken"].as_str().unwrap());
    fresh.backup = other.backup.take();
    fresh.learn().await;
    fresh.recover().await.unwrap();
    assert_eq!(signing_stored(&server, &client.key, &fresh.signing_pairs()).await.status, 204);
    let stored = backup_stored(&server, &client.key, &fresh.backup_pairs(), "STORED_CLIENT_BACKUP_SHARE").await;
    assert_eq!(stored.status, 204);
    assert!(fresh.sign().await.unwrap());
    signs(&fresh, &mut fresh.channel("sign").await.unwrap()).await.unwrap();
    let me = get(&server, "/api/v3/clients/me", &client.key).await.json();
    assert_eq!(me["metadata"]["namespaces"], address, "the same addresses");
    assert_eq!(record(&server, &client).await["state"]["bans"], 1, "it is not forgotten");
}

/// What a policy looked at is what the server signs: a client that shows one thing and signs another gets nothing.
#[tokio::test]
async fn what_is_shown_is_what_is_signed() {
    let (server, _, client, device) = set_up().await;
    let payload = STANDARD.encode(b"another payload");
    for (shown, code) in [
        (json!({ "content": STANDARD.encode([8; 32]) }), "MPC_WRONG_SESSION"),
        (json!({ "content": STANDARD.encode(DIGEST), "payload": payload }), "INVALID_FIELD"),
    ] {
        let mut link = device.channel("sign").await.unwrap();
        let mut session = begin_for(&device, &mut link, shown.clone()).await;
        link.send(&session.start().unwrap().unwrap()).await;
        assert_eq!(refusal(&mut link).await, code, "{shown}");
    }
    assert!(record(&server, &client).await["state"]["frozen"].is_null());
    let mut honest = device.channel("sign").await.unwrap();
    signs(&device, &mut honest).await.unwrap();
}

/// A cheater who waits until the wallet is another session's: what they send is not looked at any more, since whether a
/// check passed tells something, and several sessions at once would tell several things before the first ban.
#[tokio::test]
async fn a_session_that_lost_the_wallet_meanwhile_learns_nothing() {
    let (server, _, client, device) = set_up().await;
    let mut link = device.channel("sign").await.unwrap();
    let mut session = begin(&device, &mut link).await;
    let took = async {
        while !record(&server, &client).await["lease"].is_object() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), took).await.unwrap();
    tokio::time::sleep(LOOKS_AGAIN).await;
    server.advance(20_000);
    let mut second = device.channel("sign").await.unwrap();
    signs(&device, &mut second).await.unwrap();
    link.send(&cheat_in_transfers(&session.start().unwrap().unwrap())).await;
    assert_eq!(refusal(&mut link).await, "WALLET_SUPERSEDED");
    let stored = record(&server, &client).await;
    assert!(stored["state"]["frozen"].is_null() && stored["lease"].is_object(), "{stored}");
    // and one that nobody superseded is only late
    let mut session = begin(&device, &mut second).await;
    // it has the wallet since it signed, and nothing is written when it takes up the wish
    tokio::time::sleep(LOOKS_AGAIN).await;
    server.advance(20_000);
    second.send(&session.start().unwrap().unwrap()).await;
    assert!(second.octets().await.is_ok());
}

/// A socket that was open before a ban signs no more after it.
#[tokio::test]
async fn a_ban_ends_what_other_sockets_have_open() {
    let (server, _, client, device) = set_up().await;
    let mut first = device.channel("sign").await.unwrap();
    signs(&device, &mut first).await.unwrap();
    let mut second = device.channel("sign").await.unwrap();
    let mut session = begin(&device, &mut second).await;
    second.send(&cheat_in_transfers(&session.start().unwrap().unwrap())).await;
    assert_eq!(refusal(&mut second).await, "MPC_BAN");
    assert_eq!(record(&server, &client).await["state"]["bans"], 1);
    begin(&device, &mut first).await;
    assert_eq!(refusal(&mut first).await, "WALLET_FROZEN");
}

#[tokio::test]
async fn rounds_that_are_repeated_changed_or_of_another_session_are_refused_without_a_ban() {
    let (server, _, client, device) = set_up().await;
    // a first message of an earlier session, which was answered then
    let mut link = device.channel("sign").await.unwrap();
    let mut session = begin(&device, &mut link).await;
    let earlier = session.start().unwrap().unwrap();
    link.send(&earlier).await;
    link.octets().await.unwrap();
    drop(link);
    let mut link = device.channel("sign").await.unwrap();
    begin(&device, &mut link).await;
    link.send(&earlier).await;
    assert_eq!(refusal(&mut link).await, "MPC_WRONG_SESSION");
    // the same round twice
    let mut link = device.channel("sign").await.unwrap();
    let mut session = begin(&device, &mut link).await;
    let first = session.start().unwrap().unwrap();
    link.send(&first).await;
    link.octets().await.unwrap();
    link.send(&first).await;
    assert_eq!(refusal(&mut link).await, "MPC_WRONG_SESSION");
    // damaged
    let mut link = device.channel("sign").await.unwrap();
    let mut first = begin(&device, &mut link).await.start().unwrap().unwrap();
    *first.last_mut().unwrap() ^= 1;
    link.send(&first).await;
    assert_eq!(refusal(&mut link).await, "MPC_MALFORMED");
    let stored = record(&server, &client).await;
    assert!(stored["state"]["frozen"].is_null(), "{stored}");
    assert_eq!(stored["aborts"].as_array().unwrap().len(), 3);
    signs(&device, &mut device.channel("sign").await.unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_mirrored_commitment_makes_no_key() {
    let server = TestServer::dev().await;
    let environment = environment(&server, "env").await;
    let made = client(&server, &environment).await;
    let device = Device::new(&server.base, &made.session);
    let mut link = device.channel("create").await.unwrap();
    let rng: &dyn Rng = &SystemRng::default();
    let client_nonce = rng.bytes::<32>();
    let nonce = hex::encode(client_nonce);
    link.tell(&json!({"operation": rng.uuid(), "after": 0, "clientNonce": nonce})).await;
    let begun = link.text().await.unwrap();
    let mut wallet = keystead_mpc::WalletId([0; 16]);
    hex::decode_to_slice(begun["wallet"].as_str().unwrap(), &mut wallet.0).unwrap();
    let (party, server_nonce) = (Party::Client, link.nonce);
    let params = SessionParams { party, wallet, target_generation: 1, client_nonce, server_nonce };
    let mut session = create_wallet(&params).unwrap();
    link.send(&session.start().unwrap().unwrap()).await;
    let second = link.octets().await.unwrap();
    let third = session.handle(&second).unwrap().message.unwrap();
    link.send(&mirror_commitment(&second, &third)).await;
    assert_eq!(refusal(&mut link).await, "MPC_MIRRORED");
    let stored = record(&server, &made).await;
    assert_eq!(stored["public"], json!({}), "{stored}");
    assert!(stored["lease"].is_null());
}

#[tokio::test]
async fn a_stolen_bearer_without_the_device_begins_no_session() {
    let (server, _, client, mut device) = set_up().await;
    let key = std::mem::replace(&mut device.key, ChannelKey::generate().unwrap());
    assert_eq!(device.sign().await.unwrap_err(), "OTHER_DEVICE");
    assert_eq!(device.back_up("PASSWORD").await.unwrap_err(), "OTHER_DEVICE");
    let stored = record(&server, &client).await;
    assert!(stored["aborts"].as_array().unwrap().is_empty() && stored["state"]["operation"].is_null());
    device.key = key;
    assert!(device.sign().await.unwrap());
}

#[tokio::test]
async fn one_socket_signs_as_often_as_its_client_may() {
    let (server, _, client, device) = set_up().await;
    let mut link = device.channel("sign").await.unwrap();
    for _ in 0..3 {
        signs(&device, &mut link).await.unwrap();
    }
    let lease = record(&server, &client).await["lease"].clone();
    assert!(lease.is_object(), "the wallet stays at hand");
    // somebody else gets it at once
    let began = std::time::Instant::now();
    let mut other = device.channel("sign").await.unwrap();
    signs(&device, &mut other).await.unwrap();
    assert!(began.elapsed() < std::time::Duration::from_secs(1), "{:?}", began.elapsed());
    signs(&device, &mut link).await.unwrap();
    // in the middle of a signature nobody does
    let mut session = begin(&device, &mut link).await;
    link.send(&session.start().unwrap().unwrap()).await;
    link.octets().await.unwrap();
    begin(&device, &mut other).await;
    assert_eq!(refusal(&mut other).await, "WALLET_BUSY");
    drop(link);

    // a key that was taken back signs no more, although its socket is open
    let mut link = device.channel("sign").await.unwrap();
    signs(&device, &mut link).await.unwrap();
    server.advance(25 * 3_600_000);
    server.app.bearers.forget();
    let mut session = begin(&device, &mut link).await;
    link.send(&session.start().unwrap().unwrap()).await;
    assert_eq!(refusal(&mut link).await, "UNAUTHORIZED", "the session token has ended");
    assert!(record(&server, &client).await["lease"].is_null());
}

#[tokio::test]
async fn a_half_that_was_damaged_in_the_store_signs_nothing_and_bans_nobody() {
    let (server, _, client, device) = set_up().await;
    let before = record(&server, &client).await;
    let [pair, _] = device.signing_pairs();
    let id = format!("{}-{pair}", before["wallet"].as_str().unwrap());
    let mut tx = server.app.store.write().await.unwrap();
    let mut half = tx.document("env", "WalletHalf", &id).await.unwrap().unwrap();
    let mut body: Value = serde_json::from_str(&half.body).unwrap();
    let sealed = body["sealed"].as_str().unwrap();
    let changed = if sealed.ends_with('A') { "B" } else { "A" };
    body["sealed"] = json!(format!("{changed}{}", &sealed[1..]));
    half.body = body.to_string();
    let rev = half.rev.clone();
    tx.replace("env", "WalletHalf", &half, &rev, &Default::default()).await.unwrap();
    tx.commit().await.unwrap();
    let mut link = device.channel("sign").await.unwrap();
    begin(&device, &mut link).await;
    assert_eq!(refusal(&mut link).await, "INTERNAL");
    let stored = record(&server, &client).await;
    assert!(stored["state"]["frozen"].is_null() && stored["lease"].is_null(), "{stored}");
}
