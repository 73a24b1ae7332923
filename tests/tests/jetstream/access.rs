//! Who a hub says it is, and whom it believes: passwords, tokens, credentials, certificates, permissions.

use std::{fs, path::PathBuf};

use notifyhub_test_engines::{Brokers, Setup};
use notifyhub_tests::{
    repository,
    server::{TestServer, run_to_end},
};
use tempfile::TempDir;

use super::{STREAM, messages, publish};

const PASSWORD: &str = "correct-horse";

/// What a hub says that must not start with this store.
fn refusal(store: &str) -> String {
    let output = run_to_end(&["--store", store, "--port", "0"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{said}");
    said
}

/// It says so, and shows no secret.
fn assert_says(said: &str, what: &str) {
    assert!(said.contains(what), "{said}");
    assert!(!said.contains(PASSWORD) && !said.contains("wrong-horse"), "a secret is shown: {said}");
}

#[tokio::test]
async fn users_and_passwords_are_shown_to_the_broker_and_to_nobody_else() {
    let users = format!("authorization {{ user: hub, password: {PASSWORD} }}");
    let Some(brokers) = Brokers::start_as(&Setup::of(1).and_settings(users)) else { return };
    let host = brokers.client_address(0);
    let settings = format!("stream={STREAM}&replicas=1");
    let hub = TestServer::start(&[
        "--store",
        &format!("nats://hub:{PASSWORD}@{host}?{settings}"),
        "--log",
        "debug",
    ]);
    publish(&hub, "a").await;
    assert!(!hub.said().contains(PASSWORD), "{}", hub.said());
    let wrong = refusal(&format!("nats://hub:wrong-horse@{host}?{settings}"));
    assert_says(&wrong, "refuses the user \"hub\" with this password");
    let without = refusal(&format!("nats://{host}?{settings}"));
    assert_says(&without, "refuses whoever shows neither user and password, nor a token, nor credentials");
}

#[tokio::test]
async fn a_token_is_shown_in_the_place_of_a_user() {
    let users = format!("authorization {{ token: {PASSWORD} }}");
    let Some(brokers) = Brokers::start_as(&Setup::of(1).and_settings(users)) else { return };
    let host = brokers.client_address(0);
    let store = |token: &str| format!("nats://{token}@{host}?stream={STREAM}&replicas=1");
    let hub = TestServer::start(&["--store", &store(PASSWORD), "--log", "debug"]);
    publish(&hub, "a").await;
    assert!(!hub.said().contains(PASSWORD), "{}", hub.said());
    assert_says(&refusal(&store("wrong-horse")), "refuses this token");
}

/// What deploy/ allows, less one permission: which one is said.
#[tokio::test]
async fn a_permission_that_is_missing_is_named() {
    let deployed = fs::read_to_string(repository("deploy/jetstream/nats-server.conf")).unwrap();
    let start = deployed.find("authorization {").unwrap();
    let allowed = deployed[start..].replace("$HUB_PASSWORD", PASSWORD);
    for (permission, told) in [
        ("\"$JS.API.STREAM.INFO.notifyhub\"", "Publish to \"$JS.API.STREAM.INFO.notifyhub\""),
        ("\"$JS.API.CONSUMER.CREATE.notifyhub.>\"", "Publish to \"$JS.API.CONSUMER.CREATE.notifyhub."),
        ("\"notifyhub.>\"", "Publish to \"notifyhub."),
        ("\"_INBOX.>\"", "Subscription to \"_INBOX."),
    ] {
        let less = allowed.replace(permission, "\"nothing\"");
        assert_ne!(less, allowed, "{permission}");
        let Some(brokers) = Brokers::start_as(&Setup::of(1).and_settings(less)) else { return };
        let host = brokers.client_address(0);
        let said = refusal(&format!("nats://hub:{PASSWORD}@{host}?stream=notifyhub&replicas=1"));
        assert_says(&said, "does not let this user do what a hub does");
        assert!(said.contains(told), "{said}");
    }
}

/// What `nsc` makes: an operator, an account that may use JetStream, and a user of it.
mod credentials {
    use std::fmt::Write as _;

    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use nkeys::KeyPair;
    use serde_json::{Value, json};

    fn signed(issuer: &KeyPair, subject: &KeyPair, name: &str, nats: &Value) -> String {
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let claims = json!({
            "jti": name, "iat": 1_700_000_000, "iss": issuer.public_key(), "sub": subject.public_key(),
            "name": name, "nats": nats,
        });
        let text = format!("{}.{}", part(json!({"typ": "JWT", "alg": "ed25519-nkey"})), part(claims));
        let signature = URL_SAFE_NO_PAD.encode(issuer.sign(text.as_bytes()).unwrap());
        format!("{text}.{signature}")
    }

    /// The brokers' configuration, and the file of a user that they know.
    pub(super) fn make() -> (String, String) {
        let (operator, system) = (KeyPair::new_operator(), KeyPair::new_account());
        let (account, user) = (KeyPair::new_account(), KeyPair::new_user());
        let limits = json!({
            "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true, "conn": -1,
            "leaf": -1, "mem_storage": -1, "disk_storage": -1, "streams": -1, "consumer": -1,
        });
        let of_account = json!({"type": "account", "version": 2, "limits": limits});
        let of_system = json!({"type": "account", "version": 2, "limits": {
            "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true, "conn": -1, "leaf": -1,
        }});
        let of_operator = json!({"type": "operator", "version": 2, "system_account": system.public_key()});
        let mut settings = format!("operator: {}\n", signed(&operator, &operator, "operator", &of_operator));
        let _ = writeln!(
            settings,
            "system_account: {}\nresolver: MEMORY\nresolver_preload: {{",
            system.public_key()
        );
        for (keys, name, claims) in [(&system, "SYS", &of_system), (&account, "feed", &of_account)] {
            let _ = writeln!(settings, "{}: {}", keys.public_key(), signed(&operator, keys, name, claims));
        }
        settings.push('}');
        let of_user = json!({"type": "user", "version": 2, "subs": -1, "data": -1, "payload": -1});
        let file = format!(
            "-----BEGIN NATS USER JWT-----\n{}\n------END NATS USER JWT------\n\n\
             -----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n",
            signed(&account, &user, "hub", &of_user),
            user.seed().unwrap()
        );
        (settings, file)
    }
}

#[tokio::test]
async fn credentials_are_taken_from_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (settings, known) = credentials::make();
    let (_, unknown) = credentials::make();
    let Some(brokers) = Brokers::start_as(&Setup::of(1).and_settings(settings)) else { return };
    let host = brokers.client_address(0);
    let store = |creds: &str| format!("nats://{host}?stream={STREAM}&replicas=1&creds={creds}");
    let hub = TestServer::start(&["--store", &store(&file("known.creds", &known)), "--log", "debug"]);
    publish(&hub, "a").await;
    let seed = known.lines().find(|line| line.starts_with("SU")).unwrap();
    assert!(!hub.said().contains(seed), "{}", hub.said());
    let unknown = file("unknown.creds", &unknown);
    assert_says(&refusal(&store(&unknown)), &format!("refuses the credentials in {unknown}"));
    let broken = file("broken.creds", "not credentials at all");
    assert_says(&refusal(&store(&broken)), &format!("cannot read {broken}"));
}

/// An authority of the operator's own, and a certificate that it vouches for.
struct Authority {
    directory: TempDir,
}

impl Authority {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut parameters = rcgen::CertificateParams::default();
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let name = format!("authority {}", fastrand::u64(..));
        parameters.distinguished_name.push(rcgen::DnType::CommonName, name);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = parameters.self_signed(&key).unwrap();
        let issuer = rcgen::Issuer::new(parameters, key);
        let server_key = rcgen::KeyPair::generate().unwrap();
        let server = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
        let server = server.signed_by(&server_key, &issuer).unwrap();
        for (name, text) in [
            ("ca.pem", certificate.pem()),
            ("server.pem", server.pem()),
            ("server.key", server_key.serialize_pem()),
        ] {
            fs::write(directory.path().join(name), text).unwrap();
        }
        Authority { directory }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn brokers_are_believed_that_the_named_authority_vouches_for_and_no_others() {
    let (own, other) = (Authority::new(), Authority::new());
    let settings = format!(
        "tls {{ cert_file: {:?}, key_file: {:?} }}\nauthorization {{ user: hub, password: {PASSWORD} }}",
        own.file("server.pem"),
        own.file("server.key")
    );
    let Some(mut brokers) = Brokers::start_as(&Setup::of(1).and_settings(settings)) else { return };
    let port = brokers.client_address(0).port();
    let store =
        |host: &str, ca: &str| format!("tls://hub:{PASSWORD}@{host}:{port}?stream={STREAM}&replicas=1{ca}");
    let trusting = |authority: &Authority| format!("&ca={}", authority.file("ca.pem").display());
    let hub = TestServer::start(&["--store", &store("localhost", &trusting(&own))]);
    publish(&hub, "a").await;
    // The connection is made again as it was.
    brokers.kill(0);
    brokers.start_again(0);
    publish(&hub, "b").await;
    assert_eq!(messages(&hub).await, ["b", "a"]);

    // A name that the certificate does not have, an authority that did not sign it, and none of our own.
    for (host, ca, told) in [
        ("127.0.0.1", trusting(&own), "not valid for name"),
        ("localhost", trusting(&other), "UnknownIssuer"),
        ("localhost", String::new(), "UnknownIssuer"),
    ] {
        let said = refusal(&store(host, &ca));
        assert_says(&said, told);
        assert!(said.contains("tls://"), "{said}");
    }
    let plain = refusal(&format!("nats://hub:{PASSWORD}@localhost:{port}?stream={STREAM}&replicas=1"));
    assert_says(&plain, "UnknownIssuer");
    let missing = refusal(&store("localhost", "&ca=/nowhere.pem"));
    assert_says(&missing, "cannot read /nowhere.pem");
}
