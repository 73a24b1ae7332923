//! Text arrives as it was sent, through REST, the stream and the database.

use notifyhub_tests::{events::RawEvents, http::get, reader::Reader, server::TestServer};
use serde_json::{Value, json};

use super::{list, publish};

const TEXTS: [&str; 16] = [
    "\0",
    "a\0b",
    "\r",
    "\n",
    "\r\n",
    "line\n\nevent: cleared\ndata: {}\n\n",
    "data: x\rid: y\r\r",
    "\"",
    "'; DROP TABLE entry; --",
    "\\u0000 \\",
    "🎉 👩‍👩‍👧‍👦 e\u{301} \u{200f}\u{202e}",
    "\u{2028}\u{2029}\u{85}\u{feff}",
    "\u{1}\u{7f}\u{ffff}\u{10ffff}",
    "<script>alert(1)</script>&amp;",
    "   ",
    "\t\u{8}\u{c}\u{1b}[31m",
];

#[tokio::test]
async fn every_text_arrives_unchanged_and_survives_a_restart() {
    let mut server = TestServer::start(&["--drain", "100ms"]);
    let mut raw = RawEvents::open(server.socket_address(), "/events", &[]).await;
    let (_, _) = (raw.next().await, raw.next().await);
    let mut reader = Reader::start(&server.client()).await;
    let mut stored = Vec::new();
    for text in TEXTS {
        let new = json!({"message": text, "title": text, "tags": [text]});
        let notification = publish(&server, new).await;
        for field in [&notification["message"], &notification["title"], &notification["tags"][0]] {
            assert_eq!(field, text);
        }
        let event = raw.next().await;
        assert_eq!((event.event(), event.data()), ("notification", notification.clone()));
        assert_eq!(event.text.lines().count(), 4, "{event:?}");
        assert_eq!(reader.message().await, text);
        stored.insert(0, notification);
    }
    drop((raw, reader));
    let before = list(&server, "").await;
    assert_eq!(before.json(), Value::Array(stored.clone()));
    assert!(server.stop().success());
    server.start_again(&[]);
    let address = server.socket_address();
    assert_eq!(list(&server, "").await.body, before.body);
    for notification in &stored {
        let path = format!("/api/notifications/{}", notification["id"].as_str().unwrap());
        assert_eq!(get(address, &path).await.json(), *notification);
    }
    let messages = Reader::of(notifyhub_sdk::Subscribe::subscribe(&server.client())).init().await;
    assert!(messages.iter().map(String::as_str).eq(TEXTS.into_iter().rev()));
}

/// As a hostile link or tag would try.
#[tokio::test]
async fn escapes_in_the_request_are_the_characters_they_stand_for() {
    let server = TestServer::start(&[]);
    let body = r#"{"message":"\u0041\ud83c\udf89\/\n\u2028","title":"\u0022"}"#;
    let answer = notifyhub_tests::http::post(server.socket_address(), "/api/notifications", body).await;
    assert_eq!(answer.json()["message"], "A🎉/\n\u{2028}");
    assert_eq!(answer.json()["title"], "\"");
}
