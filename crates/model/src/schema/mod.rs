//! The shape of everything that travels as JSON: one field table per class (wire 8), and the check of
//! a body against one.
//!
//! The tables are text, in the notation of the wire page: see `tables/*.schema` and `parse.rs`. They
//! are read once, at first use. [`check`] is what stands between a client and the store.

use std::collections::HashMap;
use std::fmt;
use std::sync::{LazyLock, OnceLock};

mod check;
mod parse;
#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod text;

pub use check::{MAX_DEPTH, check, check_batch, check_type, check_value};
pub(crate) use text::is_sha256_hex;

static SOURCES: &[&str] = &[
    include_str!("tables/encryptable.schema"),
    include_str!("tables/owners.schema"),
    include_str!("tables/crypto.schema"),
    include_str!("tables/requests.schema"),
    include_str!("tables/embedded.schema"),
    include_str!("tables/other.schema"),
    include_str!("tables/enums.schema"),
];

static REGISTRY: LazyLock<Registry> = LazyLock::new(|| parse::parse(SOURCES));

/// The table of the class `name`, e.g. `Contact`; the prefix `Encrypted` of the model is left out.
pub fn table(name: &str) -> Option<&'static Table> {
    let registry = &*REGISTRY;
    registry.tables.get(*registry.by_name.get(name)?)
}

/// Every table, in the order of the sources.
pub fn tables() -> impl Iterator<Item = &'static Table> {
    REGISTRY.tables.iter()
}

/// Every enumeration (wire 8.6), in the order of the sources.
pub fn enums() -> impl Iterator<Item = &'static Enum> {
    REGISTRY.enums.iter()
}

/// What the sources gave. A line that cannot be read leaves a defect, which a test looks for, rather
/// than a panic.
struct Registry {
    tables: &'static [Table],
    enums: &'static [Enum],
    by_name: HashMap<&'static str, usize>,
    #[cfg_attr(not(test), expect(dead_code, reason = "read by the test that there are none"))]
    defects: Vec<String>,
}

/// The fields of one class of objects.
pub struct Table {
    /// Name of the class, e.g. `Contact`.
    pub name: &'static str,
    /// Set once, after every table has a place, because tables refer to each other.
    fields: OnceLock<Fields>,
}

struct Fields {
    in_order: Vec<Field>,
    /// Position of each field, sorted by length and name.
    by_name: Vec<(&'static str, usize)>,
    required: usize,
}

impl Table {
    /// The fields, in the order in which the client writes them.
    pub fn fields(&self) -> &[Field] {
        self.fields.get().map_or(&[], |fields| &fields.in_order)
    }

    /// The field `name`.
    pub fn field(&self, name: &str) -> Option<&Field> {
        let fields = self.fields.get()?;
        let found = fields.by_name.binary_search_by(|(known, _)| (known.len(), *known).cmp(&(name.len(), name)));
        let (_, position) = fields.by_name.get(found.ok()?)?;
        fields.in_order.get(*position)
    }

    /// How many fields must be present.
    fn required(&self) -> usize {
        self.fields.get().map_or(0, |fields| fields.required)
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// One field of a class.
#[derive(Debug)]
pub struct Field {
    /// Its name in the JSON.
    pub name: &'static str,
    /// Whether it must be present: `!` in the notation.
    pub required: bool,
    /// Whether it may be null, which then means the same as absent: `?` in the notation.
    pub nullable: bool,
    /// Whether an empty list, map or text is refused: `+` in the notation.
    pub filled: bool,
    /// What it holds.
    pub ty: Type,
}

/// What a field holds. `Display` gives the notation of the tables.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Type {
    /// Any text: `str`.
    Str,
    /// The id of something, 1 to 255 characters: `id`.
    Id,
    /// An integer of 64 bits, written without fraction and exponent: `int`.
    Int,
    /// An integer that the client reads into 32 bits: `int32`.
    Int32,
    /// An instant in milliseconds since 1970, an integer: `epochMs`.
    EpochMs,
    /// Any number: `num`.
    Num,
    /// `bool`.
    Bool,
    /// Base64 with padding (RFC 4648, section 4): `b64`.
    B64,
    /// Bytes in hex: `hex`.
    Hex,
    /// An RSA public key of 2048 or 4096 bits with exponent 65537, as lower-case hex of its DER
    /// `SubjectPublicKeyInfo`: `spkiHex`.
    SpkiHex,
    /// The last 32 hex characters of a public key: `fpV1`.
    FpV1,
    /// The 22 hex characters before the exponent of a public key: `fpV2`.
    FpV2,
    /// A SHA-256, 64 lower-case hex characters; a delegation key is one: `sha256hex`.
    Sha256Hex,
    /// 16 bytes in lower-case hex; an access control key is one: `hex32`.
    Hex32,
    /// Any JSON: `any`.
    Any,
    /// One of the values of an enumeration: its name.
    Enum(&'static Enum),
    /// A list of one kind of elements: `[T]`.
    List(Box<Element>),
    /// An object used as a map, with the kinds of its keys and of its values: `{K→V}`.
    Map(Box<Type>, Box<Element>),
    /// An object with the fields of a table: its name.
    Object(&'static Table),
}

/// What a list or map holds.
#[derive(Debug, Clone)]
pub struct Element {
    /// The kind of each element.
    pub ty: Type,
    /// Whether elements may be null.
    pub nullable: bool,
}

/// A set of texts.
#[derive(Debug)]
pub struct Enum {
    /// Its name, e.g. `TaskStatus`.
    pub name: &'static str,
    /// The exact texts.
    pub values: Vec<&'static str>,
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Enum(set) => f.write_str(set.name),
            Self::List(element) => write!(f, "[{element}]"),
            Self::Map(key, element) => write!(f, "{{{key}→{element}}}"),
            Self::Object(table) => f.write_str(table.name),
            simple => f.write_str(parse::name_of(simple)),
        }
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.ty, if self.nullable { "?" } else { "" })
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = |set, mark| if set { mark } else { "" };
        write!(
            f,
            "{}{}:{}{}{}",
            self.name,
            mark(self.required, "!"),
            self.ty,
            mark(self.filled, "+"),
            mark(self.nullable, "?")
        )
    }
}
