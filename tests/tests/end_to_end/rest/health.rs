//! What supervisors, people and Prometheus ask, and the pages of the site.

use notifyhub_tests::{
    events::RawEvents,
    eventually,
    http::{get, metric, open_streams, request},
    server::TestServer,
};
use serde_json::json;

use super::publish;

#[tokio::test]
async fn it_is_alive_and_ready() {
    let server = TestServer::start(&[]);
    for path in ["/healthz", "/readyz"] {
        let answer = get(server.socket_address(), path).await;
        assert_eq!((answer.status(), answer.json()), (200, json!({"status": "ok"})), "{path}");
    }
}

#[tokio::test]
async fn the_status_counts() {
    let server = TestServer::start(&["--store", "memory"]);
    let address = server.socket_address();
    let mut streams =
        [RawEvents::open(address, "/events", &[]).await, RawEvents::open(address, "/events", &[]).await];
    publish(&server, json!({"message": "x"})).await;
    for stream in &mut streams {
        while stream.next().await.event() != "notification" {}
    }
    // A delivery is counted after it was made.
    eventually("both are counted", async || {
        (metric(address, "notifyhub_deliveries_total").await == 2).then_some(())
    })
    .await;
    let mut status = get(address, "/api/status").await.json();
    let uptime = status.as_object_mut().unwrap().remove("uptime_s").unwrap();
    assert!(uptime.as_u64().unwrap() < 3600);
    let latest = status.as_object_mut().unwrap().remove("latest_id").unwrap();
    assert!(latest.as_str().unwrap().ends_with("-1"), "{latest}");
    let started_at = status.as_object_mut().unwrap().remove("started_at").unwrap();
    let started_at: chrono::DateTime<chrono::Utc> = started_at.as_str().unwrap().parse().unwrap();
    assert!(started_at <= chrono::Utc::now());
    let lately = status.as_object_mut().unwrap().remove("lately").unwrap();
    assert_eq!((&lately["published"], &lately["deliveries"]), (&json!(1), &json!(2)));
    let (median, p99) = (lately["delivery_ms_median"].as_f64(), lately["delivery_ms_p99"].as_f64());
    assert!(median.unwrap() > 0.0 && p99 >= median, "{lately}");
    assert_eq!(
        status,
        json!({"version": env!("CARGO_PKG_VERSION"), "streams": 2, "connections": 2, "stored": 1, "open": 0,
            "streaming": true, "ready": true, "store": "memory", "store_bytes": 0})
    );
    drop(streams);
    eventually("the streams are gone", async || (open_streams(address).await == 0).then_some(())).await;
}

#[tokio::test]
async fn prometheus_reads_the_counters() {
    let server = TestServer::start(&[]);
    let address = server.socket_address();
    let stream = RawEvents::open(address, "/events", &[]).await;
    for _ in 0..3 {
        publish(&server, json!({"message": "x"})).await;
    }
    eventually("all are sent", async || {
        (metric(address, "notifyhub_deliveries_total").await == 3).then_some(())
    })
    .await;
    let metrics = get(address, "/metrics").await;
    assert_eq!(metrics.head.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    for (name, value) in [
        ("notifyhub_notifications_published_total", 3),
        ("notifyhub_notifications_stored", 3),
        ("notifyhub_streams_open", 1),
        ("notifyhub_streams_opened_total{start=\"fresh\"}", 1),
        ("notifyhub_streams_closed_total{reason=\"stalled\"}", 0),
        ("notifyhub_deliveries_total", 3),
        ("notifyhub_publish_seconds_count", 3),
    ] {
        assert_eq!(metric(address, name).await, value, "{name}");
    }
    drop(stream);
}

#[tokio::test]
async fn the_site_has_a_page_the_documentation_and_the_specification() {
    let server = TestServer::start(&[]);
    let address = server.socket_address();
    for path in ["/", "/docs"] {
        let page = get(address, path).await;
        assert_eq!(page.status(), 200, "{path}");
        assert_eq!(page.head.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
        assert!(page.text().to_lowercase().starts_with("<!doctype html>"), "{path}");
    }
    let spec = get(address, "/openapi.json").await;
    assert_eq!((spec.status(), spec.head.header("content-type")), (200, Some("application/json")));
    assert_eq!(spec.json()["info"]["title"], "NotifyHub");
}

/// HEAD is GET without the body (RFC 9110, section 9.3.2).
#[tokio::test]
async fn head_is_answered_wherever_get_is() {
    let server = TestServer::start(&[]);
    for path in ["/", "/docs", "/openapi.json", "/healthz", "/api/notifications", "/nothing"] {
        let expected = get(server.socket_address(), path).await;
        let mut client = notifyhub_tests::http::RawClient::connect(server.socket_address()).await;
        client.send(format!("HEAD {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")).await;
        let head = client.head_alone().await;
        assert_eq!(head.status, expected.status(), "{path}");
        assert_eq!(head.header("content-length"), expected.head.header("content-length"), "{path}");
        assert_eq!(head.header("content-type"), expected.head.header("content-type"), "{path}");
        client.is_closed_by_server().await;
    }
    let options = request(server.socket_address(), "OPTIONS", "/api/notifications", &[], "").await;
    assert!(options.status() < 500, "{options:?}");
}
