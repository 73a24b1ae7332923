//! The guards, as an attacker tries them; what they let through and what not is in `guards`.

use std::{fs, os::unix::fs::PermissionsExt as _};

use notifyhub_tests::{
    http::{Answer, Head, RawClient, get, request},
    server::TestServer,
    tls::{connect, own_certificate},
    within,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::rest::assert_problem;

const TOKEN: &str = "0123456789abcdef";
const NEW: &str = r#"{"message":"smuggled"}"#;

/// What comes back for these bytes.
async fn answer_to(server: &TestServer, bytes: impl AsRef<[u8]>) -> Answer {
    let mut client = RawClient::connect(server.socket_address()).await;
    let _ = client.try_send(bytes).await;
    client.answer().await
}

async fn post_with(server: &TestServer, token: &str, from: &str) -> Answer {
    let authorization = format!("Bearer {token}");
    let headers =
        [("Content-Type", "application/json"), ("Authorization", &authorization), ("X-Forwarded-For", from)];
    request(server.socket_address(), "POST", "/api/notifications", &headers, NEW).await
}

#[tokio::test]
async fn no_spelling_of_the_streams_address_gets_past_the_origin_guard() {
    let server = TestServer::start(&[]);
    for method in ["GET", "HEAD", "POST", "OPTIONS"] {
        for path in [
            "/events",
            "/events?limit=1",
            "/events#x",
            "/%65vents",
            "/EVENTS",
            "//events",
            "/./events",
            "/events/",
            "/x/../events",
            "/events;x",
            "http://localhost/events",
        ] {
            for who in ["Origin: https://evil.example", "Origin: null", "Sec-Fetch-Site: cross-site"] {
                let head = format!(
                    "{method} {path} HTTP/1.1\r\nHost: localhost\r\n{who}\r\nConnection: close\r\n\r\n"
                );
                let mut client = RawClient::connect(server.socket_address()).await;
                client.send(head).await;
                let status = client.head().await.status;
                assert!(matches!(status, 400 | 403 | 404 | 405), "{method} {path} {who}: {status}");
            }
        }
    }
}

/// What a page may send to another site without asking first: a form, a beacon, `fetch` in the mode `no-cors`.
#[tokio::test]
async fn what_browsers_send_without_asking_stores_nothing() {
    let server = TestServer::start(&[]);
    let address = server.socket_address();
    for path in
        ["/api/notify", "/api/notifications", "/", "/topic", "/message", "/hooks", "/hooks/slack", "/notify"]
    {
        for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
            for who in [
                ("Origin", "https://evil.example"),
                ("Origin", "null"),
                ("Sec-Fetch-Site", "cross-site"),
                ("Sec-Fetch-Site", "same-site"),
            ] {
                let headers = [("Content-Type", kind), who];
                let refused = request(address, "POST", path, &headers, NEW).await;
                assert_eq!(refused.status(), 403, "{path} {headers:?}");
            }
        }
    }
    assert_eq!(get(address, "/api/notifications").await.text(), "[]");
}

#[tokio::test]
async fn who_guesses_tokens_has_to_wait_and_nobody_else() {
    let unused = "0123456789-never-shown";
    let server = TestServer::start(&[
        "--publish-token",
        TOKEN,
        "--publish-token",
        unused,
        "--trusted-proxy",
        "127.0.0.1",
    ]);
    let old = "an-old-token-of-a-program";
    for _ in 0..50 {
        assert_eq!(post_with(&server, old, "192.0.2.1").await.status(), 401);
    }
    assert_eq!(post_with(&server, TOKEN, "192.0.2.1").await.status(), 201, "an old token is no guess");
    for number in 2..=10 {
        let guess = format!("guess-number-{number}");
        assert_eq!(post_with(&server, &guess, "192.0.2.1").await.status(), 401);
    }
    // From now on a right one is not told from a wrong one.
    for token in [unused, "another-guess"] {
        let refused = post_with(&server, token, "192.0.2.1").await;
        assert_problem(&refused, 429, "too_many_tokens", "too many wrong publish tokens");
        let retry_after: u64 = refused.head.header("Retry-After").unwrap().parse().unwrap();
        assert!((500..=600).contains(&retry_after), "{retry_after}");
    }
    assert_eq!(post_with(&server, TOKEN, "192.0.2.1").await.status(), 201, "it has published before");
    assert_eq!(post_with(&server, unused, "192.0.2.2").await.status(), 201);
    assert_eq!(get(server.socket_address(), "/api/notifications").await.status(), 200);
}

