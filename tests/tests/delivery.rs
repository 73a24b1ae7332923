//! The main job: what is posted is with every reader in under 100 ms, in one order for all.
//!
//! A binary of its own, so that these tests share the machine with no others, under `cargo test` too; and they
//! take turns.
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

use std::time::{Duration, Instant};

use chrono::Utc;
use notifyhub_tests::{
    push::push,
    reader::{Reader, publish},
    server::TestServer,
};
use tokio::sync::Mutex;

/// What the hub promises.
const PROMISED: Duration = Duration::from_millis(100);

/// Held by the test whose turn it is.
static TURN: Mutex<()> = Mutex::const_new(());

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_of_200_notifications_is_with_its_reader_within_100_ms() {
    let _turn = TURN.lock().await;
    let server = TestServer::start(&[]);
    let client = server.client();
    let mut reader = Reader::start(&client).await;
    let receiving = tokio::spawn(async move {
        let mut received = Vec::new();
        while received.len() < 200 {
            let message = reader.message().await;
            received.push((message, Instant::now()));
        }
        received
    });
    let mut posted = Vec::new();
    for n in 0..200 {
        let message = format!("Message {n}");
        let before = Instant::now();
        publish(&client, &message).await;
        posted.push((message, before));
    }
    let received = receiving.await.unwrap();
    for ((posted, before), (received, after)) in posted.into_iter().zip(received) {
        assert_eq!(posted, received);
        let took = after - before;
        assert!(took < PROMISED, "{posted} took {took:?}");
    }
}

/// The time a process takes to start is not the hub's: what counts is the time from the hub's own timestamp.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_command_line_posts_is_with_the_reader_within_100_ms() {
    let _turn = TURN.lock().await;
    let server = TestServer::start(&[]);
    let mut reader = Reader::start(&server.client()).await;
    let receiving = tokio::spawn(async move {
        let mut received = Vec::new();
        while received.len() < 10 {
            let notification = reader.notification().await;
            received.push((notification.message.clone(), Utc::now() - notification.timestamp));
        }
        received
    });
    for n in 0..10 {
        let pushed = push(&["--url", &server.address(), "Run", &n.to_string()]).await;
        assert_eq!((pushed.code, pushed.stdout.as_str()), (0, "✓ Notification sent successfully\n"));
    }
    for (n, (message, took)) in receiving.await.unwrap().into_iter().enumerate() {
        assert_eq!(message, format!("Run {n}"));
        assert!(took.to_std().unwrap_or_default() < PROMISED, "{message} took {took}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_readers_see_the_posts_of_many_publishers_in_the_same_order() {
    let _turn = TURN.lock().await;
    let server = TestServer::start(&[]);
    let client = server.client();
    let mut readers = Vec::new();
    for _ in 0..8 {
        readers.push(Reader::start(&client).await);
    }
    let publishing = (0..5).map(|publisher| {
        let client = client.clone();
        tokio::spawn(async move {
            for n in 0..20 {
                publish(&client, &format!("{publisher}: {n}")).await;
            }
        })
    });
    let publishing: Vec<_> = publishing.collect();
    let reading =
        readers.into_iter().map(|mut reader| tokio::spawn(async move { reader.messages(100).await }));
    let mut orders = Vec::new();
    for reading in reading.collect::<Vec<_>>() {
        orders.push(reading.await.unwrap());
    }
    for publishing in publishing {
        publishing.await.unwrap();
    }
    assert!(orders.iter().all(|order| *order == orders[0]), "{orders:?}");
    for publisher in 0..5 {
        let own = orders[0].iter().filter(|message| message.starts_with(&format!("{publisher}:")));
        assert!(
            own.cloned().eq((0..20).map(|n| format!("{publisher}: {n}"))),
            "in the order they were posted"
        );
    }
}
