//! What is done with a wallet: commands `wallet.…`.

use anyhow::{Context as _, bail};
use keystead_sdk::Api;
use keystead_sdk::wallet::{BackupMethod, Sweep};
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
        // the key is taken out, and the account of the key on Solana is emptied
        "sweep" => {
            let ejected = wallet.eject(command.text("text")?, &method(command)).await?;
            let number = |name| command.0.get(name).and_then(Value::as_u64).context("a number is missing");
            let sweep = Sweep {
                to: command.text("to")?.to_owned(),
                recent_blockhash: command.text("recentBlockhash")?.to_owned(),
                balance: number("balance")?,
                fee: number("fee")?,
            };
            let transaction = ejected.sweep_solana(&sweep)?.to_base64();
            wallet.stored_ejected().await?;
            json!({ "transaction": transaction })
        }
        "request" => {
            let params = command.0.get("params").context("params is missing")?;
            wallet.request(command.text("method")?, params).await?
        }
        _ => bail!("no such command"),
    })
}
