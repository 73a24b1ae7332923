//! The counters of `/metrics`: each means what its help says, to the last one.

use std::net::SocketAddr;

use notifyhub_tests::{
    events::RawEvents,
    eventually,
    http::{get, metric, post, request},
    server::TestServer,
    tls::{Http2, read_all, read_until},
};

/// Waits until a metric has this value.
async fn reaches(address: SocketAddr, name: &str, value: u64) {
    eventually(&format!("{name} is {value}"), async || (metric(address, name).await == value).then_some(()))
        .await;
}

/// The sum over the values of a label.
fn sum(text: &str, name: &str) -> u64 {
    let labelled = format!("{name}{{");
    let values = text.lines().filter(|line| line.starts_with(&labelled));
    values.map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap()).sum()
}

async fn publish(address: SocketAddr, message: &str) {
    let body = format!(r#"{{"message":"{message}"}}"#);
    assert_eq!(post(address, "/api/notifications", body).await.status(), 201);
}

#[tokio::test]
async fn streams_are_counted_by_how_they_begin() {
    let server = TestServer::start(&["--max-notifications", "3"]);
    let address = server.socket_address();
    publish(address, "0").await;
    let first = get(address, "/api/status").await.json()["latest_id"].as_str().unwrap().to_owned();
    for n in 1..10 {
        publish(address, &n.to_string()).await;
    }
    let newest = get(address, "/api/status").await.json()["latest_id"].as_str().unwrap().to_owned();
    let mut streams = Vec::new();
    for (id, start) in [("", "fresh"), (&newest, "resumed"), ("nonsense", "unknown"), (&first, "expired")] {
        let mut stream = RawEvents::open(address, "/events", &[("Last-Event-ID", id)]).await;
        assert_eq!(stream.next().await.data()["reason"], start);
        streams.push(stream);
        assert_eq!(metric(address, &format!("notifyhub_streams_opened_total{{start=\"{start}\"}}")).await, 1);
    }
    drop(streams);
    reaches(address, "notifyhub_streams_closed_total{reason=\"client\"}", 4).await;
    reaches(address, "notifyhub_streams_open", 0).await;
}

/// Plain, under hyper (HTTP/1.0) and over HTTP/2: what was opened is open or closed, and a delivery is a delivery.
#[tokio::test]
async fn a_delivery_is_one_notification_sent_to_one_stream() {
    let server = TestServer::start(&["--heartbeat", "50ms"]);
    let address = server.socket_address();
    for n in 0..40 {
        publish(address, &n.to_string()).await;
    }
    let id = get(address, "/api/status").await.json()["latest_id"].as_str().unwrap().to_owned();
    let before_ten = id.rsplit_once('-').unwrap();
    let before_ten = format!("{}-{}", before_ten.0, before_ten.1.parse::<u64>().unwrap() - 10);
    // `init` holds forty of them, none of which is a delivery.
    let mut plain = RawEvents::open(address, "/events", &[]).await;
    let mut under_hyper = RawEvents::open_as("HTTP/1.0", address, "/events", &[]).await;
    let mut resumed = RawEvents::open(address, "/events", &[("Last-Event-ID", &before_ten)]).await;
    for stream in [&mut plain, &mut under_hyper] {
        assert_eq!((stream.next().await.event(), stream.next().await.event()), ("hello", "init"));
    }
    assert_eq!(resumed.next().await.event(), "hello");
    for n in 30..40 {
        assert_eq!(resumed.next_but_heartbeats().await.message(), n.to_string());
    }
    reaches(address, "notifyhub_deliveries_total", 10).await;
    let gone = post(address, "/api/notifications", r#"{"message":"gone"}"#).await.json();
    for stream in [&mut plain, &mut under_hyper, &mut resumed] {
        assert_eq!(stream.next_but_heartbeats().await.message(), "gone");
    }
    // What else goes over the wire is none.
    let path = format!("/api/notifications/{}", gone["id"].as_str().unwrap());
    assert!(request(address, "DELETE", &path, &[], "").await.status() < 300);
    let id = post(address, "/api/notifications", r#"{"message":"read"}"#).await.json();
    let read = format!("{{\"through\":{}}}", id["id"]);
    let json = [("Content-Type", "application/json")];
    assert_eq!(request(address, "PUT", "/api/read", &json, read).await.status(), 200);
    for stream in [&mut plain, &mut under_hyper, &mut resumed] {
        let names: Vec<_> = [
            stream.next_but_heartbeats().await,
            stream.next_but_heartbeats().await,
            stream.next_but_heartbeats().await,
        ]
        .iter()
        .map(|block| block.event().to_owned())
        .collect();
        assert_eq!(names, ["deleted", "notification", "read"]);
        assert_eq!(stream.next().await.event(), "heartbeat");
    }
    reaches(address, "notifyhub_deliveries_total", 16).await;

    drop((plain, under_hyper));
    reaches(address, "notifyhub_streams_closed_total{reason=\"client\"}", 2).await;
    reaches(address, "notifyhub_streams_open", 1).await;
    let text = get(address, "/metrics").await.text().to_owned();
    assert_eq!(sum(&text, "notifyhub_streams_opened_total"), 3);
    assert_eq!(sum(&text, "notifyhub_streams_closed_total"), 2);
}

#[tokio::test]
async fn streams_over_http_2_are_counted_too() {
    let server = TestServer::start(&["--tls-self-signed"]);
    let client = Http2::connect(&server, 1 << 20).await;
    let metrics = async || read_all(client.request("GET", "/metrics", "").await.body_mut()).await;
    let mut stream = client.request("GET", "/events", "").await;
    read_until(stream.body_mut(), "event: init").await.unwrap();
    client.request("POST", "/api/notifications", r#"{"message":"over HTTP/2"}"#).await;
    read_until(stream.body_mut(), "over HTTP/2").await.unwrap();
    assert!(metrics().await.contains("notifyhub_deliveries_total 1\n"));
    drop(stream);
    eventually("it is closed", async || {
        metrics().await.contains("notifyhub_streams_closed_total{reason=\"client\"} 1\n").then_some(())
    })
    .await;
}

/// Commits, their sizes, and the time to the last reader.
#[tokio::test]
async fn the_way_of_a_post_is_measured() {
    let server = TestServer::start(&[]);
    let address = server.socket_address();
    let mut stream = RawEvents::open(address, "/events", &[]).await;
    let client = server.client();
    let posting: Vec<_> = (0..8)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                for _ in 0..25 {
                    notifyhub_tests::reader::publish(&client, "x").await;
                }
            })
        })
        .collect();
    for posting in posting {
        posting.await.unwrap();
    }
    for _ in 0..2 {
        stream.next().await;
    }
    for _ in 0..200 {
        stream.next_but_heartbeats().await;
    }
    reaches(address, "notifyhub_deliveries_total", 200).await;
    // One stream is on one core.
    assert_eq!(metric(address, "notifyhub_delivery_seconds_count").await, 200);
    assert_eq!(metric(address, "notifyhub_publish_seconds_count").await, 200);
    assert_eq!(metric(address, "notifyhub_commit_batch_size_sum").await, 200);
    let commits = metric(address, "notifyhub_commit_seconds_count").await;
    assert_eq!(metric(address, "notifyhub_commit_batch_size_count").await, commits);
    assert!((1..=200).contains(&commits), "{commits}");
    assert_eq!(metric(address, "notifyhub_commit_queue_length").await, 0);
    assert_eq!(metric(address, "notifyhub_ring_events").await, 200);
    eventually("the files are looked at", async || {
        let (database, wal) = ("notifyhub_log_bytes{file=\"database\"}", "notifyhub_log_bytes{file=\"wal\"}");
        let size = std::fs::metadata(server.data_directory().join("notifyhub.db-wal")).unwrap().len();
        (metric(address, database).await > 0 && metric(address, wal).await == size).then_some(())
    })
    .await;
    let text = get(address, "/metrics").await.text().to_owned();
    let value = |name: &str| -> f64 {
        text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok()).unwrap()
    };
    // Each post waits for its commit before it is delivered.
    let (delivery, commit) = (value("notifyhub_delivery_seconds_sum"), value("notifyhub_commit_seconds_sum"));
    assert!(commit > 0.0 && delivery >= commit && delivery < 200.0 * 30.0, "{commit} s, {delivery} s");
    assert!(value("notifyhub_ring_age_seconds") > 0.0);
}

