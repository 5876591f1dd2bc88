//! Stories of the message gateway's state.

use std::sync::Arc;

use crate::accounts::{Account, Secret, SecretKind, Session};
use crate::gateway::{CodeRequest, Limit, Limited, Process};
use crate::{EpochMs, Result, Store};

fn process(spec: &str, id: &str, settings: &str) -> Process {
    Process { spec: spec.to_owned(), id: id.to_owned(), settings: settings.to_owned() }
}

fn request(id: &str, address: &str, expires: EpochMs) -> CodeRequest {
    CodeRequest {
        id: id.to_owned(),
        spec: "spec".to_owned(),
        process: "process".to_owned(),
        address: address.as_bytes().to_vec(),
        code: vec![1, 0, 255],
        payload: vec![9; 40],
        tries_left: 2,
        expires,
        used: false,
    }
}

/// Processes are added, replaced, listed and removed.
pub async fn keeps_processes(store: Arc<dyn Store>) -> Result<()> {
    let mut work = store.write().await?;
    for process in [process("b", "x", "1"), process("a", "y", "2"), process("a", "x", "3"), process("b", "x", "4")] {
        work.set_process(&process).await?;
    }
    assert!(work.remove_process("a", "y").await?);
    assert!(!work.remove_process("a", "y").await?);
    work.commit().await?;
    let mut view = store.read().await?;
    assert_eq!(view.process("b", "x").await?, Some(process("b", "x", "4")));
    assert_eq!(view.process("x", "b").await?, None);
    assert_eq!(view.processes().await?, [process("a", "x", "3"), process("b", "x", "4")]);
    Ok(())
}

/// A request comes back as it was written, and its id cannot be used again.
pub async fn keeps_code_requests(store: Arc<dyn Store>) -> Result<()> {
    let mut work = store.write().await?;
    assert!(work.create_code_request(&request("1", "a", 100)).await?);
    assert!(!work.create_code_request(&request("1", "b", 200)).await?);
    work.commit().await?;
    let mut view = store.read().await?;
    assert_eq!(view.code_request("1").await?, Some(request("1", "a", 100)));
    assert_eq!(view.code_request("2").await?, None);
    Ok(())
}

/// Live are codes of the address that are neither used nor ended.
pub async fn counts_live_codes(store: Arc<dyn Store>) -> Result<()> {
    let mut work = store.write().await?;
    for (id, address, expires) in [("1", "a", 100), ("2", "a", 101), ("3", "a", 200), ("4", "b", 200)] {
        work.create_code_request(&request(id, address, expires)).await?;
    }
    assert_eq!(work.live_codes(b"a", 99).await?, 3);
    assert_eq!(work.live_codes(b"a", 100).await?, 2);
    work.use_code("3").await?;
    work.commit().await?;
    let mut view = store.read().await?;
    assert_eq!(view.live_codes(b"a", 100).await?, 1);
    assert_eq!(view.live_codes(b"b", 100).await?, 1);
    assert_eq!(view.live_codes(b"c", 100).await?, 0);
    Ok(())
}

/// Wrong codes use up the tries.
pub async fn counts_wrong_codes(store: Arc<dyn Store>) -> Result<()> {
    let mut work = store.write().await?;
    work.create_code_request(&request("1", "a", 100)).await?;
    for left in [1, 0, 0] {
        assert_eq!(work.count_wrong_code("1").await?, left);
    }
    assert_eq!(work.count_wrong_code("2").await?, 0);
    work.commit().await?;
    let kept = store.read().await?.code_request("1").await?;
    assert_eq!(kept.map(|kept| kept.tries_left), Some(0));
    Ok(())
}

/// A code and a challenge serve once.
pub async fn uses_codes_and_challenges_once(store: Arc<dyn Store>) -> Result<()> {
    let mut work = store.write().await?;
    work.create_code_request(&request("1", "a", 100)).await?;
    assert!(work.use_code("1").await?);
    assert!(!work.use_code("1").await?);
    assert!(!work.use_code("2").await?);
    assert!(work.use_challenge("c", 100).await?);
    work.commit().await?;
    let mut work = store.write().await?;
    assert!(!work.use_challenge("c", 200).await?);
    assert!(work.use_challenge("d", 200).await?);
    Ok(())
}

