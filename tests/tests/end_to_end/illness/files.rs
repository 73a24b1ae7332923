//! Files that are deleted, damaged or held by another program while the hub uses them.

use std::{fs, os::unix::fs::FileExt as _, path::Path};

use notifyhub_tests::{
    events::RawEvents,
    eventually,
    http::{get, post},
    server::{Launch, TestServer},
};
use serde_json::json;

use super::NOBODY_READS;

/// The database is deleted under it, or its directory is moved away: it notices, refuses what it could not keep, and goes
/// on showing what it has.
#[tokio::test]
async fn a_database_that_is_gone_is_told() {
    type Damage = fn(&Path);
    let damages: [Damage; 2] = [
        |data| fs::remove_file(data.join("notifyhub.db")).unwrap(),
        |data| fs::rename(data, data.with_extension("moved")).unwrap(),
    ];
    for damage in damages {
        let server = TestServer::start(&[]);
        let address = server.socket_address();
        assert_eq!(post(address, "/api/notifications", r#"{"message":"before"}"#).await.status(), 201);
        assert_eq!(get(address, "/readyz").await.status(), 200);
        damage(server.data_directory());
        let ready = eventually("it is not ready", async || {
            let ready = get(address, "/readyz").await;
            (ready.status() == 503).then_some(ready)
        })
        .await;
        assert!(ready.json()["message"].as_str().unwrap().contains("was deleted or moved"), "{ready:?}");
        for _ in 0..20 {
            let refused = post(address, "/api/notifications", r#"{"message":"after"}"#).await;
            assert_eq!((refused.status(), &refused.json()["code"]), (503, &json!("storage_unavailable")));
            assert!(refused.head.header("retry-after").is_some());
        }
        assert_eq!(get(address, "/api/status").await.json()["ready"], false);
        assert_eq!(get(address, "/api/notifications").await.json()[0]["message"], "before");
        let told = server.said().matches("nothing is stored").count();
        assert_eq!(told, 2, "once, with its reason: {}", server.said());
        let _ = fs::rename(server.data_directory().with_extension("moved"), server.data_directory());
    }
}

/// Another program holds the database for longer than the hub waits for it. The second time nobody reads what the hub
/// says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_another_program_holds_is_told_and_recovered_from() {
    for under in [&[][..], &NOBODY_READS] {
        let server = TestServer::launch(Launch { under, ..Launch::default() });
        let address = server.socket_address();
        assert_eq!(post(address, "/api/notifications", r#"{"message":"before"}"#).await.status(), 201);
        let mut events = RawEvents::open(address, "/events", &[]).await;
        events.next().await;
        events.next().await;
        let other = rusqlite::Connection::open(server.data_directory().join("notifyhub.db")).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let refused = post(address, "/api/notifications", r#"{"message":"during"}"#).await;
        assert_eq!((refused.status(), &refused.json()["code"]), (503, &json!("storage_unavailable")));
        assert!(refused.json()["message"].as_str().unwrap().contains("another program holds"), "{refused:?}");
        assert_eq!(get(address, "/readyz").await.status(), 503);
        assert_eq!(get(address, "/api/notifications").await.json()[0]["message"], "before");
        other.execute_batch("ROLLBACK").unwrap();
        drop(other);
        eventually("it is ready", async || (get(address, "/readyz").await.status() == 200).then_some(()))
            .await;
        assert_eq!(post(address, "/api/notifications", r#"{"message":"after"}"#).await.status(), 201);
        assert_eq!(events.next_but_heartbeats().await.message(), "after");
        assert_eq!(get(address, "/api/notifications").await.json().as_array().unwrap().len(), 2);
    }
}

/// What lies behind the ring is damaged on the disk: whoever would need it is told so and starts afresh from what the
/// hub has in memory, rather than being cut off again and again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_page_starves_no_subscriber() {
    let options = ["--max-notifications", "100000", "--durability", "relaxed", "--drain", "100ms"];
    let mut server = TestServer::start(&options);
    let address = server.socket_address();
    let mut events = RawEvents::open(address, "/events", &[]).await;
    let beginning = events.next().await.data()["latest_id"].as_str().unwrap().to_owned();
    drop(events);
    // More than the ring has.
    let message = "x".repeat(4000);
    let client = server.client();
    let mut posting = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (client, message) = (client.clone(), message.clone());
        posting.spawn(async move {
            for _ in 0..270 {
                notifyhub_tests::reader::publish(&client, &message).await;
            }
        });
    }
    posting.join_all().await;
    // A restart brings everything into the database file.
    assert!(server.stop().success());
    server.start_again(&options);
    let path = server.data_directory().join("notifyhub.db");
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    let length = file.metadata().unwrap().len();
    for page in 1..length / 4096 {
        file.write_all_at(&[0xaa; 512], page * 4096).unwrap();
    }
    let ready = eventually("it is not ready", async || {
        let ready = get(address, "/readyz").await;
        (ready.status() == 503).then_some(ready)
    })
    .await;
    assert!(ready.json()["message"].as_str().unwrap().contains("written by another program"), "{ready:?}");
    let headers = [("Last-Event-ID", beginning.as_str())];
    let mut events = RawEvents::open(address, "/events?limit=10", &headers).await;
    let mut hello = events.next().await;
    if hello.data()["reason"] == "resumed" {
        hello = events.next_but_heartbeats().await;
        while hello.event() == "notification" {
            hello = events.next_but_heartbeats().await;
        }
    }
    assert_eq!((hello.event(), &hello.data()["reason"]), ("hello", &json!("expired")));
    let init = events.next().await;
    assert_eq!(init.event(), "init");
    assert_eq!(init.data().as_array().unwrap().len(), 10);
    assert_eq!(events.next().await.event(), "heartbeat", "and it stays");
}

/// A cleaner deletes the lock; a second hub starts on the same files. One of them stores nothing more, and says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hubs_on_the_same_files_are_noticed() {
    let mut server = TestServer::start(&[]);
    let first = server.socket_address();
    assert_eq!(post(first, "/api/notifications", r#"{"message":"first"}"#).await.status(), 201);
    fs::remove_file(server.data_directory().join("notifyhub.lock")).unwrap();
    // Its data directory, the sixth argument, becomes a link to that of the first.
    let link =
        format!("rmdir \"$6\" && ln -s {} \"$6\" && exec \"$0\" \"$@\"", server.data_directory().display());
    let second = TestServer::launch(Launch { under: &["sh", "-c", &link], ..Launch::default() });
    assert_eq!(
        post(second.socket_address(), "/api/notifications", r#"{"message":"second"}"#).await.status(),
        201
    );
    let refused = post(first, "/api/notifications", r#"{"message":"third"}"#).await;
    assert_eq!(refused.status(), 503, "{refused:?}");
    assert!(refused.json()["message"].as_str().unwrap().contains("another program"), "{refused:?}");
    assert_eq!(get(first, "/readyz").await.status(), 503);
    drop(second);
    server.kill();
    server.start_again(&[]);
    let stored = get(first, "/api/notifications").await.json();
    let stored: Vec<_> = stored.as_array().unwrap().iter().map(|item| item["message"].clone()).collect();
    assert_eq!(stored, ["second", "first"]);
}
