//! The server over HTTP: a real one on a free port for every test.

mod auth;
mod gateway;
mod smtp;
mod support;
mod trust;
