//! Users, data owners, exchange data, recovery data and groups over HTTP: every rule, and the attacks
//! that it is there for.

mod attachments;
mod events;
mod exchange;
mod exchange_maps;
mod groups;
mod invitations;
mod older;
mod parents;
mod parties;
mod patients;
mod people;
mod recovery;
mod register;
mod stubs;
mod tokens;
mod users_create;
mod users_delete;
mod users_find;
mod users_modify;
