//! Documents as the server keeps them: JSON objects that a client must give back whole, fields it does not
//! know included.

use serde_json::Value;

use keystead_model::Object;

/// A text field of a document.
pub(crate) fn text<'a>(fields: &'a Object, key: &str) -> Option<&'a str> {
    fields.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// A document of one class: a wrapper around its fields, without a `Debug` that shows them.
macro_rules! document {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name {
            fields: keystead_model::Object,
        }

        impl $name {
            /// The document with these fields.
            pub fn from_fields(fields: keystead_model::Object) -> Self {
                Self { fields }
            }

            /// The id.
            pub fn id(&self) -> &str {
                crate::document::text(&self.fields, "id").unwrap_or_default()
            }

            /// The revision, which changes with every write; none before the first.
            pub fn rev(&self) -> Option<&str> {
                crate::document::text(&self.fields, "rev")
            }

            /// All fields, as the server keeps them (wire 8).
            pub fn fields(&self) -> &keystead_model::Object {
                &self.fields
            }

            /// All fields, to be changed before the document is written.
            pub fn fields_mut(&mut self) -> &mut keystead_model::Object {
                &mut self.fields
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    };
}

pub(crate) use document;
