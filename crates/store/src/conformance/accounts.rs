//! Stories of accounts.

use std::sync::Arc;

use super::samples::texts;
use crate::accounts::{Account, Secret, SecretKind, Session};
use crate::{EpochMs, Result, Store};

fn account(group: &str, user: &str) -> Account {
    Account { group: group.to_owned(), user: user.to_owned() }
}

fn secret(kind: SecretKind, name: &str, digest: &[u8], expires: Option<EpochMs>) -> Secret {
    Secret { kind, name: name.to_owned(), digest: digest.to_vec(), created: 5, expires }
}

fn session(id: &str, accounts: &[Account], expires: EpochMs) -> Session {
    Session { id: id.to_owned(), accounts: accounts.to_vec(), class: 30, created: 5, expires }
}

/// Kind, name, digest and end of each secret; a `Secret` itself is not printable.
async fn secrets(
    store: &Arc<dyn Store>,
    account: &Account,
    now: EpochMs,
) -> Result<Vec<(SecretKind, String, Vec<u8>)>> {
    let found = store.read().await?.secrets(account, now).await?;
    Ok(found.into_iter().map(|secret| (secret.kind, secret.name, secret.digest)).collect())
}

/// A login name belongs to one account of a group, and may belong to one in every group.
pub async fn keeps_names_unique_in_a_group(store: Arc<dyn Store>) -> Result<()> {
    let (ann, bob, other) = (account("g", "ann"), account("g", "bob"), account("h", "ann"));
    let mut work = store.write().await?;
    assert_eq!(work.set_names(&ann, &texts(&["ann", "ann@x"])).await?, None);
    assert_eq!(work.set_names(&bob, &texts(&["bob", "ann@x"])).await?, Some("ann@x".to_owned()));
    assert_eq!(work.accounts("bob").await?, []);
    assert_eq!(work.set_names(&bob, &texts(&["bob"])).await?, None);
    assert_eq!(work.set_names(&other, &texts(&["ann@x"])).await?, None);
    work.commit().await?;
    let mut view = store.read().await?;
    assert_eq!(view.accounts("ann@x").await?, [ann.clone(), other]);
    assert_eq!(view.accounts("ann").await?, [ann]);
    assert_eq!(view.accounts("bob").await?, [bob]);
    assert_eq!(view.accounts("Bob").await?, []);
    Ok(())
}

/// New names take the place of the earlier ones.
pub async fn replaces_names(store: Arc<dyn Store>) -> Result<()> {
    let (ann, bob) = (account("g", "ann"), account("g", "bob"));
    let mut work = store.write().await?;
    work.set_names(&ann, &texts(&["a", "b", "b"])).await?;
    assert_eq!(work.set_names(&ann, &texts(&["b", "c"])).await?, None);
    assert_eq!(work.set_names(&bob, &texts(&["a"])).await?, None);
    work.commit().await?;
    let mut view = store.read().await?;
    for (name, owner) in [("a", &bob), ("b", &ann), ("c", &ann)] {
        assert_eq!(view.accounts(name).await?, std::slice::from_ref(owner));
    }
    Ok(())
}

/// One secret of a kind and name, replaced and removed.
pub async fn keeps_secrets(store: Arc<dyn Store>) -> Result<()> {
    use SecretKind::{Code, Password, Token, Totp};
    let (ann, bob) = (account("g", "ann"), account("g", "bob"));
    let mut work = store.write().await?;
    for secret in [
        secret(Totp, "", b"t", None),
        secret(Password, "", b"old", None),
        secret(Token, "phone", b"1", None),
        secret(Token, "laptop", &[0, 255], None),
        secret(Code, "", b"c", None),
        secret(Password, "", b"new", None),
    ] {
        work.set_secret(&ann, &secret).await?;
    }
    work.set_secret(&bob, &secret(Password, "", b"bob", None)).await?;
    work.remove_secret(&ann, Token, "phone").await?;
    work.remove_secret(&ann, Code, "nowhere").await?;
    work.commit().await?;
    let expected = [
        (Password, String::new(), b"new".to_vec()),
        (Token, "laptop".to_owned(), vec![0, 255]),
        (Code, String::new(), b"c".to_vec()),
        (Totp, String::new(), b"t".to_vec()),
    ];
    assert_eq!(secrets(&store, &ann, 0).await?, expected);
    assert_eq!(secrets(&store, &bob, 0).await?.len(), 1);
    assert_eq!(secrets(&store, &account("h", "ann"), 0).await?, []);
    let whole = store.read().await?.secrets(&bob, 0).await?;
    assert!(whole == [secret(Password, "", b"bob", None)], "a secret comes back as it was written");
    Ok(())
}

