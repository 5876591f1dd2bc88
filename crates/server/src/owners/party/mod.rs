//! Healthcare parties and devices: one set of operations for both classes.
//!
//! Everybody in the group reads them. Administrators and healthcare parties create them; the data owner
//! itself and administrators change them, and so does who created one until it has published a key.
//! The keys in them are the owner's alone, and only an administrator or the parent says whose child one
//! is: a child may open everything that its ancestors may.

mod create;
mod delete;
mod find;
mod lists;
mod modify;
mod parent;
mod read;
mod routes;
mod rules;

pub(super) use routes::routes;
