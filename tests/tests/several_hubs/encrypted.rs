//! The connection to the database is encrypted, the server is who it says it is, and the password stays a secret.

use std::{fs, path::PathBuf};

use notifyhub_test_engines::Postgres;
use notifyhub_tests::{
    http::post,
    server::{Launch, TestServer, run_to_end},
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;

use super::{hub, id_of};

/// Somebody who vouches for certificates: the certificate to trust, in a file.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    directory: TempDir,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let authority = Authority { issuer, directory: TempDir::new().unwrap() };
        fs::write(authority.file(), authority.issuer.pem()).unwrap();
        authority
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    /// A certificate for this name, and its key.
    fn certify(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }

    /// The address of a database, to be verified by this authority.
    fn verified(&self, url: &str) -> String {
        format!("{url}?sslmode=verify-full&sslrootcert={}", self.file().display())
    }
}

/// A server that takes only who encrypts and has a password, and says who of them is connected.
fn locked(certificate: &(String, String)) -> Postgres {
    let postgres = Postgres::start();
    postgres.database("feed");
    postgres.encrypt(&certificate.0, &certificate.1);
    postgres.sql("feed", "CREATE ROLE guest LOGIN PASSWORD 'very secret'");
    postgres.sql("feed", "CREATE SCHEMA notifyhub AUTHORIZATION guest");
    postgres.put_rules(
        "hostssl all guest 127.0.0.1/32 scram-sha-256\nhostnossl all guest 127.0.0.1/32 reject\n\
         host all guest ::1/128 reject",
    );
    postgres
}

fn failure(url: &str, expected: &str) {
    let output = run_to_end(&["--port", "0", "--store", url]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{url}: {said}");
    assert!(said.contains(expected), "{expected:?} is not in {said:?}");
    assert!(!said.contains("secret") && !said.contains("does not seem to be PostgreSQL"), "{said}");
}

#[tokio::test]
async fn a_server_is_verified_by_its_authority_and_name_and_the_password_comes_from_a_file() {
    let (authority, other) = (Authority::new(), Authority::new());
    let postgres = locked(&authority.certify("localhost"));
    let at = |user: &str, host: &str| format!("postgres://{user}@{host}:{}/feed", postgres.port());
    let url = at("guest:very%20secret", "localhost");

    // With a binding of the password to the encrypted channel, as nobody in the middle could give it.
    let bound = format!("{}&channel_binding=require", authority.verified(&url));
    let secret = other.directory.path().join("store");
    fs::write(&secret, format!("{bound}\n")).unwrap();
    let verified = TestServer::start(&["--store-file", secret.to_str().unwrap()]);
    id_of(&post(verified.socket_address(), "/api/notifications", r#"{"message":"x"}"#).await);
    let encrypted = "SELECT count(*), bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
        WHERE application_name = 'notifyhub'";
    assert_eq!(postgres.sql("feed", encrypted), "1|t");
    let command_line = fs::read_to_string(format!("/proc/{}/cmdline", verified.pid())).unwrap();
    assert!(!command_line.contains("secret") && !verified.said().contains("secret"), "{}", verified.said());

    // Without asking who answers; `prefer` finds that it has to.
    for mode in ["?sslmode=require", ""] {
        let hub = hub(&format!("{url}{mode}"));
        id_of(&post(hub.socket_address(), "/api/notifications", r#"{"message":"x"}"#).await);
    }

    failure(&other.verified(&url), "is not vouched for by a certificate in sslrootcert");
    failure(&authority.verified(&at("guest:very%20secret", "127.0.0.1")), "is not for the name 127.0.0.1");
    failure(&format!("{url}?sslmode=disable"), "pg_hba.conf");
    failure(&at("guest:no%20secret", "localhost"), "check the user and the password");
    failure(&at("guest", "localhost"), "password missing");
    fs::write(other.file(), "nothing").unwrap();
    failure(&other.verified(&url), "there is no certificate in it");
    fs::remove_file(other.file()).unwrap();
    failure(&other.verified(&url), "ca.pem");
}

#[test]
fn a_server_that_does_not_encrypt_is_refused_where_encryption_is_required() {
    let postgres = Postgres::start();
    let url = postgres.database("feed");
    failure(&format!("{url}?sslmode=require"), "does not encrypt");
}

/// The environment is as good as a file: other users do not see it.
#[test]
fn the_password_comes_from_the_environment() {
    let postgres = locked(&Authority::new().certify("localhost"));
    let url = format!("NOTIFYHUB_STORE=postgres://guest:very%20secret@localhost:{}/feed", postgres.port());
    let hub = TestServer::launch(Launch { under: &["env", &url], ..Launch::default() });
    assert!(!hub.said().contains("secret"), "{}", hub.said());
    assert_eq!(postgres.sql("feed", "SELECT count(*) FROM notifyhub.log"), "1");
}
