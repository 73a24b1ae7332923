//! Encryption of the connection to the database.

use std::{path::Path, sync::Arc};

use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_rustls::rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject as _},
};

use super::address::Verification;
use crate::any_certificate::AnyCertificate;

/// What encrypts connections, where the server can.
pub(super) fn connector(verification: &Verification) -> Result<MakeRustlsConnect, String> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let config = match verification {
        Verification::Full(file) => builder.with_root_certificates(roots(file)?),
        // As libpq's `sslmode=require` does.
        Verification::None => {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyCertificate::new(&provider)))
        }
    };
    Ok(MakeRustlsConnect::new(config.with_no_client_auth()))
}

fn roots(file: &Path) -> Result<RootCertStore, String> {
    let fail = |reason: &dyn std::fmt::Display| format!("sslrootcert={}: {reason}", file.display());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| fail(&error))? {
        let certificate = certificate.map_err(|error| fail(&error))?;
        roots.add(certificate).map_err(|error| fail(&error))?;
    }
    if roots.is_empty() { Err(fail(&"there is no certificate in it")) } else { Ok(roots) }
}
