//! The second story: the key is lost, a new one is made, everybody is notified, and Jorah gives access back.

use anyhow::Context as _;
use keystead_sdk::data_samples::DataSample;
use keystead_sdk::give_back::Approval;

use super::people::{DAENERYS, World};
use super::sharing::stored_sample;
use super::stage::Stage;

/// Tells it.
pub(crate) async fn tell(stage: &mut Stage, world: &mut World) -> anyhow::Result<()> {
    stage.chapter("Her laptop falls into the sea. The private key is gone, everywhere");
    let application = world.application(false).new_key_when_lost();
    let daenerys = world.daenerys();
    let entered = world.log_in(stage, application, "Daenerys, on a new laptop,", daenerys, DAENERYS).await?;
    world.enter_patient(entered.api);
    let (patient, doctor) = (world.patient()?, world.doctor()?);
    stage.note("It is a new key. The old one was not found, and nobody but her ever had it.");

    let own = stage.step("her record gets what new data needs", patient.patients().current()).await?;
    let samples = patient.data_samples();
    let before = stage.step("she looks for her data", samples.list_for(own.id())).await?;
    stage.note(&format!("{} of it can be read: it is sealed for the key that drowned.", before.records.len()));
    let new = DataSample::new("diary").with_text("en", "New laptop. The old entries are not there yet.");
    let made = stage.step("she writes on, with the new key", samples.create_for(own.id(), vec![new])).await?;
    let made = made.first().context("nothing was made")?;
    let stored = world.stored("Contact", made.contact_id().context("in no contact")?).await?;
    let stored = stored_sample(&stored, made.id()).context("nothing is sealed")?;
    stage.beside(&stored, "she", made.text("en").unwrap_or_default());

    let notifications = patient.notifications();
    let notified = stage.step("everybody she shared with is notified", notifications.request_access()).await?;
    stage.note(&format!("{} asked: Jorah, and her own other devices.", notified.asked.len()));
    let phrase = patient.data_owners().own_phrase()?.to_string();

    let pending = stage.step("Jorah sees what is pending", doctor.notifications().pending_since(0)).await?;
    let requests = pending.records.iter().filter_map(|one| Some((one, one.access_request()?)));
    let (notification, request) = requests.into_iter().next().context("Jorah was not notified")?;
    stage.note("Anybody can claim to be Daenerys. He calls her; her laptop shows words made from the new key:");
    stage.note(&format!("    {phrase}"));
    let owners = doctor.data_owners();
    let given = owners.give_access_back_to(&request, Approval::Phrase(&phrase));
    stage.step("he types the words, they fit, and access is given back", given).await?;
    stage.step("and marks the notification as done", doctor.notifications().complete(notification)).await?;

    stage.step("Daenerys opens her application again", patient.reload_keys()).await?;
    let after = stage.step("and looks for her data", samples.list_for(own.id())).await?;
    stage.note(&format!("{} samples, the old ones and the new one.", after.records.len()));
    let old = after.records.iter().find(|sample| sample.text("en").is_some_and(|text| text.contains("the sea")));
    let old = old.context("the old diary is missing")?;
    let stored = world.stored("Contact", old.contact_id().context("in no contact")?).await?;
    let stored = stored_sample(&stored, old.id()).context("nothing is sealed")?;
    stage.beside(&stored, "she", old.text("en").unwrap_or_default());
    let elements = patient.healthcare_elements();
    let found = stage.step("Jorah's advice about the asthma is there too", elements.list_for(own.id())).await?;
    let advice = found.records.first().and_then(|element| element.note()).unwrap_or_default().to_owned();
    stage.note(&format!("“{advice}”"));
    Ok(())
}
