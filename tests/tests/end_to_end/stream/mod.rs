//! `GET /events` to the byte: what docs/PROTOCOL.md promises to whoever writes a client.

mod beginning;
mod heartbeats;
mod joining;
mod opening_bytes;
mod transport;

use notifyhub_tests::{
    events::RawEvents,
    http::{Answer, post, request},
    server::TestServer,
};
use serde_json::json;

/// Posts a notification and returns its JSON.
async fn publish(server: &TestServer, message: &str) -> String {
    let answer =
        post(server.socket_address(), "/api/notifications", json!({ "message": message }).to_string()).await;
    assert_eq!(answer.status(), 201, "{answer:?}");
    answer.text().to_owned()
}

async fn delete(server: &TestServer, path: &str) -> Answer {
    request(server.socket_address(), "DELETE", path, &[], "").await
}

async fn open(server: &TestServer, path: &str) -> RawEvents {
    RawEvents::open(server.socket_address(), path, &[]).await
}

/// The name of the server's log: what its event ids begin with.
async fn epoch(server: &TestServer) -> String {
    let hello = open(server, "/events").await.next().await;
    let data = hello.data();
    let (epoch, _) = data["latest_id"].as_str().unwrap().split_once('-').unwrap();
    assert!(
        epoch.len() == 6 && epoch.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()),
        "{epoch}"
    );
    epoch.to_owned()
}
