//! Nothing secret and nobody's address in what may reach a log.

use keystead_sdk::captcha::Captcha;
use keystead_sdk::storage::MemoryStorage;
use keystead_sdk::testing::Fault;
use keystead_sdk::transport::{Request, Response};
use keystead_sdk::{AnonymousApi, Start};

use crate::support::{DAENERYS, TestServer};

#[tokio::test]
async fn what_is_shown_of_things_and_errors() {
    let server = TestServer::new().await;
    let device = MemoryStorage::new();
    let anonymous: AnonymousApi = server.anonymous(&device);
    let start = server.daenerys();
    let mut shown = vec![format!("{start:?}"), format!("{anonymous:?}"), format!("{device:?}")];
    let process = anonymous.authentication().start(start).await.unwrap();
    shown.push(format!("{process:?}"));
    let code = server.code(DAENERYS).await;

    let wrong = if code == "111111" { "222222" } else { "111111" };
    let error = anonymous.authentication().complete(&process, wrong).await.unwrap_err();
    shown.push(format!("{error} {error:?}"));
    let result = anonymous.authentication().complete(&process, &code).await.unwrap();
    let api = &result.api;
    let user = api.users().current().await.unwrap();
    let owner = api.data_owners().current().await.unwrap();
    let stub = api.data_owners().stub(owner.id()).await.unwrap();
    shown.push(format!("{result:?} {api:?} {user:?} {owner:?} {stub:?}"));

    let error = api.data_owners().stub("secret-id-of-somebody").await.unwrap_err();
    shown.push(format!("{error} {error:?}"));
    let error = api.devices().list(&["secret-id-of-somebody"]).await;
    shown.push(format!("{error:?}"));
    let error = server.api(&device).user_name(DAENERYS).token("secret-token").build().await.unwrap_err();
    shown.push(format!("{error} {error:?}"));
    let error = server.api(&MemoryStorage::new()).user_name(DAENERYS).token(result.token.duplicate()).build().await;
    shown.push(format!("{error:?}"));
    server.transport.plan("user/current", vec![Fault::AnswerLost; 4]);
    let error = api.users().current().await.unwrap_err();
    shown.push(format!("{error} {error:?}"));
    let bad = Start::by_email("not-an-address", Captcha::Recaptcha("secret-token".into())).responsible(&server.doctor);
    let error = anonymous.authentication().start(bad).await.unwrap_err();
    shown.push(format!("{error} {error:?}"));

    let shown = shown.join("\n");
    let secrets = [
        DAENERYS,
        "Daenerys",
        "Targaryen",
        "solved",
        "secret-id-of-somebody",
        "secret-token",
        "not-an-address",
        process.request_id(),
        &code,
        wrong,
        &result.user_id,
        owner.id(),
        result.token.expose(),
        &server.base,
        &server.doctor,
    ];
    for secret in secrets {
        assert!(!shown.contains(secret), "{secret} is shown:\n{shown}");
    }
}

#[test]
fn requests_and_answers_show_their_size_only() {
    let mut request = Request::new(http::Method::POST, "https://a.org/secret");
    request.set_header(http::header::AUTHORIZATION, "Bearer secret").unwrap();
    request.body = "secret".into();
    assert_eq!(format!("{request:?}"), "Request(POST, 6 bytes)");
    assert!(!format!("{:?}", request.headers).contains("secret"));
    let response = Response::new(200, http::HeaderMap::new(), "secret");
    assert_eq!(format!("{response:?}"), "Response(200, 6 bytes)");
}
