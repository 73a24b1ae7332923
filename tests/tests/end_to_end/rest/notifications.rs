//! One notification: posting, getting, deleting; and clearing.

use notifyhub_tests::{
    events::RawEvents,
    http::{get, post, request},
    server::TestServer,
};
use serde_json::json;
use uuid::Uuid;

use super::{assert_problem, list, publish};

#[tokio::test]
async fn a_post_is_answered_with_the_stored_notification_and_where_to_find_it() {
    let server = TestServer::start(&[]);
    let address = server.socket_address();
    let answer = post(address, "/api/notifications", r#"{"message":"Hello"}"#).await;
    assert_eq!(answer.status(), 201);
    assert_eq!(answer.head.header("content-type"), Some("application/json"));
    let stored = answer.json();
    let id = stored["id"].as_str().unwrap();
    assert_eq!(Uuid::parse_str(id).unwrap().get_version_num(), 7);
    let timestamp = stored["timestamp"].as_str().unwrap();
    // Fields that were not set are left out.
    assert_eq!(answer.text(), format!(r#"{{"id":"{id}","message":"Hello","timestamp":"{timestamp}"}}"#));
    assert_eq!(timestamp.len(), "2026-08-20T14:26:40.123Z".len());

    let location = answer.head.header("location").unwrap();
    // Relative to where it was posted: a proxy may have given the hub another path.
    assert_eq!(location, format!("notifications/{id}"));
    let found = get(address, &format!("/api/{location}")).await;
    assert_eq!((found.status(), found.text()), (200, answer.text()));
}

#[tokio::test]
async fn every_field_is_kept() {
    let server = TestServer::start(&[]);
    let new = json!({
        "message": "m".repeat(4096), "title": "t".repeat(256), "level": "warning",
        "tags": (0..16).map(|n| format!("{n}").repeat(64)[..64].to_owned()).collect::<Vec<_>>(),
        "link": format!("https://example.com/{}", "l".repeat(2048 - 20)), "timestamp": "2026-08-20T16:26:40.1239+02:00"
    });
    let mut stored = publish(&server, new.clone()).await;
    assert!(stored.as_object_mut().unwrap().remove("id").is_some());
    let mut expected = new;
    expected["timestamp"] = json!("2026-08-20T14:26:40.123Z");
    assert_eq!(stored, expected);
}

/// As some clients send fields that are not set.
#[tokio::test]
async fn null_is_as_good_as_nothing() {
    let server = TestServer::start(&[]);
    let stored = publish(
        &server,
        json!({"message": "x", "title": null, "level": null, "tags": [], "link": null, "timestamp": null}),
    )
    .await;
    assert_eq!(stored.as_object().unwrap().keys().collect::<Vec<_>>(), ["id", "message", "timestamp"]);
}

#[tokio::test]
async fn each_level_is_taken() {
    let server = TestServer::start(&[]);
    for level in ["info", "success", "warning", "error"] {
        assert_eq!(publish(&server, json!({"message": "x", "level": level})).await["level"], level);
    }
}

#[tokio::test]
async fn deleting_is_seen_by_everyone_and_done_once() {
    let server = TestServer::start(&[]);
    let address = server.socket_address();
    let kept = publish(&server, json!({"message": "kept"})).await;
    let gone = publish(&server, json!({"message": "gone"})).await;
    let mut events = RawEvents::open(address, "/events", &[]).await;
    let (_, _) = (events.next().await, events.next().await);

    let path = format!("/api/notifications/{}", gone["id"].as_str().unwrap());
    let deleted = request(address, "DELETE", &path, &[], "").await;
    assert_eq!((deleted.status(), deleted.text()), (204, ""));
    let event = events.next().await;
    assert_eq!((event.event(), event.data()), ("deleted", json!({"id": gone["id"]})));
    assert_eq!(list(&server, "").await.json(), json!([kept]));

    for method in ["GET", "DELETE"] {
        assert_problem(&request(address, method, &path, &[], "").await, 404, "not_found", "is stored");
    }
    publish(&server, json!({"message": "next"})).await;
    assert_eq!(events.next().await.message(), "next", "what was not there is not deleted");
}

#[tokio::test]
async fn clearing_is_seen_by_everyone() {
    let mut server = TestServer::start(&["--drain", "100ms"]);
    let address = server.socket_address();
    for n in 0..3 {
        publish(&server, json!({"message": n.to_string()})).await;
    }
    let mut events = RawEvents::open(address, "/events", &[]).await;
    let (_, _) = (events.next().await, events.next().await);
    let cleared = request(address, "DELETE", "/api/notifications", &[], "").await;
    assert_eq!((cleared.status(), cleared.text()), (200, "{\"removed\":3}"));
    let event = events.next().await;
    assert_eq!((event.event(), event.data()), ("cleared", json!({})));
    assert_eq!(list(&server, "").await.text(), "[]");
    assert!(server.stop().success());
    server.start_again(&[]);
    assert_eq!(list(&server, "").await.text(), "[]", "and stays so");
}
