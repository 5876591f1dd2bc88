//! Looking for people: users, healthcare parties and devices, which are not encrypted, so that what is
//! found does not depend on delegations.

use keystead_model::class::Class;
use keystead_model::query::Selection;
use keystead_store::Reading;
use keystead_store::documents::{Document, Find};
use serde_json::Value;

use crate::documents;
use crate::entities::page::{self, Parameters};
use crate::error::ApiResult;

/// The ids that answer `selection`, in its order.
///
/// # Errors
/// The store fails.
pub(crate) async fn ids(
    tx: &mut (dyn Reading + '_),
    group: &str,
    class: &'static Class,
    selection: Selection,
) -> ApiResult<Vec<String>> {
    Ok(tx.find(&question(group, class, selection)).await?.into_iter().map(|hit| hit.id).collect())
}

/// One page of what answers `selection`, and the key of the next one.
///
/// # Errors
/// The key of the page is none that was given before.
pub(crate) async fn page(
    tx: &mut (dyn Reading + '_),
    group: &str,
    class: &'static Class,
    selection: Selection,
    parameters: &Parameters,
) -> ApiResult<(Vec<Document>, Option<Value>)> {
    let limit = parameters.limit();
    let find = Find { after: parameters.after()?, limit: Some(limit + 1), ..question(group, class, selection) };
    let mut hits = tx.find(&find).await?;
    let more = hits.len() > limit;
    hits.truncate(limit);
    let next = hits.last().filter(|_| more).map(page::next);
    let ids: Vec<String> = hits.into_iter().map(|hit| hit.id).collect();
    Ok((tx.documents(group, class.name, &ids, None).await?, next))
}

/// The text of a page.
pub(crate) fn page_body(found: &[Document], next: Option<&Value>) -> String {
    page::body(&documents::array(found.iter().map(|document| document.body.as_str())), next)
}

fn question(group: &str, class: &'static Class, selection: Selection) -> Find {
    Find {
        group: group.to_owned(),
        class: class.name,
        selection,
        readable_by: None,
        parts: false,
        after: None,
        limit: None,
    }
}
