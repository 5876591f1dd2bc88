//! TLS by rustls, with a certificate that is read again when its file changes.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::RwLock;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

use crate::config::TlsConfig;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(30);

/// A certificate that cannot be used; the text names the file.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TlsError(String);

/// What the configuration says, ready to accept connections; `None` for no TLS. From then on the files are watched:
/// a new certificate is taken without a restart, and one that cannot be used leaves the old one in place.
///
/// # Errors
/// A file cannot be read, or the key is not that of the certificate.
pub fn acceptor(config: &TlsConfig) -> Result<Option<TlsAcceptor>, TlsError> {
    let Some((certificate, key)) = config.files() else { return Ok(None) };
    let files = Files { certificate: certificate.clone(), key: key.clone() };
    let resolver = Arc::new(Resolver { current: RwLock::new(Arc::new(files.read()?)) });
    let protocols = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError(format!("TLS: {error}")))?;
    let mut server = protocols.with_no_client_auth().with_cert_resolver(resolver.clone());
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    tokio::spawn(watch(files, Arc::downgrade(&resolver)));
    Ok(Some(TlsAcceptor::from(Arc::new(server))))
}

/// When the configured certificate ends, in seconds since 1970; `None` for no TLS.
///
/// # Errors
/// As [`acceptor`].
pub fn certificate_ends(config: &TlsConfig) -> Result<Option<i64>, TlsError> {
    let Some((certificate, key)) = config.files() else { return Ok(None) };
    let certified = Files { certificate: certificate.clone(), key: key.clone() }.read()?;
    let unreadable = || TlsError(format!("{}: the certificate cannot be read", certificate.display()));
    let own = certified.cert.first().ok_or_else(unreadable)?;
    let (_, own) = x509_parser::parse_x509_certificate(own).map_err(|_| unreadable())?;
    Ok(Some(own.validity().not_after.timestamp()))
}

struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

impl Files {
    fn read(&self) -> Result<CertifiedKey, TlsError> {
        let unusable = |path: &Path, why: String| TlsError(format!("{}: {why}", path.display()));
        let chain = CertificateDer::pem_file_iter(&self.certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let chain =
            chain.map_err(|error| unusable(&self.certificate, format!("expected certificates as PEM ({error})")))?;
        let key = PrivateKeyDer::from_pem_file(&self.key);
        let key = key.map_err(|error| unusable(&self.key, format!("expected a private key as PEM ({error})")))?;
        let certified = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider());
        certified
            .map_err(|error| unusable(&self.certificate, format!("does not go with {} ({error})", self.key.display())))
    }

    /// When the files were changed last.
    fn changed(&self) -> Option<(SystemTime, SystemTime)> {
        let changed = |path| std::fs::metadata(path).and_then(|file| file.modified()).ok();
        changed(&self.certificate).zip(changed(&self.key))
    }
}

/// Gives out the newest certificate.
struct Resolver {
    current: RwLock<Arc<CertifiedKey>>,
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resolver")
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.read().clone())
    }
}

/// Takes new certificates as long as somebody needs them.
async fn watch(files: Files, resolver: std::sync::Weak<Resolver>) {
    let mut seen = files.changed();
    loop {
        tokio::time::sleep(LOOK).await;
        let Some(resolver) = resolver.upgrade() else { return };
        look(&files, &resolver, &mut seen);
    }
}

/// Takes a new certificate, if there is one.
fn look(files: &Files, resolver: &Resolver, seen: &mut Option<(SystemTime, SystemTime)>) {
    let changed = files.changed();
    if changed == *seen {
        return;
    }
    match files.read() {
        Ok(certified) => {
            *resolver.current.write() = Arc::new(certified);
            *seen = changed;
            tracing::info!("a new certificate is in use");
        }
        // perhaps one of the two files is not there yet: looked at again
        Err(error) => tracing::warn!(%error, "the new certificate cannot be used: the old one stays"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures").join(name)
    }

    #[test]
    fn a_new_certificate_is_taken_and_a_wrong_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let files = Files { certificate: dir.path().join("certificate.pem"), key: dir.path().join("key.pem") };
        std::fs::copy(fixture("localhost.pem"), &files.certificate).unwrap();
        std::fs::copy(fixture("localhost.key"), &files.key).unwrap();
        let resolver = Resolver { current: RwLock::new(Arc::new(files.read().unwrap())) };
        let in_use = || resolver.current.read().clone();
        let (first, mut seen) = (in_use(), files.changed());
        look(&files, &resolver, &mut seen);
        assert!(Arc::ptr_eq(&first, &in_use()), "nothing changed");

        let touch = |path: &Path, seconds| {
            let file = std::fs::File::options().append(true).open(path).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
        };
        // a certificate whose key is not there yet
        std::fs::copy(fixture("other.pem"), &files.certificate).unwrap();
        touch(&files.certificate, 1_000);
        look(&files, &resolver, &mut seen);
        assert!(Arc::ptr_eq(&first, &in_use()), "the key of another certificate");
        std::fs::copy(fixture("localhost.pem"), &files.certificate).unwrap();
        touch(&files.certificate, 2_000);
        look(&files, &resolver, &mut seen);
        assert!(!Arc::ptr_eq(&first, &in_use()));
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let unreadable = Files { certificate: fixture("README.md"), key: fixture("localhost.key") };
        let error = unreadable.read().unwrap_err().to_string();
        assert!(error.contains("README.md"), "{error}");
        let config =
            TlsConfig { certificate_file: Some(fixture("none.pem")), key_file: Some(fixture("localhost.key")) };
        let Err(error) = acceptor(&config) else { panic!("there is no such file") };
        assert!(error.to_string().contains("none.pem"), "{error}");
    }
}
