//! Secrets: zeroized on drop, compared in constant time, without `Debug`, `Clone` and `Serialize`.

/// A secret does not have the length that it must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a secret of the wrong length")]
pub struct LengthError;

/// A secret of a fixed length.
macro_rules! fixed_secret {
    ($(#[$doc:meta])* $name:ident, $length:expr) => {
        $(#[$doc])*
        pub struct $name(zeroize::Zeroizing<Box<[u8]>>);

        impl $name {
            /// How many bytes it has.
            pub const LENGTH: usize = $length;

            /// A new random one.
            pub fn make(random: &dyn $crate::random::Random) -> Self {
                let mut bytes = zeroize::Zeroizing::new(vec![0; $length].into_boxed_slice());
                random.fill(&mut bytes);
                Self(bytes)
            }

            /// The one with these bytes, which are copied: the caller wipes its own.
            ///
            /// # Errors
            /// [`LengthError`](crate::secret::LengthError) for another length than [`Self::LENGTH`].
            pub fn from_bytes(bytes: &[u8]) -> Result<Self, $crate::secret::LengthError> {
                match bytes.len() {
                    $length => Ok(Self(zeroize::Zeroizing::new(bytes.into()))),
                    _ => Err($crate::secret::LengthError),
                }
            }

            /// The bytes, for those who know what to do with them.
            pub fn expose(&self) -> &[u8] {
                &self.0
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                $crate::hazmat::hash::equal(self.expose(), other.expose())
            }
        }

        impl Eq for $name {}
    };
}

/// A key for AES: 32 bytes, or 16 in what the oldest clients wrote.
macro_rules! symmetric_key {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        pub struct $name(zeroize::Zeroizing<Box<[u8]>>);

        impl $name {
            /// A new random one of 32 bytes.
            pub fn make(random: &dyn $crate::random::Random) -> Self {
                let mut bytes = zeroize::Zeroizing::new(vec![0; 32].into_boxed_slice());
                random.fill(&mut bytes);
                Self(bytes)
            }

            /// The one with these bytes, which are copied: the caller wipes its own.
            ///
            /// # Errors
            /// [`LengthError`](crate::secret::LengthError) unless there are 16 or 32.
            pub fn from_bytes(bytes: &[u8]) -> Result<Self, $crate::secret::LengthError> {
                match bytes.len() {
                    16 | 32 => Ok(Self(zeroize::Zeroizing::new(bytes.into()))),
                    _ => Err($crate::secret::LengthError),
                }
            }

            /// The bytes, for those who know what to do with them.
            pub fn expose(&self) -> &[u8] {
                &self.0
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                $crate::hazmat::hash::equal(self.expose(), other.expose())
            }
        }

        impl Eq for $name {}
    };
}

pub(crate) use {fixed_secret, symmetric_key};

symmetric_key! {
    /// The key of one entity: seals its fields and its attachments. Wrapped once per delegation.
    EntityKey
}

symmetric_key! {
    /// The key that two data owners share: seals what a delegation holds (crypto 2.1).
    ExchangeKey
}

fixed_secret! {
    /// What access control keys are derived from (crypto 2.7).
    AccessControlSecret, 16
}

fixed_secret! {
    /// The HMAC-SHA-512 key that signs an exchange data between two data owners (crypto 2.3).
    SharedSignatureKey, 128
}
