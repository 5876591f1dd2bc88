//! What every case starts from, made once and copied: somebody without a wallet, and somebody with one and its backup.

use keystead_sdk::{AnonymousApi, Captcha, Start};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::Wish;
use super::application::{Application, Order, files};
use super::custodian::{Custodians, Mood};
use super::disk::{Home, copy};
use crate::http::Caller;
use crate::process::{Hcp, Server, admin};

const DAENERYS: &str = "daenerys@example.org";
const CASE: &str = "prepared";

/// The device that has the wallet, and one that only the user is logged in on.
pub(super) const FIRST: &str = "first";
pub(super) const NEW: &str = "new";

pub(super) struct Prepared {
    without: Home,
    with: Home,
    share: Option<String>,
    token: String,
    _directory: TempDir,
}

impl Prepared {
    pub(super) fn make(runtime: &Runtime, custodians: &Custodians) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let home = Home(directory.path().join("home"));
        let server = Server::dev(&home.data());
        let (login, password) = ("jorah", "dragonstone");
        let arguments = ["hcp", "create", "--login", login, "--password", password, "--responsible", "--admin"];
        let made = admin(&home.data(), &arguments);
        let text = |key: &str| made[key].as_str().unwrap().to_owned();
        let jorah = Hcp { id: text("dataOwnerId"), group: text("groupId"), login, password };
        custodians.open(CASE, None, Mood::Good);
        let body = json!({ "url": custodians.url(CASE), "secret": "a secret between the two", "format": "legacy" });
        let admin = runtime.block_on(Caller::new(server.base()).logged_in(&jorah));
        runtime.block_on(admin.put("/rest/v2/wallet/custodian", &body)).unwrap().well();
        let token = runtime.block_on(register(&server, &home, &jorah));
        copy(&home.device(NEW), &home.device(FIRST));
        server.stop();

        let without = home.copy(&directory.path().join("without"));
        let mut prepared = Self { without, with: home, share: None, token, _directory: directory };
        let server = Server::dev(&prepared.with.data());
        for wish in [Wish::Create, Wish::BackUp] {
            let order = prepared.order(&server, &prepared.with, FIRST, wish);
            runtime.block_on(async { Application::start(&order).await.carry_out(&order).await }).unwrap();
        }
        server.stop();
        prepared.share = custodians.share(CASE);
        prepared
    }

    /// What somebody with this wish has, and what the custodian has.
    pub(super) fn of(&self, wish: Wish) -> (&Home, Option<String>) {
        match wish {
            Wish::Create => (&self.without, None),
            _ => (&self.with, self.share.clone()),
        }
    }

    pub(super) fn order(&self, server: &Server, home: &Home, device: &str, wish: Wish) -> Order {
        let (base, user, token) = (server.base(), DAENERYS.to_owned(), self.token.clone());
        let (home, device) = (home.0.clone(), device.to_owned());
        Order { base, user, token, home, device, wish, again: false, stop: None }
    }
}

/// Registers somebody on the new device; their token.
async fn register(server: &Server, home: &Home, responsible: &Hcp) -> String {
    let application = AnonymousApi::builder()
        .base_url(server.base())
        .gateway_url(format!("{}/gw", server.base()))
        .spec_id("dev")
        .process_by_email("patient-email")
        .process_by_sms("patient-sms")
        .storage(files(home, NEW))
        .key_storage(files(home, NEW))
        .build()
        .unwrap();
    let start = Start::by_email(DAENERYS, Captcha::Recaptcha("solved".into())).responsible(&responsible.id);
    let process = application.authentication().start(start).await.unwrap();
    let outbox: Value = Caller::new(server.base()).get("/dev/outbox").await.unwrap().json();
    let code = outbox[0]["code"].as_str().unwrap();
    let entered = application.authentication().complete(&process, code).await.unwrap();
    entered.token.expose().to_owned()
}
