//! What whoever ends TLS between device and server sees of a wallet, and can do: nothing, and nothing that lasts.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keystead_mpc::channel::ChannelKey;
use keystead_sdk::storage::{KeyStorage as _, MemoryStorage, Storage as _};
use keystead_sdk::transport::{Frame, Handshake, HttpTransport, Request, Response, Socket, Transport, TransportError};
use keystead_sdk::wallet::{BackupMethod, WalletError};
use keystead_sdk::{Api, AuthenticationResult};
use parking_lot::Mutex;

use crate::support::{DAENERYS, TestServer};

const DIGEST: [u8; 32] = [7; 32];

fn password() -> BackupMethod {
    BackupMethod::Password("valar morghulis".into())
}

/// A proxy that ends TLS: it sees and changes web socket messages.
#[derive(Clone)]
struct Proxy {
    inner: HttpTransport,
    state: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    /// All that passed, in both directions.
    messages: Vec<Vec<u8>>,
    /// The number of the message that is changed.
    spoil: Option<usize>,
}

impl Proxy {
    fn new() -> Self {
        Self { inner: HttpTransport::new().unwrap(), state: Arc::default() }
    }

    /// Changes the message after so many.
    fn spoil(&self, after: usize) {
        let mut state = self.state.lock();
        state.messages.clear();
        state.spoil = Some(after);
    }

    fn pass(&self, message: &mut [u8]) {
        let mut state = self.state.lock();
        if state.spoil == Some(state.messages.len()) {
            state.spoil = None;
            let at = message.len() / 2;
            message[at] ^= 1;
        }
        state.messages.push(message.to_vec());
    }
}

#[async_trait]
impl Transport for Proxy {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.inner.send(request).await
    }

    async fn socket(&self, request: Request, protocol: &str) -> Result<Handshake, TransportError> {
        Ok(match self.inner.socket(request, protocol).await? {
            Handshake::Open(inner) => Handshake::Open(Box::new(Through { inner, proxy: self.clone() })),
            refused => refused,
        })
    }
}

struct Through {
    inner: Box<dyn Socket>,
    proxy: Proxy,
}

#[async_trait]
impl Socket for Through {
    async fn send(&mut self, text: &str) -> Result<(), TransportError> {
        self.inner.send(text).await
    }

    async fn send_octets(&mut self, mut octets: Vec<u8>) -> Result<(), TransportError> {
        self.proxy.pass(&mut octets);
        self.inner.send_octets(octets).await
    }

    async fn receive(&mut self) -> Result<Frame, TransportError> {
        match self.inner.receive().await? {
            Frame::Octets(mut octets) => {
                self.proxy.pass(&mut octets);
                Ok(Frame::Octets(octets))
            }
            frame => Ok(frame),
        }
    }

    async fn close(&mut self) {
        self.inner.close().await;
    }
}

/// Daenerys' login on a device, through a proxy.
async fn through(server: &TestServer, entered: &AuthenticationResult, device: &MemoryStorage, proxy: &Proxy) -> Api {
    let builder = server.api(device).transport(proxy.clone()).user_name(DAENERYS).token(entered.token.duplicate());
    builder.new_key_when_lost().build().await.unwrap()
}

