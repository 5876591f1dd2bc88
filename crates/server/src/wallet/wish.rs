//! What the client wishes: the first text of a session.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keystead_model::wallet::{BackupMethod, Generation, OperationId, OperationKind, PairIds};
use keystead_mpc::SignRequest;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::failure::Failure;

/// The longest message that is signed on Ed25519, in bytes: it comes in the first text.
const MAX_CONTENT: usize = 64 * 1024;
/// All that a wish may have.
const FIELDS: [&str; 9] =
    ["clientNonce", "curve", "content", "payload", "pairs", "operation", "after", "method", "rotateBackup"];

/// What a socket is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Create,
    Sign,
    Backup,
    Recover,
    Eject,
}

impl Purpose {
    /// As the path has it.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "create" => Self::Create,
            "sign" => Self::Sign,
            "backup" => Self::Backup,
            "recover" => Self::Recover,
            "eject" => Self::Eject,
            _ => return None,
        })
    }

    /// What both sides of a channel have to agree on.
    pub(super) fn prologue(self) -> &'static str {
        match self {
            Self::Create => "keystead.wallet.v2 create",
            Self::Sign => "keystead.wallet.v2 sign",
            Self::Backup => "keystead.wallet.v2 backup",
            Self::Recover => "keystead.wallet.v2 recover",
            Self::Eject => "keystead.wallet.v2 eject",
        }
    }
}

/// What the client wishes.
pub(super) struct Wish(Map<String, Value>);

impl Wish {
    pub(super) fn read(text: &str) -> Result<Self, Failure> {
        let Ok(Value::Object(wish)) = serde_json::from_str(text) else {
            return Err(Failure::field("", "an object"));
        };
        match wish.keys().find(|key| !FIELDS.contains(&key.as_str())) {
            Some(_) => Err(Failure::field("", &format!("an object with any of: {}", FIELDS.join(", ")))),
            None => Ok(Self(wish)),
        }
    }

    fn optional<T: DeserializeOwned>(&self, field: &str, expected: &str) -> Result<Option<T>, Failure> {
        match self.0.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => T::deserialize(value).map(Some).map_err(|_| Failure::field(field, expected)),
        }
    }

    fn required<T: DeserializeOwned>(&self, field: &str, expected: &str) -> Result<T, Failure> {
        self.optional(field, expected)?.ok_or_else(|| Failure::field(field, expected))
    }

    pub(super) fn nonce(&self) -> Result<[u8; 32], Failure> {
        let expected = "64 hexadecimal digits";
        let text: String = self.required("clientNonce", expected)?;
        let mut nonce = [0; 32];
        hex::decode_to_slice(text, &mut nonce).map_err(|_| Failure::field("clientNonce", expected))?;
        Ok(nonce)
    }

    /// The pairs that the client's halves are of.
    pub(super) fn pairs(&self) -> Result<PairIds, Failure> {
        self.required("pairs", "the ids of the pairs {SECP256K1, ED25519}")
    }

    /// The id of the operation, which the client chose, and the generation that it has seen last.
    pub(super) fn operation(&self) -> Result<(OperationId, Generation), Failure> {
        let operation = self.required("operation", "an id, chosen at random")?;
        Ok((operation, self.required("after", "the generation seen last")?))
    }

    /// What is to be done, if it is more than to sign.
    pub(super) fn kind(&self, purpose: Purpose) -> Result<Option<OperationKind>, Failure> {
        Ok(Some(match purpose {
            Purpose::Sign => return Ok(None),
            Purpose::Create => OperationKind::Create,
            Purpose::Eject => OperationKind::Eject { from: self.pairs()? },
            Purpose::Backup => {
                let names = BackupMethod::ALL.map(BackupMethod::as_str).join(", ");
                OperationKind::Backup { method: self.required("method", &names)?, from: self.pairs()? }
            }
            Purpose::Recover => OperationKind::Recover {
                from: self.pairs()?,
                rotate_backup: self.optional("rotateBackup", "true or false")?.unwrap_or(true),
            },
        }))
    }

    /// What hashes to the digest on secp256k1, if the client says it.
    pub(super) fn payload(&self) -> Result<Option<Vec<u8>>, Failure> {
        let payload: Option<String> = self.optional("payload", "base64")?;
        payload.map(|payload| STANDARD.decode(payload).map_err(|_| Failure::field("payload", "base64"))).transpose()
    }

    /// What is to be signed: the digest on secp256k1, the message on Ed25519, in base64.
    pub(super) fn request(&self) -> Result<SignRequest, Failure> {
        let content: Option<String> = self.optional("content", "base64")?;
        let content = content.and_then(|content| STANDARD.decode(content).ok());
        let content = content.ok_or_else(|| Failure::field("content", "base64"))?;
        match self.0.get("curve").and_then(Value::as_str) {
            Some("SECP256K1") => {
                let digest = content.try_into().map_err(|_| Failure::field("content", "a digest of 32 bytes"))?;
                Ok(SignRequest::digest(digest))
            }
            Some("ED25519") if content.len() <= MAX_CONTENT => Ok(SignRequest::message(content)),
            Some("ED25519") => Err(Failure::field("content", "at most 65536 bytes")),
            _ => Err(Failure::field("curve", "SECP256K1 or ED25519")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused<T>(text: &str, read: impl Fn(&Wish) -> Result<T, Failure>) -> String {
        let failure = Wish::read(text).and_then(|wish| read(&wish).map(drop)).unwrap_err();
        failure.to_json().to_string()
    }

    #[test]
    fn a_wish_that_cannot_be_names_what_is_wrong() {
        for (text, named) in [
            ("[]", "the body"),
            (r#"{"extra": 1}"#, "the body"),
            ("{}", "content"),
            (r#"{"content": "!"}"#, "content"),
            (r#"{"content": "AA=="}"#, "curve"),
            (r#"{"content": "AA==", "curve": "SECP256K1"}"#, "32 bytes"),
            (r#"{"content": "AA==", "curve": "P256"}"#, "curve"),
        ] {
            assert!(refused(text, Wish::request).contains(named), "{text}");
        }
        for (text, named) in [
            ("{}", "operation"),
            (r#"{"operation": "1"}"#, "operation"),
            (r#"{"operation": "30313233-3435-3637-3839-616263646566", "after": -1}"#, "after"),
        ] {
            assert!(refused(text, Wish::operation).contains(named), "{text}");
        }
        let pairs = r#""pairs": {"SECP256K1": "30313233-3435-3637-3839-616263646566",
            "ED25519": "30313233-3435-3637-3839-616263646567"}"#;
        for (text, purpose, named) in [
            ("{}", Purpose::Recover, "pairs"),
            (r#"{"pairs": {"SECP256K1": 1}}"#, Purpose::Recover, "pairs"),
            (&*format!(r#"{{{pairs}, "method": "FLOPPY"}}"#), Purpose::Backup, "PASSWORD"),
            (&*format!(r#"{{{pairs}, "rotateBackup": 1}}"#), Purpose::Recover, "rotateBackup"),
        ] {
            assert!(refused(text, |wish| wish.kind(purpose)).contains(named), "{text}");
        }
        assert!(refused(r#"{"clientNonce": "00"}"#, Wish::nonce).contains("clientNonce"));
        let request = Wish::read(r#"{"content": "AA==", "curve": "ED25519"}"#).unwrap().request().unwrap();
        assert_eq!(request.content(), [0]);
    }
}
