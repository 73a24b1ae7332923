//! Several hubs on one log: what one of them was told, all of them know.

#![allow(clippy::unwrap_used, reason = "a test that unwraps nothing has failed")]

mod access;
mod brokers;
mod chaos;
mod deployed;
mod moving;
mod several_hubs;
mod storage;
mod three_brokers;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use notifyhub_test_engines::Brokers;
use notifyhub_tests::{
    events::RawEvents,
    http::{Answer, get, request},
    server::TestServer,
};
use tokio::task::JoinHandle;

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

/// The messages of all notifications, newest first.
async fn messages(hub: &TestServer) -> Vec<String> {
    let (mut messages, mut before) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/notifications?limit=1000{before}");
        let page = get(hub.socket_address(), &path).await.json();
        let Some(last) = page.as_array().unwrap().last() else { return messages };
        before = format!("&before={}", last["id"].as_str().unwrap());
        let page = page.as_array().unwrap().iter();
        messages.extend(page.map(|item| item["message"].as_str().unwrap().to_owned()));
    }
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

/// Posts a message under a key of its own; whether it was acknowledged.
async fn is_stored(hub: SocketAddr, message: &str) -> bool {
    let body = format!("{{\"message\":\"{message}\"}}");
    post_under(hub, &body, Some(&format!("key of {message}"))).await.status() == 201
}

/// Posts one after the other, each once, until it is told to stop: how many were stored, and the longest wait.
fn keep_posting(hub: SocketAddr, is_over: Arc<AtomicBool>) -> JoinHandle<(Vec<String>, Duration)> {
    tokio::spawn(async move {
        let (mut stored, mut longest) = (Vec::new(), Duration::ZERO);
        while !is_over.load(SeqCst) {
            let message = format!("{} {}", hub.port(), stored.len());
            let started = Instant::now();
            assert!(is_stored(hub, &message).await, "{message} was not stored at once");
            longest = longest.max(started.elapsed());
            stored.push(message);
        }
        (stored, longest)
    })
}
