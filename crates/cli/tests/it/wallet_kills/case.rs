//! One case: the operation until somebody is killed, what is on the disks then, and how it ends.

use std::sync::mpsc::channel;

use ed25519_dalek::Verifier as _;
use keystead_model::wallet::{Generation, OperationKind, Outcome, PairStatus, Place, Step, WalletState};
use keystead_sdk::wallet::{BackupMethod, WalletError};
use sha3::{Digest as _, Keccak256};
use tokio::runtime::Runtime;

use super::application::{Application, Order, Slot};
use super::client::Client;
use super::custodian::{Custodians, Mood};
use super::disk::{Home, copy};
use super::prepared::{FIRST, NEW, Prepared};
use super::watch::{At, Keys, Watch};
use super::{Point, When, Wish};
use crate::process::{PATIENCE, Server};

const DIGEST: [u8; 32] = [7; 32];
const MESSAGE: &[u8] = b"a message of the owner's";
/// How often the application is started again at most.
const STARTS: usize = 4;

/// Which text the application has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Text {
    Old,
    New,
}

/// What became of the operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// It was through.
    Through,
    /// It is carried on.
    GoesOn,
    /// It is begun anew.
    Anew,
}

/// What was found.
#[derive(Debug)]
pub(super) struct Found {
    /// The generation that signs directly after the kill.
    pub(super) signs: Option<Generation>,
    /// From which text a new device recovers then.
    pub(super) text: Option<Text>,
    pub(super) then: Then,
    /// The generation that the operation made in the end.
    pub(super) made: Generation,
    /// How often the application was started again.
    pub(super) starts: usize,
}

/// The addresses on EVM and on Solana.
type Addresses = (String, String);

pub(super) fn run(
    runtime: &Runtime,
    prepared: &Prepared,
    custodians: &Custodians,
    point: &Point,
    number: usize,
) -> Found {
    let Point { wish, row, when } = *point;
    let directory = tempfile::tempdir().unwrap();
    let (from, share) = prepared.of(wish);
    let home = from.copy(&directory.path().join("main"));
    let (case, other_case) = (number.to_string(), format!("{number}-copy"));
    custodians.open(&case, share, Mood::Good);
    home.move_custodian(&custodians.url(&case));

    // until somebody is killed
    let name = pause(point);
    let environment = if row.place == Place::Server { vec![("KEYSTEAD_PAUSE", name.as_str())] } else { vec![] };
    let mut server = Server::start(&home.data(), &["--dev"], &environment);
    let latest = home.state().map_or(Generation::NONE, |state| state.latest());
    let device = if point.is_on_first_device() { FIRST } else { NEW };
    let mut order = prepared.order(&server, &home, device, wish);
    order.stop = (!point.kills_server()).then_some((row.place, row.step, when));
    let (asks, asked) = channel();
    if row.place == Place::Custodian {
        custodians.feels(&case, Mood::Holds(when, asks));
    }
    let client = Client::start(&order);
    match row.place {
        Place::Custodian => asked.recv_timeout(PATIENCE).unwrap(),
        Place::Server => server.says(&format!("paused at {name}")),
        _ => client.stops(&At(row.place, row.step, when)),
    }
    let client = if point.kills_server() {
        server.kill_now();
        custodians.feels(&case, Mood::Good);
        Some(client)
    } else {
        client.kill();
        None
    };

    // what is on the disks then, and the server where it was
    let elsewhere = directory.path().join("copy");
    let found = if point.kills_server() { home.copy(&elsewhere) } else { home.copy_of_running(&elsewhere) };
    // nothing goes on there before it was looked at
    custodians.open(&other_case, custodians.share(&case), Mood::Down);
    found.move_custodian(&custodians.url(&other_case));
    if point.kills_server() {
        server = Server::instead_of(server, &home.data());
    }
    let at_kill = found.state();
    was_killed_there(point, at_kill.as_ref());
    let aftermath = Aftermath { runtime, prepared, from, found: &found, device, wish };
    let (signs, text, told) = aftermath.look(|| custodians.feels(&other_case, Mood::Shows));

    // the application that was not killed may go on; else it is started again
    order.stop = None;
    order.again = true;
    let mut ended = client.map_or_else(|| Err("killed".to_owned()), |client| client.ends());
    let mut starts = 0;
    let addresses = loop {
        match ended {
            Ok(addresses) => break addresses,
            Err(why) => assert!(starts < STARTS, "{why}"),
        }
        starts += 1;
        ended = Client::start(&order).ends();
    };
    assert!(told.is_none_or(|told| told == addresses), "another address");
    let made = runtime.block_on(in_the_end(&order, &home, from, &addresses));
    let finished = at_kill.as_ref().and_then(|state| state.finished());
    let through = finished.is_some_and(|it| it.fence.generation > latest && it.outcome == Outcome::Committed);
    let then = match made {
        _ if through => Then::Through,
        made if Some(made) == latest.next() => Then::GoesOn,
        _ => Then::Anew,
    };
    assert!(server.stop().0.success());
    Found { signs, text, then, made, starts }
}

