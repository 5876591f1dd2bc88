//! What sub-clients give out: an entity in clear, with what is known of where it comes from.

use std::fmt;

use keystead_crypto::delegation::Permission;
use keystead_crypto::entity::{FieldReport, FieldStatus};
use keystead_model::Object;

use super::RecordError;
use crate::document::text;

/// An entity, in clear as far as it could be opened.
#[derive(Clone, PartialEq)]
pub(crate) struct Record {
    pub(crate) body: Object,
    /// What is known of each sealed place; `None` if it could not be opened, or was never sealed.
    pub(crate) report: Option<Vec<FieldReport>>,
}

impl Record {
    pub(crate) fn id(&self) -> &str {
        text(&self.body, "id").unwrap_or_default()
    }

    pub(crate) fn rev(&self) -> Option<&str> {
        text(&self.body, "rev")
    }

    pub(crate) fn is_authenticated(&self) -> bool {
        let report = self.report.as_deref().unwrap_or_default();
        !report.is_empty() && report.iter().all(|field| field.status == FieldStatus::Authentic)
    }
}

impl fmt::Debug for Record {
    /// Without the content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").field("readable", &self.report.is_some()).finish_non_exhaustive()
    }
}

/// A page of what was found, and what could not be read.
#[derive(Debug, Clone)]
pub struct Records<T> {
    /// The records that could be opened.
    pub records: Vec<T>,
    /// Ids of records that the server gives to the user and no key at hand opens.
    pub unreadable: Vec<String>,
}

/// How something is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shared {
    /// To read.
    Read,
    /// To read and change, as far as the user may.
    Write,
}

impl Shared {
    pub(crate) fn permission(self) -> Permission {
        match self {
            Self::Read => Permission::Read,
            Self::Write => Permission::Write,
        }
    }
}

/// A class of records: a wrapper around its fields, without a `Debug` that shows them.
macro_rules! record {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq)]
        pub struct $name {
            pub(crate) record: crate::entities::Record,
        }

        impl $name {
            /// The id.
            pub fn id(&self) -> &str {
                self.record.id()
            }

            /// The revision, which changes with every write; none before the first.
            pub fn rev(&self) -> Option<&str> {
                self.record.rev()
            }

            /// All fields, in clear (wire 8).
            pub fn fields(&self) -> &keystead_model::Object {
                &self.record.body
            }

            /// All fields, to be changed before the record is written.
            pub fn fields_mut(&mut self) -> &mut keystead_model::Object {
                &mut self.record.body
            }

            /// Whether its sealed fields could be opened.
            pub fn is_readable(&self) -> bool {
                self.record.report.is_some()
            }

            /// Whether everything that is sealed was sealed for its very place by somebody who holds the
            /// record's key, and nothing that should be sealed stands in clear. What official clients write is
            /// readable and not authenticated.
            pub fn is_authenticated(&self) -> bool {
                self.record.is_authenticated()
            }

            /// What is known of each sealed place.
            pub fn field_report(&self) -> &[keystead_crypto::entity::FieldReport] {
                self.record.report.as_deref().unwrap_or_default()
            }
        }

        impl From<crate::entities::Record> for $name {
            fn from(record: crate::entities::Record) -> Self {
                Self { record }
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("readable", &self.is_readable())
                    .field("authenticated", &self.is_authenticated())
                    .finish_non_exhaustive()
            }
        }
    };
}

pub(crate) use record;

/// The records that could be opened, and the ids of the others.
pub(crate) fn split<T: From<Record>>(records: Vec<Record>) -> Records<T> {
    let (readable, closed): (Vec<_>, Vec<_>) = records.into_iter().partition(|record| record.report.is_some());
    Records {
        records: readable.into_iter().map(T::from).collect(),
        unreadable: closed.iter().map(|record| record.id().to_owned()).collect(),
    }
}

/// The record, if it could be opened.
pub(crate) fn readable(record: Record) -> Result<Record, RecordError> {
    if record.report.is_some() { Ok(record) } else { Err(RecordError::Unreadable) }
}
