//! A mail server that keeps what it is given: STARTTLS or TLS from the start, AUTH PLAIN, and
//! refusals on request.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The certificate to trust.
pub(crate) fn certificate() -> PathBuf {
    fixture("localhost.pem")
}

/// A certificate of the same name that is not the mail server's.
pub(crate) fn other_certificate() -> PathBuf {
    fixture("other.pem")
}

/// A mail that arrived.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mail {
    /// `MAIL FROM`
    pub(crate) from: String,
    /// `RCPT TO`
    pub(crate) to: Vec<String>,
    /// Headers and body.
    pub(crate) data: String,
    /// Whether it came through TLS.
    pub(crate) tls: bool,
    /// Name and password of the login.
    pub(crate) login: Option<(String, String)>,
}

impl Mail {
    /// The first header of this name, unfolded.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let (head, _) = self.data.split_once("\r\n\r\n").unwrap();
        let prefix = format!("{}:", name.to_ascii_lowercase());
        let unfolded = head.replace("\r\n ", " ");
        let line = unfolded.lines().find(|line| line.to_ascii_lowercase().starts_with(&prefix))?;
        Some(line[prefix.len()..].trim().to_owned())
    }

    /// The text of the body.
    pub(crate) fn body(&self) -> &str {
        self.data.split_once("\r\n\r\n").unwrap().1
    }
}

/// How a connection begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begin {
    /// In clear, with STARTTLS offered.
    StartTls,
    /// With TLS.
    Tls,
    /// In clear, without STARTTLS.
    Clear,
}

/// The mail server.
#[derive(Clone)]
pub(crate) struct Catcher {
    /// Its port on localhost.
    pub(crate) port: u16,
    begin: Begin,
    mails: Arc<Mutex<Vec<Mail>>>,
    refusals: Arc<Mutex<VecDeque<&'static str>>>,
    tries: Arc<Mutex<usize>>,
    ended: Arc<Mutex<usize>>,
    logins: Arc<Mutex<usize>>,
}

impl Catcher {
    /// Starts one.
    pub(crate) async fn start(begin: Begin) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let catcher = Self {
            port,
            begin,
            mails: Arc::default(),
            refusals: Arc::default(),
            tries: Arc::default(),
            ended: Arc::default(),
            logins: Arc::default(),
        };
        let (serving, tls) = (catcher.clone(), acceptor());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (serving, tls) = (serving.clone(), tls.clone());
                tokio::spawn(async move {
                    let ended = serving.ended.clone();
                    serving.connection(stream, tls).await;
                    *ended.lock().unwrap() += 1;
                });
            }
        });
        catcher
    }

    /// What arrived so far.
    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.mails.lock().unwrap().clone()
    }

    /// How many mails were offered, refused ones included.
    pub(crate) fn tries(&self) -> usize {
        *self.tries.lock().unwrap()
    }

    /// How many connections have ended.
    pub(crate) fn ended(&self) -> usize {
        *self.ended.lock().unwrap()
    }

    /// How many logins were attempted.
    pub(crate) fn logins(&self) -> usize {
        *self.logins.lock().unwrap()
    }

    /// Answers the next mails with these lines, one each.
    pub(crate) fn refuse(&self, answers: &[&'static str]) {
        self.refusals.lock().unwrap().extend(answers);
    }

    async fn connection(self, stream: TcpStream, tls: TlsAcceptor) {
        if self.begin == Begin::Tls {
            let Ok(stream) = tls.accept(stream).await else { return };
            self.talk(stream, true, true).await;
            return;
        }
        if let Some(stream) = self.talk(stream, false, true).await {
            // a client that does not trust the certificate leaves here
            let Ok(stream) = tls.accept(stream).await else { return };
            self.talk(stream, true, false).await;
        }
    }

    /// Serves until the client leaves or asks for TLS, which gives the stream back.
    async fn talk<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S, tls: bool, greet: bool) -> Option<S> {
        let mut stream = BufReader::new(stream);
        if greet {
            say(&mut stream, "220 localhost catcher").await?;
        }
        let (mut mail, mut login) = (Mail::default(), None);
        loop {
            let line = read(&mut stream).await?;
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            let answer = match verb.as_str() {
                "EHLO" if !tls && self.begin == Begin::StartTls => "250-localhost\r\n250 STARTTLS".to_owned(),
                "EHLO" => "250-localhost\r\n250 AUTH PLAIN".to_owned(),
                "STARTTLS" => {
                    say(&mut stream, "220 go ahead").await?;
                    return Some(stream.into_inner());
                }
                "AUTH" => {
                    login = plain(&line);
                    *self.logins.lock().unwrap() += 1;
                    let right = login.as_ref().is_some_and(|(_, password)| password == "right");
                    if right { "235 welcome" } else { "535 no" }.to_owned()
                }
                "MAIL" => {
                    *self.tries.lock().unwrap() += 1;
                    mail = Mail { from: address(&line), tls, login: login.clone(), ..Mail::default() };
                    "250 ok".to_owned()
                }
                "RCPT" => {
                    mail.to.push(address(&line));
                    self.refusals.lock().unwrap().pop_front().unwrap_or("250 ok").to_owned()
                }
                "DATA" => {
                    say(&mut stream, "354 go on").await?;
                    loop {
                        match read(&mut stream).await?.as_str() {
                            "." => break,
                            text => mail.data += &format!("{}\r\n", text.strip_prefix('.').unwrap_or(text)),
                        }
                    }
                    self.mails.lock().unwrap().push(std::mem::take(&mut mail));
                    "250 kept".to_owned()
                }
                "QUIT" => "221 bye".to_owned(),
                "RSET" | "NOOP" => "250 ok".to_owned(),
                _ => "502 unknown".to_owned(),
            };
            say(&mut stream, &answer).await?;
        }
    }
}

async fn say<S: AsyncWrite + Unpin>(stream: &mut S, line: &str) -> Option<()> {
    stream.write_all(format!("{line}\r\n").as_bytes()).await.ok()?;
    stream.flush().await.ok()
}

async fn read<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> Option<String> {
    let mut line = String::new();
    let octets = stream.read_line(&mut line).await.ok()?;
    (octets > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
}

fn address(line: &str) -> String {
    line.split_once('<').and_then(|(_, rest)| rest.split_once('>')).unwrap().0.to_owned()
}

fn plain(line: &str) -> Option<(String, String)> {
    let text = String::from_utf8(STANDARD.decode(line.strip_prefix("AUTH PLAIN ")?).ok()?).ok()?;
    let mut parts = text.split('\0').skip(1).map(str::to_owned);
    Some((parts.next()?, parts.next()?))
}

fn acceptor() -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_file(certificate()).unwrap();
    let key = PrivateKeyDer::from_pem_file(fixture("localhost.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures").join(name)
}
