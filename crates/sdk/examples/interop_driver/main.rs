//! Drives the SDK for the tests in `interop/sdk-*.test.mjs`: reads one JSON command a line, answers one JSON object a
//! line. Several people can be logged in at once, each under a name.

mod wallet;

use std::collections::HashMap;
use std::io::{BufRead as _, Write as _};

use anyhow::{Context as _, bail};
use async_trait::async_trait;
use keystead_sdk::crypto::key::derive_phrase;
use keystead_sdk::data_samples::DataSample;
use keystead_sdk::documents::{AttachmentName, Document};
use keystead_sdk::entities::Shared;
use keystead_sdk::give_back::Approval;
use keystead_sdk::healthcare_elements::HealthcareElement;
use keystead_sdk::keys::{CryptoStrategies, KeyDecision, MissingKey, NewKeyReason};
use keystead_sdk::patients::Patient;
use keystead_sdk::secret::SecretText;
use keystead_sdk::storage::MemoryStorage;
use keystead_sdk::{AnonymousApi, Api, AuthenticationProcess, Captcha, Start};
use serde_json::{Value, json};

/// What a command says about a missing key.
struct Decided {
    new_key: bool,
    recovery_key: Option<String>,
}

#[async_trait]
impl CryptoStrategies for Decided {
    async fn missing_key(&self, _missing: &MissingKey) -> KeyDecision {
        match (&self.recovery_key, self.new_key) {
            (Some(key), _) => KeyDecision::RecoveryKey(SecretText::from(key.as_str())),
            (None, true) => KeyDecision::NewKey(NewKeyReason::AskPeople),
            (None, false) => KeyDecision::Stop,
        }
    }
}

/// A command.
struct Command(Value);

impl Command {
    fn text(&self, name: &str) -> anyhow::Result<&str> {
        self.0.get(name).and_then(Value::as_str).with_context(|| format!("{name} is missing"))
    }

    fn is(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    fn decided(&self) -> Decided {
        Decided { new_key: self.is("newKey"), recovery_key: self.text("recoveryKey").ok().map(str::to_owned) }
    }

    fn shared(&self) -> Shared {
        if self.is("write") { Shared::Write } else { Shared::Read }
    }
}

#[derive(Default)]
struct Driver {
    people: HashMap<String, Api>,
    starting: HashMap<String, (AnonymousApi, AuthenticationProcess)>,
}

impl Driver {
    async fn carry_out(&mut self, command: &Command) -> anyhow::Result<Value> {
        let who = command.text("who")?.to_owned();
        match command.text("do")? {
            "login" => {
                let device = MemoryStorage::new();
                let builder = Api::builder().base_url(command.text("base")?).user_name(command.text("userName")?);
                let builder = builder.password(command.text("password")?).storage(device.clone()).key_storage(device);
                let api = builder.crypto_strategies(command.decided()).build().await?;
                self.enter(who, api)
            }
            "start" => {
                let device = MemoryStorage::new();
                let base = command.text("base")?;
                let application = AnonymousApi::builder()
                    .base_url(base)
                    .gateway_url(format!("{base}/gw"))
                    .spec_id("dev")
                    .process_by_email("patient-email")
                    .storage(device.clone())
                    .key_storage(device)
                    .crypto_strategies(command.decided())
                    .build()?;
                let start = Start::by_email(command.text("address")?, Captcha::Recaptcha("a token".into()));
                let mut start = start.name("Daenerys", "Targaryen");
                if let Ok(responsible) = command.text("responsible") {
                    start = start.responsible(responsible);
                }
                let process = application.authentication().start(start).await?;
                self.starting.insert(who, (application, process));
                Ok(Value::Null)
            }
            "complete" => {
                let (application, process) = self.starting.remove(&who).context("nothing was started")?;
                let entered = application.authentication().complete(&process, command.text("code")?).await?;
                self.enter(who, entered.api)
            }
            other => {
                let api = self.people.get(&who).context("nobody of this name")?;
                match other.split_once('.') {
                    Some(("patient", what)) => patient(api, command, what).await,
                    Some(("sample", what)) => sample(api, command, what).await,
                    Some(("element", what)) => element(api, command, what).await,
                    Some(("document", what)) => document(api, command, what).await,
                    Some(("task", what)) => task(api, command, what).await,
                    Some(("recovery", what)) => recovery(api, command, what).await,
                    Some(("wallet", what)) => wallet::carry_out(api, command, what).await,
                    _ => bail!("no such command"),
                }
            }
        }
    }

