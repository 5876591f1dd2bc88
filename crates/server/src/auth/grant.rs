//! What a session is given for one of its accounts: the claims of its tokens.

use keystead_model::Object;
use keystead_model::class::Class;
use keystead_model::entity::{healthcare_party, user};
use keystead_store::Reading;
use keystead_store::accounts::{Account, Session};

use super::token::{Claims, TokenKind, issue};
use crate::app::App;
use crate::documents;
use crate::error::{ApiError, ApiResult};

/// How far up the ancestors of a healthcare party are followed.
const MAX_PARENTS: usize = 8;

/// The tokens of a session for one account.
pub(super) struct Grant {
    claims: Claims,
    session_end: i64,
}

/// The document of the account's user, if the user may log in.
///
/// # Errors
/// The store fails.
pub(super) async fn active_user(tx: &mut (dyn Reading + '_), account: &Account) -> ApiResult<Option<Object>> {
    let class: &Class = &user::CLASS;
    let Some(document) = tx.document(&account.group, class.name, &account.user).await? else { return Ok(None) };
    if document.deleted {
        return Ok(None);
    }
    let object = documents::parse(&document)?;
    let active = documents::text(&object, "status").is_none_or(|status| status == "ACTIVE");
    Ok(active.then_some(object))
}

impl Grant {
    /// What `session` gives for `account`, with bearers of `wanted` seconds or as configured,
    /// whichever is shorter.
    ///
    /// # Errors
    /// 401 where the user is gone or disabled.
    pub(super) async fn of(
        app: &App,
        tx: &mut (dyn Reading + '_),
        account: &Account,
        session: &Session,
        wanted: Option<u32>,
    ) -> ApiResult<Self> {
        let user = active_user(tx, account).await?.ok_or_else(ApiError::unauthorized)?;
        let owner = [("healthcarePartyId", "hcp"), ("patientId", "patient"), ("deviceId", "device")]
            .into_iter()
            .find_map(|(key, kind)| documents::text(&user, key).map(|id| (id.to_owned(), kind.to_owned())));
        let (data_owner, data_owner_type) = owner.unzip();
        let parents = match (&data_owner, data_owner_type.as_deref()) {
            (Some(id), Some("hcp")) => parents(tx, &account.group, id).await?,
            _ => Vec::new(),
        };
        let configured = app.config.sessions.bearer_seconds;
        let seconds = wanted.filter(|wanted| *wanted > 0).map_or(configured, |wanted| wanted.min(configured));
        let claims = Claims {
            kind: TokenKind::Bearer,
            session: session.id.clone(),
            group: account.group.clone(),
            user: account.user.clone(),
            data_owner,
            data_owner_type,
            parents,
            roles: roles(&user),
            level: session.class,
            seconds,
            once: None,
            exp: app.now() / 1000 + i64::from(seconds),
        };
        Ok(Self { claims, session_end: session.expires / 1000 })
    }

    /// What the session's bearers say.
    pub(super) fn into_claims(self) -> Claims {
        self.claims
    }

    /// The token to send with every call.
    ///
    /// # Errors
    /// An id cannot stand in a token.
    pub(super) fn bearer(&self, app: &App) -> ApiResult<String> {
        issue(app, &self.claims)
    }

    /// The token to exchange for bearers, as long as the session lives.
    ///
    /// # Errors
    /// An id cannot stand in a token.
    pub(super) fn refresh(&self, app: &App) -> ApiResult<String> {
        let lifetime = self.session_end.saturating_sub(app.now() / 1000).max(0);
        issue(
            app,
            &Claims {
                kind: TokenKind::Refresh,
                data_owner: None,
                data_owner_type: None,
                parents: Vec::new(),
                roles: Vec::new(),
                seconds: u32::try_from(lifetime).unwrap_or(u32::MAX),
                exp: self.session_end,
                ..self.claims.clone()
            },
        )
    }
}

fn roles(user: &Object) -> Vec<String> {
    let listed = user.get("roles").and_then(|roles| roles.as_array());
    listed.into_iter().flatten().filter_map(|role| role.as_str().map(str::to_owned)).collect()
}

/// Ancestors, topmost first.
async fn parents(tx: &mut (dyn Reading + '_), group: &str, id: &str) -> ApiResult<Vec<String>> {
    let mut chain = vec![id.to_owned()];
    while let Some(last) = chain.last().filter(|_| chain.len() <= MAX_PARENTS) {
        let Some(document) = tx.document(group, healthcare_party::CLASS.name, last).await? else { break };
        let object = documents::parse(&document)?;
        match documents::text(&object, "parentId") {
            Some(parent) if !chain.iter().any(|known| known == parent) => chain.push(parent.to_owned()),
            _ => break,
        }
    }
    chain.remove(0);
    chain.reverse();
    Ok(chain)
}
