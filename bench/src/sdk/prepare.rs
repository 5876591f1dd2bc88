//! A server, a patient who shares with many doctors, and samples to read.

use std::collections::BTreeMap;

use anyhow::Context as _;
use keystead_sdk::data_samples::DataSample;
use keystead_sdk::entities::Shared;
use keystead_sdk::storage::{KeyStorage as _, MemoryStorage};
use keystead_sdk::{Api, Captcha, Start};
use tempfile::TempDir;

use super::State;
use crate::people::{application, code};
use crate::process::{Hcp, PASSWORD, Server, bench_dir};

const EMAIL: &str = "daenerys@example.org";
/// Samples in one contact.
const TOGETHER: usize = 100;

/// What both clients work with.
pub(super) struct World {
    pub(super) state: State,
    _server: Server,
    _data: TempDir,
}

impl World {
    pub(super) async fn make(quick: bool) -> anyhow::Result<Self> {
        let (counterparts, samples, create) = if quick { (10, 1_000, 100) } else { (100, 10_000, 1_000) };
        let data = tempfile::Builder::new().prefix("data-").tempdir_in(bench_dir()?)?;
        let server = Server::keystead(data.path(), &[]).await?;
        server.until_ready().await?;
        let base = format!("http://{}", server.address);

        let mut doctors = Vec::new();
        for number in 0..counterparts {
            let login = format!("doctor-{number}");
            let doctor = Hcp::create(data.path(), &login, &[]).await?;
            // a first login makes a key and publishes it
            let device = MemoryStorage::new();
            let builder = Api::builder().base_url(&base).user_name(&login).password(PASSWORD);
            builder.storage(device.clone()).key_storage(device).build().await?;
            doctors.push(doctor.id);
        }

        let device = MemoryStorage::new();
        let application = application(&server, &device).build()?;
        let responsible = doctors.first().context("no doctor")?;
        let start = Start::by_email(EMAIL, Captcha::Recaptcha("solved".into())).name("Daenerys", "Targaryen");
        let process = application.authentication().start(start.responsible(responsible)).await?;
        let code = code(&server, EMAIL).await?;
        let entered = application.authentication().complete(&process, &code).await?;
        let api = entered.api;
        let mut patient = api.patients().current().await?;
        for doctor in &doctors {
            patient = api.patients().share(&patient, doctor, Shared::Read).await?;
        }

        let text = "a line of text as somebody would write it into a diary".to_owned();
        let mut ids = Vec::with_capacity(samples);
        for from in (0..samples).step_by(TOGETHER) {
            let new = (from..from + TOGETHER)
                .map(|number| DataSample::new("bench").with_text("en", &format!("sample {number}: {text}")));
            let made = api.data_samples().create_for(patient.id(), new.collect()).await?;
            ids.extend(made.iter().map(|sample| sample.id().to_owned()));
        }

        let mut storage = BTreeMap::new();
        for name in device.names() {
            if let Some(value) = device.get_key(&name).await? {
                storage.insert(name, value.expose().to_owned());
            }
        }
        let state = State {
            base,
            user_name: EMAIL.to_owned(),
            token: entered.token.expose().to_owned(),
            patient: patient.id().to_owned(),
            text,
            create,
            samples: ids,
            storage,
        };
        Ok(Self { state, _server: server, _data: data })
    }
}
