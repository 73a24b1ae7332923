//! How a stream begins: fresh, resumed, or afresh with the reason why.

use notifyhub_tests::{
    events::{Block, RawEvents},
    server::TestServer,
};
use serde_json::json;

use super::{delete, epoch, open, publish};

/// The second event, after a `hello` with this in it.
async fn after_hello(mut events: RawEvents, resumed: bool, reason: &str, missed: u64) -> (Block, RawEvents) {
    let hello = events.next().await;
    assert_eq!(hello.event(), "hello");
    assert_eq!(hello.field("id"), None, "hello is no place to resume from");
    let data = hello.data();
    assert_eq!(
        (&data["resumed"], &data["reason"], &data["missed"]),
        (&json!(resumed), &json!(reason), &json!(missed))
    );
    (events.next().await, events)
}

fn messages(init: &Block) -> Vec<String> {
    assert_eq!(init.event(), "init", "{init:?}");
    let data = init.data();
    data.as_array().unwrap().iter().map(|item| item["message"].as_str().unwrap().to_owned()).collect()
}

async fn with_header(server: &TestServer, path: &str, last_event_id: &str) -> RawEvents {
    RawEvents::open(server.socket_address(), path, &[("Last-Event-ID", last_event_id)]).await
}

#[tokio::test]
async fn the_last_event_id_comes_in_a_header_or_in_the_address() {
    let server = TestServer::start(&[]);
    let epoch = epoch(&server).await;
    for n in 1..=4 {
        publish(&server, &format!("{n}")).await;
    }
    let (second, third) = (format!("{epoch}-2"), format!("{epoch}-3"));
    for events in [
        with_header(&server, "/events", &second).await,
        open(&server, &format!("/events?last_event_id={second}")).await,
        open(&server, &format!("/events?lastEventId={second}")).await,
        open(&server, &format!("/events?limit=1&lastEventId={second}")).await,
        // The header wins.
        with_header(&server, &format!("/events?last_event_id={third}"), &second).await,
        with_header(&server, &format!("/events?lastEventId={third}"), &second).await,
    ] {
        let (first, mut events) = after_hello(events, true, "resumed", 2).await;
        assert_eq!((first.id(), first.message()), (third.as_str(), "3".to_owned()));
        assert_eq!(events.next().await.message(), "4");
    }
}

#[tokio::test]
async fn nothing_is_missed_at_the_newest_event_and_there_is_no_init() {
    let server = TestServer::start(&[]);
    let epoch = epoch(&server).await;
    publish(&server, "1").await;
    let events = with_header(&server, "/events", &format!("{epoch}-1")).await;
    publish(&server, "2").await;
    let (next, _) = after_hello(events, true, "resumed", 0).await;
    assert_eq!((next.id(), next.message()), (format!("{epoch}-2").as_str(), "2".to_owned()));
}

/// Deleting and clearing are events like any other; what is gone since is not sent as a notification.
#[tokio::test]
async fn deleted_and_cleared_are_resumed_too() {
    let server = TestServer::start(&[]);
    let epoch = epoch(&server).await;
    let first: serde_json::Value = serde_json::from_str(&publish(&server, "1").await).unwrap();
    let id = first["id"].as_str().unwrap();
    delete(&server, &format!("/api/notifications/{id}")).await;
    publish(&server, "2").await;
    delete(&server, "/api/notifications").await;
    publish(&server, "3").await;
    let events = with_header(&server, "/events", &format!("{epoch}-1")).await;
    let (mut next, mut events) = after_hello(events, true, "resumed", 4).await;
    let mut seen = Vec::new();
    loop {
        seen.push((next.event().to_owned(), next.id().to_owned()));
        if seen.len() == 2 {
            break;
        }
        next = events.next().await;
    }
    // What was cleared is in no replay.
    let expected = [("cleared", 4), ("notification", 5)];
    assert!(
        seen.iter()
            .map(|(event, id)| (event.as_str(), id.clone()))
            .eq(expected.iter().map(|(event, seq)| (*event, format!("{epoch}-{seq}")))),
        "{seen:?}"
    );
}

