//! Users: who may log in, and which data owner each of them is (wire 6.4).

pub mod names;
pub mod register;