#[tokio::test]
async fn a_proxy_sees_nothing_and_what_it_changes_bans_nobody() {
    let server = TestServer::new().await;
    let entered = server.by_code(&MemoryStorage::new()).await;
    let owner = entered.api.data_owner().unwrap().1.to_owned();
    let (proxy, device) = (Proxy::new(), MemoryStorage::new());
    let api = through(&server, &entered, &device, &proxy).await;
    api.wallet().create().await.unwrap();
    api.wallet().sign_digest(DIGEST).await.unwrap();
    api.wallet().sign_solana(b"a transaction").await.unwrap();

    let wallet = server.wallet_of(&owner).await;
    let id = hex::decode(wallet["wallet"].as_str().unwrap()).unwrap();
    let pairs = &wallet["state"]["signing"][0]["pairs"];
    let pair = pairs["ED25519"].as_str().unwrap();
    let hidden: [&[u8]; 10] = [
        b"erverNonce",
        b"lientNonce",
        b"generation",
        b"SECP256K1",
        owner.as_bytes(),
        wallet["wallet"].as_str().unwrap().as_bytes(),
        &id,
        pair.as_bytes(),
        &DIGEST,
        b"a transaction",
    ];
    let messages = proxy.state.lock().messages.clone();
    assert!(messages.len() > 16, "{}", messages.len());
    for (message, hidden) in messages.iter().flat_map(|message| hidden.map(|hidden| (message, hidden))) {
        let found = message.windows(hidden.len()).any(|window| window == hidden);
        assert!(!found, "{}", String::from_utf8_lossy(hidden));
    }

    // every message of a signature on a new socket, in either direction
    let mut failed = 0;
    for after in 0.. {
        // the socket of before is not used again
        server.time.advance(Duration::from_secs(45));
        proxy.spoil(after);
        match api.wallet().sign_digest(DIGEST).await {
            Ok(_) if proxy.state.lock().spoil.is_some() => break,
            Ok(_) => panic!("message {after} was changed and nobody noticed"),
            Err(error) => {
                failed += 1;
                let first_two = matches!(error, WalletError::ServerKeyChanged) && after < 2;
                assert!(first_two || error.retryable(), "{error:?} after {after}");
            }
        }
    }
    proxy.state.lock().spoil = None;
    assert!(failed >= 7, "{failed}");
    let wallet = server.wallet_of(&owner).await;
    assert!(wallet["state"]["frozen"].is_null() && wallet["aborts"].as_array().unwrap().is_empty(), "{wallet}");
    assert_eq!(wallet["state"]["bans"], 0);
    api.wallet().sign_digest(DIGEST).await.unwrap();
}

#[tokio::test]
async fn another_key_of_the_server_is_an_alarm() {
    let server = TestServer::new().await;
    let device = MemoryStorage::new();
    let entered = server.by_code(&device).await;
    let owner = entered.api.data_owner().unwrap().1.to_owned();
    let wallet = entered.api.wallet();
    wallet.create().await.unwrap();
    // what was learned first is kept
    let entry = format!("keystead.wallet.server.{owner}");
    let known = device.get(&entry).await.unwrap().unwrap();
    assert_eq!(known, server.app.keys.channel().public().to_string());
    let another = ChannelKey::new(&[3; 32]).public().to_string();
    device.set(&entry, &another).await.unwrap();
    // another device with the same memory: nothing is open yet
    let api = server.api(&device).user_name(DAENERYS).token(entered.token.duplicate()).build().await.unwrap();
    let asked = server.transport.count("channel-key");
    assert!(matches!(api.wallet().sign_digest(DIGEST).await, Err(WalletError::ServerKeyChanged)));
    let refused = api.wallet().back_up(&password()).await.unwrap_err();
    assert!(matches!(refused, WalletError::ServerKeyChanged) && !refused.retryable(), "{refused}");
    assert_eq!(server.transport.count("channel-key"), asked, "it is not asked for again");
    // the application knows better than the memory
    let builder = server.api(&device).user_name(DAENERYS).token(entered.token.duplicate());
    let api = builder.wallet_server_key(known.clone()).build().await.unwrap();
    api.wallet().sign_digest(DIGEST).await.unwrap();
    device.set(&entry, &known).await.unwrap();
    for wrong in [another.as_str(), "", "nonsense"] {
        let builder = server.api(&device).user_name(DAENERYS).token(entered.token.duplicate());
        let api = builder.wallet_server_key(wrong).build().await.unwrap();
        assert!(matches!(api.wallet().sign_digest(DIGEST).await, Err(WalletError::ServerKeyChanged)), "{wrong}");
    }
}

