//! A hub that something is wrong with says so, loses nothing, and does not go on as if nothing were.

mod clock;
mod disk;
mod files;
mod memory;

use notifyhub_tests::{
    events::RawEvents,
    http::{RawClient, post},
    server::{Launch, TestServer},
};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;

/// Runs a program whose standard error is a pipe that nobody reads any more: each write fails with EPIPE. A descriptor
/// that is merely closed would not do: Rust's runtime opens `/dev/null` in its place.
const NOBODY_READS: [&str; 3] = ["bash", "-c", "exec 2> >(:); wait $!; exec \"$0\" \"$@\""];

/// `notifyhub-server 2>&1 | head -1`: nobody reads what it says, and it works and stops as ever.
#[tokio::test]
async fn a_standard_error_that_nobody_reads_does_no_harm() {
    let mut server = TestServer::launch(Launch {
        under: &NOBODY_READS,
        options: &["--drain", "300ms", "--log", "trace"],
        ..Launch::default()
    });
    let address = server.socket_address();
    let mut events = RawEvents::open(address, "/events", &[]).await;
    events.next().await;
    assert_eq!(post(address, "/api/notifications", r#"{"message":"x"}"#).await.status(), 201);
    assert_eq!(server.stop().code(), Some(0));
}

/// A client may close its sending side after its request (RFC 9293, section 3.6); it is answered all the same.
#[tokio::test]
async fn a_half_closed_post_is_answered() {
    let server = TestServer::start(&[]);
    for _ in 0..20 {
        let mut client = RawClient::connect(server.socket_address()).await;
        client
            .send(
                "POST /api/notifications HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                 Content-Length: 15\r\n\r\n{\"message\":\"x\"}",
            )
            .await;
        let mut socket = client.into_socket();
        socket.shutdown().await.unwrap();
        assert_eq!(RawClient::over(socket).answer().await.status(), 201);
    }
}

/// RFC 9112, section 3.2.
#[tokio::test]
async fn a_request_names_one_host() {
    let server = TestServer::start(&[]);
    for hosts in ["", "Host: one\r\nHost: two\r\n"] {
        let mut client = RawClient::connect(server.socket_address()).await;
        client.send(format!("GET /healthz HTTP/1.1\r\n{hosts}\r\n")).await;
        let refused = client.answer().await;
        assert_eq!((refused.status(), &refused.json()["code"]), (400, &json!("invalid_host")));
    }
}
