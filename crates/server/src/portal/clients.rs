//! Stand-alone clients (portal 1.1): one for each user of a custodian's application, without an account here.

use keystead_model::query::Query;
use keystead_store::{Reading, Writing};
use serde::{Deserialize, Serialize};

use super::records::{self, Kept};
use crate::app::App;
use crate::error::ApiResult;

/// A client as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Client {
    /// Begins with the time at which it was made, so that ids are in the order of their making.
    pub(super) id: String,
    pub(super) created: i64,
    /// As the custodian said. Kept and repeated; nothing follows from it.
    pub(super) is_account_abstracted: bool,
}

impl Kept for Client {
    const CLASS: &'static str = "PortalClient";

    fn id(&self) -> &str {
        &self.id
    }
}

/// Keeps a new client.
pub(super) async fn create(
    app: &App,
    tx: &mut dyn Writing,
    group: &str,
    is_account_abstracted: bool,
) -> ApiResult<Client> {
    let created = app.now();
    let client = Client { id: new_id(created, app.rng.bytes()), created, is_account_abstracted };
    records::create(app, tx, group, &client).await?;
    Ok(client)
}

/// The client of this id.
pub(super) async fn find(tx: &mut (dyn Reading + '_), group: &str, id: &str) -> ApiResult<Option<Client>> {
    Ok(records::load::<Client>(tx, group, id).await?.map(|stored| stored.value))
}

/// Clients in the order in which they were made, from after the one named.
pub(super) async fn page(
    tx: &mut (dyn Reading + '_),
    group: &str,
    after: Option<&str>,
    limit: usize,
) -> ApiResult<Vec<Client>> {
    let ids = records::ids::<Client>(tx, group, Query::All, after, Some(limit)).await?;
    Ok(records::all::<Client>(tx, group, &ids).await?.into_iter().map(|stored| stored.value).collect())
}

/// How many clients there are.
pub(super) async fn count(tx: &mut (dyn Reading + '_), group: &str) -> ApiResult<usize> {
    Ok(records::ids::<Client>(tx, group, Query::All, None, None).await?.len())
}

/// An id such as Portal's: 25 lower-case letters and digits, the first of them a `c`, then the time.
fn new_id(created: i64, random: [u8; 16]) -> String {
    let time = base36(u128::from(created.unsigned_abs()), 8);
    let random = base36(u128::from_be_bytes(random), 16);
    format!("c{time}{random}")
}

/// The last `digits` digits of a number to the base 36.
fn base36(mut number: u128, digits: usize) -> String {
    let mut text = Vec::with_capacity(digits);
    for _ in 0..digits {
        let digit = u32::try_from(number % 36).ok().and_then(|digit| char::from_digit(digit, 36));
        text.push(digit.unwrap_or('0'));
        number /= 36;
    }
    text.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_in_the_order_of_their_making_and_look_like_those_of_portal() {
        let earlier = new_id(1_800_000_000_000, [255; 16]);
        let later = new_id(1_800_000_000_001, [0; 16]);
        assert!(earlier < later, "{earlier} {later}");
        for id in [&earlier, &later] {
            assert_eq!(id.len(), 25);
            assert!(id.starts_with('c') && id.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()), "{id}");
        }
        assert_ne!(new_id(0, [0; 16]), new_id(0, [1; 16]));
    }

    #[test]
    fn numbers_are_written_to_the_base_36() {
        assert_eq!(base36(0, 3), "000");
        assert_eq!(base36(35 * 36 + 10, 3), "0za");
    }
}
