//! Readers that do not read: they hold nobody up and are gone soon.

use std::net::SocketAddr;

use notifyhub_tests::{
    events::RawEvents,
    eventually,
    http::{get, metric, open_streams},
    reader::{Reader, publish},
    server::TestServer,
};
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpSocket, TcpStream},
};

/// Connects with next to no room for what it receives, asks for the stream, and never reads.
async fn stall(server: SocketAddr, version: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(1024).unwrap();
    let mut stream = socket.connect(server).await.unwrap();
    stream.write_all(format!("GET /events {version}\r\nHost: localhost\r\n\r\n").as_bytes()).await.unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_stalled_readers_hold_nobody_up_and_are_gone_soon() {
    let server = TestServer::start(&["--stall-timeout", "2s"]);
    let address = server.socket_address();
    let client = server.client();
    let mut reader = Reader::start(&client).await;
    let mut stalled = Vec::new();
    for _ in 0..1000 {
        stalled.push(stall(address, "HTTP/1.1").await);
    }
    eventually("all are subscribed", async || (open_streams(address).await == 1001).then_some(())).await;
    let text = "x".repeat(4000);
    let reading = tokio::spawn(async move {
        let received = reader.messages(60).await;
        (received, reader)
    });
    let mut posted = Vec::new();
    for n in 0..60 {
        let message = format!("{n} {text}");
        publish(&client, &message).await;
        posted.push(message);
    }
    let (received, _reader) = reading.await.unwrap();
    assert!(received == posted, "every message once and in order");
    eventually("only the one who reads is left", async || (open_streams(address).await == 1).then_some(()))
        .await;
    assert_eq!(metric(address, "notifyhub_streams_closed_total{reason=\"stalled\"}").await, 1000);
    drop(stalled);
}

/// Over HTTP/1.0 the stream is an ordinary body, which no deadline of ours can end: the system does.
#[tokio::test]
async fn a_stalled_reader_over_http_1_0_is_gone_too() {
    let server = TestServer::start(&["--stall-timeout", "1s", "--heartbeat", "100ms"]);
    let address = server.socket_address();
    let stalled = stall(address, "HTTP/1.0").await;
    eventually("it is subscribed", async || (open_streams(address).await == 1).then_some(())).await;
    let client = server.client();
    for _ in 0..10 {
        publish(&client, &"x".repeat(4000)).await;
    }
    eventually("it is gone", async || (open_streams(address).await == 0).then_some(())).await;
    assert_eq!(metric(address, "notifyhub_streams_closed_total{reason=\"stalled\"}").await, 1);
    drop(stalled);
}

/// Far behind the ring of newest frames, a slow reader is served from the log, and its memory at the hub does not
/// grow with its lag.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_lags_gets_everything_in_order() {
    let server = TestServer::start(&["--max-notifications", "20000", "--stall-timeout", "1m"]);
    let address = server.socket_address();
    let mut slow = RawEvents::open(address, "/events", &[]).await;
    let (_, _) = (slow.next().await, slow.next().await);
    let client = server.client();
    // The ring holds 4096 frames.
    let posting: Vec<_> = (0..10)
        .map(|publisher| {
            let client = client.clone();
            tokio::spawn(async move {
                for n in 0..500 {
                    publish(&client, &format!("{publisher}: {n} {}", "x".repeat(2000))).await;
                }
            })
        })
        .collect();
    for posting in posting {
        posting.await.unwrap();
    }
    let mut next = [0; 10];
    for seq in 1..=5000_u64 {
        let block = slow.next_but_heartbeats().await;
        assert!(block.id().ends_with(&format!("-{seq}")), "{} is not number {seq}", block.id());
        let message = block.message();
        let publisher: usize = message[..1].parse().unwrap();
        assert!(message.starts_with(&format!("{publisher}: {} ", next[publisher])));
        next[publisher] += 1;
    }
    assert_eq!(next, [500; 10]);
}

/// So far behind that the log has no more of it: it is told so, on the same connection, and starts afresh.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_lags_behind_the_log_is_told() {
    let server = TestServer::start(&["--max-notifications", "5", "--stall-timeout", "1m"]);
    let address = server.socket_address();
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(1024).unwrap();
    let mut client = notifyhub_tests::http::RawClient::over(socket.connect(address).await.unwrap());
    client.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    let mut slow = RawEvents::over(client).await;
    let (_, _) = (slow.next().await, slow.next().await);
    let publisher = server.client();
    let posting: Vec<_> = (0..16)
        .map(|_| {
            let client = publisher.clone();
            tokio::spawn(async move {
                for _ in 0..500 {
                    publish(&client, &"x".repeat(4096)).await;
                }
            })
        })
        .collect();
    for posting in posting {
        posting.await.unwrap();
    }
    let newest = get(address, "/api/status").await.json()["latest_id"].as_str().unwrap().to_owned();
    let mut seen = 0;
    loop {
        let block = slow.next_but_heartbeats().await;
        if block.event() == "hello" {
            let hello = block.data();
            assert_eq!((&hello["resumed"], &hello["reason"]), (&false.into(), &"expired".into()));
            assert_eq!(hello["missed"], 8000 - seen, "what it saw and what it missed is all there was");
            let init = slow.next().await;
            assert_eq!((init.event(), init.id()), ("init", newest.as_str()));
            assert_eq!(init.data().as_array().unwrap().len(), 5);
            break;
        }
        seen += 1;
        assert!(block.id().ends_with(&format!("-{seen}")), "{} is not number {seen}", block.id());
    }
    assert_eq!(metric(address, "notifyhub_streams_restarted_total{reason=\"expired\"}").await, 1);
    publish(&publisher, "live").await;
    assert_eq!(slow.next_but_heartbeats().await.message(), "live");
}
