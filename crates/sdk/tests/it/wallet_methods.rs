//! The methods of a backup: what opens it, what does not, and that no key is lost while two are needed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use keystead_sdk::data_samples::DataSample;
use keystead_sdk::give_back::Approval;
use keystead_sdk::secret::SecretText;
use keystead_sdk::storage::{KeyStorage, MemoryStorage, StorageError};
use keystead_sdk::wallet::methods::{AccessTokens, BackupKey, GoogleDrive, MethodError};
use keystead_sdk::wallet::{Addresses, BackupMethod, WalletError};
use keystead_sdk::{Api, AuthenticationResult};
use parking_lot::Mutex;
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::support::{DAENERYS, TestServer};

/// Daenerys with a wallet that is backed up by a method.
async fn backed_up(server: &TestServer, method: &BackupMethod) -> (AuthenticationResult, Addresses, String) {
    let entered = server.by_code(&MemoryStorage::new()).await;
    let wallet = entered.api.wallet();
    let addresses = wallet.create().await.unwrap();
    let text = wallet.back_up(method).await.unwrap();
    wallet.stored_backup(true).await.unwrap();
    (entered, addresses, text)
}

/// Daenerys on a device that knows nothing of her, except her login.
async fn new_device(server: &TestServer, entered: &AuthenticationResult) -> Api {
    let builder = server.api(&MemoryStorage::new()).user_name(DAENERYS).token(entered.token.duplicate());
    builder.new_key_when_lost().build().await.unwrap()
}

