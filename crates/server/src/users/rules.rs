//! Who may read and change a user (wire 4.3, 6.4).
//!
//! A user itself and administrators may; healthcare parties read the users of their group. Who made a
//! user may prepare it, for an invitation, but only until its data owner has published a key: somebody
//! who could later set a password or make a token could come in the user's name.

use keystead_model::Object;
use keystead_model::entity::user::CLASS;
use keystead_store::Reading;
use keystead_store::documents::Document;

use super::owner;
use crate::auth::Session;
use crate::documents;
use crate::error::{ApiError, ApiResult};
use crate::groups::require_elevated;

/// What a caller is to a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    /// An administrator of the group.
    pub(super) admin: bool,
    /// The user itself.
    pub(super) own: bool,
    /// Who made the user, whose data owner has published no key yet.
    pub(super) inviter: bool,
}

/// What the caller is to the user that is stored.
pub(super) async fn standing(
    tx: &mut (dyn Reading + '_),
    session: &Session,
    stored: &Document,
    user: &Object,
) -> ApiResult<Standing> {
    let own = stored.id == session.account.user;
    let made = !own && stored.created_by.as_deref() == Some(session.account.user.as_str());
    let inviter = made && owner::is_unclaimed(tx, session.group(), user).await?;
    Ok(Standing { admin: session.is_admin(), own, inviter })
}

impl Standing {
    /// Refuses callers who may not change the user. Administrators need an elevated login for others.
    pub(super) async fn require_change(self, tx: &mut (dyn Reading + '_), session: &Session) -> ApiResult<()> {
        match self {
            Self { own: true, .. } | Self { inviter: true, .. } => Ok(()),
            Self { admin: true, .. } => require_elevated(tx, session).await,
            _ => Err(ApiError::forbidden(
                "only the user itself and administrators, and who made it until its data owner has published a key",
            )),
        }
    }
}

/// The user with this id, live, and what the caller is to it, if the caller may change it.
pub(super) async fn changeable(
    tx: &mut (dyn Reading + '_),
    session: &Session,
    id: &str,
) -> ApiResult<(Document, Object, Standing)> {
    let found = documents::load(tx, session.group(), &CLASS, id).await;
    let (stored, user) = found.map_err(|error| hidden(session, id, error))?;
    let standing = standing(tx, session, &stored, &user).await?;
    standing.require_change(tx, session).await?;
    Ok((stored, user, standing))
}

/// Whether the caller may read every user of the group.
pub(super) fn reads_all(session: &Session) -> bool {
    session.is_admin() || session.is_hcp()
}

/// Whether the caller may read the user with this id.
pub(crate) fn may_read(session: &Session, id: &str) -> bool {
    reads_all(session) || session.account.user == id
}

/// Refuses callers who may not read the user with this id.
pub(super) fn require_read(session: &Session, id: &str) -> ApiResult<()> {
    match may_read(session, id) {
        true => Ok(()),
        false => Err(ApiError::forbidden("a user is for itself, healthcare parties and administrators to read")),
    }
}

/// Who may not read users is not told whether there is one.
fn hidden(session: &Session, id: &str, error: ApiError) -> ApiError {
    require_read(session, id).err().unwrap_or(error)
}

/// Whether the caller is shown the names of the user's tokens.
pub(super) fn sees_tokens(session: &Session, id: &str) -> bool {
    session.is_admin() || session.account.user == id
}
