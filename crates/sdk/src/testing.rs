//! A transport that fails on demand and a clock that is moved by hand, to test what an application does
//! when things go wrong.

mod faulty;
mod time;

pub use faulty::{Fault, FaultyTransport};
pub use time::ManualTime;
