//! The device's passcode: without one there is no wallet on it (portal 4.5).
//!
//! Platforms erase what is kept "when a passcode is set" once it is removed. A storage that only knows that it was gets
//! the same from us: the halves are erased when the wallet is used next, and the wallet has to be recovered.

use super::device::Device;
use super::{Wallet, WalletError, identity};

impl Wallet {
    /// What this device keeps: nothing, where it asks for no passcode.
    pub(super) async fn device(&self) -> Result<Device, WalletError> {
        let core = &*self.core;
        let mut device = Device::load(core).await?;
        if !device.state.halves().is_empty() && !core.parts.key_storage.is_protected().await? {
            core.signer.close().await;
            device.erase(core).await?;
            identity::forget_device_key(core).await?;
        }
        Ok(device)
    }

    /// Refuses to make halves for a device that asks for no passcode.
    pub(super) async fn require_passcode(&self) -> Result<(), WalletError> {
        match self.core.parts.key_storage.is_protected().await? {
            true => Ok(()),
            false => Err(WalletError::NoPasscode),
        }
    }
}
