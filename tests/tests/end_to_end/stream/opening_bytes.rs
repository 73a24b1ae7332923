//! Each event's exact bytes, and the stream's head.

use std::collections::HashSet;

use notifyhub_tests::{http, server::TestServer};

use super::{delete, epoch, open, publish};

#[tokio::test]
async fn an_idle_feed_sends_hello_and_init_at_once() {
    let server = TestServer::start(&[]);
    let epoch = epoch(&server).await;
    let mut events = open(&server, "/events").await;
    assert_eq!(events.head.header("content-type"), Some("text/event-stream"));
    assert_eq!(events.head.header("cache-control"), Some("no-store, no-transform"));
    assert_eq!(events.head.header("x-accel-buffering"), Some("no"));
    assert_eq!(events.head.header("transfer-encoding"), Some("chunked"));
    assert_eq!(events.head.header("content-encoding"), None);

    let hello = events.next().await;
    let retry: u32 = hello.field("retry").unwrap().parse().unwrap();
    assert!((1000..=5000).contains(&retry), "{retry}");
    let version = env!("CARGO_PKG_VERSION");
    let now = hello.data()["now"].as_str().unwrap().to_owned();
    assert_eq!(now.len(), "2026-08-20T14:26:40.123Z".len());
    assert_eq!(
        hello.text,
        format!(
            "retry: {retry}\nevent: hello\ndata: {{\"resumed\":false,\"reason\":\"fresh\",\"missed\":0,\
             \"latest_id\":\"{epoch}-0\",\"heartbeat_ms\":15000,\"now\":\"{now}\",\"version\":\"{version}\"}}\n\n"
        )
    );
    assert_eq!(events.next().await.text, format!("id: {epoch}-0\nevent: init\ndata: []\n\n"));
}

/// A restart must not bring everyone back in the same instant.
#[tokio::test]
async fn each_reader_is_told_another_delay() {
    let server = TestServer::start(&[]);
    let mut delays = HashSet::new();
    for _ in 0..10 {
        delays.insert(open(&server, "/events").await.next().await.field("retry").unwrap().to_owned());
    }
    assert!(delays.len() > 5, "{delays:?}");
}

#[tokio::test]
async fn each_change_is_one_event_with_its_id() {
    let server = TestServer::start(&[]);
    let epoch = epoch(&server).await;
    let mut events = open(&server, "/events").await;
    let (_, _) = (events.next().await, events.next().await);

    let first = publish(&server, "First").await;
    assert_eq!(events.next().await.text, format!("id: {epoch}-1\nevent: notification\ndata: {first}\n\n"));
    let second = publish(&server, "a\r\nb\0\u{2028}🎉").await;
    assert_eq!(events.next().await.text, format!("id: {epoch}-2\nevent: notification\ndata: {second}\n\n"));

    let parsed: serde_json::Value = serde_json::from_str(&first).unwrap();
    let id = parsed["id"].as_str().unwrap();
    assert_eq!(delete(&server, &format!("/api/notifications/{id}")).await.status(), 204);
    assert_eq!(
        events.next().await.text,
        format!("id: {epoch}-3\nevent: deleted\ndata: {{\"id\":\"{id}\"}}\n\n")
    );
    assert_eq!(delete(&server, "/api/notifications").await.status(), 200);
    assert_eq!(events.next().await.text, format!("id: {epoch}-4\nevent: cleared\ndata: {{}}\n\n"));
}

/// The snapshot is the list that REST gives, byte for byte.
#[tokio::test]
async fn init_is_what_is_stored_newest_first() {
    let server = TestServer::start(&[]);
    let epoch = epoch(&server).await;
    for n in 1..=5 {
        publish(&server, &format!("{n}")).await;
    }
    for (stream, list) in [("/events", ""), ("/events?limit=2", "?limit=2"), ("/events?limit=0", "?limit=0")]
    {
        let mut events = open(&server, stream).await;
        events.next().await;
        let stored = http::get(server.socket_address(), &format!("/api/notifications{list}")).await;
        let stored = stored.text();
        assert_eq!(events.next().await.text, format!("id: {epoch}-5\nevent: init\ndata: {stored}\n\n"));
    }
    for limit in ["1001", "-1", "many"] {
        let refused = http::get(server.socket_address(), &format!("/events?limit={limit}")).await;
        assert_eq!(
            (refused.status(), &refused.json()["code"]),
            (400, &"invalid_parameter".into()),
            "{limit}"
        );
    }
}
