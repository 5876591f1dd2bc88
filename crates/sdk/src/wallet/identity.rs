//! Who speaks in a channel: this device, by a key of its own, and the server, by one that is known beforehand.
//!
//! The server's key is given by the application, or learned when a wallet is used first and kept. From then on another
//! one is refused: a server that lost its secret has nothing of the wallet any more, and anything else is somebody in
//! between.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keystead_mpc::channel::{ChannelKey, ChannelPublic};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::WalletError;
use crate::api::Core;
use crate::call::Call;
use crate::error::RequestError;
use crate::secret::SecretText;
use crate::storage::StorageError;

/// Who uses wallets on this device.
fn name(core: &Core) -> &str {
    core.owner.as_ref().map_or(core.user.as_str(), |(_, id)| id)
}

fn device_entry(core: &Core) -> String {
    format!("keystead.wallet.device.{}", name(core))
}

fn server_entry(core: &Core) -> String {
    format!("keystead.wallet.server.{}", name(core))
}

/// The key of this device; a new one where there is none. The server accepts it for what is made with it.
pub(super) async fn device_key(core: &Core) -> Result<ChannelKey, WalletError> {
    let damaged = || StorageError::Corrupted("the key of this device");
    let entry = device_entry(core);
    if let Some(text) = core.parts.key_storage.get_key(&entry).await? {
        let bytes = Zeroizing::new(STANDARD.decode(text.expose()).map_err(|_| damaged())?);
        let secret = bytes.as_array::<32>().ok_or_else(damaged)?;
        return Ok(ChannelKey::new(secret));
    }
    let mut secret = Zeroizing::new([0; 32]);
    core.parts.random.fill(&mut *secret);
    let text = SecretText::from(STANDARD.encode(*secret));
    core.parts.key_storage.set_key(&entry, &text).await?;
    Ok(ChannelKey::new(&secret))
}

/// Forgets the key of this device.
pub(super) async fn forget_device_key(core: &Core) -> Result<(), WalletError> {
    Ok(core.parts.key_storage.remove_key(&device_entry(core)).await?)
}

#[derive(Deserialize)]
struct Told {
    key: String,
}

/// The server's key: the application's, the one that was seen first, or what the server says.
pub(super) async fn server_key(core: &Core) -> Result<ChannelPublic, WalletError> {
    if let Some(given) = &core.parts.wallet_server_key {
        return given.parse().map_err(|_| WalletError::ServerKeyChanged);
    }
    let entry = server_entry(core);
    if let Some(known) = core.parts.storage.get(&entry).await? {
        return Ok(known.parse().map_err(|_| StorageError::Corrupted("the server's key"))?);
    }
    let Told { key } = core.caller.read(Call::get(&["wallet", "channel-key"])).await?;
    let key: ChannelPublic = key.parse().map_err(|_| RequestError::Unreadable)?;
    core.parts.storage.set(&entry, &key.to_string()).await?;
    Ok(key)
}
