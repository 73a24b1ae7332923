//! Several hubs on one log: what one of them was told, all of them know.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

mod brokers;
mod chaos;
mod moving;
mod several_hubs;
mod storage;

use std::net::SocketAddr;

use notifyhub_test_engines::Brokers;
use notifyhub_tests::{
    events::RawEvents,
    http::{Answer, get, request},
    server::TestServer,
};

const STREAM: &str = "feed";

/// Hubs on one broker; none, said aloud, where there is no NATS server.
fn hubs(count: usize, options: &[&str]) -> Option<(Brokers, Vec<TestServer>)> {
    let brokers = Brokers::start(1)?;
    let hubs = (0..count).map(|_| hub(&brokers, options)).collect();
    Some((brokers, hubs))
}

fn hub(brokers: &Brokers, options: &[&str]) -> TestServer {
    let store = brokers.store(STREAM);
    TestServer::start(&[&["--store", &store, "--heartbeat", "1s"], options].concat())
}

async fn post(hub: &TestServer, body: &str) -> Answer {
    post_under(hub.socket_address(), body, None).await
}

async fn post_under(hub: SocketAddr, body: &str, key: Option<&str>) -> Answer {
    let mut headers = vec![("Content-Type", "application/json")];
    headers.extend(key.map(|key| ("Idempotency-Key", key)));
    request(hub, "POST", "/api/notifications", &headers, body).await
}

/// Posts a message; the notification's id.
async fn publish(hub: &TestServer, message: &str) -> String {
    let answer = post(hub, &format!("{{\"message\":\"{message}\"}}")).await;
    assert_eq!(answer.status(), 201, "{}", answer.text());
    answer.json()["id"].as_str().unwrap().to_owned()
}

async fn delete(hub: &TestServer, id: &str) -> u16 {
    request(hub.socket_address(), "DELETE", &format!("/api/notifications/{id}"), &[], "").await.status()
}

/// The messages that are listed, newest first.
async fn messages(hub: &TestServer) -> Vec<String> {
    let list = get(hub.socket_address(), "/api/notifications?limit=1000").await.json();
    list.as_array().unwrap().iter().map(|item| item["message"].as_str().unwrap().to_owned()).collect()
}

/// A stream that goes on after an event; the reason that its `hello` gives.
async fn resume(hub: &TestServer, last_event_id: &str) -> (RawEvents, String) {
    let headers = [("Last-Event-ID", last_event_id)];
    let mut events = RawEvents::open(hub.socket_address(), "/events", &headers).await;
    let hello = events.next().await;
    assert_eq!(hello.event(), "hello");
    let reason = hello.data()["reason"].as_str().unwrap().to_owned();
    (events, reason)
}

/// A stream that has begun, and the id of its `init`.
async fn open(hub: &TestServer) -> (RawEvents, String) {
    let mut events = RawEvents::open(hub.socket_address(), "/events", &[]).await;
    assert_eq!(events.next().await.event(), "hello");
    let init = events.next().await;
    assert_eq!(init.event(), "init");
    let id = init.id().to_owned();
    (events, id)
}