/// A secret ends at its end.
pub async fn ends_secrets(store: Arc<dyn Store>) -> Result<()> {
    let ann = account("g", "ann");
    let mut work = store.write().await?;
    work.set_secret(&ann, &secret(SecretKind::Token, "t", b"1", Some(100))).await?;
    work.commit().await?;
    assert_eq!(secrets(&store, &ann, 99).await?.len(), 1);
    assert_eq!(secrets(&store, &ann, 100).await?, []);
    Ok(())
}

/// A session comes back until it ends.
pub async fn keeps_sessions(store: Arc<dyn Store>) -> Result<()> {
    let both = [account("g", "ann"), account("h", "ann")];
    let mut work = store.write().await?;
    work.create_session(&session("s", &both, 100)).await?;
    work.create_session(&session("empty", &[], 100)).await?;
    work.commit().await?;
    let mut view = store.read().await?;
    assert_eq!(view.session("s", 99).await?, Some(session("s", &both, 100)));
    assert_eq!(view.session("empty", 99).await?, Some(session("empty", &[], 100)));
    assert_eq!(view.session("s", 100).await?, None);
    for (id, now, lives) in [("s", 99, true), ("s", 100, false), ("t", 0, false)] {
        assert_eq!(view.session_lives(id, now).await?, lives, "{id} at {now}");
    }
    assert_eq!(view.session("t", 0).await?, None);
    Ok(())
}

/// A revoked session is gone; revoking an account's sessions leaves those of others.
pub async fn revokes_sessions(store: Arc<dyn Store>) -> Result<()> {
    let (ann, bob) = (account("g", "ann"), account("g", "bob"));
    let mut work = store.write().await?;
    for (id, accounts) in [("1", vec![ann.clone()]), ("2", vec![bob.clone()]), ("3", vec![ann.clone(), bob])] {
        work.create_session(&session(id, &accounts, 100)).await?;
    }
    work.create_session(&session("4", std::slice::from_ref(&ann), 100)).await?;
    assert!(work.revoke_session("1").await?);
    assert!(!work.revoke_session("1").await?);
    work.revoke_sessions(&ann).await?;
    work.commit().await?;
    let mut view = store.read().await?;
    for (id, stays) in [("1", false), ("2", true), ("3", false), ("4", false)] {
        assert_eq!(view.session(id, 0).await?.is_some(), stays, "{id}");
    }
    Ok(())
}

/// Nothing of a removed account stays; others keep theirs.
pub async fn removes_accounts(store: Arc<dyn Store>) -> Result<()> {
    let (ann, bob) = (account("g", "ann"), account("g", "bob"));
    let mut work = store.write().await?;
    for account in [&ann, &bob] {
        work.set_names(account, std::slice::from_ref(&account.user)).await?;
        work.set_secret(account, &secret(SecretKind::Password, "", b"x", None)).await?;
        work.create_session(&session(&account.user, std::slice::from_ref(account), 100)).await?;
    }
    work.remove_account(&ann).await?;
    work.commit().await?;
    for (account, stays) in [(ann, false), (bob, true)] {
        let mut view = store.read().await?;
        assert_eq!(!view.accounts(&account.user).await?.is_empty(), stays);
        assert_eq!(!view.secrets(&account, 0).await?.is_empty(), stays);
        assert_eq!(view.session(&account.user, 0).await?.is_some(), stays);
    }
    Ok(())
}
