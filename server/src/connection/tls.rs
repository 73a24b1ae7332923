//! What connections are encrypted with: a certificate of the user's, or one made here; taken anew when its files change.

use std::{
    fs::Permissions,
    io,
    net::IpAddr,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::{Arc, RwLock},
    time::{Duration, SystemTime},
};

use sha2::{Digest as _, Sha256};
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        self, ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    },
    server::TlsStream,
};

/// HTTP/2 where the client can, so that a browser has one connection for all its tabs.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// How long a certificate made here is valid: Apple's systems accept no more than 825 days.
const VALID_FOR: Duration = Duration::from_hours(24 * 820);
/// It is made anew that long before its end.
const RENEWED_BEFORE_END: Duration = Duration::from_hours(24 * 40);
/// It may be used on machines whose clock is behind.
const VALID_BEFORE: Duration = Duration::from_hours(24);

/// The certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {0}: {1}")]
    File(PathBuf, String),
    /// The certificate and the key are of no use, for themselves or together.
    #[error("the certificate in {0} cannot be used: {1}")]
    Unusable(PathBuf, rustls::Error),
    /// One cannot be made or kept.
    #[error("cannot make a certificate in {0}: {1}")]
    Making(PathBuf, String),
}

/// Where a certificate and its key are, in PEM.
#[derive(Clone, Debug)]
pub struct Files {
    /// The certificate, then those that vouch for it.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// See the module.
#[derive(Debug)]
pub struct Tls {
    files: Files,
    /// Held to copy the pointer.
    config: RwLock<Arc<ServerConfig>>,
}

impl Tls {
    /// Reads the files.
    pub fn load(files: Files) -> Result<Self, TlsError> {
        let config = RwLock::new(read(&files)?);
        Ok(Tls { files, config })
    }

    /// Reads them again; after an error what was read before is used on.
    pub fn reload(&self) -> Result<(), TlsError> {
        let config = read(&self.files)?;
        *self.config.write().expect("no code panics while it holds the configuration") = config;
        Ok(())
    }

    /// Where they are.
    pub fn files(&self) -> &Files {
        &self.files
    }

    pub(super) async fn accept(&self, socket: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let config =
            Arc::clone(&self.config.read().expect("no code panics while it holds the configuration"));
        TlsAcceptor::from(config).accept(socket).await
    }
}

fn read(Files { certificate, key }: &Files) -> Result<Arc<ServerConfig>, TlsError> {
    let chain = read_chain(certificate)?;
    let key = PrivateKeyDer::from_pem_file(key)
        .map_err(|error| TlsError::File(key.clone(), format!("{error}; it must be a private key in PEM")))?;
    let unusable = |error| TlsError::Unusable(certificate.clone(), error);
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(unusable)?;
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).into();
    Ok(Arc::new(config))
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |reason: String| TlsError::File(path.to_owned(), reason);
    let chain = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| failed(error.to_string()))?;
    if chain.is_empty() {
        return Err(failed("there is no certificate in it; it must be PEM".into()));
    }
    Ok(chain)
}

/// The SHA-256 fingerprint of a certificate, as browsers show it.
pub fn fingerprint(certificate: &Path) -> Result<String, TlsError> {
    let digest = Sha256::digest(&read_chain(certificate)?[0]);
    Ok(digest.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":"))
}

/// A certificate of the hub's own in `directory`, for these names and for this machine's: made where there is none, or
/// where its end is near.
pub fn self_signed(directory: &Path, names: &[String]) -> Result<Files, TlsError> {
    let files =
        Files { certificate: directory.join("notifyhub.tls.pem"), key: directory.join("notifyhub.tls.key") };
    // As old as its file.
    let made = std::fs::metadata(&files.certificate).and_then(|file| file.modified());
    let is_current = made.is_ok_and(|made| {
        SystemTime::now().duration_since(made).is_ok_and(|age| age + RENEWED_BEFORE_END < VALID_FOR)
    });
    if !(is_current && read(&files).is_ok()) {
        make(&files, names).map_err(|reason| TlsError::Making(directory.to_owned(), reason))?;
    }
    // A new file is by the process's file mode creation mask; one that was there may have been copied without care.
    let key = &files.key;
    std::fs::set_permissions(key, Permissions::from_mode(0o600))
        .map_err(|error| TlsError::File(key.clone(), error.to_string()))?;
    Ok(files)
}

fn make(files: &Files, names: &[String]) -> Result<(), String> {
    let mut all = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    let host_name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let is_specific = |name: &&String| !name.parse::<IpAddr>().is_ok_and(|address| address.is_unspecified());
    all.extend(names.iter().chain([&host_name]).filter(is_specific).cloned());
    all.sort();
    all.dedup();
    let mut parameters = rcgen::CertificateParams::new(all).map_err(|error| error.to_string())?;
    parameters.distinguished_name.push(rcgen::DnType::CommonName, format!("NotifyHub on {host_name}"));
    let now = SystemTime::now();
    parameters.not_before = (now - VALID_BEFORE).into();
    parameters.not_after = (now + VALID_FOR - VALID_BEFORE).into();
    parameters.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let key = rcgen::KeyPair::generate().map_err(|error| error.to_string())?;
    let certificate = parameters.self_signed(&key).map_err(|error| error.to_string())?;
    let directory = files.key.parent().unwrap_or(Path::new("."));
    // Written into a file that others can read, it would be theirs for a moment.
    let _ = std::fs::remove_file(&files.key);
    std::fs::create_dir_all(directory)
        .and_then(|()| std::fs::write(&files.key, key.serialize_pem()))
        .and_then(|()| std::fs::write(&files.certificate, certificate.pem()))
        .map_err(|error| error.to_string())
}