#[tokio::test]
async fn refusals_are_counted_by_their_code() {
    let server = TestServer::start(&["--publish-token", "ci:0123456789abcdef", "--max-connections", "77"]);
    let address = server.socket_address();
    let refused = |kind: &str, code: &str| {
        format!("notifyhub_requests_refused_total{{kind=\"{kind}\",code=\"{code}\"}}")
    };
    assert_eq!(
        metric(address, &refused("write", "token_required")).await,
        0,
        "it is there from the beginning"
    );
    let authorized = [("Authorization", "Bearer 0123456789abcdef"), ("Content-Type", "application/json")];
    let empty = r#"{"message":""}"#;
    post(address, "/api/notifications", empty).await;
    let answer = request(address, "POST", "/api/notifications", &authorized, empty).await;
    assert_eq!((answer.status(), &answer.json()["code"]), (400, &"invalid_notification".into()));
    get(address, "/nothing").await;
    request(address, "GET", "/events", &[("Sec-Fetch-Site", "cross-site")], "").await;
    for (kind, code) in [
        ("write", "token_required"),
        ("write", "invalid_notification"),
        ("read", "not_found"),
        ("read", "foreign_origin"),
    ] {
        assert_eq!(metric(address, &refused(kind, code)).await, 1, "{kind} {code}");
    }
    let text = get(address, "/metrics").await.text().to_owned();
    assert_eq!(sum(&text, "notifyhub_requests_refused_total"), 4);
    assert!(text.contains("\nnotifyhub_connections_limit 77\n"));
    assert!(text.contains(concat!("notifyhub_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1\n")));
}
