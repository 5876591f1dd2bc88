//! What is done with a wallet: commands `wallet.…`.

use anyhow::{Context as _, bail};
use keystead_sdk::Api;
use keystead_sdk::wallet::BackupMethod;
use serde_json::{Value, json};

use super::Command;

/// A password, or the vault.
fn method(command: &Command) -> BackupMethod {
    match command.text("password") {
        Ok(password) => BackupMethod::Password(password.into()),
        Err(_) => BackupMethod::Vault,
    }
}

pub(crate) async fn carry_out(api: &Api, command: &Command, what: &str) -> anyhow::Result<Value> {
    let wallet = api.wallet();
    Ok(match what {
        "create" => {
            wallet.create().await?;
            Value::Null
        }
        "addresses" => {
            let addresses = wallet.addresses().await?.context("no wallet")?;
            json!({ "evm": addresses.evm, "solana": addresses.solana })
        }
        "backUp" => json!({ "text": wallet.back_up(&method(command)).await? }),
        "recover" => json!({ "text": wallet.recover(command.text("text")?, &method(command)).await? }),
        "stored" => {
            wallet.stored_backup(command.is("stored")).await?;
            wallet.delete_older_keys(&method(command)).await?;
            Value::Null
        }
        "request" => {
            let params = command.0.get("params").context("params is missing")?;
            wallet.request(command.text("method")?, params).await?
        }
        _ => bail!("no such command"),
    })
}
