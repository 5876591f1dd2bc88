//! The fourth story: everything is lost at once, and one person gives everything back: the key that opens the backup of
//! the wallet is among the records.

use anyhow::{Context as _, ensure};
use keystead_sdk::give_back::Approval;
use keystead_sdk::wallet::BackupMethod;

use super::people::{DAENERYS, World};
use super::stage::Stage;

/// Tells it.
pub(crate) async fn tell(stage: &mut Stage, world: &mut World) -> anyhow::Result<()> {
    stage.chapter("Laptop and phone burn. One call brings the records and the wallet back");
    let vault = BackupMethod::Vault;
    let phone = world.patient()?.wallet();
    let addresses = phone.addresses().await?.context("no wallet")?;
    let backup = phone.back_up(&vault);
    let text = stage.step("before: a backup whose key is one of her encrypted records", backup).await?;
    stage.step("the application stores the text", phone.stored_backup(true)).await?;
    stage.note("There is no password to forget. The record is shared with Jorah, like all of hers.");

    stage.note("Everything burns.");
    let application = world.application(false).new_key_when_lost();
    let entered =
        world.log_in(stage, application, "Daenerys, on a borrowed phone,", world.daenerys(), DAENERYS).await?;
    let (patient, doctor) = (&entered.api, world.doctor()?);
    let own = stage.step("her record gets what new data needs", patient.patients().current()).await?;
    ensure!(patient.wallet().recover(&text, &vault).await.is_err(), "the wallet came back without its key");
    stage.note("The wallet does not come back yet: the record with its key is closed to her new phone.");
    stage.step("everybody she shared with is notified", patient.notifications().request_access()).await?;
    let phrase = patient.data_owners().own_phrase()?.to_string();
    let pending = doctor.notifications().pending_since(0).await?;
    let requests = pending.records.iter().filter_map(|one| Some((one, one.access_request()?)));
    let (notification, request) = requests.into_iter().next().context("Jorah was not notified")?;
    let owners = doctor.data_owners();
    let given = owners.give_access_back_to(&request, Approval::Phrase(&phrase));
    stage.step("Jorah calls her, types her words, and gives access back", given).await?;
    doctor.notifications().complete(notification).await?;

    stage.step("Daenerys opens her application again", patient.reload_keys()).await?;
    let samples = stage.step("and looks for her data", patient.data_samples().list_for(own.id())).await?;
    ensure!(!samples.records.is_empty(), "the records did not come back");
    stage.note(&format!("{} samples, all of them.", samples.records.len()));
    let wallet = patient.wallet();
    stage.step("the key is among her records: the wallet makes new halves", wallet.recover(&text, &vault)).await?;
    stage.step("the application stores the new text: the old halves die", wallet.stored_backup(true)).await?;
    stage.step("she signs on the borrowed phone", wallet.sign_message(b"I am still here")).await?;
    ensure!(wallet.addresses().await?.as_ref() == Some(&addresses), "the address changed");
    stage.note(&format!("Ethereum {}, as before.", addresses.evm));
    ensure!(phone.sign_message(b"send me everything").await.is_err(), "the burnt phone still signs");
    world.enter_patient(entered.api);
    Ok(())
}