/// So many at once, then one each interval; a refusal costs nothing.
pub async fn limits(store: Arc<dyn Store>) -> Result<()> {
    let limit = Limit { burst: 3, interval: 100 };
    for (now, expected) in [
        (1_000, Limited::Allowed),
        (1_000, Limited::Allowed),
        (1_010, Limited::Allowed),
        (1_010, Limited::RetryAfter(90)),
        (1_099, Limited::RetryAfter(1)),
        (1_100, Limited::Allowed),
        (1_100, Limited::RetryAfter(100)),
        (5_000, Limited::Allowed),
    ] {
        assert_eq!(store.read().await?.peek("k", limit, now).await?, expected, "at {now}");
        let mut work = store.write().await?;
        assert_eq!(work.take("k", limit, now).await?, expected, "at {now}");
        // Another key has a limit of its own.
        assert_eq!(work.take(&format!("other {now}"), Limit { burst: 9, ..limit }, now).await?, Limited::Allowed);
        work.commit().await?;
    }
    let strict = Limit { burst: 1, interval: 1_000 };
    let mut work = store.write().await?;
    assert_eq!(work.take("s", strict, 0).await?, Limited::Allowed);
    assert_eq!(work.take("s", strict, 1).await?, Limited::RetryAfter(999));
    work.clear("s").await?;
    work.clear("nowhere").await?;
    assert_eq!(work.take("s", strict, 1).await?, Limited::Allowed);
    Ok(())
}

/// Forgets what ended and nothing else, however much it is.
pub async fn forgets_what_ended(store: Arc<dyn Store>) -> Result<()> {
    let ann = Account { group: "g".to_owned(), user: "ann".to_owned() };
    let secret = |name: &str, expires| Secret {
        kind: SecretKind::Token,
        name: name.to_owned(),
        digest: vec![1],
        created: 0,
        expires,
    };
    let mut work = store.write().await?;
    for number in 0..12_000 {
        work.use_challenge(&format!("old{number}"), 50).await?;
    }
    for (id, expires) in [("old", 99), ("edge", 100), ("new", 101)] {
        work.create_code_request(&request(id, "a", expires)).await?;
        work.use_challenge(id, expires).await?;
        work.take(id, Limit { burst: 1, interval: expires.unsigned_abs() }, 0).await?;
        work.set_secret(&ann, &secret(id, Some(expires))).await?;
        let accounts = vec![ann.clone()];
        work.create_session(&Session { id: id.to_owned(), accounts, class: 1, created: 0, expires }).await?;
    }
    work.set_secret(&ann, &secret("always", None)).await?;
    work.commit().await?;
    let mut rounds = 0;
    loop {
        let mut work = store.write().await?;
        let more = work.forget(100).await?;
        work.commit().await?;
        rounds += 1;
        if !more {
            break;
        }
        assert!(rounds < 100, "forgetting comes to an end");
    }
    let mut work = store.write().await?;
    assert!(work.use_challenge("old11999", 50).await?);
    assert!(work.use_challenge("old", 100).await?);
    assert!(!work.use_challenge("edge", 100).await?);
    for (id, stays) in [("old", false), ("edge", true), ("new", true)] {
        assert_eq!(work.code_request(id).await?.is_some(), stays, "{id}");
        assert_eq!(work.session(id, 0).await?.is_some(), stays, "{id}");
    }
    assert_eq!(work.take("new", Limit { burst: 1, interval: 101 }, 100).await?, Limited::RetryAfter(1));
    let names: Vec<String> = work.secrets(&ann, 0).await?.into_iter().map(|secret| secret.name).collect();
    assert_eq!(names, ["always", "edge", "new"]);
    Ok(())
}

/// Whoever guesses at the same time from many places is forgiven no more than in turn.
pub async fn forgives_as_many_parallel_guesses_as_in_turn(store: Arc<dyn Store>) -> Result<()> {
    let mut work = store.write().await?;
    work.create_code_request(&request("guessed", "address", 1_000)).await?;
    work.commit().await?;
    let forgiven = request("guessed", "address", 1_000).tries_left;
    let guesses: Vec<_> = (0..24)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let mut work = store.write().await?;
                let left = work.code_request("guessed").await?.map_or(0, |request| request.tries_left);
                if left == 0 {
                    return Ok(false);
                }
                work.count_wrong_code("guessed").await?;
                work.commit().await?;
                Ok::<bool, crate::StoreError>(true)
            })
        })
        .collect();
    let mut looked = 0;
    for guess in guesses {
        looked += u32::from(guess.await.map_err(|_| crate::StoreError::Corrupt("a guess"))??);
    }
    assert_eq!(looked, forgiven);
    Ok(())
}
