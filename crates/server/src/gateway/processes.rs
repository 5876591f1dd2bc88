//! The processes in the store.

use keystead_model::error::{ErrorCode, FieldError};
use keystead_store::gateway::Process;
use keystead_store::{Reading, Writing};

use super::settings::ProcessSettings;
use crate::error::{ApiError, ApiResult};
use crate::users::register::RegistrantKind;

/// The settings of a process.
///
/// # Errors
/// There is no such process (404), or the store fails.
pub async fn find_process(tx: &mut dyn Reading, spec: &str, id: &str) -> ApiResult<ProcessSettings> {
    let process = tx.process(spec, id).await?.ok_or_else(|| ApiError::not_found("process"))?;
    read(&process)
}

/// Adds or replaces a process.
///
/// # Errors
/// An id cannot stand in a path, the settings are out of bounds, or the store fails.
pub async fn set_process(tx: &mut dyn Writing, spec: &str, id: &str, settings: &ProcessSettings) -> ApiResult<()> {
    for (field, text) in [("spec", spec), ("process", id)] {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if !(1..=100).contains(&text.len()) || !text.bytes().all(plain) {
            return Err(FieldError::new(field, "1 to 100 letters, digits, dashes, dots or underscores").into());
        }
    }
    // its path would be the one of a validation
    if id == "validate" {
        return Err(FieldError::new("process", "another id than validate").into());
    }
    settings.validate()?;
    Ok(tx.set_process(&Process { spec: spec.into(), id: id.into(), settings: settings.to_json() }).await?)
}

/// Makes `hcp` the responsible healthcare party of every patient process of `group`; how many there
/// are.
///
/// # Errors
/// The store fails.
pub async fn make_responsible(tx: &mut dyn Writing, group: &str, hcp: &str) -> ApiResult<usize> {
    let mut changed = 0;
    for process in tx.processes().await? {
        let mut settings = read(&process)?;
        if settings.group == group && settings.kind == RegistrantKind::Patient {
            settings.responsible = Some(hcp.to_owned());
            set_process(tx, &process.spec, &process.id, &settings).await?;
            changed += 1;
        }
    }
    Ok(changed)
}

/// Refuses a spec without processes, or without one of `group` where it is given.
pub(super) async fn require_spec(tx: &mut dyn Reading, spec: &str, group: Option<&str>) -> ApiResult<()> {
    for process in tx.processes().await?.iter().filter(|process| process.spec == spec) {
        if group.is_none() || group == Some(read(process)?.group.as_str()) {
            return Ok(());
        }
    }
    Err(ApiError::not_found("spec"))
}

fn read(process: &Process) -> ApiResult<ProcessSettings> {
    ProcessSettings::parse(&process.settings).map_err(|error| {
        let mut answer = ApiError::new(ErrorCode::Internal, "this process is not set up correctly: tell its operator");
        answer.internal = Some(format!("process {}/{}: {error}", process.spec, process.id));
        answer
    })
}
