//! Against a hub that is made up: what the real one does not do, or not on demand.

use std::time::{Duration, Instant};

use notifyhub_sdk::{Event, Subscribe as _, SubscribeError, connect};
use notifyhub_tests::{fake_hub::FakeHub, reader::Reader, within};

const HELLO: &str = r#"event: hello
data: {"resumed":false,"reason":"fresh","missed":0,"latest_id":"aaaaaa-1","heartbeat_ms":15000,"version":"1"}

"#;

const JSON: &str = "Content-Type: application/json\r\n";

fn init(seq: u64) -> String {
    format!("id: aaaaaa-{seq}\nevent: init\ndata: []\n\n")
}

fn notification(seq: u64) -> String {
    let id = uuid::Uuid::nil();
    format!(
        "id: aaaaaa-{seq}\nevent: notification\ndata: {{\"id\":\"{id}\",\"message\":\"{seq}\",\
         \"timestamp\":\"2026-08-20T14:26:40.123Z\"}}\n\n"
    )
}

#[tokio::test]
async fn it_comes_back_after_as_long_as_the_hub_says() {
    let hub = FakeHub::start().await;
    let reader = tokio::spawn({
        let client = connect(&hub.address()).unwrap();
        async move {
            let mut reader = Reader::of(client.subscribe());
            for _ in 0..4 {
                reader.init().await;
            }
        }
    });
    for retry_ms in [30, 600, 30] {
        let stream = hub.request().await.stream(&format!("retry: {retry_ms}\n{HELLO}{}", init(1))).await;
        drop(stream);
        let ended = Instant::now();
        let next = hub.request().await;
        assert!(ended.elapsed().as_millis() >= retry_ms, "{retry_ms} ms, not {:?}", ended.elapsed());
        assert_eq!(next.header("Last-Event-ID"), Some("aaaaaa-1"));
        // Answered so that it comes back once more, for the next delay.
        drop(next);
    }
    let stream = hub.request().await.stream(&format!("{HELLO}{}", init(1))).await;
    reader.await.unwrap();
    drop(stream);
}

/// A fake hub sends again what it has sent before; the real one never does.
#[tokio::test]
async fn an_event_that_comes_again_is_not_passed_on() {
    let hub = FakeHub::start().await;
    let mut reader = Reader::of(connect(&hub.address()).unwrap().subscribe());
    let messages = tokio::spawn(async move {
        reader.init().await;
        reader.messages(4).await
    });
    let first = [&format!("retry: 10\n{HELLO}"), &*init(1), &notification(2), &notification(3)].concat();
    drop(hub.request().await.stream(&first).await);
    let request = hub.request().await;
    assert_eq!(request.header("Last-Event-ID"), Some("aaaaaa-3"));
    let again = [2, 3, 4, 4, 3, 5].map(notification).concat();
    let stream = request.stream(&format!("{HELLO}{again}")).await;
    assert_eq!(messages.await.unwrap(), ["2", "3", "4", "5"]);
    drop(stream);
}

