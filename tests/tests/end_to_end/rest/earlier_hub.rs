//! What the earlier hub's users call, byte for byte where they rely on it.

use notifyhub_tests::{
    events::RawEvents,
    http::{get, post},
    server::TestServer,
};
use serde_json::json;

use super::{assert_problem, list};

#[tokio::test]
async fn notify_posts_a_message() {
    let server = TestServer::start(&[]);
    let address = server.socket_address();
    let mut events = RawEvents::open(address, "/events", &[]).await;
    let (_, _) = (events.next().await, events.next().await);
    let answer = post(address, "/api/notify", r#"{"message":"Test message"}"#).await;
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    assert_eq!((answer.status(), answer.json()), (200, json!({"success": true, "id": id})));
    let event = events.next().await;
    assert_eq!((event.message(), &event.data()["id"]), ("Test message".into(), &json!(id)));
    let stored = get(address, &format!("/api/notifications/{id}")).await.json();
    assert_eq!(list(&server, "").await.json(), json!([stored]));
}

#[tokio::test]
async fn notify_keeps_a_given_time() {
    let server = TestServer::start(&[]);
    let body = r#"{"message":"x","timestamp":"2026-08-20T14:26:40.123456Z"}"#;
    assert_eq!(post(server.socket_address(), "/api/notify", body).await.status(), 200);
    assert_eq!(list(&server, "").await.json()[0]["timestamp"], "2026-08-20T14:26:40.123Z");
}

#[tokio::test]
async fn notify_refuses_like_the_new_call() {
    let server = TestServer::start(&[]);
    let address = server.socket_address();
    assert_problem(&post(address, "/api/notify", "{}").await, 400, "invalid_body", "missing field `message`");
    assert_problem(&post(address, "/api/notify", "{").await, 400, "invalid_body", "EOF");
    let empty = post(address, "/api/notify", r#"{"message":""}"#).await;
    assert_problem(&empty, 400, "invalid_notification", "1 to 4096 characters");
}
