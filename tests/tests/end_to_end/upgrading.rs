//! What docs/UPGRADING.md promises, from the first edition on: its database is read, its clients are served, and its
//! streams are understood. `tests/fixtures/first-edition` was written by its own program.

use std::{collections::BTreeSet, fs, path::PathBuf};

use notifyhub_sdk::{Event, Reason, Subscribe as _, connect};
use notifyhub_tests::{
    events::{Block, RawEvents},
    fake_hub::FakeHub,
    http::{get, post, request},
    reader::Reader,
    repository,
    server::{TestServer, run_to_end},
};
use rusqlite::Connection;
use serde_json::{Value, json};

fn fixture(name: &str) -> PathBuf {
    repository("tests/fixtures/first-edition").join(name)
}

fn recorded() -> Vec<Block> {
    let text = fs::read_to_string(fixture("events.txt")).unwrap();
    text.split_inclusive("\n\n").map(|block| Block { text: block.to_owned() }).collect()
}

/// A hub that is started over what the first edition left.
fn upgraded() -> TestServer {
    let mut server = TestServer::start(&[]);
    server.stop();
    for file in fs::read_dir(server.data_directory()).unwrap() {
        fs::remove_file(file.unwrap().path()).unwrap();
    }
    let database = server.data_directory().join("notifyhub.db");
    fs::copy(fixture("notifyhub.db"), &database).unwrap();
    // As if it had been left just now: keys are kept for a day.
    let connection = Connection::open(&database).unwrap();
    let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 1, "the fixture is of the first edition");
    let now = chrono::Utc::now().timestamp_millis();
    connection.execute("UPDATE idempotency_key SET created_ms = ?1", [now]).unwrap();
    drop(connection);
    server.start_again(&[]);
    server
}

/// Whether all that the first edition said is still said, with the same types: more may be.
fn assert_says_at_least(new: &Value, old: &Value) {
    match (new, old) {
        (Value::Object(new), Value::Object(old)) => {
            for (name, old) in old {
                let new = new.get(name).unwrap_or_else(|| panic!("{name} is missing in {new:?}"));
                assert_says_at_least(new, old);
            }
        }
        _ => assert_eq!(std::mem::discriminant(new), std::mem::discriminant(old), "{new} {old}"),
    }
}

#[tokio::test]
async fn a_database_of_the_first_edition_is_opened_with_all_that_is_in_it() {
    let mut server = upgraded();
    let stored: Value = serde_json::from_str(&fs::read_to_string(fixture("list.json")).unwrap()).unwrap();
    let list = get(server.socket_address(), "/api/notifications").await.json();
    assert_eq!(list, stored);
    // The same post under the same key is not stored twice, and gives the notification of then.
    let headers = [("Content-Type", "application/json"), ("Idempotency-Key", "first-edition-key")];
    let body = r#"{"message":"Posted under a key"}"#;
    let again = request(server.socket_address(), "POST", "/api/notifications", &headers, body).await;
    assert_eq!((again.status(), again.head.header("Idempotency-Replayed")), (201, Some("true")));
    assert_eq!(&again.json(), stored.as_array().unwrap().last().unwrap());
    // Once brought up to date, it stays so.
    server.stop();
    server.start_again(&[]);
    assert_eq!(get(server.socket_address(), "/api/notifications").await.json(), stored);
}

