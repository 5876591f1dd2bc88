//! Time-based one-time passwords.

use keystead_server::auth::totp;
use keystead_store::accounts::Account;

use super::{claims, hcp, login, tokens};
use crate::support::{START, TestServer};

/// The secret of RFC 6238, appendix B, in base32.
const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

fn code(at: i64) -> String {
    let generator = totp_rs::Builder::new()
        .with_secret(b"12345678901234567890".to_vec())
        .with_digits(6)
        .with_step_duration(30)
        .build()
        .unwrap();
    generator.generate(u64::try_from(at / 1000).unwrap()).to_string()
}

#[tokio::test]
async fn a_password_alone_is_not_enough_and_a_code_counts_once() {
    let server = TestServer::dev().await;
    let made = hcp(&server, "jorah", "dragon|stone").await;
    let account = Account { group: super::group(&server).await, user: made.user };
    assert_eq!(claims(&tokens(&server, "jorah", "dragon|stone").await.0)["tac"], 20);
    let mut tx = server.app.store.write().await.unwrap();
    totp::enable(&server.app, &mut *tx, &account, SECRET, 6).await.unwrap();
    tx.commit().await.unwrap();

    assert_eq!(login(&server, "jorah", "dragon|stone").await.status, 401, "read as password `dragon`");
    assert_eq!(login(&server, "jorah", "dragon|stone|").await.status, 406);
    assert_eq!(login(&server, "jorah", "dragon|stone|000000").await.status, 406);
    assert_eq!(login(&server, "jorah", "wrong|000000").await.status, 401, "the password is judged first");
    let right = format!("dragon|stone|{}", code(START));
    assert_eq!(claims(&tokens(&server, "jorah", &right).await.0)["tac"], 50);
    assert_eq!(login(&server, "jorah", &right).await.status, 406, "whoever looked over the shoulder comes too late");
    server.advance(120_000);
    assert_eq!(login(&server, "jorah", &right).await.status, 406, "an old code");
    let early = format!("dragon|stone|{}", code(START + 120_000 + 30_000));
    assert_eq!(login(&server, "jorah", &early).await.status, 200, "a clock may be a step off");

    let mut tx = server.app.store.write().await.unwrap();
    totp::disable(&mut *tx, &account).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(login(&server, "jorah", "dragon|stone").await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn a_missing_code_is_told_from_a_wrong_one() {
    let server = TestServer::dev().await;
    let made = hcp(&server, "jorah", "dragonstone").await;
    let account = Account { group: super::group(&server).await, user: made.user };
    let mut tx = server.app.store.write().await.unwrap();
    totp::enable(&server.app, &mut *tx, &account, SECRET, 6).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(login(&server, "jorah", "dragonstone").await.status, 417);
    assert_eq!(login(&server, "jorah", "dragonstone|123").await.status, 406);
    server.stop().await;
}

#[tokio::test]
async fn a_secret_that_is_none_is_refused() {
    let server = TestServer::dev().await;
    let made = hcp(&server, "jorah", "dragonstone").await;
    let account = Account { group: super::group(&server).await, user: made.user };
    let mut tx = server.app.store.write().await.unwrap();
    for (secret, digits, field) in [("", 6, "secret"), ("no base32!", 6, "secret"), (SECRET, 5, "otpLength")] {
        let error = totp::enable(&server.app, &mut *tx, &account, secret, digits).await.unwrap_err();
        assert_eq!(error.field.as_deref(), Some(field));
    }
    drop(tx);
    server.stop().await;
}