#[tokio::test]
async fn signing_pairs_work_with_the_device_that_they_were_made_with() {
    let server = TestServer::new().await;
    let device = MemoryStorage::new();
    let entered = server.by_code(&device).await;
    let owner = entered.api.data_owner().unwrap().1.to_owned();
    let wallet = entered.api.wallet();
    let addresses = wallet.create().await.unwrap();
    let text = wallet.back_up(&password()).await.unwrap();
    wallet.stored_backup(true).await.unwrap();
    // the halves were copied, the key of the device was not
    let entry = format!("keystead.wallet.device.{owner}");
    let key = device.get_key(&entry).await.unwrap().unwrap();
    device.remove_key(&entry).await.unwrap();
    let copied = server.api(&device).user_name(DAENERYS).token(entered.token.duplicate()).build().await.unwrap();
    assert!(matches!(copied.wallet().sign_digest(DIGEST).await, Err(WalletError::OtherDevice)));
    assert!(matches!(copied.wallet().back_up(&password()).await, Err(WalletError::OtherDevice)));
    let recovered = copied.wallet().recover(&text, &password()).await.unwrap();
    copied.wallet().stored_backup(!recovered.is_empty()).await.unwrap();
    copied.wallet().sign_digest(DIGEST).await.unwrap();
    assert_eq!(copied.wallet().addresses().await.unwrap(), Some(addresses));
    // and with the key from before it is another device
    device.set_key(&entry, &key).await.unwrap();
    let api = server.api(&device).user_name(DAENERYS).token(entered.token.duplicate()).build().await.unwrap();
    assert!(matches!(api.wallet().sign_digest(DIGEST).await, Err(WalletError::OtherDevice)));
}

#[tokio::test]
async fn one_socket_signs_several_times_and_is_opened_again_when_it_was_closed() {
    let server = TestServer::new().await;
    let entered = server.by_code(&MemoryStorage::new()).await;
    let owner = entered.api.data_owner().unwrap().1.to_owned();
    let wallet = entered.api.wallet();
    wallet.create().await.unwrap();
    let sockets = || server.transport.count("wallet/sign");
    for _ in 0..3 {
        wallet.sign_digest(DIGEST).await.unwrap();
        entered.api.wallet().sign_solana(b"a transaction").await.unwrap();
    }
    assert_eq!(sockets(), 1);
    // the wallet was given free in between
    for _ in 0..1_000 {
        if server.wallet_of(&owner).await["lease"].is_null() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(server.wallet_of(&owner).await["lease"].is_null());
    wallet.sign_digest(DIGEST).await.unwrap();
    assert_eq!(sockets(), 1);
    // whoever signs at the same time waits
    let other = entered.api.wallet();
    let (one, two) = tokio::join!(wallet.sign_digest([1; 32]), other.sign_digest([2; 32]));
    assert!(one.is_ok() && two.is_ok());
    assert_eq!(sockets(), 1);
    // an old socket is not trusted to be open; nor is one that is used after the login ended
    server.time.advance(Duration::from_secs(45));
    wallet.sign_digest(DIGEST).await.unwrap();
    assert_eq!(sockets(), 2);
    server.clock.advance(24 * 3_600_000);
    server.app.bearers.forget();
    wallet.sign_digest(DIGEST).await.unwrap();
    assert_eq!(sockets(), 4, "refused once, then with a new bearer");
    // another operation closes it
    wallet.back_up(&password()).await.unwrap();
    wallet.sign_digest(DIGEST).await.unwrap();
    assert_eq!(sockets(), 5);
}

#[tokio::test]
async fn a_half_that_was_damaged_on_the_device_says_nothing() {
    let server = TestServer::new().await;
    let device = MemoryStorage::new();
    let entered = server.by_code(&device).await;
    let owner = entered.api.data_owner().unwrap().1.to_owned();
    entered.api.wallet().create().await.unwrap();
    let wallet = server.wallet_of(&owner).await;
    let pair = wallet["state"]["signing"][0]["pairs"]["SECP256K1"].as_str().unwrap();
    let entry = format!("keystead.wallet.half.{}.{pair}", wallet["wallet"].as_str().unwrap());
    let mut half = STANDARD.decode(device.get_key(&entry).await.unwrap().unwrap().expose()).unwrap();
    let at = half.len() / 2;
    half[at] ^= 1;
    device.set_key(&entry, &STANDARD.encode(half).into()).await.unwrap();
    let refused = entered.api.wallet().sign_digest(DIGEST).await.unwrap_err();
    assert!(matches!(refused, WalletError::Storage(_)), "{refused}");
    let wallet = server.wallet_of(&owner).await;
    assert!(wallet["state"]["frozen"].is_null() && wallet["aborts"].as_array().unwrap().is_empty());
    entered.api.wallet().sign_solana(b"a transaction").await.unwrap();
}
