//! One file per class of documents: what is indexed of it, its filters and the look-ups that
//! endpoints need.
//!
//! # Adding a class
//! Name its indexes (`class.fact`, or `class.order-by-term` where postings are ordered), project a
//! document to postings with the builders of `index`, write one [`FilterDef`](crate::filter::FilterDef)
//! per filter of wire 5.6 that looks them up, and list the class in [`crate::class::ALL`]. Only what
//! some filter or endpoint asks for is indexed.

pub mod access_log;
pub mod calendar_item;
pub mod classification;
pub mod contact;
pub mod device;
pub mod document;
pub mod exchange_data;
pub mod exchange_data_map;
pub mod form;
pub mod group;
pub mod health_element;
pub mod healthcare_party;
pub(crate) mod index;
pub mod invoice;
pub mod key_map;
pub mod maintenance_task;
pub mod message;
pub mod patient;
pub mod recovery_data;
pub mod service;
#[cfg(test)]
pub(crate) mod testing;
pub mod text;
pub mod topic;
pub mod user;
