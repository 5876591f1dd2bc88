//! Documents and their attachments.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures_util::StreamExt as _;
use keystead_sdk::Api;
use keystead_sdk::crypto::attachment::AttachmentStatus;
use keystead_sdk::documents::{AttachmentName, AttachmentTransferError, Document, FileContent};
use keystead_sdk::entities::Shared;
use keystead_sdk::patients::Patient;
use keystead_sdk::storage::MemoryStorage;
use keystead_sdk::transport::{Download, HttpTransport, Request, Response, Transport, TransportError, Upload};

use crate::support::TestServer;

const PLAIN: &[&str] = &["public.plain-text"];

/// Watches what passes, and breaks it if told so.
#[derive(Clone)]
struct Watching {
    inner: HttpTransport,
    /// The largest piece that was sent or read.
    largest: Arc<AtomicUsize>,
    /// Bytes after which an answer in pieces ends.
    cut: Arc<AtomicUsize>,
}

#[async_trait]
impl Transport for Watching {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.inner.send(request).await
    }

    async fn upload(&self, request: Request, mut body: Upload) -> Result<Response, TransportError> {
        let largest = self.largest.clone();
        body.pieces = body
            .pieces
            .inspect(move |piece| {
                largest.fetch_max(piece.as_ref().unwrap().len(), Ordering::SeqCst);
            })
            .boxed();
        self.inner.upload(request, body).await
    }

    async fn download(&self, request: Request) -> Result<Download, TransportError> {
        let mut answer = self.inner.download(request).await?;
        let (largest, mut left) = (self.largest.clone(), self.cut.load(Ordering::SeqCst));
        answer.pieces = answer
            .pieces
            .map(move |piece| {
                let mut piece = piece?;
                largest.fetch_max(piece.len(), Ordering::SeqCst);
                piece.truncate(left);
                left -= piece.len();
                Ok(piece)
            })
            .boxed();
        Ok(answer)
    }
}

/// The doctor, watched, with a document of a patient.
async fn doctor(server: &TestServer) -> (Api, Watching, Document) {
    let cut = Arc::new(AtomicUsize::new(usize::MAX));
    let watching = Watching { inner: HttpTransport::new().unwrap(), largest: Arc::default(), cut };
    let builder = server.api(&MemoryStorage::new()).user_name("jorah").password("dragonstone");
    let api = builder.transport(watching.clone()).build().await.unwrap();
    let patient = api.patients().create(Patient::new("Viserys", "Targaryen")).await.unwrap();
    let document = api.documents().create_for(patient.id(), Document::new("letter to the iron bank")).await.unwrap();
    (api, watching, document)
}

#[tokio::test]
async fn attachments_come_back_as_they_were() {
    let server = TestServer::new().await;
    let (api, _, document) = doctor(&server).await;
    let documents = api.documents();
    let (main, page) = (AttachmentName::Main, AttachmentName::Secondary("page 2/α"));
    let with = documents.set_attachment(&document, main, PLAIN, b"Dear Tycho".to_vec()).await.unwrap();
    let with = documents.set_attachment(&with, page, &[], Vec::new()).await.unwrap();
    assert!(with.has_attachment() && with.is_authenticated());
    assert_eq!((with.main_uti(), with.secondary_attachments()), (Some("public.plain-text"), vec!["page 2/α"]));
    assert_eq!(with.name(), Some("letter to the iron bank"));

    for (name, expected) in [(main, &b"Dear Tycho"[..]), (page, b"")] {
        let mut content = Vec::new();
        let status = documents.read_attachment(&with, name, 10, &mut content).await.unwrap();
        assert_eq!((content.as_slice(), status), (expected, AttachmentStatus::Authentic));
    }
    let too_large = documents.read_attachment(&with, main, 9, &mut Vec::new()).await.unwrap_err();
    assert!(matches!(too_large, AttachmentTransferError::TooLarge), "{too_large}");

    let without = documents.delete_attachment(&with, main).await.unwrap();
    assert!(!without.has_attachment());
    assert!(documents.read_attachment(&without, main, 10, &mut Vec::new()).await.is_err());
    // a revision of before
    let late = documents.set_attachment(&document, main, PLAIN, vec![1]).await.unwrap_err();
    assert!(matches!(&late, AttachmentTransferError::Record(error) if error.is_conflict()), "{late}");
}

#[tokio::test]
async fn whom_a_document_is_shared_with_reads_its_attachments() {
    let server = TestServer::new().await;
    let (api, _, document) = doctor(&server).await;
    let documents = api.documents();
    let with = documents.set_attachment(&document, AttachmentName::Main, PLAIN, b"Dear Tycho".to_vec()).await.unwrap();
    let id = server.make_doctor(&server.group, "barristan", "selmy-selmy").await;
    let colleague = server.api(&MemoryStorage::new()).user_name("barristan").password("selmy-selmy");
    let colleague = colleague.build().await.unwrap();
    documents.share(&with, &id, Shared::Read).await.unwrap();

    let theirs = colleague.documents().get(document.id()).await.unwrap();
    let mut content = Vec::new();
    colleague.documents().read_attachment(&theirs, AttachmentName::Main, 100, &mut content).await.unwrap();
    assert_eq!(content, b"Dear Tycho");
    let refused = colleague.documents().set_attachment(&theirs, AttachmentName::Main, PLAIN, vec![1]).await;
    assert!(refused.is_err());
}

#[tokio::test]
async fn large_files_pass_in_pieces() {
    let server = TestServer::new().await;
    let (api, watching, document) = doctor(&server).await;
    let directory = tempfile::tempdir().unwrap();
    let (from, to) = (directory.path().join("from"), directory.path().join("to"));
    let content: Vec<u8> = (0..24_000_001_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    std::fs::write(&from, &content).unwrap();
    let documents = api.documents();
    let file = FileContent::new(&from).unwrap();
    let with = documents.set_attachment(&document, AttachmentName::Main, &[], file).await.unwrap();
    let mut out = std::fs::File::create(&to).unwrap();
    let status = documents.read_attachment(&with, AttachmentName::Main, 1 << 30, &mut out).await.unwrap();
    assert_eq!(status, AttachmentStatus::Authentic);
    assert!(std::fs::read(&to).unwrap() == content);
    let largest = watching.largest.load(Ordering::SeqCst);
    assert!((1..1 << 20).contains(&largest), "a piece of {largest} bytes");
}

#[tokio::test]
async fn what_is_cut_on_the_way_is_noticed() {
    let server = TestServer::new().await;
    let (api, watching, document) = doctor(&server).await;
    let documents = api.documents();
    let content = vec![7; 4_096];
    let with = documents.set_attachment(&document, AttachmentName::Main, &[], content).await.unwrap();
    for cut in [0, 1, 16, 17, 2_048, 4_096] {
        watching.cut.store(cut, Ordering::SeqCst);
        let outcome = documents.read_attachment(&with, AttachmentName::Main, 1 << 20, &mut Vec::new()).await;
        assert!(!matches!(outcome, Ok(AttachmentStatus::Authentic)), "cut at {cut}");
    }
    // the server has only what was sealed
    let mut tx = server.app.store.read().await.unwrap();
    let stored = tx.document(&server.group, "Document", document.id()).await.unwrap().unwrap();
    assert!(!stored.body.contains("iron bank"));
}
