//! SIGTERM: nothing is cut that could end in order, and whoever reads comes back without loss.

use std::{collections::BTreeSet, net::SocketAddr, time::Duration};

use notifyhub_tests::{
    events::RawEvents,
    eventually,
    http::{End, RawClient, get, open_streams},
    reader::{Reader, publish},
    server::TestServer,
};
use rustix::process::Signal;
use tokio::net::TcpStream;

#[tokio::test]
async fn an_idle_hub_stops_at_once_with_success() {
    // SIGHUP: its terminal was closed.
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let mut server = TestServer::start(&["--drain", "1h"]);
        get(server.socket_address(), "/healthz").await;
        server.signal(signal);
        assert_eq!(server.wait().code(), Some(0), "{signal:?}");
    }
}

/// Each stream gets what was posted before, then an orderly end, spread over the time that is allowed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_end_in_order_and_within_the_drain() {
    let mut server = TestServer::start(&["--drain", "2s"]);
    let address = server.socket_address();
    let mut reading = Vec::new();
    for n in 0..100 {
        let version = if n % 2 == 0 { "HTTP/1.1" } else { "HTTP/1.0" };
        let mut events = RawEvents::open_as(version, address, "/events", &[]).await;
        reading.push(tokio::spawn(async move {
            let (blocks, end) = events.rest().await;
            (blocks, end, tokio::time::Instant::now())
        }));
    }
    publish(&server.client(), "the last one").await;
    let status = server.stop();
    assert!(status.success(), "{status}");
    let stopped = tokio::time::Instant::now();
    let mut times = Vec::new();
    for reading in reading {
        let (blocks, end, time) = reading.await.unwrap();
        assert_eq!(end, End::Orderly);
        assert_eq!(blocks.last().unwrap().message(), "the last one");
        times.push(time);
    }
    assert!(!server.said().contains("connections were cut"), "{}", server.said());
    let spread = *times.iter().max().unwrap() - *times.iter().min().unwrap();
    assert!(spread > Duration::from_millis(500), "not all in the same instant: {spread:?}");
    assert!(stopped >= *times.iter().min().unwrap());
}

/// A reader that does not read cannot be ended in order; it does not keep the hub from stopping.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_waits_for_nobody_beyond_the_drain() {
    let mut server = TestServer::start(&["--drain", "500ms", "--stall-timeout", "1h"]);
    let address = server.socket_address();
    let mut silent = Vec::new();
    for request in ["", "GET /healthz HTTP/1.1\r\nHost: h", "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"]
    {
        let mut client = RawClient::connect(address).await;
        client.send(request).await;
        silent.push(client);
    }
    let mut unfinished = RawClient::connect(address).await;
    unfinished.send("POST /api/notify HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{").await;
    eventually("the stream is open", async || (open_streams(address).await == 1).then_some(())).await;
    let begun = std::time::Instant::now();
    assert!(server.stop().success());
    // The drain and a second; and a busy machine's share.
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(server.said().contains("connections were cut"), "{}", server.said());
    drop((silent, unfinished));
}

/// Two requests are under way when the hub is told to stop: one posts, the other asks whether it is ready.
#[tokio::test]
async fn requests_that_are_under_way_are_answered_and_the_hub_is_no_longer_ready() {
    let mut server = TestServer::start(&["--drain", "3s"]);
    let address = server.socket_address();
    let mut streams = Vec::new();
    for _ in 0..10 {
        streams.push(RawEvents::open(address, "/events", &[]).await);
    }
    let mut posting = RawClient::connect(address).await;
    posting
        .send(
            "POST /api/notifications HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: 15\r\n\r\n{\"message\"",
        )
        .await;
    let mut asking = RawClient::connect(address).await;
    asking.send("GET /readyz HTTP/1.1\r\nHost: localhost\r\n").await;
    let mut subscribing = RawClient::connect(address).await;
    subscribing.send("GET /events HTTP/1.1\r\nHost: localhost\r\n").await;
    // Only when the heads have been read are the requests under way.
    get(address, "/healthz").await;

    server.signal(Signal::TERM);
    eventually("nobody new is let in", async || TcpStream::connect(address).await.err()).await;
    posting.send(":\"x\"}").await;
    let posted = posting.answer().await;
    assert_eq!((posted.status(), posted.head.header("connection")), (201, Some("close")));
    asking.send("\r\n").await;
    let ready = asking.answer().await;
    assert_eq!((ready.status(), &ready.json()["code"]), (503, &"stopping".into()));
    subscribing.send("\r\n").await;
    let refused = subscribing.answer().await;
    assert_eq!((refused.status(), &refused.json()["code"]), (503, &"stopping".into()));
    assert!(refused.head.header("retry-after").unwrap().parse::<u64>().unwrap() > 0);
    for client in [&mut posting, &mut asking, &mut subscribing] {
        client.is_closed_by_server().await;
    }
    // What was posted while the hub was stopping reaches those who still read.
    let mut received = 0;
    for stream in &mut streams {
        let (blocks, end) = stream.rest().await;
        assert_eq!(end, End::Orderly);
        received += blocks.iter().filter(|block| block.event() == "notification").count();
    }
    assert!(received > 0);
    assert!(server.wait().success());
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let mut server = TestServer::start(&["--drain", "1h"]);
    let stream = RawEvents::open(server.socket_address(), "/events", &[]).await;
    server.signal(Signal::TERM);
    eventually("the first is noticed", async || server.said().contains("stopping").then_some(())).await;
    server.signal(Signal::TERM);
    assert!(server.wait().success());
    drop(stream);
}

