//! Sessions end and are renewed: by the clients' clock, by the server's, many calls at once.

use std::time::Duration;

use futures_util::future::join_all;
use keystead_sdk::error::RequestError;
use keystead_sdk::session::SessionError;
use keystead_sdk::storage::MemoryStorage;
use keystead_sdk::testing::Fault;

use crate::support::{DAENERYS, TestServer};

const BEARER: Duration = Duration::from_secs(900);
const REFRESH: Duration = Duration::from_secs(61 * 86_400);

/// Moves both clocks.
fn advance(server: &TestServer, duration: Duration) {
    server.time.advance(duration);
    server.clock.advance(i64::try_from(duration.as_millis()).unwrap());
}

#[tokio::test]
async fn a_bearer_is_refreshed_before_it_ends() {
    let server = TestServer::new().await;
    let doctor = server.doctor().await;
    advance(&server, BEARER - Duration::from_secs(31));
    doctor.users().current().await.unwrap();
    assert_eq!(server.transport.count("auth/refresh"), 0);
    advance(&server, Duration::from_secs(2));
    doctor.users().current().await.unwrap();
    assert_eq!(server.transport.count("auth/refresh"), 1);
    doctor.users().current().await.unwrap();
    assert_eq!(server.transport.count("auth/refresh"), 1);
    assert_eq!(server.transport.count("auth/login"), 1);
}

#[tokio::test]
async fn a_client_whose_clock_is_wrong_does_as_well() {
    let server = TestServer::new().await;
    // ten years in the future, and then standing still
    server.time.advance(Duration::from_secs(10 * 365 * 86_400));
    let doctor = server.doctor().await;
    doctor.users().current().await.unwrap();
    assert_eq!(server.transport.count("auth/refresh"), 0);
    server.clock.advance(1_000_000);
    doctor.users().current().await.unwrap();
    assert_eq!(server.transport.count("auth/refresh"), 1, "the server's 401 is enough to renew");
}

#[tokio::test]
async fn many_calls_at_once_refresh_once() {
    let server = TestServer::new().await;
    let doctor = server.doctor().await;
    for by_client in [true, false] {
        let before = server.transport.count("auth/refresh");
        if by_client {
            advance(&server, BEARER)
        } else {
            server.clock.advance(1_000_000)
        }
        let users = doctor.users();
        let outcomes = join_all((0..20).map(|_| users.current())).await;
        assert!(outcomes.iter().all(Result::is_ok));
        assert_eq!(server.transport.count("auth/refresh") - before, 1, "by the client's clock: {by_client}");
    }
}

#[tokio::test]
async fn who_gives_up_waiting_does_not_block_others() {
    let server = TestServer::new().await;
    let doctor = server.doctor().await;
    advance(&server, BEARER);
    let users = doctor.users();
    for _ in 0..3 {
        // polled once, then dropped in the middle of the renewal
        assert!(futures_util::FutureExt::now_or_never(users.current()).is_none());
    }
    users.current().await.unwrap();
}

#[tokio::test]
async fn a_session_that_ended_is_started_again_with_the_saved_token() {
    let server = TestServer::new().await;
    let device = MemoryStorage::new();
    let anonymous = server.builder(&device).token_validity(Duration::from_secs(365 * 86_400)).build().unwrap();
    let process = anonymous.authentication().start(server.daenerys()).await.unwrap();
    let result = anonymous.authentication().complete(&process, &server.code(DAENERYS).await).await.unwrap();
    advance(&server, REFRESH);
    assert_eq!(result.api.users().current().await.unwrap().id(), result.user_id);
    assert_eq!(server.transport.count("auth/login"), 2);

    // revoked at the server: the refresh token is refused too
    let mut tx = server.app.store.write().await.unwrap();
    let account = tx.accounts(DAENERYS).await.unwrap().remove(0);
    tx.revoke_sessions(&account).await.unwrap();
    tx.commit().await.unwrap();
    // servers may remember for a second that a bearer is valid
    advance(&server, Duration::from_secs(2));
    result.api.users().current().await.unwrap();
    assert_eq!(server.transport.count("auth/login"), 3);
}

#[tokio::test]
async fn a_token_that_ended_needs_a_new_code() {
    let server = TestServer::new().await;
    let result = server.by_code(&MemoryStorage::new()).await;
    advance(&server, REFRESH);
    let error = result.api.users().current().await.unwrap_err();
    assert!(matches!(error, RequestError::SessionEnded(SessionError::SecretRefused(_))), "{error}");
    assert!(!error.retryable());
}

#[tokio::test]
async fn logging_out_ends_the_session_on_both_sides() {
    let server = TestServer::new().await;
    let doctor = server.doctor().await;
    let other = doctor.clone();
    doctor.authentication().log_out().await.unwrap();
    doctor.authentication().log_out().await.unwrap();
    for api in [doctor, other] {
        let error = api.users().current().await.unwrap_err();
        assert!(matches!(error, RequestError::SessionEnded(SessionError::LoggedOut)), "{error}");
        assert!(!api.key_pairs().is_empty());
    }
    assert_eq!(server.transport.count("auth/invalidate"), 1);
}

#[tokio::test]
async fn logging_out_without_a_connection_ends_it_here() {
    let server = TestServer::new().await;
    let doctor = server.doctor().await;
    server.transport.plan("auth/invalidate", vec![Fault::NotSent; 4]);
    let error = doctor.authentication().log_out().await.unwrap_err();
    assert!(error.retryable(), "{error}");
    assert!(doctor.users().current().await.is_err());
}

#[tokio::test]
async fn a_renewal_that_fails_can_be_tried_again() {
    let server = TestServer::new().await;
    let doctor = server.doctor().await;
    advance(&server, BEARER);
    server.transport.plan("auth/refresh", vec![Fault::NotSent; 4]);
    let error = doctor.users().current().await.unwrap_err();
    assert!(matches!(error, RequestError::Unreachable(_)) && error.retryable(), "{error}");
    doctor.users().current().await.unwrap();
    assert_eq!(server.transport.count("auth/login"), 1);
}
