//! People who use a server of the benchmark through our client.

use std::time::Duration;

use keystead_sdk::AnonymousApi;
use keystead_sdk::anonymous::AnonymousApiBuilder;
use keystead_sdk::storage::MemoryStorage;
use serde_json::Value;

use crate::client::{Client, request};
use crate::process::Server;

/// An application for patients on a device.
pub(crate) fn application(server: &Server, device: &MemoryStorage) -> AnonymousApiBuilder {
    let base = format!("http://{}", server.address);
    AnonymousApi::builder()
        .gateway_url(format!("{base}/gw"))
        .base_url(base)
        .spec_id("dev")
        .process_by_email("patient-email")
        .storage(device.clone())
        .key_storage(device.clone())
}

/// The code in the outbox of the development mode.
pub(crate) async fn code(server: &Server, address: &str) -> anyhow::Result<String> {
    let mut client = Client::connect(server.address).await?;
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    loop {
        let answer = client.send(&request("GET", &format!("/dev/outbox?to={address}"), &[], b"")).await?;
        let messages: Value = serde_json::from_slice(answer.body)?;
        if let Some(code) = messages.pointer("/0/code").and_then(Value::as_str) {
            return Ok(code.to_owned());
        }
        anyhow::ensure!(std::time::Instant::now() < deadline, "no code arrived");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