#[tokio::test]
async fn what_is_no_hub_refuses() {
    let page = "Content-Type: text/html\r\n";
    for (status, headers, body, expected) in [
        ("200 OK", page, "<html></html>", "is there a NotifyHub at this address?"),
        ("404 Not Found", page, "<html></html>", "404"),
        ("400 Bad Request", JSON, r#"{"code":"x","message":"why"}"#, "why"),
    ] {
        let hub = FakeHub::start().await;
        let mut reader = Reader::of(connect(&hub.address()).unwrap().subscribe());
        let (result, ()) =
            tokio::join!(reader.result(), async { hub.request().await.answer(status, headers, body).await });
        let Err(SubscribeError::Refused(reason)) = result else { panic!("{status}: {result:?}") };
        assert!(reason.contains(expected), "{reason}");
        assert!(reader.has_ended().await);
    }
}

/// A hub that is overloaded, stopping, or behind a gateway that cannot reach it.
#[tokio::test]
async fn a_hub_that_has_trouble_is_tried_again() {
    let hub = FakeHub::start().await;
    let mut reader = Reader::of(connect(&hub.address()).unwrap().subscribe());
    let reading = tokio::spawn(async move { reader.init().await });
    let busy = r#"{"code":"too_many_connections","message":"later"}"#;
    hub.request().await.answer("502 Bad Gateway", "Content-Type: text/html\r\n", "<html></html>").await;
    let asked_to_wait = Instant::now();
    let retry_after = format!("{JSON}Retry-After: 2\r\n");
    hub.request().await.answer("503 Service Unavailable", &retry_after, busy).await;
    let next = hub.request().await;
    assert!(asked_to_wait.elapsed().as_secs() >= 2);
    let stream = next.stream(&format!("{HELLO}{}", init(1))).await;
    reading.await.unwrap();
    drop(stream);
}

/// An event without end must not fill the memory.
#[tokio::test]
async fn an_event_that_never_ends_ends_it() {
    let hub = FakeHub::start().await;
    let mut reader = Reader::of(connect(&hub.address()).unwrap().subscribe().max_event_bytes(1 << 20));
    let reading = tokio::spawn(async move {
        reader.hello().await;
        reader.result().await.map(drop)
    });
    let mut stream = hub.request().await.stream(&format!("{HELLO}data: ")).await;
    let line = "x".repeat(64 << 10);
    while !reading.is_finished() && stream.try_send(&line).await.is_ok() {}
    assert!(matches!(reading.await.unwrap(), Err(SubscribeError::EventTooLarge(_))));
}

/// The bound is for one event: many small ones may come in one go.
#[tokio::test]
async fn many_small_events_at_once_are_within_the_set_size() {
    let hub = FakeHub::start().await;
    let mut reader = Reader::of(connect(&hub.address()).unwrap().subscribe().max_event_bytes(1000));
    let reading = tokio::spawn(async move {
        reader.init().await;
        reader.messages(500).await.len()
    });
    let events: String = (2..502).map(notification).collect();
    let stream = hub.request().await.stream(&format!("{HELLO}{}{events}", init(1))).await;
    assert_eq!(reading.await.unwrap(), 500);
    drop(stream);
}

#[tokio::test]
async fn an_event_that_is_not_what_the_protocol_says_is_passed_over_and_told() {
    let hub = FakeHub::start().await;
    let mut reader = Reader::of(connect(&hub.address()).unwrap().subscribe());
    let reading = tokio::spawn(async move {
        reader.init().await;
        let skipped = reader.result().await;
        (skipped, reader.messages(1).await)
    });
    let malformed = "id: aaaaaa-2\nevent: notification\ndata: {}\n\n";
    let stream =
        hub.request().await.stream(&format!("{HELLO}{}{malformed}{}", init(1), notification(3))).await;
    let (skipped, messages) = reading.await.unwrap();
    let Ok(Event::Skipped { event, .. }) = skipped else { panic!("{skipped:?}") };
    assert_eq!((event.as_str(), messages), ("notification", vec!["3".to_owned()]));
    drop(stream);
}

/// A newer hub: values and lengths that this version does not know.
#[tokio::test]
async fn what_a_later_version_adds_ends_nothing() {
    let hub = FakeHub::start().await;
    let mut reader = Reader::of(connect(&hub.address()).unwrap().subscribe());
    let reading = tokio::spawn(async move {
        reader.init().await;
        reader.messages(3).await.len()
    });
    let hello = HELLO.replace("fresh", "moved");
    let level =
        notification(2).replace("\"message\"", "\"level\":\"critical\",\"state\":\"paused\",\"message\"");
    let long = notification(3).replace("\"message\":\"3\"", &format!("\"message\":\"{}\"", "x".repeat(5000)));
    let events = format!("{hello}{}{level}{long}{}", init(1), notification(4));
    let stream = hub.request().await.stream(&events).await;
    assert_eq!(reading.await.unwrap(), 3);
    drop(stream);
}

/// The resume point moves with events of kinds that this version does not know.
#[tokio::test]
async fn an_unknown_event_moves_the_resume_point() {
    let hub = FakeHub::start().await;
    let mut reader = Reader::of(connect(&hub.address()).unwrap().subscribe());
    let reading = tokio::spawn(async move {
        reader.init().await;
        reader.messages(1).await
    });
    let unknown = "id: aaaaaa-2\nevent: weather\ndata: {}\n\n";
    drop(hub.request().await.stream(&format!("retry: 10\n{HELLO}{}{unknown}", init(1))).await);
    let next = hub.request().await;
    assert_eq!(next.header("Last-Event-ID"), Some("aaaaaa-2"));
    let stream = next.stream(&format!("{HELLO}{}", notification(3))).await;
    assert_eq!(reading.await.unwrap(), ["3"]);
    drop(stream);
}

/// A proxy answers with a page of its own, or with nothing, while the hub behind it starts.
#[tokio::test]
async fn a_proxys_answer_is_later_whatever_its_body() {
    let hub = FakeHub::start().await;
    let mut reader = Reader::of(connect(&hub.address()).unwrap().subscribe());
    let reading = tokio::spawn(async move { reader.init().await });
    let page = "Content-Type: text/html\r\n";
    hub.request().await.answer("503 Service Unavailable", page, "<html>no server</html>").await;
    hub.request().await.answer("503 Service Unavailable", "", "").await;
    hub.request().await.answer("429 Too Many Requests", page, "<html></html>").await;
    let stream = hub.request().await.stream(&format!("{HELLO}{}", init(1))).await;
    reading.await.unwrap();
    drop(stream);
}

#[tokio::test]
async fn a_refusal_that_is_cut_is_later_too() {
    let hub = FakeHub::start().await;
    let mut reader = Reader::of(connect(&hub.address()).unwrap().subscribe());
    let reading = tokio::spawn(async move { reader.init().await });
    let cut = r#"{"code":"stopping","mess"#;
    hub.request().await.answer_in_part("503 Service Unavailable", JSON, cut, 100).await;
    let stream = hub.request().await.stream(&format!("{HELLO}{}", init(1))).await;
    reading.await.unwrap();
    drop(stream);
}

/// Silence is a matter of bytes: an `init` that takes its time arrives.
#[tokio::test]
async fn an_event_that_arrives_slowly_arrives() {
    let hub = FakeHub::start().await;
    let mut reader = Reader::of(connect(&hub.address()).unwrap().subscribe());
    let reading = tokio::spawn(async move { reader.init().await });
    // 2.5 heartbeats are a quarter of a second; the whole takes more than that.
    let hello = HELLO.replace("15000", "100");
    let mut stream = hub.request().await.stream(&hello).await;
    for byte in init(1).chars() {
        stream.send(byte.to_string()).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    reading.await.unwrap();
    drop(stream);
}

/// A hub that announces no heartbeat may be silent for as long as it likes.
#[tokio::test]
async fn without_a_heartbeat_no_silence_is_too_long() {
    let hub = FakeHub::start().await;
    let mut reader = Reader::of(connect(&hub.address()).unwrap().subscribe());
    let (seen, mut has_seen) = tokio::sync::mpsc::unbounded_channel();
    let reading = tokio::spawn(async move {
        seen.send(reader.init().await).unwrap();
        for _ in 0..3 {
            seen.send(reader.messages(1).await).unwrap();
        }
    });
    let hello = HELLO.replace("15000", "0");
    let mut stream = hub.request().await.stream(&format!("{hello}{}", init(1))).await;
    // Where it came back, nobody would answer it.
    for seq in 2..=4 {
        within("it has seen what came before", has_seen.recv()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        stream.send(notification(seq)).await;
    }
    within("it sees the last", reading).await.unwrap();
    drop(stream);
}

/// A hub that ends every stream at once and asks nobody to wait is not asked without pause.
#[tokio::test]
async fn streams_that_end_at_once_are_opened_ever_less_often() {
    let hub = FakeHub::start().await;
    let mut reader = Reader::of(connect(&hub.address()).unwrap().subscribe());
    let reading = tokio::spawn(async move {
        loop {
            let _ = reader.result().await;
        }
    });
    let started = Instant::now();
    for _ in 0..5 {
        drop(hub.request().await.stream(&format!("retry: 0\n{HELLO}")).await);
    }
    // 100 ms, then at least half of 200, 400, 800.
    assert!(started.elapsed().as_millis() >= 800, "{:?}", started.elapsed());
    reading.abort();
}

/// A later version may send events that this one does not know.
#[tokio::test]
async fn unknown_events_and_fields_are_passed_over() {
    let hub = FakeHub::start().await;
    let mut reader = Reader::of(connect(&hub.address()).unwrap().subscribe());
    let reading = tokio::spawn(async move {
        reader.init().await;
        reader.messages(1).await
    });
    let later = notification(2).replace("\"message\"", "\"colour\":\"red\",\"message\"");
    let events = format!("{HELLO}{}: a comment\n\nevent: weather\ndata: sunny\n\nfield: x\n{later}", init(1));
    let stream = hub.request().await.stream(&events).await;
    assert_eq!(reading.await.unwrap(), ["2"]);
    drop(stream);
}
