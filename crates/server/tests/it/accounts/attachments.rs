//! Attachments outside of the database.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use keystead_server::config::{AttachmentPlace, AttachmentsConfig, Config, S3Config};
use reqwest::Method;
use serde_json::{Value, json};

use super::people::{Person, World, delegation_key, ok, refused};
use crate::support::Answer;

/// A document that only its maker can reach.
async fn document(doctor: &Person, id: &str) -> Value {
    let delegation =
        json!({"delegator": doctor.owner, "delegate": doctor.owner, "exchangeDataId": "x", "permissions": "WRITE"});
    let metadata = json!({"secureDelegations": {delegation_key(id): delegation}});
    ok(doctor.post("document", json!({"id": id, "securityMetadata": metadata})).await)
}

async fn put(doctor: &Person, path: &str, content: Vec<u8>) -> Answer {
    Answer::of(doctor.request(Method::PUT, path).body(content)).await
}

/// Octets that no compression makes small.
fn octets(seed: u8, length: usize) -> Vec<u8> {
    let mut state = u32::from(seed) + 1;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..length).map(|_| next()).collect()
}

/// What is attached, the status of a refusal, or 0 where the connection broke before all was there.
async fn get(doctor: &Person, path: &str) -> Result<Vec<u8>, u16> {
    let answer = doctor.request(Method::GET, path).send().await.map_err(|_| 0_u16)?;
    match answer.status().as_u16() {
        200 => answer.bytes().await.map(|bytes| bytes.to_vec()).map_err(|_| 0),
        status => Err(status),
    }
}

fn files(directory: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![directory.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found
}

async fn until(what: impl Fn() -> bool) {
    for _ in 0..1_000 {
        if what() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not come to pass");
}

#[tokio::test]
async fn files_of_a_directory_follow_what_is_committed() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("attachments");
    let config = AttachmentsConfig {
        place: AttachmentPlace::Directory,
        directory: place.clone(),
        ..AttachmentsConfig::default()
    };
    let world = World::with(|all: &mut Config| all.attachments = config.clone()).await;
    let (doctor, other) = (world.hcp("jorah").await, world.hcp("barristan").await);
    let (main, second) = ("document/d/attachment", "document/d/secondaryAttachments/scan");
    document(&doctor, "d").await;

    let content = octets(1, 3_000_000);
    ok(put(&doctor, main, content.clone()).await);
    ok(put(&doctor, second, octets(2, 10)).await);
    assert_eq!(files(&place).len(), 2);
    assert_eq!(get(&doctor, main).await.unwrap(), content);
    assert_eq!(get(&doctor, second).await.unwrap(), octets(2, 10));
    // the octets are nowhere else
    let database = std::fs::metadata(world.server.app.config.server.data.join("keystead.db")).unwrap().len();
    assert!(database < 2_000_000, "{database}");

    // who may not write the document leaves nothing
    refused(put(&other, main, octets(3, 10)).await, 403);
    refused(put(&doctor, &format!("{main}?rev=1-0"), octets(3, 10)).await, 409);
    assert_eq!(files(&place).len(), 2);

    // replaced and removed ones go once it is committed
    ok(put(&doctor, main, octets(4, 20)).await);
    until(|| files(&place).len() == 2).await;
    assert_eq!(get(&doctor, main).await.unwrap(), octets(4, 20));
    ok(doctor.delete(second).await);
    until(|| files(&place).len() == 1).await;

    // what was changed behind the server's back is not given out as if it were whole
    let file = files(&place).remove(0);
    let mut damaged = std::fs::read(&file).unwrap();
    damaged[3] ^= 1;
    std::fs::write(&file, &damaged).unwrap();
    assert_eq!(get(&doctor, main).await, Err(0));
    std::fs::write(&file, &damaged[..10]).unwrap();
    assert!(get(&doctor, main).await.unwrap_err() >= 500);

    let rev = doctor.read("document/d").await["rev"].as_str().unwrap().to_owned();
    ok(doctor.delete(&format!("document/purge/d?rev={rev}")).await);
    until(|| files(&place).is_empty()).await;
    world.stop().await;
}

#[tokio::test]
async fn what_an_interrupted_upload_left_is_removed() {
    let directory = tempfile::tempdir().unwrap();
    let config = AttachmentsConfig {
        place: AttachmentPlace::Directory,
        directory: directory.path().to_owned(),
        ..AttachmentsConfig::default()
    };
    let world = World::with(|all: &mut Config| {
        all.attachments = config.clone();
        all.server.max_attachment_bytes = 100_000;
    })
    .await;
    let doctor = world.hcp("jorah").await;
    document(&doctor, "d").await;
    refused(put(&doctor, "document/d/attachment", octets(1, 100_001)).await, 413);
    ok(put(&doctor, "document/d/attachment", octets(1, 100_000)).await);
    // as after a crash between the upload and the transaction
    let kept = files(directory.path());
    assert_eq!(kept.len(), 1, "{kept:?}");
    world.server.advance(7 * 3_600_000);
    until(|| files(directory.path()) == kept).await;
    let session = world.again(&doctor, "jorah", "jorah").await;
    assert_eq!(get(&session, "document/d/attachment").await.unwrap(), octets(1, 100_000));
    world.stop().await;
}

/// A store that speaks as much of S3 as is used, in memory.
#[derive(Clone, Default)]
struct Bucket(Arc<Mutex<BTreeMap<String, Bytes>>>);

async fn bucket(State(bucket): State<Bucket>, request: Request) -> Response {
    let signed = request.headers().get("authorization").is_some_and(|value| value.to_str().unwrap().contains("AKID"));
    if !signed {
        return StatusCode::FORBIDDEN.into_response();
    }
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap();
    let mut objects = bucket.0.lock().unwrap();
    match method.as_str() {
        "PUT" => {
            objects.insert(path, body);
            ([("etag", "\"1\"")], "").into_response()
        }
        "DELETE" => {
            objects.remove(&path);
            StatusCode::NO_CONTENT.into_response()
        }
        _ => match objects.get(&path) {
            Some(object) => object.clone().into_response(),
            None => StatusCode::NOT_FOUND.into_response(),
        },
    }
}

#[tokio::test]
async fn objects_of_a_bucket_come_back_as_they_were() {
    let objects = Bucket::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(bucket).with_state(objects.clone());
    tokio::spawn(axum::serve(listener, router).into_future());
    let s3 = S3Config {
        endpoint,
        region: "eu-west-1".to_owned(),
        bucket: "records".to_owned(),
        prefix: "clinic".to_owned(),
        access_key_id: "AKID".to_owned(),
        secret_access_key: "secret".into(),
    };
    let config = AttachmentsConfig { place: AttachmentPlace::S3, s3, ..AttachmentsConfig::default() };
    let world = World::with(|all: &mut Config| all.attachments = config.clone()).await;
    let doctor = world.hcp("jorah").await;
    document(&doctor, "d").await;
    ok(put(&doctor, "document/d/attachment", octets(1, 300_000)).await);
    assert_eq!(get(&doctor, "document/d/attachment").await.unwrap(), octets(1, 300_000));
    assert!(objects.0.lock().unwrap().keys().all(|name| name.starts_with("/records/clinic/")));
    ok(doctor.delete("document/d/attachment").await);
    until(|| objects.0.lock().unwrap().is_empty()).await;
    assert_eq!(get(&doctor, "document/d/attachment").await, Err(404));
    world.stop().await;
}
