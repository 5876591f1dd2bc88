//! A client's device: its halves, and the protocols over the web socket, with the key of a client of a custodian.

use futures_util::{SinkExt as _, StreamExt as _};
use keystead_mpc::channel::{Channel, ChannelKey, ChannelPublic, Content, Initiator};
use keystead_mpc::{
    BackupHalf, Party, Session, SessionParams, SignRequest, SigningHalf, WalletHalves, WalletId, back_up_wallet,
    create_wallet, recover_wallet, sign,
};
use keystead_server::rng::{Rng, SystemRng};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

/// A device of somebody with a bearer.
pub(crate) struct Device {
    pub(crate) base: String,
    bearer: String,
    pub(crate) signing: Option<WalletHalves<SigningHalf>>,
    pub(crate) backup: Option<WalletHalves<BackupHalf>>,
    /// Of the channel.
    pub(crate) key: ChannelKey,
    /// The wallet and generation of the half that signs.
    using: Option<(WalletId, u32)>,
    /// The generation seen last.
    latest: u32,
}

/// The ids of the pairs, secp256k1 first, as the REST interface has them.
pub(crate) fn ids(of: [&[u8; 16]; 2]) -> [String; 2] {
    of.map(|id| keystead_model::wallet::PairId(*id).to_string())
}

impl Device {
    pub(crate) fn new(base: &str, bearer: &str) -> Self {
        Self {
            base: base.into(),
            bearer: bearer.into(),
            signing: None,
            backup: None,
            key: ChannelKey::generate().unwrap(),
            using: None,
            latest: 0,
        }
    }

    /// The pairs of the signing halves.
    pub(crate) fn signing_pairs(&self) -> [String; 2] {
        let halves = self.signing.as_ref().unwrap();
        ids([&halves.secp256k1.commitments().pair().0, &halves.ed25519.commitments().pair().0])
    }

    /// The pairs of the backup halves.
    pub(crate) fn backup_pairs(&self) -> [String; 2] {
        let halves = self.backup.as_ref().unwrap();
        ids([&halves.secp256k1.commitments().pair().0, &halves.ed25519.commitments().pair().0])
    }

    /// Asks which generation was seen last.
    pub(crate) async fn learn(&mut self) {
        let http = keystead_server::http::outgoing().unwrap();
        let answer = http.get(format!("{}/rest/v2/wallet", self.base)).bearer_auth(&self.bearer).send().await.unwrap();
        let wallet: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        self.latest = u32::try_from(wallet["view"]["latest"].as_u64().unwrap()).unwrap();
    }

    /// The server's key of the channel.
    pub(crate) async fn server_key(&self) -> ChannelPublic {
        let http = keystead_server::http::outgoing().unwrap();
        let answer = http.get(format!("{}/rest/v2/wallet/channel-key", self.base)).send().await.unwrap();
        let told: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        told["key"].as_str().unwrap().parse().unwrap()
    }

    /// An open channel for an operation.
    pub(crate) async fn channel(&self, operation: &str) -> Result<Link, Value> {
        let socket = open(&self.base, &self.bearer, operation).await.map_err(|status| json!(status))?;
        Ok(Link::over(socket, &self.key, &self.server_key().await, operation).await)
    }

    /// Makes the keys.
    pub(crate) async fn create(&mut self) -> Result<(), Value> {
        let made = self.run("create", json!({}), create_wallet).await?;
        let (secp256k1, ed25519) = (made.secp256k1.signing, made.ed25519.signing);
        self.signing = Some(WalletHalves { secp256k1, ed25519 });
        Ok(())
    }

    /// Makes a backup by a method.
    pub(crate) async fn back_up(&mut self, method: &str) -> Result<(), Value> {
        let [secp256k1, ed25519] = self.signing_pairs();
        let wish = json!({"method": method, "pairs": {"SECP256K1": secp256k1, "ED25519": ed25519}});
        let halves = self.signing.take().unwrap();
        let WalletHalves { secp256k1, ed25519 } = &halves;
        let made = self.run("backup", wish, |params| back_up_wallet(params, WalletHalves { secp256k1, ed25519 }));
        let made = made.await;
        self.signing = Some(halves);
        self.backup = Some(made?);
        Ok(())
    }

    /// Recovers from the backup halves, with a new backup.
    pub(crate) async fn recover(&mut self) -> Result<(), Value> {
        let [secp256k1, ed25519] = self.backup_pairs();
        let wish = json!({"pairs": {"SECP256K1": secp256k1, "ED25519": ed25519}});
        let halves = self.backup.take().unwrap();
        let WalletHalves { secp256k1, ed25519 } = &halves;
        let made = self.run("recover", wish, |params| recover_wallet(params, WalletHalves { secp256k1, ed25519 }));
        let made = made.await;
        if made.is_err() {
            self.backup = Some(halves);
        }
        let made = made?;
        let (first, second) = (made.secp256k1, made.ed25519);
        self.signing = Some(WalletHalves { secp256k1: first.signing, ed25519: second.signing });
        self.backup = Some(WalletHalves { secp256k1: first.backup, ed25519: second.backup });
        Ok(())
    }