#[tokio::test]
async fn no_token_is_ever_logged() {
    let wrong = "a-wrong-token-nobody-has";
    let said_after = async |options: &[&str], protocol: Option<&str>| {
        let all = [&["--publish-token", TOKEN, "--log", "trace"], options].concat();
        let server = TestServer::start(&all);
        for token in [TOKEN, wrong] {
            for (method, path) in [
                ("POST", "/api/notifications".to_owned()),
                ("POST", "/nothing".to_owned()),
                ("PUT", "/api/read".to_owned()),
                ("POST", format!("/hooks/slack/{token}")),
                ("DELETE", format!("/hooks/slack/{token}")),
                ("POST", format!("/hooks/{token}")),
                ("PATCH", format!("/services/T/B/{token}")),
                ("POST", format!("/message?token={token}")),
            ] {
                let path = path.as_str();
                let head = format!(
                    "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                     Authorization: Bearer {token}\r\nContent-Length: 22\r\nConnection: close\r\n\r\n{NEW}"
                );
                match protocol {
                    None => drop(answer_to(&server, head).await),
                    Some("h2") => {
                        let client = notifyhub_tests::tls::Http2::connect(&server, 1 << 20).await;
                        client
                            .request_with(method, path, &[("authorization", &format!("Bearer {token}"))], NEW)
                            .await;
                    }
                    Some(protocol) => {
                        let mut stream = connect(&server, &own_certificate(&server), protocol).await.unwrap();
                        stream.write_all(head.as_bytes()).await.unwrap();
                        let _ = within("it is answered", stream.read_to_end(&mut Vec::new())).await;
                    }
                }
            }
        }
        assert!(server.said().contains("TRACE") || server.said().contains("DEBUG"), "{}", server.said());
        server.said()
    };
    for (options, protocol) in
        [(&[][..], None), (&["--tls-self-signed"], Some("http/1.1")), (&["--tls-self-signed"], Some("h2"))]
    {
        let said = said_after(options, protocol).await;
        assert!(!said.contains(TOKEN) && !said.contains(wrong), "{protocol:?}: {said}");
    }
}

fn assert_safe(head: &Head) {
    for (name, value) in [
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
    ] {
        assert_eq!(head.header(name), Some(value), "{name}: {}", head.text);
    }
    let policy = head.header("Content-Security-Policy").unwrap_or_else(|| panic!("{}", head.text));
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
}

#[tokio::test]
async fn every_refusal_has_the_security_headers_whoever_makes_it() {
    let server = TestServer::start(&["--publish-token", TOKEN]);
    let local = "HTTP/1.1\r\nHost: localhost\r\n";
    let token = format!("Authorization: Bearer {TOKEN}\r\n");
    let json = "Content-Type: application/json\r\n";
    for (request, status) in [
        ("nonsense\r\n\r\n".to_owned(), 400),
        (format!("GET /{} {local}\r\n", "x".repeat(70_000)), 414),
        (format!("GET / {local}X: {}\r\n\r\n", "x".repeat(1 << 20)), 431),
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n".to_owned(), 421),
        (format!("GET /events {local}Origin: https://evil.example\r\n\r\n"), 403),
        (format!("DELETE /api/notifications {local}\r\n"), 401),
        (format!("GET /nothing {local}\r\n"), 404),
        (format!("PUT /api/status {local}{token}\r\n"), 405),
        (format!("POST /api/notifications {local}{token}{json}Content-Length: 1000000\r\n\r\n"), 413),
        (format!("POST /api/notifications {local}{token}Content-Length: 2\r\n\r\n{{}}"), 415),
        (format!("POST /api/notifications {local}{token}{json}Content-Length: 2\r\n\r\n{{}}"), 400),
    ] {
        let answer = answer_to(&server, &request).await;
        assert_eq!(answer.status(), status, "{answer:?}");
        assert!(answer.json()["code"].is_string());
        assert_safe(&answer.head);
    }

    let full = TestServer::start(&["--max-connections", "1"]);
    let _first = TcpStream::connect(full.socket_address()).await.unwrap();
    let refused = answer_to(&full, format!("GET / {local}\r\n")).await;
    assert_problem(&refused, 503, "too_many_connections", "");
    assert_safe(&refused.head);

    let encrypted = TestServer::start(&["--tls-self-signed"]);
    let refused = answer_to(&encrypted, format!("GET / {local}\r\n")).await;
    assert_problem(&refused, 400, "https_only", "");
    assert_safe(&refused.head);
}

/// As a backup, or whoever copied it, may have left it.
#[tokio::test]
async fn a_key_that_others_can_read_is_taken_from_them() {
    for store in ["sqlite", "memory"] {
        let options = ["--tls-self-signed", "--store", store];
        let mut server = TestServer::start(&options);
        let key = server.data_directory().join("notifyhub.tls.key");
        server.stop();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        server.start_again(&options);
        assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600, "{store}");
    }
}
