//! Sessions: one operation of one party, from its first message to its outcome, without I/O.

pub(crate) mod frame;
pub(crate) mod id;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod turn;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::backend::Stage;
use crate::error::MpcError;
use crate::half::PairCommitments;
use crate::ids::{Curve, Party};
use frame::Frames;
use id::{Operation, SessionIds, SessionParams};
use turn::{Payload, Then, Turn, Wait, feed};

/// One operation of one party.
///
/// The client calls [`start`](Self::start) and sends what it gets; from then on, each side hands every
/// message it receives to [`handle`](Self::handle), and sends what comes out of it. Messages are opaque. The
/// state lives in memory only: a session that is lost is started again, with new nonces.
///
/// A message that is not the next one of this session, or is damaged, is refused and changes nothing; a
/// message that the protocol refuses ends the session.
pub struct Session<T> {
    frames: Frames,
    party: Party,
    /// The phase of the last message that was sent or received.
    phase: u8,
    first: Vec<Payload>,
    wait: Option<Wait<T>>,
}

/// What came of a message.
pub struct Step<T> {
    /// To send to the peer.
    pub message: Option<Vec<u8>>,
    /// The session is over, with this. A message that comes with it must still be sent.
    pub outcome: Option<T>,
}

/// Messages tell how new shares differ from old ones: they are not for logs.
impl<T> core::fmt::Debug for Step<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Step")
            .field("message", &self.message.as_ref().map(Vec::len))
            .field("is_outcome", &self.outcome.is_some())
            .finish()
    }
}

impl<T> core::fmt::Debug for Session<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Session")
            .field("operation", &self.frames.operation)
            .field("party", &self.party)
            .field("phase", &self.phase)
            .finish_non_exhaustive()
    }
}

/// What the constructor of a session needs to know.
pub(crate) struct Plan<'p> {
    pub(crate) params: &'p SessionParams,
    pub(crate) operation: Operation,
    pub(crate) curve: Option<Curve>,
    pub(crate) sources: &'p [&'p PairCommitments],
    pub(crate) content: &'p [u8],
}

impl<T: Send + 'static> Session<T> {
    /// A session whose protocol is what `begin` makes of the stage.
    pub(crate) fn new(
        plan: &Plan<'_>,
        begin: impl FnOnce(&Stage) -> Result<Turn<T>, MpcError>,
    ) -> Result<Self, MpcError> {
        let Plan { params, operation, curve, sources, content } = *plan;
        if sources.iter().any(|pair| pair.wallet() != params.wallet) {
            return Err(operation.mismatch());
        }
        let ids = SessionIds::derive(params, operation, curve, sources, content)?;
        let stage = Stage {
            session: ids.session,
            party: params.party,
            wallet: params.wallet,
            generation: params.target_generation,
        };
        let turn = begin(&stage)?;
        let Then::Wait(wait) = turn.then else { return Err(MpcError::Request("a protocol without messages")) };
        Ok(Self {
            frames: Frames { ids, operation },
            party: params.party,
            phase: 0,
            first: turn.messages,
            wait: Some(wait),
        })
    }

    /// The first message: `None` on the server, which listens.
    ///
    /// # Errors
    /// [`MpcError::Over`]: the client started already.
    pub fn start(&mut self) -> Result<Option<Vec<u8>>, MpcError> {
        match self.party {
            Party::Server => Ok(None),
            Party::Client if self.first.is_empty() => Err(MpcError::Over),
            Party::Client => {
                let first = core::mem::take(&mut self.first);
                Ok(self.seal(&first))
            }
        }
    }

    /// The peer sent `message`.
    ///
    /// # Errors
    /// Any [`MpcError`]. [`MpcError::Ban`] must be stored before anything else happens. Whether the session
    /// goes on says [`is_over`](Self::is_over).
    pub fn handle(&mut self, message: &[u8]) -> Result<Step<T>, MpcError> {
        if self.wait.is_none() {
            return Err(MpcError::Over);
        }
        if !self.first.is_empty() {
            // a client that has not started expects nothing
            return Err(MpcError::WrongSession);
        }
        let expected = self.phase.saturating_add(1);
        let parts = self.frames.open(message, self.party.peer(), expected)?;
        // from here on a failure ends the session: the phase is consumed
        let wait = self.wait.take().ok_or(MpcError::Over)?;
        // The libraries document panics that are as good as impossible. The state is gone either way, so one
        // ends this session and nothing else.
        let fed = catch_unwind(AssertUnwindSafe(|| feed(Then::Wait(wait), &parts)));
        let turn = fed.unwrap_or_else(|_| Err(self.frames.operation.panicked()))?;
        self.phase = expected;
        let message = self.seal(&turn.messages);
        let outcome = match turn.then {
            Then::Wait(wait) => {
                self.wait = Some(wait);
                None
            }
            Then::Done(output) => Some(output),
        };
        Ok(Step { message, outcome })
    }

    fn seal(&mut self, parts: &[Payload]) -> Option<Vec<u8>> {
        if parts.is_empty() {
            return None;
        }
        self.phase = self.phase.saturating_add(1);
        Some(self.frames.seal(self.party, self.phase, parts))
    }

    /// The id of the session: associated data for the channel, and the key under which a server keeps it.
    pub fn id(&self) -> [u8; 32] {
        self.frames.ids.session
    }

    /// Whether it finished or failed.
    pub fn is_over(&self) -> bool {
        self.wait.is_none()
    }

    /// The same session with another outcome: to keep sessions of different operations in one place.
    pub fn map<U: Send + 'static>(self, map: impl FnOnce(T) -> U + Send + 'static) -> Session<U> {
        let wait = self.wait.map(|wait| Wait::new(move |message| Ok(wait.handle(message)?.map(map))));
        Session { frames: self.frames, party: self.party, phase: self.phase, first: self.first, wait }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::WalletId;

    fn panicking(operation: Operation) -> Session<()> {
        let params = SessionParams {
            party: Party::Server,
            wallet: WalletId([0; 16]),
            target_generation: 1,
            client_nonce: [1; 32],
            server_nonce: [2; 32],
        };
        let plan = Plan { params: &params, operation, curve: None, sources: &[], content: &[] };
        Session::new(&plan, |_| Ok(Turn::listen(|_| panic!("as the libraries may")))).unwrap()
    }

    #[test]
    fn a_panic_ends_the_session_and_freezes_the_pair_if_it_was_signing() {
        for (operation, ban) in [(Operation::Sign, true), (Operation::TestSign, true), (Operation::Refresh, false)] {
            let mut session = panicking(operation);
            let message = session.frames.seal(Party::Client, 1, &[Payload::default()]);
            assert_eq!(session.handle(&message).unwrap_err().is_ban(), ban);
            assert_eq!(session.handle(&message).err(), Some(MpcError::Over));
        }
    }

    #[test]
    fn messages_are_not_for_logs() {
        let step = Step { message: Some(vec![0xab; 7]), outcome: Some(()) };
        assert_eq!(format!("{step:?}"), "Step { message: Some(7), is_outcome: true }");
    }
}