/// What the server calls where it stops.
fn pause(point: &Point) -> String {
    let kind = match point.wish.kind() {
        OperationKind::Create => "create",
        OperationKind::Backup { .. } => "backup",
        OperationKind::Recover { .. } => "recover",
        OperationKind::Eject { .. } => "eject",
    };
    let word = |value: serde_json::Value| value.as_str().unwrap().to_owned();
    let (step, when) = (serde_json::to_value(point.row.step).unwrap(), serde_json::to_value(point.when).unwrap());
    format!("{kind}/{}/{}", word(step), word(when))
}

/// A step of the server is stored after it, and not before.
fn was_killed_there(point: &Point, at_kill: Option<&WalletState>) {
    if point.row.place != Place::Server {
        return;
    }
    let stored = at_kill.is_some_and(|state| match state.operation() {
        Some(operation) => operation.step >= point.row.step,
        // nothing else ever ended in a prepared home since
        None => point.row.step == Step::Committed && made_by(point.wish, state) > first(point.wish),
    });
    assert_eq!(stored, point.when == When::After, "{at_kill:?}");
}

/// The newest generation in force of what the operation makes.
fn made_by(wish: Wish, state: &WalletState) -> Generation {
    match wish {
        Wish::BackUp => state.active_backups().map(|set| set.generation).max(),
        _ => state.active_signing().map(|set| set.generation),
    }
    .unwrap_or(Generation::NONE)
}

/// The same in a prepared home: it was created, and backed up once.
fn first(wish: Wish) -> Generation {
    match wish {
        Wish::Create => Generation::NONE,
        Wish::BackUp => Generation(2),
        Wish::Recover | Wish::RecoverSigning => Generation(1),
    }
}

/// What is found after a kill, on a copy of all that was kept.
struct Aftermath<'a> {
    runtime: &'a Runtime,
    prepared: &'a Prepared,
    from: &'a Home,
    found: &'a Home,
    device: &'a str,
    wish: Wish,
}

impl Aftermath<'_> {
    /// The generation that signs, the text that a new device recovers from, and the addresses.
    fn look(&self, shows: impl Fn()) -> (Option<Generation>, Option<Text>, Option<Addresses>) {
        let server = Server::dev(&self.found.data());
        for (device, name) in [(FIRST, "before"), (NEW, "fresh")] {
            copy(&self.from.device(device), &self.found.device(name));
        }
        self.runtime.block_on(async {
            let (signs, told) = self.one_signs(&server).await;
            shows();
            let text = self.recovers(&server, told.as_ref()).await;
            (signs, text, told)
        })
    }

    async fn start(&self, server: &Server, device: &str) -> Application {
        Application::start(&self.prepared.order(server, self.found, device, self.wish)).await
    }

    /// Of the device as it was before and as it was when somebody was killed, that signs which has what is in force.
    async fn one_signs(&self, server: &Server) -> (Option<Generation>, Option<Addresses>) {
        let mut applications = vec![self.start(server, self.device).await];
        if self.wish != Wish::Create {
            applications.push(self.start(server, "before").await);
        }
        let state = self.found.state().unwrap_or_default();
        let active: Vec<_> = state.signing_sets().iter().filter(|set| set.status == PairStatus::Active).collect();
        let in_force = active.first().map(|set| set.generation);
        assert!(active.len() <= 1, "{state:?}");
        let (mut held, mut signed, mut told) = (Vec::new(), Vec::new(), None);
        for application in &applications {
            held.push(application.state().await.halves().iter().any(|half| Some(half.generation) == in_force));
            signed.push(match sign(application).await {
                Ok(addresses) => {
                    told = Some(addresses);
                    true
                }
                Err(WalletError::NotOnDevice | WalletError::NoWallet) => false,
                Err(WalletError::ShareMismatch("SIGN_SHARE_MISMATCH")) => false,
                Err(error) => panic!("{error}"),
            });
        }
        assert_eq!(signed, held, "who has the half in force signs, and nobody else");
        assert_eq!(signed.contains(&true), in_force.is_some());
        (in_force, told)
    }

    /// A device without any half brings the wallet back with the text that the application has.
    async fn recovers(&self, server: &Server, told: Option<&Addresses>) -> Option<Text> {
        let Some(slot) = Slot::of(self.found) else {
            assert_eq!(self.wish, Wish::Create, "the text is lost");
            return None;
        };
        let fresh = self.start(server, "fresh").await;
        fresh.wallet.recover_signing(&slot.text, &fresh.method).await.unwrap();
        assert_eq!(Some(&sign(&fresh).await.unwrap()), told);
        Some(if Slot::of(self.from).is_some_and(|old| old.text == slot.text) { Text::Old } else { Text::New })
    }
}

