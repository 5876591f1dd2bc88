//! One file per class of documents: what is indexed of it and its filters.

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
pub mod invoice;
pub mod key_map;
pub mod maintenance_task;
pub mod message;
pub mod patient;
pub mod recovery_data;
pub mod topic;
pub mod user;
