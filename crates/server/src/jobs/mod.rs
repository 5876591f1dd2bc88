//! Work that a transaction leaves to be done after its commit, and the worker that does it.
//!
//! A job is claimed for some time, so a worker that dies loses nothing: somebody claims the job again
//! when that time is over, or at once where there is nobody else ([`take_back`]). A job may therefore be done twice,
//! but is never forgotten.

mod backoff;
mod run;
mod wake;
mod worker;

pub use wake::Wake;
pub use worker::{Worker, start, take_back};