    /// Signs a message on Ed25519; whether there was a signature, which the protocol verified.
    pub(crate) async fn sign(&mut self) -> Result<bool, Value> {
        let [secp256k1, ed25519] = self.signing_pairs();
        let pairs = json!({"SECP256K1": secp256k1, "ED25519": ed25519});
        let wish = json!({"curve": "ED25519", "content": "bWVzc2FnZQ==", "pairs": pairs});
        let request = SignRequest::message(b"message".as_slice());
        let halves = self.signing.take().unwrap();
        let before = self.latest;
        let public = halves.ed25519.commitments();
        self.using = Some((public.wallet(), public.generation()));
        let signed = self.run("sign", wish, |params| sign(params, &halves.ed25519, &request)).await;
        self.latest = before;
        self.signing = Some(halves);
        Ok(signed?.signature.is_some())
    }

    async fn run<T: Send + 'static>(
        &mut self,
        operation: &str,
        mut wish: Value,
        make: impl FnOnce(&SessionParams) -> Result<Session<T>, keystead_mpc::MpcError>,
    ) -> Result<T, Value> {
        let rng: &dyn Rng = &SystemRng::default();
        let client_nonce = rng.bytes::<32>();
        wish["clientNonce"] = json!(hex::encode(client_nonce));
        if operation != "sign" {
            wish["operation"] = json!(rng.uuid());
            wish["after"] = json!(self.latest);
        }
        let mut link = self.channel(operation).await?;
        link.tell(&wish).await;
        let (wallet, target_generation) = if operation == "sign" {
            let half = self.using.as_ref().unwrap();
            (half.0, half.1)
        } else {
            let begun = link.text().await?;
            let mut id = [0; 16];
            hex::decode_to_slice(begun["wallet"].as_str().unwrap(), &mut id).unwrap();
            (WalletId(id), u32::try_from(begun["generation"].as_u64().unwrap()).unwrap())
        };
        let (party, server_nonce) = (Party::Client, link.nonce);
        let params = SessionParams { party, wallet, target_generation, client_nonce, server_nonce };
        let mut session = make(&params).unwrap();
        let mut message = session.start().unwrap();
        let outcome = loop {
            if let Some(message) = message.take() {
                link.send(&message).await;
            }
            let step = session.handle(&link.octets().await?).unwrap();
            message = step.message;
            if let Some(outcome) = step.outcome {
                if let Some(last) = message {
                    link.send(&last).await;
                }
                break outcome;
            }
        };
        assert_eq!(link.text().await?["done"], true);
        self.latest = target_generation;
        Ok(outcome)
    }
}

type Socket = WebSocketStream<TcpStream>;

/// A socket, or the status of the refusal.
pub(crate) async fn open(base: &str, bearer: &str, operation: &str) -> Result<Socket, u16> {
    let address = base.trim_start_matches("http://").to_owned();
    let mut request = format!("ws://{address}/ws/v2/wallet/{operation}").into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {bearer}").parse().unwrap());
    request.headers_mut().insert("sec-websocket-protocol", "keystead.wallet.v2".parse().unwrap());
    match client_async(request, TcpStream::connect(&address).await.unwrap()).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(other) => panic!("{other}"),
    }
}

/// A socket with an open channel.
pub(crate) struct Link {
    socket: Socket,
    channel: Channel,
    /// The server's, for the session that is wished for.
    pub(crate) nonce: [u8; 32],
}

impl Link {
    async fn over(mut socket: Socket, key: &ChannelKey, server: &ChannelPublic, operation: &str) -> Self {
        let prologue = format!("keystead.wallet.v2 {operation}");
        let (initiator, first) = Initiator::new(key, server, prologue.as_bytes()).unwrap();
        socket.send(Message::binary(first)).await.unwrap();
        let Message::Binary(second) = next(&mut socket).await else { panic!("no message 2") };
        let (channel, payload) = initiator.finish(&second).unwrap();
        let welcome: Value = serde_json::from_slice(&payload).unwrap();
        let mut nonce = [0; 32];
        hex::decode_to_slice(welcome["serverNonce"].as_str().unwrap(), &mut nonce).unwrap();
        Self { socket, channel, nonce }
    }

    pub(crate) async fn tell(&mut self, text: &Value) {
        let frame = self.channel.seal(Content::Text, text.to_string().as_bytes()).unwrap();
        self.socket.send(Message::binary(frame)).await.unwrap();
    }

    pub(crate) async fn send(&mut self, message: &[u8]) {
        let frame = self.channel.seal(Content::Message, message).unwrap();
        self.socket.send(Message::binary(frame)).await.unwrap();
    }

    pub(crate) async fn text(&mut self) -> Result<Value, Value> {
        match self.next().await {
            (Content::Text, text) => error(&text),
            (Content::Message, _) => panic!("expected a text"),
        }
    }

    pub(crate) async fn octets(&mut self) -> Result<Vec<u8>, Value> {
        match self.next().await {
            (Content::Message, octets) => Ok(octets),
            (Content::Text, text) => Err(error(&text).unwrap_err()),
        }
    }

    async fn next(&mut self) -> (Content, Vec<u8>) {
        let Message::Binary(frame) = next(&mut self.socket).await else { panic!("expected a frame") };
        let (content, plain) = self.channel.open(&frame).unwrap();
        (content, plain.to_vec())
    }
}

async fn next(socket: &mut Socket) -> Message {
    loop {
        let message = socket.next().await.unwrap().unwrap();
        if !matches!(message, Message::Ping(_) | Message::Pong(_)) {
            return message;
        }
    }
}

fn error(text: &[u8]) -> Result<Value, Value> {
    let value: Value = serde_json::from_slice(text).unwrap();
    if value["error"].is_null() { Ok(value) } else { Err(value["error"]["code"].clone()) }
}