    fn enter(&mut self, who: String, api: Api) -> anyhow::Result<Value> {
        let id = api.data_owner().context("no data owner")?.1.to_owned();
        self.people.insert(who, api);
        Ok(json!({ "id": id }))
    }
}

async fn patient(api: &Api, command: &Command, what: &str) -> anyhow::Result<Value> {
    let patients = api.patients();
    let found = match what {
        "current" => patients.current().await?,
        "create" => {
            let new = Patient::new(command.text("firstName")?, command.text("lastName")?);
            patients.create(new.with_note(command.text("note")?)).await?
        }
        _ => {
            let found = patients.get(command.text("id")?).await?;
            match what {
                "get" => found,
                "modify" => patients.modify(&found.with_note(command.text("note")?)).await?,
                "share" => patients.share(&found, command.text("with")?, command.shared()).await?,
                _ => bail!("no such command"),
            }
        }
    };
    Ok(json!({ "id": found.id(), "note": found.note(), "authenticated": found.is_authenticated() }))
}

async fn sample(api: &Api, command: &Command, what: &str) -> anyhow::Result<Value> {
    let samples = api.data_samples();
    if what == "list" {
        let found = samples.list_for(command.text("patient")?).await?;
        let texts: Vec<_> = found.records.iter().map(|sample| sample.text("en")).collect();
        return Ok(json!({ "texts": texts, "unreadable": found.unreadable.len() }));
    }
    let found = if what == "create" {
        let new = DataSample::new("sample").with_text("en", command.text("text")?);
        samples.create_for(command.text("patient")?, vec![new]).await?.pop().context("nothing was made")?
    } else {
        let found = samples.get(command.text("id")?).await?;
        match what {
            "get" => found,
            "modify" => samples.modify(&found.with_text("en", command.text("text")?)).await?,
            "share" => {
                samples.share(&found, command.text("with")?, command.shared()).await?;
                found
            }
            _ => bail!("no such command"),
        }
    };
    Ok(json!({
        "id": found.id(),
        "contactId": found.contact_id(),
        "text": found.text("en"),
        "authenticated": found.is_authenticated(),
    }))
}

async fn element(api: &Api, command: &Command, what: &str) -> anyhow::Result<Value> {
    let elements = api.healthcare_elements();
    let found = if what == "create" {
        let new = HealthcareElement::new(command.text("description")?).with_note(command.text("note")?);
        elements.create_for(command.text("patient")?, new).await?
    } else {
        let found = elements.get(command.text("id")?).await?;
        match what {
            "get" => found,
            "modify" => elements.modify(&found.with_note(command.text("note")?)).await?,
            "share" => elements.share(&found, command.text("with")?, command.shared()).await?,
            _ => bail!("no such command"),
        }
    };
    Ok(json!({
        "id": found.id(),
        "description": found.description(),
        "note": found.note(),
        "authenticated": found.is_authenticated(),
    }))
}

async fn document(api: &Api, command: &Command, what: &str) -> anyhow::Result<Value> {
    let (documents, name) = (api.documents(), AttachmentName::Main);
    let found = if what == "create" {
        documents.create_for(command.text("patient")?, Document::new(command.text("name")?)).await?
    } else {
        let found = documents.get(command.text("id")?).await?;
        match what {
            "get" => found,
            "attach" => {
                let content = command.text("content")?.as_bytes().to_vec();
                documents.set_attachment(&found, name, &["public.plain-text"], content).await?
            }
            "share" => documents.share(&found, command.text("with")?, command.shared()).await?,
            "read" => {
                let mut content = Vec::new();
                let status = documents.read_attachment(&found, name, 1 << 20, &mut content).await?;
                return Ok(json!({ "content": String::from_utf8(content)?, "status": format!("{status:?}") }));
            }
            _ => bail!("no such command"),
        }
    };
    Ok(json!({ "id": found.id(), "name": found.name(), "authenticated": found.is_authenticated() }))
}

async fn task(api: &Api, command: &Command, what: &str) -> anyhow::Result<Value> {
    let notifications = api.notifications();
    let found = if what == "create" {
        let value = json!({ "type": "STRING", "stringValue": command.text("reason")? });
        let properties = json!([{ "id": "reason", "type": { "type": "STRING" }, "typedValue": value }]);
        notifications.create("CALL_BACK", properties, &[command.text("to")?]).await?
    } else {
        let found = notifications.get(command.text("id")?).await?;
        match what {
            "get" => found,
            "complete" => notifications.complete(&found).await?,
            _ => bail!("no such command"),
        }
    };
    let status = found.status().map(|status| status.as_str());
    Ok(json!({ "id": found.id(), "reason": found.property("reason"), "status": status }))
}

async fn recovery(api: &Api, command: &Command, what: &str) -> anyhow::Result<Value> {
    match what {
        "ask" => Ok(json!({ "asked": api.notifications().request_access().await?.asked })),
        "pending" => {
            let pending = api.notifications().pending_since(0).await?.records;
            let requests = pending.iter().filter_map(|one| Some((one.id(), one.access_request()?)));
            Ok(requests.map(|(id, request)| json!({ "id": id, "owner": request.owner_id() })).collect())
        }
        "giveBack" => {
            // what the person's new device would show: official clients show the key, not our words
            let notification = api.notifications().get(command.text("id")?).await?;
            let request = notification.access_request().context("not a request for access")?;
            let stub = api.data_owners().stub(request.owner_id()).await?;
            let listed = stub.listed_keys()?;
            let key = listed.get(request.key()).context("the key is not listed")?;
            let phrase = derive_phrase(request.owner_id(), &key.key).to_string();
            let given = api.data_owners().give_access_back_to(&request, Approval::Phrase(&phrase)).await?;
            api.notifications().complete(&notification).await?;
            Ok(json!({ "extended": given.extended }))
        }
        "reload" => {
            api.reload_keys().await?;
            api.recovery().find_again().await?;
            Ok(Value::Null)
        }
        "kit" => Ok(json!({ "key": api.recovery().make_recovery_key(None).await?.text().expose() })),
        _ => bail!("no such command"),
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut driver = Driver::default();
    for line in std::io::stdin().lock().lines() {
        let command = Command(serde_json::from_str(&line?)?);
        let answer = match driver.carry_out(&command).await {
            Ok(value) => json!({ "ok": value }),
            Err(error) => json!({ "error": format!("{error:#}") }),
        };
        let mut out = std::io::stdout().lock();
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}
