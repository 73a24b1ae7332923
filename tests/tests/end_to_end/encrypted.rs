//! HTTPS and HTTP/2: the same contract, limits and rules for readers that stall.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use futures_util::StreamExt as _;
use http::Request;
use notifyhub_sdk::{ConnectOptions, Event, Subscribe as _, types::NewNotification};
use notifyhub_tests::{
    eventually,
    http::RawClient,
    push,
    server::{TestServer, run_to_end},
    tls::{Http2, connect, own_certificate, read_all, read_until},
    within,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{guards::assert_security_headers, rest::assert_problem};

const WINDOW: u32 = 1 << 20;

/// The value of a metric, asked for over HTTP/2.
async fn metric(client: &Http2, name: &str) -> u64 {
    let mut answer = client.request("GET", "/metrics", "").await;
    let text = read_all(answer.body_mut()).await;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.unwrap_or_else(|| panic!("{text}")).parse().unwrap()
}

#[tokio::test]
async fn a_certificate_of_its_own_serves_the_sdk_and_the_command_line() {
    let mut server = TestServer::start(&["--tls-self-signed"]);
    assert!(server.address().starts_with("https://"));
    let certificate = own_certificate(&server);
    let pem = fs::read(&certificate).unwrap();
    let options = ConnectOptions::default().trust_certificates(&pem).unwrap();
    let hub = options.connect(&server.address()).unwrap();
    let mut events = hub.subscribe();
    assert!(matches!(within("hello comes", events.next()).await, Some(Ok(Event::Hello(_)))));
    hub.publish().body(NewNotification::builder().message("encrypted")).send().await.unwrap();
    loop {
        if let Some(Ok(Event::Notification(got))) = within("it comes", events.next()).await {
            assert_eq!(got.message, "encrypted");
            break;
        }
    }
    let url = server.address();
    let file = certificate.to_str().unwrap();
    let sent = push::push(&["--url", &url, "--ca-cert", file, "x"]).await;
    assert_eq!(sent.code, 0, "{}", sent.stderr);
    let refused = push::push(&["--url", &url, "x"]).await;
    assert!(refused.code == 1 && refused.stderr.contains("--ca-cert"), "{}", refused.stderr);
    let nonsense = server.data_directory().join("notifyhub.lock");
    let nonsense = push::push(&["--url", &url, "--ca-cert", nonsense.to_str().unwrap(), "x"]).await;
    assert!(nonsense.code == 2 && nonsense.stderr.contains("no certificate in it"), "{}", nonsense.stderr);

    for name in ["notifyhub.tls.key", "notifyhub.tls.pem"] {
        let mode = fs::metadata(server.data_directory().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    server.stop();
    server.start_again(&["--tls-self-signed"]);
    assert_eq!(fs::read(&certificate).unwrap(), pem, "it is kept over restarts");
}

#[test]
fn the_fingerprint_it_prints_is_the_certificates() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().to_str().unwrap();
    let mut hub = Command::new(notifyhub_tests::server::server_program())
        .args(["--port", "0", "--tls-self-signed", "--data-dir", data])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let printed = std::io::BufRead::lines(std::io::BufReader::new(hub.stdout.take().unwrap()))
        .map_while(Result::ok)
        .find_map(|line| line.trim().strip_prefix("SHA-256 ").map(ToOwned::to_owned));
    hub.kill().unwrap();
    hub.wait().unwrap();
    let certificate = directory.path().join("notifyhub.tls.pem");
    let openssl = Command::new("openssl")
        .args(["x509", "-noout", "-fingerprint", "-sha256", "-in", certificate.to_str().unwrap()])
        .output()
        .unwrap();
    let openssl = String::from_utf8(openssl.stdout).unwrap();
    assert_eq!(printed.as_deref(), openssl.trim().split_once('=').map(|(_, fingerprint)| fingerprint));
}

#[tokio::test]
async fn one_connection_carries_requests_and_many_streams() {
    let server = TestServer::start(&["--tls-self-signed"]);
    let client = Http2::connect(&server, WINDOW).await;
    let mut streams = Vec::new();
    for _ in 0..50 {
        let mut stream = client.request("GET", "/events", "").await;
        assert_eq!(stream.status(), 200);
        assert_eq!(stream.headers()["content-type"], "text/event-stream");
        assert!(stream.headers().contains_key("x-request-id"));
        read_until(stream.body_mut(), "event: init").await.unwrap();
        streams.push(stream);
    }
    let posted = client.request("POST", "/api/notifications", r#"{"message":"to all"}"#).await;
    assert_eq!(posted.status(), 201);
    for stream in &mut streams {
        read_until(stream.body_mut(), "to all").await.unwrap();
    }
    assert_eq!(metric(&client, "notifyhub_streams_open").await, 50);
    assert_eq!(metric(&client, "notifyhub_connections_accepted_total").await, 1);
    let refused = client.request("POST", "/api/notifications", "{}").await;
    assert_eq!(refused.status(), 400);
    drop(streams);
    eventually("the streams are given up", async || {
        (metric(&client, "notifyhub_streams_open").await == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_guards_hold_over_http_2() {
    let server = TestServer::start(&["--tls-self-signed", "--publish-token", "0123456789abcdef"]);
    let client = Http2::connect(&server, WINDOW).await;
    let list = "/api/notifications";
    let token = ("authorization", "Bearer 0123456789abcdef");
    let foreign = ("origin", "https://evil.example");
    for (authority, method, path, headers, status, code) in [
        ("evil.example", "GET", list, &[][..], 421, "unknown_host"),
        ("evil.example", "POST", list, &[token], 421, "unknown_host"),
        ("evil.example", "GET", "/events", &[], 421, "unknown_host"),
        ("localhost", "POST", list, &[token, foreign], 403, "foreign_origin"),
        ("localhost", "GET", "/events", &[foreign], 403, "foreign_origin"),
        ("localhost", "POST", list, &[], 401, "token_required"),
        ("localhost", "POST", list, &[token], 201, ""),
        ("localhost", "GET", "/", &[], 200, ""),
        ("localhost", "GET", "/nothing", &[], 404, "not_found"),
    ] {
        let asked = format!("{method} https://{authority}{path} {headers:?}");
        let uri = format!("https://{authority}{path}");
        let mut request =
            Request::builder().method(method).uri(uri).header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = if method == "POST" { r#"{"message":"x"}"# } else { "" };
        let mut answer = client.send(request.body(()).unwrap(), body).await.unwrap();
        assert_eq!(answer.status(), status, "{asked}");
        assert_security_headers(&asked, |name| answer.headers().get(name)?.to_str().ok());
        let body = read_all(answer.body_mut()).await;
        assert!(body.contains(code), "{asked}: {body}");
    }
    let mut stored = client.request("GET", list, "").await;
    assert_eq!(read_all(stored.body_mut()).await.matches("\"id\"").count(), 1);
}

#[tokio::test]
async fn a_reader_that_stalls_loses_its_stream_and_no_other() {
    let server = TestServer::start(&["--tls-self-signed", "--stall-timeout", "1s"]);
    // What the stalled reader does not take does not fit into its window.
    let client = Http2::connect(&server, 4096).await;
    let mut stalled = client.request("GET", "/events", "").await;
    let mut reading = client.request("GET", "/events", "").await;
    read_until(reading.body_mut(), "event: init").await.unwrap();
    let body = format!(r#"{{"message":"{}"}}"#, "x".repeat(4000));
    for _ in 0..8 {
        assert_eq!(client.request("POST", "/api/notifications", &body).await.status(), 201);
        read_until(reading.body_mut(), "xxxx\"").await.unwrap();
    }
    eventually("the stalled stream is closed", async || {
        (metric(&client, "notifyhub_streams_closed_total{reason=\"stalled\"}").await == 1).then_some(())
    })
    .await;
    // What is still in the window comes, then the reset.
    let ended = within("it is reset", async {
        loop {
            match stalled.body_mut().data().await {
                Some(Ok(data)) => drop(data),
                Some(Err(error)) => return error,
                None => panic!("it ended as if it were complete"),
            }
        }
    })
    .await;
    assert!(ended.is_reset(), "{ended}");
    assert_eq!(client.request("POST", "/api/notifications", r#"{"message":"after"}"#).await.status(), 201);
    read_until(reading.body_mut(), "after").await.unwrap();
}

#[tokio::test]
async fn a_reader_that_stalls_over_https_1_is_closed() {
    let server = TestServer::start(&["--tls-self-signed", "--stall-timeout", "1s"]);
    let mut stalled = connect(&server, &own_certificate(&server), "http/1.1").await.unwrap();
    stalled.write_all(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let client = Http2::connect(&server, WINDOW).await;
    eventually("it is open", async || (metric(&client, "notifyhub_streams_open").await == 1).then_some(()))
        .await;
    let body = format!(r#"{{"message":"{}"}}"#, "x".repeat(4000));
    eventually("it is closed", async || {
        for _ in 0..200 {
            client.request("POST", "/api/notifications", &body).await;
        }
        (metric(&client, "notifyhub_streams_open").await == 0).then_some(())
    })
    .await;
    assert_eq!(metric(&client, "notifyhub_streams_closed_total{reason=\"stalled\"}").await, 1);
}

#[tokio::test]
async fn streams_of_one_connection_count_as_connections_do() {
    let server = TestServer::start(&["--tls-self-signed", "--max-connections", "4"]);
    let client = Http2::connect(&server, WINDOW).await;
    let mut streams = Vec::new();
    for _ in 0..3 {
        streams.push(client.request("GET", "/events", "").await);
    }
    assert!(streams.iter().all(|stream| stream.status() == 200));
    let mut refused = client.request("GET", "/events", "").await;
    assert_eq!(refused.status(), 503);
    assert!(read_until(refused.body_mut(), "}").await.unwrap().contains("too_many_connections"));
    assert_eq!(client.request("GET", "/healthz", "").await.status(), 200);
    streams.pop();
    eventually("there is room again", async || {
        (client.request("GET", "/events", "").await.status() == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_stop_ends_the_streams_as_complete() {
    let mut server = TestServer::start(&["--tls-self-signed", "--drain", "2s"]);
    let client = Http2::connect(&server, WINDOW).await;
    let mut stream = client.request("GET", "/events", "").await;
    read_until(stream.body_mut(), "event: init").await.unwrap();
    server.signal(rustix::process::Signal::TERM);
    let end = within("it ends", async {
        loop {
            match stream.body_mut().data().await {
                Some(Ok(data)) => drop(stream.body_mut().flow_control().release_capacity(data.len())),
                other => return other,
            }
        }
    })
    .await;
    assert!(end.is_none(), "{end:?}");
    assert_eq!(server.wait().code(), Some(0), "{}", server.said());
}

#[tokio::test]
async fn a_connection_that_asks_for_nothing_is_closed() {
    let server = TestServer::start(&["--tls-self-signed"]);
    let client = Http2::connect(&server, WINDOW).await;
    let other = Http2::connect(&server, WINDOW).await;
    assert_eq!(client.request("GET", "/healthz", "").await.status(), 200);
    // One that never begins the handshake, and one that never begins to speak HTTP/2.
    let silent = tokio::net::TcpStream::connect(server.socket_address()).await.unwrap();
    let mute = connect(&server, &own_certificate(&server), "h2").await.unwrap();
    eventually("all but this one are closed", async || {
        (metric(&other, "notifyhub_connections_open").await == 1).then_some(())
    })
    .await;
    assert!(client.try_request("GET", "/healthz", "").await.is_err());
    drop((silent, mute));
}

#[tokio::test]
async fn who_speaks_plainly_where_encryption_is_expected_is_told() {
    let server = TestServer::start(&["--tls-self-signed"]);
    let mut client = RawClient::connect(server.socket_address()).await;
    client.send("GET /api/notifications HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert_problem(&client.answer().await, 400, "https_only", "https://");
    let port = server.socket_address().port().to_string();
    let pushed = push::push(&["--port", &port, "x"]).await;
    assert!(pushed.code != 0 && pushed.stderr.contains("https://"), "{}", pushed.stderr);
}

struct Pair {
    directory: tempfile::TempDir,
}

impl Pair {
    fn new() -> Self {
        let pair = Pair { directory: tempfile::tempdir().unwrap() };
        pair.make();
        pair
    }

    fn make(&self) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(self.key(), made.signing_key.serialize_pem()).unwrap();
        fs::write(self.certificate(), made.cert.pem()).unwrap();
    }

    fn certificate(&self) -> PathBuf {
        self.directory.path().join("cert.pem")
    }

    fn key(&self) -> PathBuf {
        self.directory.path().join("key.pem")
    }
}

#[tokio::test]
async fn a_new_certificate_is_taken_without_a_restart() {
    let pair = Pair::new();
    let (certificate, key) = (pair.certificate(), pair.key());
    let options = ["--tls-cert", certificate.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
    let server = TestServer::start(&options);
    let connects = async |certificate: &Path| connect(&server, certificate, "http/1.1").await;
    let mut before = connects(&certificate).await.unwrap();
    let old = pair.directory.path().join("old.pem");
    fs::copy(&certificate, &old).unwrap();
    pair.make();
    eventually("the new one is taken", async || connects(&certificate).await.ok()).await;
    assert!(connects(&old).await.is_err());
    // What was there before goes on.
    before.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = [0; 12];
    before.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    // A broken one is told and not taken.
    let good = pair.directory.path().join("good.pem");
    fs::copy(&certificate, &good).unwrap();
    fs::write(&certificate, "broken").unwrap();
    eventually("it is told", async || {
        server.said().contains("what was read before is used on").then_some(())
    })
    .await;
    assert!(connects(&good).await.is_ok());
}

#[test]
fn certificates_that_are_of_no_use_end_the_start() {
    let (one, other) = (Pair::new(), Pair::new());
    let path = |path: PathBuf| path.to_str().unwrap().to_owned();
    for (certificate, key, expected) in [
        (path(one.certificate()), path(other.key()), "cannot be used"),
        ("/nonexistent".to_owned(), path(one.key()), "cannot read /nonexistent"),
        (path(one.key()), path(one.key()), "no certificate in it"),
        (path(one.certificate()), path(one.certificate()), "must be a private key"),
    ] {
        let output =
            run_to_end(&["--store", "memory", "--port", "0", "--tls-cert", &certificate, "--tls-key", &key]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(expected), "{expected:?} is not in {said}");
    }
    let alone = run_to_end(&["--tls-cert", "x"]);
    assert_eq!(alone.status.code(), Some(2));
    assert!(String::from_utf8(alone.stderr).unwrap().contains("--tls-key"));
}
