//! Against the real hub: restarts, cuts, silence, and what the hub no longer has.

use futures_util::future::join_all;
use notifyhub_sdk::{Event, Reason, Subscribe as _, SubscribeError, connect};
use notifyhub_tests::{
    eventually,
    http::open_streams,
    proxy::Proxy,
    reader::{Reader, publish},
    server::TestServer,
};

/// Posts a message until the hub has it; under one key, so that it is there once.
async fn publish_whatever_happens(client: &notifyhub_sdk::Client, message: &str) {
    let new = || notifyhub_sdk::types::NewNotification::builder().message(message);
    while client.publish().idempotency_key(message).body(new()).send().await.is_err() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

/// Four readers and a publisher across a stop in good order and a `kill -9`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_across_restarts() {
    let mut server = TestServer::start(&["--drain", "300ms"]);
    let client = server.client();
    let mut readers = Vec::new();
    for _ in 0..4 {
        readers.push(Reader::start(&client).await);
    }
    let reading =
        readers.into_iter().map(|mut reader| tokio::spawn(async move { reader.messages(90).await }));
    let reading: Vec<_> = reading.collect();
    let posting = tokio::spawn(async move {
        for n in 0..90 {
            publish_whatever_happens(&client, &n.to_string()).await;
            // Thinly enough that there are posts before, during and after each restart.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    });
    for stored in [15, 40] {
        let address = server.socket_address();
        eventually("some are posted", async || {
            let status = notifyhub_tests::http::get(address, "/api/status").await.json();
            (status["stored"].as_u64().unwrap() > stored).then_some(())
        })
        .await;
        if stored == 15 {
            assert!(server.stop().success());
        } else {
            server.kill();
        }
        server.start_again(&["--drain", "300ms"]);
    }
    posting.await.unwrap();
    for reading in reading {
        assert!(reading.await.unwrap().into_iter().eq((0..90).map(|n| n.to_string())));
    }
}

/// Each of these connections is cut after another number of bytes: in the head, in the middle of an event, between
/// two events.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_at_any_byte_loses_and_doubles_nothing() {
    let server = TestServer::start(&[]);
    let client = server.client();
    // Long enough that every connection has more to carry than the bytes it is cut after.
    let live = |n: usize| format!("live {n} {}", "x".repeat(200));
    for n in 0..5 {
        publish(&client, &format!("before {n}")).await;
    }
    let reading: Vec<_> = (0..2400)
        .step_by(83)
        .map(|bytes| {
            let address = server.socket_address();
            tokio::spawn(async move {
                let proxy = Proxy::to(address).await;
                proxy.cut_next_after(bytes);
                let mut reader = Reader::of(connect(&proxy.address()).unwrap().subscribe());
                // As a user does it: what `init` says holds, and each event changes it.
                let mut known = Vec::new();
                while known.last().is_none_or(|last: &String| !last.starts_with("live 9")) {
                    match reader.event().await {
                        Event::Init(stored) => {
                            known = stored.iter().rev().map(|item| item.message.clone()).collect();
                        }
                        Event::Notification(new) => known.push(new.message),
                        _ => {}
                    }
                }
                assert_eq!(proxy.accepted(), 2, "cut after {bytes} bytes");
                known
            })
        })
        .collect();
    for n in 0..10 {
        publish(&client, &live(n)).await;
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let expected: Vec<_> = (0..5).map(|n| format!("before {n}")).chain((0..10).map(live)).collect();
    for known in join_all(reading).await {
        assert_eq!(known.unwrap(), expected);
    }
}

/// A connection that was forgotten on the way says nothing: neither side is told. 2.5 heartbeats are enough.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_connection_is_given_up_and_resumed() {
    let server = TestServer::start(&["--heartbeat", "200ms"]);
    let client = server.client();
    let proxy = Proxy::to(server.socket_address()).await;
    let mut reader = Reader::start(&connect(&proxy.address()).unwrap()).await;
    publish(&client, "before").await;
    assert_eq!(reader.message().await, "before");
    proxy.silence();
    publish(&client, "into the void").await;
    assert_eq!(reader.message().await, "into the void");
    assert_eq!(proxy.accepted(), 2);
    publish(&client, "after").await;
    assert_eq!(reader.message().await, "after");
    // As long as there are heartbeats, it stays.
    for _ in 0..10 {
        assert!(matches!(reader.event().await, Event::Heartbeat(_)));
    }
    assert_eq!(proxy.accepted(), 2);
}

#[tokio::test]
async fn streaming_that_is_switched_off_ends_it() {
    let server = TestServer::start(&["--no-sse"]);
    let mut reader = Reader::of(server.client().subscribe());
    assert!(matches!(reader.result().await, Err(SubscribeError::StreamingIsOff)));
    assert!(reader.has_ended().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_that_starts_late_is_waited_for() {
    let mut server = TestServer::start(&[]);
    assert!(server.stop().success());
    let proxy = Proxy::to(server.socket_address()).await;
    let client = connect(&proxy.address()).unwrap();
    let reading = tokio::spawn(async move { Reader::start(&client).await });
    proxy.has_accepted(2).await;
    server.start_again(&[]);
    let mut reader = reading.await.unwrap();
    publish(&server.client(), "x").await;
    assert_eq!(reader.message().await, "x");
}

#[tokio::test]
async fn dropping_it_ends_the_connection() {
    let server = TestServer::start(&[]);
    let address = server.socket_address();
    let readers = [Reader::start(&server.client()).await, Reader::start(&server.client()).await];
    assert_eq!(open_streams(address).await, 2);
    drop(readers);
    eventually("both are gone", async || (open_streams(address).await == 0).then_some(())).await;
}

#[tokio::test]
async fn an_event_beyond_the_set_size_ends_it() {
    let server = TestServer::start(&[]);
    let client = server.client();
    publish(&client, &"x".repeat(4000)).await;
    let mut reader = Reader::of(client.subscribe().max_event_bytes(4000));
    assert!(matches!(reader.event().await, Event::Hello(_)));
    assert!(matches!(reader.result().await, Err(SubscribeError::EventTooLarge(4000))));
    assert!(reader.has_ended().await);
}

/// While it was away, more was posted than the hub keeps: it is told so, and what holds now.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_was_away_too_long_is_told_and_starts_afresh() {
    let server = TestServer::start(&["--max-notifications", "3"]);
    let client = server.client();
    let proxy = Proxy::to(server.socket_address()).await;
    let mut reader = Reader::of(connect(&proxy.address()).unwrap().subscribe());
    assert_eq!(reader.hello().await.reason, Reason::Fresh);
    assert!(reader.init().await.is_empty());
    publish(&client, "seen").await;
    assert_eq!(reader.message().await, "seen");
    let place = reader.last_event_id().unwrap();
    proxy.cut();
    for n in 0..5 {
        publish(&client, &n.to_string()).await;
    }
    for mut reader in [reader, Reader::of(client.subscribe().after(place))] {
        let hello = reader.hello().await;
        assert_eq!((hello.resumed, hello.reason), (false, Reason::Expired));
        assert!(hello.missed >= 5);
        assert_eq!(reader.init().await.as_slice(), ["4", "3", "2"]);
        publish(&client, "next").await;
        assert_eq!(reader.message().await, "next");
        // For the second one the same three are the newest again.
        for n in 2..5 {
            publish(&client, &n.to_string()).await;
        }
    }
}

/// The data directory was wiped: an id of the old log must not be taken for one of the new.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wiped_log_is_told_and_started_afresh() {
    let mut server = TestServer::start(&["--drain", "100ms"]);
    let client = server.client();
    let mut reader = Reader::start(&client).await;
    for n in 0..5 {
        publish(&client, &n.to_string()).await;
    }
    assert_eq!(reader.messages(5).await.len(), 5);
    assert!(server.stop().success());
    for entry in std::fs::read_dir(server.data_directory()).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
    server.start_again(&[]);
    for n in 0..5 {
        publish(&client, &format!("new {n}")).await;
    }
    let hello = reader.hello().await;
    assert_eq!((hello.resumed, hello.reason), (false, Reason::Unknown));
    assert_eq!(reader.init().await, ["new 4", "new 3", "new 2", "new 1", "new 0"]);
    publish(&client, "live").await;
    assert_eq!(reader.message().await, "live");
}

#[tokio::test]
async fn a_subscription_can_begin_where_another_ended() {
    let server = TestServer::start(&[]);
    let client = server.client();
    let mut reader = Reader::start(&client).await;
    publish(&client, "1").await;
    assert_eq!(reader.message().await, "1");
    let place = reader.last_event_id().unwrap();
    drop(reader);
    publish(&client, "2").await;
    let mut reader = Reader::of(client.subscribe().after(place));
    assert_eq!(reader.hello().await.reason, Reason::Resumed);
    assert_eq!(reader.message().await, "2");
    let mut limited = Reader::of(client.subscribe().limit(1));
    assert_eq!(limited.init().await, ["2"]);
}
