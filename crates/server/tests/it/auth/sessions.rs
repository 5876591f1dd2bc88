//! Refresh, switch, end.

use super::{claims, get, hcp, renew, tokens};
use crate::support::TestServer;

const WHO: &str = "/rest/v2/user/matches";

#[tokio::test]
async fn a_bearer_is_accepted_a_while_after_its_end_and_renewed_by_the_refresh_token() {
    let server = TestServer::dev().await;
    hcp(&server, "jorah", "dragonstone").await;
    let (bearer, refresh) = tokens(&server, "jorah", "dragonstone").await;
    let seconds = claims(&bearer)["jwtD"].as_i64().unwrap();
    server.advance((seconds + 60) * 1000);
    assert_eq!(get(&server, &bearer, WHO).await.status, 200, "the official client sends it up to 30 s late");
    server.advance(31_000);
    assert_eq!(get(&server, &bearer, WHO).await.status, 401);
    let renewed = renew(&server, &refresh, "/rest/v2/auth/refresh").await.json();
    let bearer = renewed["token"].as_str().unwrap();
    assert_eq!(get(&server, bearer, WHO).await.status, 200);
    assert_eq!(renew(&server, &format!("Bearer {refresh}"), "/rest/v2/auth/refresh").await.status, 200);
    server.advance(61 * 86_400_000);
    assert_eq!(renew(&server, &refresh, "/rest/v2/auth/refresh").await.status, 401, "the session ended");
    server.stop().await;
}

#[tokio::test]
async fn an_ended_session_ends_its_bearers() {
    let server = TestServer::dev().await;
    hcp(&server, "jorah", "dragonstone").await;
    let (bearer, refresh) = tokens(&server, "jorah", "dragonstone").await;
    let (other, _) = tokens(&server, "jorah", "dragonstone").await;
    assert_eq!(renew(&server, &refresh, "/rest/v2/auth/invalidate").await.status, 200);
    assert_eq!(get(&server, &bearer, WHO).await.status, 401);
    assert_eq!(renew(&server, &refresh, "/rest/v2/auth/refresh").await.status, 401);
    assert_eq!(get(&server, &other, WHO).await.status, 200, "other sessions go on");
    assert_eq!(get(&server, &other, "/rest/v2/auth/logout").await.status, 200);
    assert_eq!(get(&server, &other, WHO).await.status, 401);
    server.stop().await;
}

#[tokio::test]
async fn switching_works_for_the_groups_of_the_login_only() {
    let server = TestServer::dev().await;
    let made = hcp(&server, "jorah", "dragonstone").await;
    let group = super::group(&server).await;
    let (_, refresh) = tokens(&server, "jorah", "dragonstone").await;
    let switched = renew(&server, &refresh, &format!("/rest/v2/auth/switch/{group}")).await.json();
    let (bearer, again) = (switched["token"].as_str().unwrap(), switched["refreshToken"].as_str().unwrap());
    assert_eq!((claims(bearer)["tac"].as_i64(), claims(again)["tac"].as_i64()), (Some(20), Some(20)));
    let matches = get(&server, bearer, WHO).await.json();
    assert_eq!(matches.as_array().unwrap().len(), 1);
    assert_eq!(matches[0]["groupId"], group);
    assert_eq!(matches[0]["userId"], made.user);
    assert_eq!(matches[0]["healthcarePartyId"], made.data_owner);
    assert_eq!(renew(&server, &refresh, "/rest/v2/auth/switch/another").await.status, 401);
    server.stop().await;
}

#[tokio::test]
async fn a_wish_for_a_short_token_is_granted_and_for_a_long_one_not() {
    let server = TestServer::dev().await;
    hcp(&server, "jorah", "dragonstone").await;
    let (_, refresh) = tokens(&server, "jorah", "dragonstone").await;
    let bearer = |seconds: u32| {
        let path = format!("/rest/v2/auth/refresh?duration={seconds}");
        let (server, refresh) = (&server, &refresh);
        async move { claims(renew(server, refresh, &path).await.json()["token"].as_str().unwrap()) }
    };
    assert_eq!(bearer(60).await["jwtD"], 60);
    assert_eq!(bearer(1_000_000).await["jwtD"], server.app.config.sessions.bearer_seconds);
    server.stop().await;
}
