//! Who plays, with which devices.

use std::time::Duration;

use anyhow::Context as _;
use keystead_sdk::anonymous::AnonymousApiBuilder;
use keystead_sdk::progress::Monitor;
use keystead_sdk::storage::MemoryStorage;
use keystead_sdk::{AnonymousApi, Api, AuthenticationResult, Captcha, Start};
use serde_json::Value;

use super::stage::Stage;
use crate::embedded::Embedded;

/// Her address.
pub(crate) const DAENERYS: &str = "daenerys@example.org";
/// His phone.
pub(crate) const JORAH: &str = "+32470123456";

/// How long a code may take to arrive.
const DELIVERY: Duration = Duration::from_secs(5);

/// The server and everybody who uses it.
pub(crate) struct World {
    pub(crate) base: String,
    http: reqwest::Client,
    store: std::sync::Arc<dyn keystead_store::Store>,
    doctor: Option<Api>,
    patient: Option<Api>,
    doctor_id: String,
}

impl World {
    pub(crate) async fn new(server: &Embedded) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(10)).build()?;
        Ok(Self {
            base: format!("http://{}", server.address()),
            http,
            store: server.app.store.clone(),
            doctor: None,
            patient: None,
            doctor_id: String::new(),
        })
    }

    /// An application on a device that is new.
    pub(crate) fn application(&self, doctor: bool) -> AnonymousApiBuilder {
        let device = MemoryStorage::new();
        let (email, sms) = if doctor { ("hcp-email", "hcp-sms") } else { ("patient-email", "patient-sms") };
        AnonymousApi::builder()
            .base_url(&self.base)
            .gateway_url(format!("{}/gw", self.base))
            .spec_id("dev")
            .process_by_email(email)
            .process_by_sms(sms)
            .storage(device.clone())
            .key_storage(device)
    }

    /// Gets somebody in by a one-time code.
    pub(crate) async fn log_in(
        &self,
        stage: &mut Stage,
        application: AnonymousApiBuilder,
        who: &str,
        start: Start,
        address: &str,
    ) -> anyhow::Result<AuthenticationResult> {
        let application = application.build()?;
        let before = self.messages(address).await?.len();
        let bar = stage.bar(1, "solving a proof of work");
        let monitor = {
            let bar = bar.clone();
            Monitor::calling(move |progress| {
                bar.set_length(progress.total);
                bar.set_position(progress.done);
            })
        };
        let authentication = application.authentication();
        let begin = authentication.start(start.monitor(monitor));
        let process = stage.step(&format!("{who} asks for a code, to {address} (proof of work solved)"), begin).await?;
        bar.finish_and_clear();
        let code = stage.step("the code arrives", self.code(address, before)).await?;
        let complete = authentication.complete(&process, &code);
        stage.step(&format!("{who} types {code}, is logged in and has a key of their own"), complete).await
    }

    /// The code of the next message to an address after the first `before`.
    async fn code(&self, address: &str, before: usize) -> anyhow::Result<String> {
        let wait = async {
            loop {
                let messages = self.messages(address).await?;
                if let Some(code) = messages.first().filter(|_| messages.len() > before) {
                    let code = code.get("code").and_then(Value::as_str).context("a message without a code")?;
                    return anyhow::Ok(code.to_owned());
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(DELIVERY, wait).await.context("no code arrived")?
    }

    /// What was sent to an address, newest first, from the outbox of the development mode.
    async fn messages(&self, address: &str) -> anyhow::Result<Vec<Value>> {
        let url = reqwest::Url::parse_with_params(&format!("{}/dev/outbox", self.base), [("to", address)])?;
        Ok(self.http.get(url).send().await?.json().await?)
    }

    /// What the server's database has.
    pub(crate) async fn stored(&self, class: &str, id: &str) -> anyhow::Result<String> {
        let group = self.patient()?.group_id().to_owned();
        let mut tx = self.store.read().await?;
        Ok(tx.document(&group, class, id).await?.context("nothing is stored")?.body)
    }

    pub(crate) fn doctor(&self) -> anyhow::Result<&Api> {
        self.doctor.as_ref().context("Jorah is not there yet")
    }

    pub(crate) fn patient(&self) -> anyhow::Result<&Api> {
        self.patient.as_ref().context("Daenerys is not there yet")
    }

    pub(crate) fn doctor_id(&self) -> &str {
        &self.doctor_id
    }

    /// Jorah is there.
    pub(crate) fn enter_doctor(&mut self, api: Api) -> anyhow::Result<()> {
        self.doctor_id = api.data_owner().context("Jorah is no data owner")?.1.to_owned();
        self.doctor = Some(api);
        Ok(())
    }

    /// Daenerys is there, perhaps with another device than before.
    pub(crate) fn enter_patient(&mut self, api: Api) {
        self.patient = Some(api);
    }

    /// What Daenerys gives to get in.
    pub(crate) fn daenerys(&self) -> Start {
        Start::by_email(DAENERYS, Captcha::Kerberus).name("Daenerys", "Targaryen").responsible(&self.doctor_id)
    }
}
