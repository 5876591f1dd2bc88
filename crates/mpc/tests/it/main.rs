//! What two parties do with each other, from the first message to a signature that others verify.

mod drive;
mod pairs;
mod sign;
