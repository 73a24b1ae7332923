//! HTTP/1.1 over a plain connection, byte by byte.

use std::net::SocketAddr;

use notifyhub_tests::{http::RawClient, server::TestServer, within};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{leaves_nothing_behind, serves_and_has_stored_nothing};

/// A row: its name, what is sent, and the statuses of all answers until the connection ends.
type Row = (&'static str, Vec<u8>, &'static [u16]);

/// A POST with these lines in its head, which has no other framing, and this body.
fn post(lines: &str, body: &str) -> Vec<u8> {
    let head = "POST /api/notifications HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    format!("{head}{lines}\r\n{body}").into()
}

/// A POST of this JSON.
fn json(body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut request = post(&format!("Content-Length: {}\r\n", body.len()), "");
    request.extend(body);
    request
}

/// A GET with these lines in its head.
fn get(lines: &str) -> Vec<u8> {
    format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n").into()
}

const SMUGGLED: &str = "POST /api/notifications HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
    Content-Length: 22\r\n\r\n{\"message\":\"smuggled\"}";

const NEW: &str = r#"{"message":"smuggled"}"#;

/// A body that says something only to who takes it for chunks.
const CHUNKS: &str = "12\r\n{\"message\":\"good\"}\r\n0\r\n\r\n";

/// Where a body ends: what one reader takes for a body, another takes for the next request.
fn lengths() -> Vec<Row> {
    // Where the refused would be stored if they were taken, and the taken, of which only one reading is valid, are good.
    let chunked = "Transfer-Encoding: chunked\r\n";
    let chunk = |size: &str| format!("{size}\r\n{NEW}\r\n0\r\n\r\n");
    let chunks = &chunk("16");
    let twice = |first: &str, second: &str| {
        post(&format!("Content-Length: {first}\r\nContent-Length: {second}\r\n"), NEW)
    };
    vec![
        ("two lengths that differ", twice("22", "2"), &[400]),
        ("two lengths in one header", post("Content-Length: 22, 22\r\n", NEW), &[400]),
        ("a length with a plus", post("Content-Length: +22\r\n", NEW), &[400]),
        ("a negative length", post("Content-Length: -22\r\n", NEW), &[400]),
        ("a length in hexadecimal", post("Content-Length: 0x16\r\n", NEW), &[400]),
        ("a length of nothing", post("Content-Length: \r\n", NEW), &[400]),
        ("a length beyond 64 bits", post("Content-Length: 18446744073709551616\r\n", NEW), &[400]),
        ("a length of 64 bits", post("Content-Length: 18446744073709551615\r\n", NEW), &[431]),
        ("a length of an exabyte", post("Content-Length: 1152921504606846976\r\n", NEW), &[413]),
        ("a length that is not reached", post("Content-Length: 100\r\n", NEW), &[400]),
        ("a length before the coding", post(&format!("Content-Length: 5\r\n{chunked}"), CHUNKS), &[201]),
        ("a length after the coding", post(&format!("{chunked}Content-Length: 5\r\n"), CHUNKS), &[201]),
        ("a coding nobody knows", post("Transfer-Encoding: xchunked\r\n", SMUGGLED), &[400]),
        ("no coding", post("Transfer-Encoding: identity\r\n", SMUGGLED), &[400]),
        ("chunked, and then another", post("Transfer-Encoding: chunked, gzip\r\n", SMUGGLED), &[400]),
        ("chunked twice", post(&format!("{chunked}{chunked}"), CHUNKS), &[201]),
        ("a space before the colon", post("Transfer-Encoding : chunked\r\n", chunks), &[400]),
        ("a folded header", post("Transfer-Encoding:\r\n chunked\r\n", chunks), &[400]),
        ("a vertical tab", post("Transfer-Encoding:\x0bchunked\r\n", chunks), &[400]),
        ("a chunk of 2^64 - 1", post(chunked, &chunk("ffffffffffffffff")), &[400]),
        ("a chunk beyond 64 bits", post(chunked, &chunk("10000000000000016")), &[400]),
        ("a negative chunk", post(chunked, &chunk("-16")), &[400]),
        ("a chunk that is longer than it says", post(chunked, &chunk("15")), &[400]),
        ("a chunk without an end", post(chunked, &chunks.replace("}\r\n", "}")), &[400]),
        ("no last chunk", post(chunked, chunks.trim_end_matches("0\r\n\r\n")), &[400]),
        ("a chunk extension of 1 MB", post(chunked, &chunk(&format!("16;{}", "x".repeat(1 << 20)))), &[400]),
        (
            "100,000 trailers",
            post(chunked, &format!("{}{}\r\n\r\n", chunks.trim_end(), "\r\nX: x".repeat(100_000))),
            &[400],
        ),
        (
            "a body with a GET, and a request in it",
            [get(&format!("Content-Length: {}\r\n", SMUGGLED.len())), SMUGGLED.into()].concat(),
            &[200],
        ),
        (
            "HTTP/1.0, chunked",
            "POST /api/notify HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".into(),
            &[400],
        ),
    ]
}

/// Heads that are none, too large, or in bytes that mean nothing.
fn heads() -> Vec<Row> {
    let raw = |text: &str| text.as_bytes().to_vec();
    vec![
        ("nothing", vec![], &[]),
        ("half a line", raw("GET / HT"), &[]),
        ("no version", raw("GET /\r\n\r\n"), &[400]),
        ("a version that is none", raw("GET / HTTP/1.2\r\nHost: localhost\r\n\r\n"), &[400]),
        ("HTTP/2 as a version", raw("GET / HTTP/2.0\r\nHost: localhost\r\n\r\n"), &[400]),
        ("the preface of HTTP/2", raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), &[]),
        ("a handshake of TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".to_vec(), &[400]),
        ("zeros", vec![0; 4096], &[400]),
        ("all bytes", (0..=255).cycle().take(65_536).collect(), &[400]),
        ("two spaces", raw("GET  /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"), &[400]),
        ("a tab in the line", raw("GET\t/healthz\tHTTP/1.1\r\nHost: localhost\r\n\r\n"), &[400]),
        ("a method of 100 KB", raw(&format!("{} / HTTP/1.1\r\n\r\n", "X".repeat(100_000))), &[400]),
        ("a method nobody knows", raw("BREW /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"), &[405]),
        ("a method in small letters", raw("get /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"), &[405]),
        ("TRACE", raw("TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n"), &[405]),
        ("CONNECT", raw("CONNECT localhost:22 HTTP/1.1\r\nHost: localhost\r\n\r\n"), &[404]),
        ("an asterisk", raw("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n"), &[404]),
        ("another scheme", raw("GET ftp://localhost/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"), &[200]),
        ("another machine", raw("GET http://evil.example/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"), &[421]),
        ("a user in the host", get_for("user@localhost"), &[421]),
        ("a host with a path", get_for("localhost/healthz"), &[421]),
        ("a host with a port that is none", get_for("localhost:port"), &[421]),
        ("a host of 60 KB", get_for(&"x".repeat(60_000)), &[421]),
        ("an address of 1 MB", raw(&format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "x".repeat(1 << 20))), &[431]),
        ("an address in UTF-8", raw("GET /é HTTP/1.1\r\nHost: localhost\r\n\r\n"), &[404]),
        ("an address in no text", b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(), &[400]),
        ("a zero in the address", b"GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(), &[400]),
        ("an escaped zero", raw("GET /api/keys/%00%ff HTTP/1.1\r\nHost: localhost\r\n\r\n"), &[405]),
        ("a path that climbs", raw("GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n"), &[404]),
        ("one header of 1 MB", get(&format!("X: {}\r\n", "x".repeat(1 << 20))), &[431]),
        ("a header's name of 1 MB", get(&format!("{}: x\r\n", "x".repeat(1 << 20))), &[431]),
        ("100,000 headers", get(&"X: x\r\n".repeat(100_000)), &[431]),
        ("101 headers", get(&"X: x\r\n".repeat(101)), &[431]),
        ("60 headers of 1 KB", get(&format!("X: {}\r\n", "x".repeat(1000)).repeat(60)), &[200]),
        ("a header without a colon", get("X\r\n"), &[400]),
        ("a header without a name", get(": x\r\n"), &[400]),
        ("a space in a name", get("X Y: x\r\n"), &[400]),
        ("a space before the first", raw("GET /healthz HTTP/1.1\r\n Host: localhost\r\n\r\n"), &[400]),
        ("a zero in a value", get("X: \0\r\n"), &[400]),
        ("a carriage return in a value", get("X: a\rb\r\n"), &[400]),
        ("no text in a value", [b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: \xff\xfe\r\n\r\n".to_vec()].concat(), &[200]),
        ("no text in the key", [b"POST /api/notifications HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nIdempotency-Key: \xff\r\nContent-Length: 22\r\n\r\n{\"message\":\"smuggled\"}".to_vec()].concat(), &[400]),
        ("no text in the last event id", [b"HEAD /events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: \xff\r\n\r\n".to_vec()].concat(), &[200]),
        ("two hosts", get("Host: localhost\r\n"), &[400]),
        ("no host", raw("GET /healthz HTTP/1.1\r\n\r\n"), &[400]),
        ("empty lines first", raw("\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"), &[200]),
        ("an upgrade to HTTP/2", get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"), &[200]),
        ("an upgrade to WebSocket", get("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"), &[200]),
        ("1,000 ranges", get(&format!("Range: bytes={}\r\n", "0-1,".repeat(1000))), &[200]),
        ("300 requests at once", get("").repeat(300), &[200; 300]),
    ]
}

fn get_for(host: &str) -> Vec<u8> {
    format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n").into()
}

/// Bodies that are no JSON, or JSON that is meant to hurt.
fn bodies() -> Vec<Row> {
    let with = |value: &str| json(format!("{{\"message\":\"smuggled\",\"timestamp\":{value}}}"));
    vec![
        ("no text", json(b"{\"message\":\"smuggled\xff\"}"), &[400]),
        ("an overlong zero", json(b"{\"message\":\"smuggled\xc0\x80\"}"), &[400]),
        ("half a surrogate", json(r#"{"message":"smuggled\ud800"}"#), &[400]),
        ("UTF-16", json(b"\xff\xfe{\0\"\0m\0e\0"), &[400]),
        ("a byte order mark", json("\u{feff}{\"message\":\"smuggled\"}"), &[400]),
        ("60,000 arrays", with(&"[".repeat(60_000)), &[400]),
        ("10,000 objects", with(&"{\"a\":".repeat(10_000)), &[400]),
        ("a number beyond all", with("1e999999999"), &[400]),
        ("a number of 60,000 digits", with(&"9".repeat(60_000)), &[400]),
        ("a year beyond all", with("\"+262143-01-01T00:00:00Z\""), &[400]),
        ("a field twice", json(r#"{"message":"smuggled","message":"smuggled"}"#), &[400]),
        ("a field that there is not", json(r#"{"message":"smuggled","__proto__":{}}"#), &[400]),
        ("8,000 fields", json(format!("{{{}\"message\":\"smuggled\"}}", "\"a\":1,".repeat(8000))), &[400]),
        ("20,000 tags", json(format!("{{\"message\":\"smuggled\",\"tags\":[{}\"x\"]}}", "\"\",".repeat(20_000))), &[400]),
        ("two values", json(r#"{"message":"smuggled"}{"message":"smuggled"}"#), &[400]),
        ("a script as a link", json(r#"{"message":"smuggled","link":"javascript:alert(1)"}"#), &[400]),
        ("a script as an action", json(r#"{"message":"smuggled","actions":[{"label":"x","url":"data:text/html,x"}]}"#), &[400]),
        ("64 KiB and one byte", json(" ".repeat((64 << 10) + 1)), &[413]),
        ("a form", "POST /api/notify HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 22\r\n\r\n{\"message\":\"smuggled\"}".into(), &[415]),
    ]
}

/// Sends it, and nothing more; the statuses of everything that comes back until the connection ends.
async fn statuses(address: SocketAddr, request: &[u8]) -> Vec<u16> {
    let socket = within("it connects", TcpStream::connect(address)).await.unwrap();
    let (mut reader, mut writer) = socket.into_split();
    let sending = async {
        // It may be refused, and the connection closed, before all of it is sent.
        let _ = writer.write_all(request).await;
        let _ = writer.shutdown().await;
    };
    let mut received = Vec::new();
    let receiving = async {
        let _ = reader.read_to_end(&mut received).await;
    };
    within("the connection ends", async { tokio::join!(sending, receiving) }).await;
    let text = String::from_utf8_lossy(&received);
    // Whether an address or a head is what is too large depends on the pieces that it comes in.
    let status = |answer: &str| answer[..3].parse().map(|status| if status == 414 { 431 } else { status });
    text.split("HTTP/1.1 ").skip(1).map(|answer| status(answer).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_hostile_request_is_refused_stores_nothing_and_leaves_nothing_behind() {
    let server = TestServer::start(&["--durability", "relaxed"]);
    let rows = [lengths(), heads(), bodies()].concat();
    leaves_nothing_behind(&server, async || {
        let mut wrong = Vec::new();
        for (name, request, expected) in &rows {
            let seen = statuses(server.socket_address(), request).await;
            if seen != *expected {
                wrong.push(format!("{name}: {seen:?} instead of {expected:?}"));
            }
            serves_and_has_stored_nothing(&server, name).await;
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    })
    .await;
}

/// As many as would be there at once if each of them held a connection for as long as it likes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_of_slow_requests_is_given_up_and_leaves_nothing_behind() {
    const EACH: usize = 150;
    let server = TestServer::start(&[]);
    let address = server.socket_address();
    leaves_nothing_behind(&server, async || {
        let mut crowd = Vec::new();
        for begun in [
            "",
            "GET /healthz HTTP/1.1\r\nHost: local",
            &String::from_utf8_lossy(&post("Content-Length: 9\r\n", "{")),
        ] {
            for _ in 0..EACH {
                let mut client = RawClient::connect(address).await;
                client.send(begun).await;
                crowd.push(client);
            }
        }
        serves_and_has_stored_nothing(&server, "while they wait").await;
        for client in &mut crowd {
            client.is_closed_by_server().await;
        }
    })
    .await;
}