#[tokio::test]
async fn an_event_id_of_the_first_edition_still_resumes() {
    let server = upgraded();
    let recorded: Vec<_> = recorded()
        .into_iter()
        .filter(|block| block.field("id").is_some() && block.event() != "init")
        .collect();
    // What was cleared or deleted since has left no content; all else comes as it came then.
    let gone = |block: &Block| match block.event() {
        "notification" => matches!(block.message().as_str(), "Cleared long ago" | "Deleted again"),
        _ => false,
    };
    for (position, last) in recorded.iter().enumerate() {
        let mut events =
            RawEvents::open(server.socket_address(), "/events", &[("Last-Event-ID", last.id())]).await;
        let hello = events.next().await.data();
        assert_eq!(hello["reason"], "resumed", "{last:?}");
        for missed in recorded[position + 1..].iter().filter(|block| !gone(block)) {
            let event = events.next_but_heartbeats().await;
            assert_eq!((event.id(), event.event()), (missed.id(), missed.event()));
            assert_says_at_least(&event.data(), &missed.data());
            if missed.event() == "notification" {
                assert_eq!(event.data(), missed.data());
            }
        }
        let message = format!("New after {}", last.id());
        let body = json!({ "message": message }).to_string();
        assert_eq!(post(server.socket_address(), "/api/notifications", body).await.status(), 201);
        loop {
            // Those of the rounds before come first.
            let event = events.next_but_heartbeats().await;
            assert_eq!(event.event(), "notification");
            if event.message() == message {
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_in_one_line_and_left_as_it_is() {
    let mut server = TestServer::start(&[]);
    server.stop();
    let database = server.data_directory().join("notifyhub.db");
    let connection = Connection::open(&database).unwrap();
    connection.pragma_update(None, "user_version", 1000).unwrap();
    drop(connection);
    let before = fs::read(&database).unwrap();
    let output = run_to_end(&[
        "--port",
        "0",
        "--data-dir",
        server.data_directory().to_str().unwrap(),
        "--log",
        "error",
    ]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("newer version") && said.contains("update notifyhub-server"), "{said}");
    assert_eq!(fs::read(&database).unwrap(), before);
}

#[tokio::test]
async fn the_sdk_understands_a_hub_of_the_first_edition() {
    let hub = FakeHub::start().await;
    let client = connect(&hub.address()).unwrap();
    let mut reader = Reader::of(client.subscribe());
    let text = fs::read_to_string(fixture("events.txt")).unwrap();
    let answering = async { hub.request().await.stream(&text).await };
    let reading = async {
        let Event::Hello(hello) = reader.event().await else { panic!("no hello") };
        assert_eq!((hello.reason, hello.heartbeat_ms), (Reason::Fresh, 1000));
        let Event::Init(stored) = reader.event().await else { panic!("no init") };
        assert!(stored.is_empty());
        let mut messages = Vec::new();
        loop {
            match reader.event().await {
                Event::Notification(notification) => messages.push(notification.message),
                Event::Cleared => messages.clear(),
                Event::Deleted(_) => messages.push("(deleted)".into()),
                Event::Heartbeat(_) => return messages,
                other => panic!("{other:?}"),
            }
        }
    };
    let (stream, messages) = tokio::join!(answering, reading);
    assert_eq!(
        messages,
        [
            "Posted under a key",
            "Deleted again",
            "Build finished\nin 4 min — ✓ <b>",
            "By the earlier call",
            "(deleted)",
            "The last one"
        ]
    );
    drop(stream);
}

#[tokio::test]
async fn a_client_of_the_first_edition_finds_all_it_knows_in_a_stream_of_today() {
    let server = TestServer::start(&["--heartbeat", "200ms"]);
    let address = server.socket_address();
    let mut events = RawEvents::open(address, "/events", &[]).await;
    let mut today = vec![events.next().await, events.next().await];
    // What was done when the stream was recorded.
    let publish = async |body: Value| {
        let posted = post(address, "/api/notifications", body.to_string()).await;
        assert_eq!(posted.status(), 201);
        posted.json()["id"].as_str().unwrap().to_owned()
    };
    let delete = async |path: String| request(address, "DELETE", &path, &[], "").await;
    publish(json!({"message": "Cleared long ago"})).await;
    delete("/api/notifications".into()).await;
    publish(json!({"message": "Posted under a key"})).await;
    let deleted = publish(json!({"message": "Deleted again"})).await;
    publish(json!({
        "message": "Build finished\nin 4 min — ✓ <b>", "title": "web-shop", "level": "success",
        "tags": ["ci", "nightly"], "link": "https://ci.example.com/builds/7", "timestamp": "2026-08-20T14:26:40.123Z"
    }))
    .await;
    let notified = post(address, "/api/notify", r#"{"message":"By the earlier call"}"#).await.json();
    assert_eq!(notified["success"], true);
    delete(format!("/api/notifications/{deleted}")).await;
    publish(json!({"message": "The last one", "level": "error"})).await;

    let recorded = recorded();
    let count = recorded.iter().filter(|block| block.event() != "heartbeat").count();
    while today.len() < count {
        today.push(events.next_but_heartbeats().await);
    }
    today.push(loop {
        let event = events.next().await;
        if event.event() == "heartbeat" {
            break event;
        }
    });
    for (new, old) in today.iter().zip(&recorded) {
        assert_eq!(new.event(), old.event());
        assert_says_at_least(&new.data(), &old.data());
        let fields = |block: &Block| -> BTreeSet<String> {
            block.text.lines().filter_map(|line| Some(line.split_once(": ")?.0.to_owned())).collect()
        };
        assert_eq!(fields(new), fields(old), "{new:?} {old:?}");
        if old.event() == "notification" {
            assert_eq!(new.message(), old.message());
        }
    }
    assert_eq!(today.len(), recorded.len());
}
