//! The first group and processes of the development mode.

use keystead_store::gateway::Process;

use crate::app::App;
use crate::delivery::Channel;
use crate::error::ApiResult;
use crate::gateway::ProcessSettings;
use crate::groups;
use crate::users::register::RegistrantKind;

/// The spec of the development mode.
pub const SPEC: &str = "dev";

/// On an empty database: one group, the spec `dev` and its four processes. Otherwise nothing.
///
/// # Errors
/// The store fails.
pub async fn development(app: &App) -> ApiResult<()> {
    let mut tx = app.store.write().await?;
    if !tx.processes().await?.is_empty() {
        return Ok(());
    }
    let group = app.rng.uuid();
    groups::create_group(app, &mut *tx, &group, "Development").await?;
    for (id, kind, channel) in [
        ("patient-email", RegistrantKind::Patient, Channel::Email),
        ("patient-sms", RegistrantKind::Patient, Channel::Sms),
        ("hcp-email", RegistrantKind::Hcp, Channel::Email),
        ("hcp-sms", RegistrantKind::Hcp, Channel::Sms),
    ] {
        let settings = ProcessSettings::new(kind, channel, &group);
        tx.set_process(&Process { spec: SPEC.to_owned(), id: id.to_owned(), settings: settings.to_json() }).await?;
    }
    Ok(tx.commit().await?)
}
