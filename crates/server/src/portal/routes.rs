//! The endpoints, in the order of the tables of portal 2.1 and 2.2.

use axum::routing::{MethodRouter, get, patch, post, put};
use http::Method;

use super::client_api::{self, cipher_text, me, pairs, quiet, web_otp};
use super::custodian_api::{self, clients, read, sessions, webhook};
use crate::app::App;
use crate::http::{Access, Route, Shape};

const MADE: Shape = Shape::Named("PortalClientKeys");
const SESSION: Shape = Shape::Named("PortalSession");
const OTP: Shape = Shape::Named("PortalOtp");
const LISTED: Shape = Shape::Named("PortalClientList");
const BRIEF: Shape = Shape::Named("PortalClientBrief");
const CLIENT: Shape = Shape::Named("PortalClient");
const PAIR: &str = "/api/v3/clients/me/backup-share-pairs/{id}";

/// The endpoints of this interface.
pub fn routes() -> Vec<Route> {
    let mut routes = of_custodians();
    routes.extend(of_clients());
    routes
}

type Handler = MethodRouter<std::sync::Arc<App>>;

fn of_custodians() -> Vec<Route> {
    let route = |method: Method, path: &str, summary, handler: Handler| {
        Route::new(method, format!("/api/{path}"), summary, handler).access(Access::Custodian)
    };
    let make = |path: &str| route(Method::POST, path, "Make a client", post(clients::create));
    let created = |path: &str| make(path).takes(Shape::Named("PortalNewClient")).gives(MADE).status(201);
    let webhooks = |path: &str| {
        route(Method::POST, path, "Say where the custodian's webhooks are", post(webhook::set))
            .takes(Shape::Named("PortalWebhook"))
            .gives(Shape::Named("PortalDone"))
    };
    let session = "Make a session token of a client";
    let otp = "Make a web OTP of a client";
    vec![
        created("clients"),
        created("v1/custodians/clients"),
        route(Method::POST, "v3/custodians/me/clients", "Make a client", post(clients::create_v3))
            .takes(Shape::Named("PortalNewClient"))
            .gives(MADE),
        route(Method::GET, "clients", "Clients, briefly", get(read::list_v1)).query(&["cursor", "take"]).gives(LISTED),
        route(Method::GET, "v1/custodians/clients", "Clients, briefly", get(read::list_v1))
            .query(&["cursor", "take"])
            .gives(LISTED),
        route(Method::GET, "clients/{id}", "A client, briefly", get(read::get_v1)).gives(BRIEF),
        route(Method::GET, "v1/custodians/clients/{id}", "A client, briefly", get(read::get_v1)).gives(BRIEF),
        route(Method::GET, "v3/custodians/me/clients", "A page of clients with their wallets", get(read::page))
            .query(&["cursor", "take"])
            .gives(Shape::Named("PortalClientPage")),
        route(Method::GET, "v3/custodians/me/clients/{id}", "A client with its wallets", get(read::get)).gives(CLIENT),
        route(Method::POST, "v1/custodians/clients/{id}/session", session, post(sessions::session)).gives(SESSION),
        route(Method::POST, "v3/custodians/me/clients/{id}/sessions", session, post(sessions::session)).gives(SESSION),
        route(Method::GET, "v1/custodians/clients/{id}/web-otp", otp, get(sessions::web_otp)).gives(OTP),
        route(Method::POST, "v1/custodians/clients/{id}/web-otp", otp, post(sessions::web_otp)).gives(OTP),
        route(Method::GET, "v3/custodians/me/clients/{id}/web-otp", otp, get(sessions::web_otp)).gives(OTP),
        route(Method::POST, "v3/custodians/me/clients/{id}/web-otp", otp, post(sessions::web_otp)).gives(OTP),
        route(
            Method::PATCH,
            "v3/custodians/me/clients/{id}/enable-eject",
            "Let a client take its key out for a while",
            patch(custodian_api::eject::enable),
        )
        .takes(Shape::Named("PortalEjectWindow"))
        .gives(Shape::Named("PortalEjectableUntil")),
        route(
            Method::POST,
            "v3/custodians/me/clients/{id}/prepare-eject",
            "Let a client take its key out for five minutes (deprecated)",
            post(custodian_api::eject::prepare),
        )
        .takes(Shape::Named("PortalWalletId"))
        .gives(Shape::Named("PortalMoment")),
        route(
            Method::GET,
            "v3/custodians/me/clients/{id}/wallets/{walletId}/ejectable-backup-shares",
            "Both halves of a client's backup, while it may take its key out",
            get(custodian_api::eject::shares),
        )
        .gives(Shape::Named("PortalEjectableShares")),
        webhooks("webhook"),
        webhooks("v1/custodians/webhook"),
    ]
}

