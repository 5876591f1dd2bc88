//! The third story: a wallet is made, signs, and is brought back on another phone under the same address.

use anyhow::ensure;
use keystead_sdk::wallet::BackupMethod;

use super::people::{DAENERYS, World};
use super::stage::Stage;

/// Tells it.
pub(crate) async fn tell(stage: &mut Stage, world: &mut World) -> anyhow::Result<()> {
    stage.chapter("A wallet of two halves, and a phone that is lost");
    let patient = world.patient()?;
    let wallet = patient.wallet();
    let addresses = stage.step("her phone and the server make a wallet, half a key each", wallet.create()).await?;
    stage.note(&format!("Ethereum {}   Solana {}", addresses.evm, addresses.solana));
    let signature = stage.step("she signs a message, with both halves", wallet.sign_message(b"I am here")).await?;
    stage.note(&format!("{}…", signature.get(..42).unwrap_or_default()));

    let password = BackupMethod::Password("a lannister pays".into());
    let text = stage.step("a backup, sealed with her password on her phone", wallet.back_up(&password)).await?;
    stage.note(&format!("Her application stores {} characters, which tell it nothing.", text.len()));
    stage.step("the application says that it is stored", wallet.stored_backup(true)).await?;

    stage.note("The phone is stolen.");
    let application = world.application(false).new_key_when_lost();
    let entered = world.log_in(stage, application, "Daenerys, on another phone,", world.daenerys(), DAENERYS).await?;
    let found = entered.api.wallet();
    let text = stage.step("the text and the password make new halves", found.recover(&text, &password)).await?;
    ensure!(!text.is_empty(), "no new backup");
    stage.note("Until the new backup is stored, the old halves count: nothing is lost if this breaks off.");
    stage.step("the application stores the new backup: the old halves die", found.stored_backup(true)).await?;
    stage.step("she signs on the new phone", found.sign_message(b"I am still here")).await?;
    ensure!(found.addresses().await?.as_ref() == Some(&addresses), "the address changed");
    stage.note(&format!("Ethereum {}, as before.", addresses.evm));
    let thief = wallet.sign_message(b"send me everything").await;
    ensure!(thief.is_err(), "the stolen phone still signs");
    stage.note("The thief tries the old phone: refused (SIGN_SHARE_MISMATCH).");
    world.enter_patient(entered.api);
    Ok(())
}
