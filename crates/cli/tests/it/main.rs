//! The `keystead` command as an operator meets it: real processes, real signals, real files.

mod contacts;
mod http;
mod kill;
mod log;
mod mail;
mod process;
mod start;