/// Signs on both curves; the addresses that the signatures are of.
async fn sign(application: &Application) -> Result<Addresses, WalletError> {
    let signature = application.wallet.sign_digest(DIGEST).await?;
    let ecdsa = k256::ecdsa::Signature::from_slice(&signature.bytes).unwrap();
    let id = k256::ecdsa::RecoveryId::from_byte(signature.recovery_id).unwrap();
    let key = k256::ecdsa::VerifyingKey::recover_from_prehash(&DIGEST, &ecdsa, id).unwrap();
    let hash = Keccak256::digest(&key.to_sec1_point(false).as_bytes()[1..]);
    let evm = format!("0x{}", hex::encode(&hash[12..]));

    let addresses = application.wallet.addresses().await?.unwrap();
    assert_eq!(addresses.evm.to_lowercase(), evm);
    let signature = application.wallet.sign_solana(MESSAGE).await?;
    let key: [u8; 32] = bs58::decode(&addresses.solana).into_vec().unwrap().try_into().unwrap();
    let key = ed25519_dalek::VerifyingKey::from_bytes(&key).unwrap();
    key.verify(MESSAGE, &ed25519_dalek::Signature::from_bytes(&signature)).unwrap();
    Ok((addresses.evm, addresses.solana))
}

/// The operation is through, and what was before is worthless. The generation that it made.
async fn in_the_end(order: &Order, home: &Home, from: &Home, addresses: &Addresses) -> Generation {
    let state = home.state().unwrap();
    assert!(state.operation().is_none() && state.frozen().is_none());
    assert_eq!(state.signing_sets().iter().filter(|set| set.status == PairStatus::Active).count(), 1);
    let application = Application::start(order).await;
    assert_eq!(&sign(&application).await.unwrap(), addresses);
    let kind = order.wish.kind();
    if order.wish == Wish::Create {
        return made_by(order.wish, &state);
    }
    let drill = application.wallet.drill(&Slot::of(home).unwrap().text, &application.method).await.unwrap();
    let backup = state.active_backups().next().unwrap();
    assert_eq!(Generation(drill.generation), backup.generation);
    assert!(state.active_backups().count() == 1 && !backup.copy);
    if kind.makes_signing() {
        copy(&from.device(FIRST), &home.device("before"));
        let before = Application::start(&Order { device: "before".to_owned(), ..order.clone() }).await;
        let refused = sign(&before).await.unwrap_err();
        assert!(matches!(refused, WalletError::ShareMismatch("SIGN_SHARE_MISMATCH")), "{refused}");
    }
    if kind.makes_backup() {
        let (file, watch) = (from.keys(), Watch::new(order.wish, None));
        let method = BackupMethod::Custom(std::sync::Arc::new(Keys { file, watch }));
        let refused = application.wallet.drill(&Slot::of(from).unwrap().text, &method).await.unwrap_err();
        assert!(matches!(refused, WalletError::BackupRetired), "{refused}");
    }
    made_by(order.wish, &state)
}