#[tokio::test]
async fn an_id_that_is_not_of_this_log_starts_afresh_as_unknown() {
    let server = TestServer::start(&[]);
    let epoch = epoch(&server).await;
    publish(&server, "1").await;
    let other = if epoch == "aaaaaa" { "bbbbbb" } else { "aaaaaa" };
    for id in [
        format!("{other}-1"),
        // From the future: the log was restored from an older copy.
        format!("{epoch}-2"),
        format!("{epoch}-99999999999999999999999"),
        format!("{epoch}-+1"),
        format!("{epoch}-"),
        "1".into(),
        "-".into(),
        "\u{fc}\u{1f389}".into(),
        "x".repeat(8000),
    ] {
        let (init, _) = after_hello(with_header(&server, "/events", &id).await, false, "unknown", 0).await;
        assert_eq!(messages(&init), ["1"], "{id}");
    }
    // Each of two that differ could be resumed after; which was meant is unknown.
    for (one, other) in [(0, 1), (1, 0)] {
        let path = format!("/events?last_event_id={epoch}-{one}&lastEventId={epoch}-{other}");
        let (init, _) = after_hello(open(&server, &path).await, false, "unknown", 0).await;
        assert_eq!(messages(&init), ["1"], "{path}");
    }
}

#[tokio::test]
async fn no_id_and_an_empty_one_start_fresh() {
    let server = TestServer::start(&[]);
    publish(&server, "1").await;
    for events in [
        open(&server, "/events").await,
        open(&server, "/events?last_event_id=").await,
        open(&server, "/events?lastEventId").await,
        with_header(&server, "/events", "").await,
    ] {
        let (init, _) = after_hello(events, false, "fresh", 0).await;
        assert_eq!(messages(&init), ["1"]);
    }
}

/// Three are kept of six: who has seen the third misses nothing, who has not is told so.
#[tokio::test]
async fn what_is_no_longer_kept_is_expired() {
    let mut server = TestServer::start(&["--max-notifications", "3", "--drain", "100ms"]);
    let epoch = epoch(&server).await;
    for n in 1..=6 {
        publish(&server, &format!("{n}")).await;
    }
    for _ in 0..2 {
        for (seq, missed) in [(0, 6), (1, 5), (2, 4)] {
            let events = with_header(&server, "/events", &format!("{epoch}-{seq}")).await;
            let (init, _) = after_hello(events, false, "expired", missed).await;
            assert_eq!(init.id(), format!("{epoch}-6"));
            assert_eq!(messages(&init), ["6", "5", "4"]);
        }
        let events = with_header(&server, "/events", &format!("{epoch}-3")).await;
        let (next, mut events) = after_hello(events, true, "resumed", 3).await;
        assert_eq!(next.message(), "4");
        assert_eq!(events.next().await.message(), "5");
        // The same holds after a restart.
        assert!(server.stop().success());
        server.start_again(&["--max-notifications", "3", "--drain", "100ms"]);
    }
}

/// One step: whatever is posted while a stream opens is in its `init` or follows it, and never both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_between_the_snapshot_and_what_follows() {
    let server = TestServer::start(&[]);
    let client = server.client();
    let posting = tokio::spawn(async move {
        for n in 0..150 {
            notifyhub_tests::reader::publish(&client, &n.to_string()).await;
        }
    });
    let mut opened = Vec::new();
    while !posting.is_finished() && opened.len() < 100 {
        opened.push(open(&server, "/events").await);
    }
    posting.await.unwrap();
    assert!(opened.len() > 5);
    for events in opened {
        let (init, mut events) = after_hello(events, false, "fresh", 0).await;
        let mut seen = messages(&init);
        seen.reverse();
        while seen.len() < 150 {
            seen.push(events.next().await.message());
        }
        assert!(seen.into_iter().eq((0..150).map(|n| n.to_string())));
    }
}