fn of_clients() -> Vec<Route> {
    let route = |method: Method, path: &str, summary, handler: Handler| {
        Route::new(method, path, summary, handler).access(Access::Client)
    };
    let told = "What SDKs tell unasked: answered, and not kept";
    let analytics = |path: &str| {
        route(Method::POST, path, told, post(quiet::analytics))
            .takes(Shape::Named("PortalAnything"))
            .gives(Shape::Named("PortalDone"))
    };
    let metrics = |path: &str| {
        route(Method::POST, path, told, post(quiet::metrics))
            .takes(Shape::Named("PortalAnything"))
            .gives(Shape::Named("PortalStatus"))
    };
    let newest = |version: &str, what: &str, summary, handler: Handler| {
        route(Method::PUT, &format!("/api/{version}/clients/me/wallet/stored-client-{what}"), summary, handler)
            .takes(Shape::Named("PortalStored"))
    };
    let stored = "Say whether the newest backup is stored";
    let stored_key = "Say whether the key of the newest backup is stored";
    let stored_signing = "Say whether the newest signing pairs are stored";
    let keep = |method, handler| {
        route(method, PAIR, "Have the cipher text of a backup pair kept here", handler)
            .takes(Shape::Named("PortalClientCipherText"))
            .gives(Shape::Named("PortalNothing"))
    };
    vec![
        route(Method::GET, "/api/v3/clients/me", "The client with its wallets", get(me::get)).gives(CLIENT),
        route(
            Method::PATCH,
            "/api/v3/clients/me/signing-share-pairs",
            "Say that signing pairs are stored",
            patch(pairs::signing),
        )
        .takes(Shape::Named("PortalSigningPairsStored")),
        route(
            Method::PATCH,
            "/api/v3/clients/me/backup-share-pairs",
            "Say that backup pairs, or the keys to them, are stored",
            patch(pairs::backup),
        )
        .takes(Shape::Named("PortalBackupPairsStored")),
        keep(Method::PATCH, patch(cipher_text::put)),
        keep(Method::POST, post(cipher_text::put)),
        route(Method::GET, &format!("{PAIR}/cipher-text"), "The cipher text of a backup pair", get(cipher_text::get))
            .gives(Shape::Named("PortalCipherText")),
        route(
            Method::GET,
            "/api/v3/clients/me/wallets/{walletId}/signing-share-pairs",
            "The signing pairs of a wallet",
            get(me::signing_pairs),
        )
        .gives(Shape::Named("PortalSigningPairs")),
        route(
            Method::GET,
            "/api/v3/clients/me/wallets/{walletId}/backup-share-pairs",
            "The backup pairs of a wallet",
            get(me::backup_pairs),
        )
        .gives(Shape::Named("PortalBackupPairs")),
        route(
            Method::POST,
            "/api/v3/clients/me/wallets/{walletId}/prepare-eject",
            "The custodian's half of a backup, while the client may take its key out",
            post(client_api::eject::prepare),
        )
        .takes(Shape::Named("PortalBackupMethod"))
        .gives(Shape::Named("PortalShare")),
        route(
            Method::GET,
            "/api/v3/clients/me/wallets/{walletId}/ejectable-backup-shares",
            "Both halves of a backup, while the client may take its key out",
            get(client_api::eject::shares),
        )
        .gives(Shape::Named("PortalEjectableShares")),
        route(
            Method::POST,
            "/api/v3/clients/me/eject",
            "Say that the client has its key",
            post(client_api::eject::done),
        )
        .takes(Shape::Named("PortalPlatform")),
        newest("v1", "backup-share", stored, put(pairs::newest_backup)),
        newest("v2", "backup-share", stored, put(pairs::newest_backup)),
        newest("v2", "backup-share-key", stored_key, put(pairs::newest_backup_key)),
        newest("v1", "signing-share", stored_signing, put(pairs::newest_signing)),
        newest("v2", "signing-share", stored_signing, put(pairs::newest_signing)),
        Route::new(
            Method::GET,
            "/clients/token/validate",
            "Exchange a web OTP for a session token in a cookie",
            get(web_otp::validate),
        )
        .access(Access::Public)
        .query(&["otp"])
        .gives(Shape::Named("PortalId")),
        analytics("/api/v1/analytics/identify"),
        analytics("/api/v1/analytics/track"),
        metrics("/sdk/metrics"),
        metrics("/api/v3/clients/me/sdk/metrics"),
    ]
}
