//! What is refused, and that every refusal has the one error body.

use notifyhub_tests::{
    http::{RawClient, get, post, request},
    server::TestServer,
};
use serde_json::{Value, json};

use super::{assert_problem, list};

#[tokio::test]
async fn a_body_that_is_no_notification_is_refused_and_nothing_is_stored() {
    let server = TestServer::start(&[]);
    let address = server.socket_address();
    for (body, message) in [
        ("", "EOF"),
        ("Hello", "expected value"),
        ("{\"message\":\"x\"", "EOF"),
        ("{\"message\":\"x\"} and more", "trailing characters"),
        ("[]", ""),
        ("null", "invalid type: null"),
        ("\"x\"", "invalid type: string"),
        ("{}", "missing field `message`"),
        ("{\"message\":1}", "invalid type: integer `1`, expected a string"),
        ("{\"message\":null}", "invalid type: null"),
        ("{\"message\":\"x\",\"titel\":\"y\"}", "unknown field `titel`"),
        ("{\"message\":\"x\",\"id\":\"y\"}", "unknown field `id`"),
        ("{\"message\":\"x\",\"message\":\"y\"}", "duplicate field `message`"),
        ("{\"message\":\"x\",\"level\":\"urgent\"}", "unknown variant `urgent`"),
        ("{\"message\":\"x\",\"level\":\"Error\"}", "unknown variant `Error`"),
        ("{\"message\":\"x\",\"tags\":\"ci\"}", "invalid type: string"),
        ("{\"message\":\"x\",\"timestamp\":\"yesterday\"}", ""),
        ("{\"message\":\"x\",\"timestamp\":1755700000}", ""),
        ("{\"message\":\"\\ud800\"}", ""),
        ("{\"message\":\"\\udc00x\"}", ""),
        ("{\"message\":\"a\nb\"}", "control character"),
    ] {
        let refused = post(address, "/api/notifications", body).await;
        assert_problem(&refused, 400, "invalid_body", message);
    }
    for bytes in [&b"{\"message\":\"\xff\"}"[..], b"\xef\xbb\xbf{\"message\":\"x\"}", b"\x00"] {
        assert_problem(&post(address, "/api/notifications", bytes).await, 400, "invalid_body", "");
    }
    let deep = format!("{{\"message\":{}", "[".repeat(60_000));
    assert_problem(&post(address, "/api/notifications", deep).await, 400, "invalid_body", "");
    assert_eq!(list(&server, "").await.text(), "[]");
}

#[tokio::test]
async fn a_notification_beyond_its_limits_is_refused_with_the_limit() {
    let server = TestServer::start(&[]);
    let with = |field: &str, value: Value| {
        let mut new = json!({"message": "x"});
        new[field] = value;
        new.to_string()
    };
    for (body, message) in [
        (with("message", json!("")), "`message` must have 1 to 4096 characters, this one has 0"),
        (
            with("message", json!("é".repeat(4097))),
            "`message` must have 1 to 4096 characters, this one has 4097",
        ),
        (with("title", json!("")), "`title` must have 1 to 256 characters, this one has 0"),
        (with("title", json!("x".repeat(257))), "`title` must have 1 to 256 characters, this one has 257"),
        (with("tags", json!([""])), "`tags` must have 1 to 64 characters, this one has 0"),
        (with("tags", json!(["x".repeat(65)])), "`tags` must have 1 to 64 characters, this one has 65"),
        (with("tags", json!(vec!["x"; 17])), "`tags` may have at most 16 items, this one has 17"),
        (with("link", json!("javascript:alert(1)")), "`link` must be an http:// or https:// address"),
        (with("link", json!("/relative")), "`link` must be an http:// or https:// address"),
        (with("link", json!("")), "`link` must have 1 to 2048 characters"),
        (
            with("link", json!(format!("https://x/{}", "x".repeat(2048)))),
            "`link` must have 1 to 2048 characters",
        ),
        (
            with("timestamp", json!("+12026-08-20T16:26:40Z")),
            "`timestamp` must lie in the years 0000 to 9999",
        ),
    ] {
        let refused = post(server.socket_address(), "/api/notifications", body).await;
        assert_problem(&refused, 400, "invalid_notification", message);
    }
    assert_eq!(list(&server, "").await.text(), "[]");
}

