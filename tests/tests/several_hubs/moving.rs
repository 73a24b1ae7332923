//! A feed goes from one hub's file to a database of several hubs, and back; and from there to a stream of NATS, and back.

use notifyhub_test_engines::Brokers;
use notifyhub_tests::{
    http::post,
    moving::{fill, move_feed, shown},
    server::TestServer,
};

use super::{database, hub};

fn file_of(hub: &TestServer) -> String {
    format!("sqlite:{}", hub.data_directory().display())
}

#[tokio::test]
async fn a_feed_moves_to_postgresql_and_back_with_its_ids() {
    let (_postgres, url) = database();
    let mut alone = TestServer::start(&[]);
    fill(&alone).await;
    let before = shown(&alone).await;
    assert_eq!(before.0.as_array().unwrap().len(), 448);
    let secret = alone.data_directory().join("store");
    std::fs::write(&secret, format!("{url}\n")).unwrap();
    let secret = secret.to_str().unwrap();
    let there = ["--from", &file_of(&alone), "--to-file", secret];

    let (done, said) = move_feed(&there);
    assert!(!done && said.contains("another notifyhub-server is using"), "{said}");
    alone.kill();
    let (done, said) = move_feed(&["--from", "sqlite:/nothing/there", "--to-file", secret]);
    assert!(!done && said.contains("there is nothing to move in /nothing/there"), "{said}");
    let (done, said) = move_feed(&there);
    assert!(done && said.contains("448 notifications, 2 open"), "{said}");
    assert!(!said.contains(&url), "an address may hold a password: {said}");
    let (done, said) = move_feed(&there);
    assert!(!done && said.contains("holds 448 notifications, 2 open already"), "{said}");

    let shared = hub(&url);
    assert_eq!(shown(&shared).await, before);
    // What is open is known by its key: it is overtaken, and what comes is newer than all there was.
    let body = r#"{"message":"done","key":"run","state":"done"}"#;
    let id = post(shared.socket_address(), "/api/notifications", body).await.json()["id"].clone();
    let after = shown(&shared).await;
    let list = after.0.as_array().unwrap();
    assert_eq!((list.len(), &list[0]["id"]), (448, &id));
    drop(shared);

    let mut empty = TestServer::start(&[]);
    empty.kill();
    let back = ["--from-file", secret, "--to", &file_of(&empty)];
    let (done, said) = move_feed(&back);
    assert!(done && said.contains("448 notifications, 1 open"), "{said}");
    empty.start_again(&[]);
    assert_eq!(shown(&empty).await, after);
}

#[tokio::test]
async fn a_feed_moves_between_postgresql_and_jetstream_both_ways_with_its_ids() {
    let Some(brokers) = Brokers::start(1) else { return };
    let (postgres, url) = database();
    let (stream, empty) = (brokers.store("feed"), postgres.database("empty"));
    let mut shared = hub(&url);
    fill(&shared).await;
    let before = shown(&shared).await;
    assert_eq!(before.0.as_array().unwrap().len(), 448);
    shared.kill();

    let (done, said) = move_feed(&["--from", &url, "--to", &stream]);
    assert!(done && said.contains("448 notifications, 2 open"), "{said}");
    let mut on_stream = hub(&stream);
    assert_eq!(shown(&on_stream).await, before);
    let body = r#"{"message":"done","key":"run","state":"done"}"#;
    let posted = post(on_stream.socket_address(), "/api/notifications", body).await;
    assert_eq!(posted.status(), 201, "{posted:?}");
    let after = shown(&on_stream).await;
    on_stream.kill();

    let (done, said) = move_feed(&["--from", &stream, "--to", &url]);
    assert!(!done && said.contains("holds 448 notifications, 2 open already"), "{said}");
    let (done, said) = move_feed(&["--from", &stream, "--to", &empty]);
    assert!(done && said.contains("448 notifications, 1 open"), "{said}");
    assert_eq!(shown(&hub(&empty)).await, after);
}
