//! Everything between the socket and a handler: routes, limits, request ids, error bodies.

mod body;
mod finish;
mod listen;
mod older;
mod outgoing;
mod params;
mod route;
mod router;
mod tls;

pub(crate) use body::read as read_body;
pub use body::{Json, Octets, Text, json_body, json_text, read_value};
pub use finish::finish;
pub use listen::{Listening, Running, serve};
pub use older::{Endpoints, Older};
pub use outgoing::outgoing;
pub use params::{Path, Query};
pub use route::{Access, Route, Shape};
pub use router::router;
pub use tls::{TlsError, acceptor, certificate_ends};