/// Limits count characters, as people do, not bytes.
#[tokio::test]
async fn the_longest_message_fits_whatever_it_is_made_of() {
    let server = TestServer::start(&[]);
    for text in ["🎉", "é", "\0", "\\"] {
        let body = json!({"message": text.repeat(4096)}).to_string();
        assert_eq!(post(server.socket_address(), "/api/notifications", body).await.status(), 201, "{text:?}");
    }
}

#[tokio::test]
async fn a_body_that_is_not_declared_to_be_json_is_refused() {
    let server = TestServer::start(&[]);
    let address = server.socket_address();
    let body = r#"{"message":"x"}"#;
    for headers in [
        &[][..],
        &[("Content-Type", "application/xml")],
        &[("Content-Type", "nonsense")],
        &[("Content-Type", "text/plain")],
        &[("Content-Type", "application/x-www-form-urlencoded")],
    ] {
        for path in ["/api/notifications", "/api/notify"] {
            // Text and forms are another way in.
            let is_taken =
                headers.iter().any(|(_, value)| value.starts_with("text") || value.ends_with("encoded"));
            if path == "/api/notify" || !is_taken {
                let refused = request(address, "POST", path, headers, body).await;
                assert_problem(&refused, 415, "not_json", "Content-Type: application/json");
            }
        }
    }
    assert_eq!(list(&server, "").await.text(), "[]");
    for declared in ["application/json; charset=utf-8", "application/json", "APPLICATION/JSON"] {
        let taken = request(address, "POST", "/api/notifications", &[("Content-Type", declared)], body).await;
        assert_eq!(taken.status(), 201, "{declared}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_before_it_is_read() {
    let server = TestServer::start(&[]);
    let largest = 64 << 10;
    let body = format!("{{\"message\":\"x\"{}}}", " ".repeat(largest));
    let refused = post(server.socket_address(), "/api/notifications", body).await;
    assert_problem(&refused, 413, "body_too_large", "65536 bytes");

    let mut client = RawClient::connect(server.socket_address()).await;
    client
        .send(
            "POST /api/notifications HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: 1000000000\r\n\r\n{",
        )
        .await;
    assert_problem(&client.answer().await, 413, "body_too_large", "65536 bytes");

    let mut client = RawClient::connect(server.socket_address()).await;
    client
        .send(
            "POST /api/notifications HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Transfer-Encoding: chunked\r\n\r\n",
        )
        .await;
    client.send(format!("{largest:x}\r\n{}\r\n1\r\n \r\n", " ".repeat(largest))).await;
    assert_problem(&client.answer().await, 413, "body_too_large", "65536 bytes");

    let body = format!("{{\"message\":\"x\"{}}}", " ".repeat(largest - 15));
    assert_eq!(post(server.socket_address(), "/api/notifications", body).await.status(), 201);
}

#[tokio::test]
async fn an_unknown_path_is_refused() {
    let server = TestServer::start(&[]);
    for path in [
        "/nothing",
        "/api",
        "/api/",
        "/api/notification",
        "/api/notifications/x/y",
        "/API/notifications",
        "/%00",
        "/events/",
        "/..%2f..%2fetc/passwd",
        "/../Cargo.toml",
        "/index.html.br",
        "/a%ff",
        "//",
        "/docs/x",
    ] {
        assert_problem(&get(server.socket_address(), path).await, 404, "not_found", "GET /docs shows");
    }
    // Other first parts are topics of ntfy.
    for path in ["/api/nothing", "/hooks/nothing", "/a/b/c", "/no.topic"] {
        assert_problem(&post(server.socket_address(), path, "{}").await, 404, "not_found", path);
    }
}

#[tokio::test]
async fn a_wrong_method_is_refused_with_those_that_are_taken() {
    let server = TestServer::start(&[]);
    let id = uuid::Uuid::nil();
    for (path, method, allowed) in [
        ("/api/notifications".to_owned(), "PUT", &["DELETE", "GET", "HEAD", "POST"][..]),
        (format!("/api/notifications/{id}"), "POST", &["DELETE", "GET", "HEAD", "PATCH"]),
        ("/api/keys/k".into(), "GET", &["DELETE"]),
        ("/api/read".into(), "POST", &["PUT"]),
        ("/api/notify".into(), "GET", &["POST"]),
        ("/api/status".into(), "DELETE", &["GET", "HEAD"]),
        ("/events".into(), "POST", &["GET", "HEAD"]),
        ("/healthz".into(), "POST", &["GET", "HEAD"]),
        ("/metrics".into(), "PATCH", &["GET", "HEAD"]),
        ("/openapi.json".into(), "POST", &["GET", "HEAD"]),
        ("/docs".into(), "POST", &["GET", "HEAD"]),
        ("/".into(), "DELETE", &["GET", "HEAD", "POST", "PUT"]),
    ] {
        let refused = request(server.socket_address(), method, &path, &[], "").await;
        assert_problem(&refused, 405, "method_not_allowed", &path);
        let mut found: Vec<_> = refused.head.header("allow").unwrap_or_default().split(", ").collect();
        found.sort_unstable();
        assert_eq!(found, allowed, "{method} {path}");
    }
}

#[tokio::test]
async fn a_parameter_that_is_none_is_refused() {
    let server = TestServer::start(&[]);
    let address = server.socket_address();
    for (path, name) in [
        ("/api/notifications?limit=many", "`limit`"),
        ("/api/notifications?limit=-1", "`limit`"),
        ("/api/notifications?limit=1001", "`limit`"),
        ("/api/notifications?before=x", "`before`"),
        ("/api/notifications?level=urgent", "`level`"),
        ("/api/notifications/x", "/api/notifications/x: failed to parse"),
        ("/api/notifications/0198c5a54c007c3d9a610f2e7a4b5c6d0", "uuid"),
        ("/events?limit=x", "`limit`"),
    ] {
        assert_problem(&get(address, path).await, 400, "invalid_parameter", name);
    }
    assert_problem(
        &request(address, "DELETE", "/api/notifications/x", &[], "").await,
        400,
        "invalid_parameter",
        "/api/notifications/x: failed to parse",
    );
}

/// A bad request must not end with a connection that answers the next one with the wrong thing.
#[tokio::test]
async fn a_connection_goes_on_after_a_refusal() {
    let server = TestServer::start(&[]);
    let mut client = RawClient::connect(server.socket_address()).await;
    let json = [("Content-Type", "application/json")];
    for _ in 0..3 {
        client.request("POST", "/api/notifications", &json, b"nonsense").await;
        assert_eq!(client.answer().await.status(), 400);
        client.request("GET", "/nothing", &[], b"a body").await;
        assert_eq!(client.answer().await.status(), 404);
        client.request("GET", "/healthz", &[], b"").await;
        assert_eq!(client.answer().await.status(), 200);
    }
}

/// Here the HTTP library answers, and the connection ends.
#[tokio::test]
async fn what_is_not_http_is_told_so_and_ends_the_connection() {
    let server = TestServer::start(&[]);
    let address = format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "x".repeat(70_000));
    let header = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(500_000));
    let headers = format!("GET / HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "X: x\r\n".repeat(1000));
    for (request, status, code) in [
        ("\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n", 400, "not_http"),
        ("GET / HTTP/9.9\r\n\r\n", 400, "not_http"),
        ("GET\r\n\r\n", 400, "not_http"),
        ("GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400, "not_http"),
        ("POST /api/notify HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx", 400, "not_http"),
        (&address, 414, "address_too_long"),
        (&header, 431, "head_too_large"),
        (&headers, 431, "head_too_large"),
    ] {
        let mut client = RawClient::connect(server.socket_address()).await;
        // It may be refused before all of it is sent.
        let _ = client.try_send(request).await;
        assert_problem(&client.answer().await, status, code, "");
        client.is_closed_by_server().await;
    }
    assert_eq!(get(server.socket_address(), "/healthz").await.status(), 200);
}

/// A body that is compressed would be taken for broken JSON.
#[tokio::test]
async fn an_encoded_body_is_refused() {
    let server = TestServer::start(&[]);
    for (coding, status) in [("gzip", 415), ("identity", 201)] {
        let headers = [("Content-Type", "application/json"), ("Content-Encoding", coding)];
        let body = r#"{"message":"x"}"#;
        let answer = request(server.socket_address(), "POST", "/api/notifications", &headers, body).await;
        assert_eq!(answer.status(), status, "{answer:?}");
        if status == 415 {
            assert_eq!(answer.json()["code"], "encoded_body");
            assert!(answer.json()["message"].as_str().unwrap().contains("gzip"));
        }
    }
}