async fn refused(api: &Api, text: &str, method: &BackupMethod) -> MethodError {
    match api.wallet().recover(text, method).await.unwrap_err() {
        WalletError::Method(error) => error,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_pin_opens_what_it_sealed() {
    let server = TestServer::new().await;
    let pin = |digits: &str| BackupMethod::Pin(digits.into());
    let entered = server.by_code(&MemoryStorage::new()).await;
    let wallet = entered.api.wallet();
    let addresses = wallet.create().await.unwrap();
    for (short, least) in [(pin("123"), 4), (BackupMethod::Password("1234567".into()), 8)] {
        let error = wallet.back_up(&short).await.unwrap_err();
        assert!(matches!(&error, WalletError::Method(MethodError::TooShort(length)) if *length == least), "{error}");
    }
    let text = wallet.back_up(&pin("1234")).await.unwrap();
    wallet.stored_backup(true).await.unwrap();
    // the cost of trying one stands in it: 256 MiB, three passes
    assert_eq!(&text[12..36], "000400000000000300000001");

    let api = new_device(&server, &entered).await;
    let password = BackupMethod::Password("12341234".into());
    assert!(matches!(refused(&api, &text, &password).await, MethodError::OtherMethod));
    assert!(matches!(api.wallet().recover(&text, &pin("1235")).await, Err(WalletError::WrongPassword)));
    // somebody made trying cheaper
    let cheap = text.replacen("00040000", "00010000", 1);
    assert!(matches!(api.wallet().recover(&cheap, &pin("1234")).await, Err(WalletError::DamagedBackup)));
    api.wallet().recover(&text, &pin("1234")).await.unwrap();
    api.wallet().stored_backup(true).await.unwrap();
    assert_eq!(api.wallet().addresses().await.unwrap(), Some(addresses));
    assert_eq!(format!("{:?}", pin("1234")), "Pin");
}

#[tokio::test]
async fn a_key_in_a_file_stays_until_the_next_is_in_force() {
    let server = TestServer::new().await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("wallet.key");
    let file = BackupMethod::File(path.clone());
    let keys = || std::fs::read_to_string(&path).unwrap().lines().filter(|line| !line.is_empty()).count();
    let (entered, addresses, text) = backed_up(&server, &file).await;
    assert_eq!(keys(), 1);

    let api = new_device(&server, &entered).await;
    let other = BackupMethod::File(directory.path().join("another.key"));
    assert!(matches!(refused(&api, &text, &other).await, MethodError::NoKey));
    // the application cannot store the new text: the old one opens still
    api.wallet().recover(&text, &file).await.unwrap();
    api.wallet().stored_backup(false).await.unwrap();
    api.wallet().delete_older_keys(&file).await.unwrap();
    let new_text = api.wallet().recover(&text, &file).await.unwrap();
    assert_eq!(keys(), 2);
    api.wallet().stored_backup(true).await.unwrap();
    assert_eq!(api.wallet().addresses().await.unwrap(), Some(addresses));
    api.wallet().delete_older_keys(&file).await.unwrap();
    assert_eq!(keys(), 1);
    assert!(matches!(refused(&api, &text, &file).await, MethodError::NoKey));
    api.wallet().recover(&new_text, &file).await.unwrap();
}

/// Google Drive, as far as it is used: files by id, each with a name, a kind and a content.
#[derive(Clone, Default)]
struct Drive(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    files: BTreeMap<String, (String, String, String)>,
    token: String,
    made: usize,
    folder: Vec<String>,
    /// What it answers when something is to be stored, if it does not.
    refuses: Option<u16>,
}

impl Drive {
    fn contents(&self) -> Vec<String> {
        let state = self.0.lock();
        let files = state.files.values().filter(|(_, kind, _)| kind == "text/plain");
        files.map(|(.., content)| content.clone()).collect()
    }

    fn add(state: &mut State, head: &Value, content: &str) -> ResponseTemplate {
        state.made += 1;
        let id = format!("file-{}", state.made);
        let text = |name: &str| head[name].as_str().unwrap().to_owned();
        state.files.insert(id.clone(), (text("name"), text("mimeType"), content.to_owned()));
        state.folder.extend(head["parents"].as_array().into_iter().flatten().map(|id| id.as_str().unwrap().to_owned()));
        ResponseTemplate::new(200).set_body_json(json!({ "id": id }))
    }
}

impl Respond for Drive {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let state = &mut *self.0.lock();
        if request.headers["authorization"] != format!("Bearer {}", state.token) {
            return ResponseTemplate::new(401);
        }
        let query: BTreeMap<_, _> = request.url.query_pairs().into_owned().collect();
        let path = request.url.path();
        match (request.method.as_str(), path.strip_prefix("/drive/v3/files")) {
            ("GET", Some("")) => {
                let mut rest =
                    query["q"].strip_prefix("name = '").unwrap().strip_suffix(" and trashed = false").unwrap();
                let name;
                (name, rest) = rest.split_once('\'').unwrap();
                let kind = rest.strip_prefix(" and mimeType = '").map(|kind| kind.trim_end_matches('\''));
                let found =
                    state.files.iter().filter(|(_, file)| file.0 == name && kind.is_none_or(|kind| kind == file.1));
                let ids: Vec<_> = found.map(|(id, _)| json!({ "id": id })).collect();
                // one a page
                let page = query.get("pageToken").map_or(0, |page| page.parse().unwrap());
                let next = (page + 1 < ids.len()).then(|| (page + 1).to_string());
                let shown: Vec<_> = ids.get(page).into_iter().collect();
                ResponseTemplate::new(200).set_body_json(json!({ "files": shown, "nextPageToken": next }))
            }
            ("POST", _) if state.refuses.is_some() => ResponseTemplate::new(state.refuses.unwrap_or_default()),
            ("POST", Some("")) => Self::add(state, &request.body_json().unwrap(), ""),
            ("POST", None) => {
                assert_eq!((path, query["uploadType"].as_str()), ("/upload/drive/v3/files", "multipart"));
                let boundary = request.headers["content-type"].to_str().unwrap().split_once("boundary=").unwrap().1;
                let body = String::from_utf8(request.body.clone()).unwrap();
                let parts: Vec<_> = body.split(&format!("--{boundary}")).collect();
                let content = |part: &str| part.split_once("\r\n\r\n").unwrap().1.trim_end_matches("\r\n").to_owned();
                assert_eq!((parts.len(), parts[3]), (4, "--\r\n"));
                Self::add(state, &serde_json::from_str(&content(parts[1])).unwrap(), &content(parts[2]))
            }
            ("GET", Some(id)) => match state.files.get(id.trim_start_matches('/')) {
                Some((.., content)) if query["alt"] == "media" => ResponseTemplate::new(200).set_body_string(content),
                _ => ResponseTemplate::new(404),
            },
            ("DELETE", Some(id)) => match state.files.remove(id.trim_start_matches('/')) {
                Some(_) => ResponseTemplate::new(204),
                None => ResponseTemplate::new(404),
            },
            _ => ResponseTemplate::new(405),
        }
    }
}

/// Tokens of an account; the first is out of date.
struct Tokens(&'static str);

#[async_trait]
impl AccessTokens for Tokens {
    async fn access_token(&self, refused: bool) -> Option<SecretText> {
        Some(if refused { self.0.into() } else { "expired".into() })
    }
}

async fn drive_of(drive: &Drive, token: &'static str) -> (MockServer, BackupMethod) {
    token.clone_into(&mut drive.0.lock().token);
    let google = MockServer::start().await;
    Mock::given(any()).respond_with(drive.clone()).mount(&google).await;
    let method = BackupMethod::GoogleDrive(GoogleDrive::new(Tokens(token)).base_url(google.uri()));
    (google, method)
}

#[tokio::test]
async fn a_key_in_google_drive_is_never_written_over() {
    let server = TestServer::new().await;
    let drive = Drive::default();
    let (google, method) = drive_of(&drive, "hers").await;
    let (entered, addresses, text) = backed_up(&server, &method).await;
    {
        let state = drive.0.lock();
        let (folder, (name, kind, _)) = state.files.first_key_value().unwrap();
        assert_eq!(
            (name.as_str(), kind.as_str()),
            ("_PORTAL_MPC_DO_NOT_DELETE_", "application/vnd.google-apps.folder")
        );
        assert_eq!(state.folder, [folder.as_str()], "the key is in the folder");
        let (name, ..) = &state.files["file-2"];
        assert_eq!((name.len(), name.get(64..)), (68, Some(".txt")));
    }
    let api = new_device(&server, &entered).await;
    let other = Drive::default();
    let (_theirs, of_another_account) = drive_of(&other, "somebody else's").await;
    assert!(matches!(refused(&api, &text, &of_another_account).await, MethodError::NoKey));
    let not_logged_in = BackupMethod::GoogleDrive(GoogleDrive::new(Tokens("wrong")).base_url(google.uri()));
    assert!(matches!(refused(&api, &text, &not_logged_in).await, MethodError::Unauthenticated));
    let in_clear = BackupMethod::GoogleDrive(GoogleDrive::new(Tokens("hers")).base_url("http://drive.example.org"));
    assert!(matches!(refused(&api, &text, &in_clear).await, MethodError::Configuration(_)));

    // no room for another key: the old text goes on recovering, and the old device signing
    for status in [403, 503] {
        drive.0.lock().refuses = Some(status);
        assert!(matches!(refused(&api, &text, &method).await, MethodError::Refused(told) if told == status));
        entered.api.wallet().sign_digest([7; 32]).await.unwrap();
    }
    drive.0.lock().refuses = None;

    let new_text = api.wallet().recover(&text, &method).await.unwrap();
    let keys: Vec<_> = drive.contents().iter().map(|line| BackupKey::from_line(line).unwrap().generation()).collect();
    assert_eq!((keys.len(), keys[0]), (2, 2), "until the application stored the text, both keys are there");
    api.wallet().stored_backup(true).await.unwrap();
    api.wallet().delete_older_keys(&method).await.unwrap();
    assert_eq!(drive.contents().len(), 1);
    assert_eq!(api.wallet().addresses().await.unwrap(), Some(addresses));
    // one character of the key
    for (.., content) in drive.0.lock().files.values_mut() {
        let last = if content.ends_with('0') { "1" } else { "0" };
        content.pop();
        content.push_str(last);
    }
    let changed = api.wallet().recover(&new_text, &method).await.unwrap_err();
    assert!(!matches!(changed, WalletError::Request(_)), "{changed}");
}

/// The joint story: the phone is lost with the keys of the records and the half of the wallet. The doctor gives access
/// back to the records, and with them comes the key of the backup.
#[tokio::test]
async fn who_gives_the_records_back_brings_the_wallet_back() {
    let server = TestServer::new().await;
    let doctor = server.doctor().await;
    let phone = server.by_code(&MemoryStorage::new()).await;
    let own = phone.api.patients().current().await.unwrap();
    let diary = vec![DataSample::new("diary").with_text("en", "old")];
    phone.api.data_samples().create_for(own.id(), diary).await.unwrap();
    let wallet = phone.api.wallet();
    let addresses = wallet.create().await.unwrap();
    let text = wallet.back_up(&BackupMethod::Vault).await.unwrap();
    wallet.stored_backup(true).await.unwrap();

    let api = new_device(&server, &phone).await;
    let own = api.patients().current().await.unwrap();
    let closed = refused(&api, &text, &BackupMethod::Vault).await;
    assert!(matches!(closed, MethodError::NoKey | MethodError::RecordsClosed), "{closed}");

    api.notifications().request_access().await.unwrap();
    let pending = doctor.notifications().pending_since(0).await.unwrap().records;
    let request = pending.iter().find_map(|one| one.access_request()).unwrap();
    let phrase = api.data_owners().own_phrase().unwrap().to_string();
    doctor.data_owners().give_access_back_to(&request, Approval::Phrase(&phrase)).await.unwrap();
    api.reload_keys().await.unwrap();

    assert_eq!(api.data_samples().list_for(own.id()).await.unwrap().records.len(), 1);
    let new_text = api.wallet().recover(&text, &BackupMethod::Vault).await.unwrap();
    api.wallet().stored_backup(true).await.unwrap();
    assert_eq!(api.wallet().addresses().await.unwrap(), Some(addresses));
    api.wallet().sign_message(b"I am still here").await.unwrap();
    // the key of before was deleted, that of now was not
    assert!(matches!(refused(&api, &text, &BackupMethod::Vault).await, MethodError::NoKey));
    api.wallet().recover(&new_text, &BackupMethod::Vault).await.unwrap();
    // a doctor has no records of their own
    doctor.wallet().create().await.unwrap();
    let error = doctor.wallet().back_up(&BackupMethod::Vault).await.unwrap_err();
    assert!(matches!(error, WalletError::Method(MethodError::NoRecords)), "{error}");
}

/// A device of which the passcode can be removed.
#[derive(Clone)]
struct Phone {
    memory: MemoryStorage,
    passcode: Arc<AtomicBool>,
}

#[async_trait]
impl KeyStorage for Phone {
    async fn get_key(&self, name: &str) -> Result<Option<SecretText>, StorageError> {
        self.memory.get_key(name).await
    }

    async fn set_key(&self, name: &str, value: &SecretText) -> Result<(), StorageError> {
        self.memory.set_key(name, value).await
    }

    async fn remove_key(&self, name: &str) -> Result<(), StorageError> {
        self.memory.remove_key(name).await
    }

    async fn is_protected(&self) -> Result<bool, StorageError> {
        Ok(self.passcode.load(Ordering::SeqCst))
    }
}

#[tokio::test]
async fn there_is_no_wallet_on_a_device_without_a_passcode() {
    let server = TestServer::new().await;
    let memory = MemoryStorage::new();
    let phone = Phone { memory: memory.clone(), passcode: Arc::default() };
    let entered = server.by_code(&memory).await;
    let builder = server.api(&memory).key_storage(phone.clone()).user_name(DAENERYS);
    let api = builder.token(entered.token.duplicate()).build().await.unwrap();
    let password = BackupMethod::Password("valar morghulis".into());
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let hear = told.clone();
    let wallet = api.wallet().on_progress(move |progress| {
        assert_eq!(progress.done, progress.status.as_str() == "Done");
        hear.lock().push(progress.status.as_str().trim_end_matches(" share").to_owned());
    });
    let halves = || memory.names().iter().filter(|name| name.contains("wallet.half")).count();

    assert!(matches!(wallet.create().await, Err(WalletError::NoPasscode)));
    phone.passcode.store(true, Ordering::SeqCst);
    let addresses = wallet.create().await.unwrap();
    assert_eq!(told.lock().join(", "), "Generating, Parsing, Storing, Done");
    told.lock().clear();
    let text = wallet.back_up(&password).await.unwrap();
    assert_eq!(told.lock().join(", "), "Reading, Generating, Parsing, Encrypting, Storing, Done");
    wallet.stored_backup(true).await.unwrap();
    assert_eq!(wallet.available_methods().await.unwrap(), [password.name()]);
    assert_eq!(halves(), 2);

    // removing the passcode erases the halves, and setting it again does not bring them back
    phone.passcode.store(false, Ordering::SeqCst);
    assert!(matches!(wallet.sign_digest([7; 32]).await, Err(WalletError::NotOnDevice)));
    assert_eq!(halves(), 0);
    assert!(matches!(wallet.recover(&text, &password).await, Err(WalletError::NoPasscode)));
    phone.passcode.store(true, Ordering::SeqCst);
    assert!(!wallet.is_on_device().await.unwrap());
    told.lock().clear();
    wallet.recover(&text, &password).await.unwrap();
    assert_eq!(
        told.lock().join(", "),
        "Reading, Decrypting, Parsing, Recovering signing, Generating, Parsing, Storing, Recovering backup, \
         Generating, Parsing, Encrypting, Storing, Done"
    );
    wallet.stored_backup(true).await.unwrap();
    assert_eq!(wallet.addresses().await.unwrap(), Some(addresses));
    wallet.sign_digest([7; 32]).await.unwrap();
}