/// Reads until it has seen a message, coming back after each end as an EventSource does.
async fn read_across_ends(server: SocketAddr, last: &str) -> Vec<String> {
    let mut seen = Vec::new();
    let mut last_event_id: Option<String> = None;
    loop {
        let Some(mut events) = open_or_none(server, last_event_id.as_deref()).await else {
            tokio::time::sleep(Duration::from_millis(fastrand::u64(20..200))).await;
            continue;
        };
        while let Ok(block) = events.next_or_end().await {
            match block.event() {
                "init" => assert!(seen.is_empty(), "it must resume, not start afresh"),
                "notification" => seen.push(block.message()),
                _ => continue,
            }
            last_event_id = Some(block.id().to_owned());
            if seen.last().is_some_and(|seen| seen == last) {
                return seen;
            }
        }
    }
}

async fn open_or_none(server: SocketAddr, last_event_id: Option<&str>) -> Option<RawEvents> {
    let mut client = RawClient::over(TcpStream::connect(server).await.ok()?);
    let resume = last_event_id.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
    client.try_send(format!("GET /events HTTP/1.1\r\nHost: localhost\r\n{resume}\r\n")).await.ok()?;
    RawEvents::try_over(client).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_hundred_readers_across_a_restart_lose_and_double_nothing() {
    let mut server = TestServer::start(&["--drain", "1s"]);
    let address = server.socket_address();
    let reading: Vec<_> = (0..300).map(|_| tokio::spawn(read_across_ends(address, "done"))).collect();
    eventually("all are subscribed", async || (open_streams(address).await == 300).then_some(())).await;
    let mut posted = Vec::new();
    for n in 0..10 {
        publish(&server.client(), &format!("before {n}")).await;
        posted.push(format!("before {n}"));
    }
    assert!(server.stop().success());
    server.start_again(&["--drain", "1s"]);
    for n in 0..10 {
        publish(&server.client(), &format!("after {n}")).await;
        posted.push(format!("after {n}"));
    }
    publish(&server.client(), "done").await;
    posted.push("done".into());
    for reading in reading {
        assert_eq!(reading.await.unwrap(), posted);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_a_thousand_posts_arrives_complete_and_in_order() {
    let server = TestServer::start(&[]);
    let client = server.client();
    let mut reading = Vec::new();
    for _ in 0..20 {
        let mut reader = Reader::start(&client).await;
        reading.push(tokio::spawn(async move { reader.messages(1000).await }));
    }
    let posting: Vec<_> = (0..20)
        .map(|publisher| {
            let client = client.clone();
            tokio::spawn(async move {
                for n in 0..50 {
                    publish(&client, &format!("{publisher}: {n}")).await;
                }
            })
        })
        .collect();
    for posting in posting {
        posting.await.unwrap();
    }
    let stored = Reader::of(notifyhub_sdk::Subscribe::subscribe(&client)).init().await;
    assert_eq!(stored.iter().collect::<BTreeSet<_>>().len(), 1000);
    for reading in reading {
        let received = reading.await.unwrap();
        assert!(received.iter().rev().eq(&stored), "the order of the log");
    }
}
