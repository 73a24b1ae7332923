//! Notifications that change in place: overtaken, withdrawn, revised, read; and filters over them.

use notifyhub_tests::{
    events::RawEvents,
    http::{Answer, get, request},
    server::TestServer,
};
use serde_json::{Value, json};

use super::{assert_problem, messages, publish};

async fn send(server: &TestServer, method: &str, path: &str, body: &Value) -> Answer {
    let headers = [("Content-Type", "application/json")];
    let body = if body.is_null() { String::new() } else { body.to_string() };
    request(server.socket_address(), method, path, &headers, body).await
}

async fn names(events: &mut RawEvents, count: usize) -> Vec<String> {
    let mut names = Vec::new();
    for _ in 0..count {
        names.push(events.next().await.event().to_owned());
    }
    names
}

#[tokio::test]
async fn a_newer_post_of_a_key_takes_the_place_of_what_waits_or_runs() {
    let mut server = TestServer::start(&["--drain", "100ms"]);
    let mut events = RawEvents::open(server.socket_address(), "/events", &[]).await;
    assert_eq!(names(&mut events, 2).await, ["hello", "init"]);
    let post = |message: &str, state: &str| json!({"message": message, "key": "build/7", "state": state});
    let first = publish(&server, post("building", "running")).await;
    assert_eq!((&first["level"], &first["since"]), (&json!("info"), &first["timestamp"]));
    let second = publish(&server, post("still building", "running")).await;
    assert_eq!(second["since"], first["since"], "it runs since then");
    publish(&server, post("built", "done")).await;
    assert_eq!(messages(&server, "").await, ["built"]);
    assert_eq!(
        names(&mut events, 5).await,
        ["notification", "deleted", "notification", "deleted", "notification"]
    );
    server.kill();
    server.start_again(&[]);
    publish(&server, post("again", "waiting")).await;
    assert_eq!(messages(&server, "").await, ["again", "built"], "what is closed stays");
}

#[tokio::test]
async fn what_is_open_under_a_key_is_withdrawn() {
    let server = TestServer::start(&[]);
    publish(&server, json!({"message": "asks", "key": "agent 1/ä", "state": "waiting"})).await;
    publish(&server, json!({"message": "other", "key": "agent 2", "state": "waiting"})).await;
    let path = "/api/keys/agent%201%2F%C3%A4";
    assert_eq!(send(&server, "DELETE", path, &Value::Null).await.json(), json!({"removed": 1}));
    assert_eq!(send(&server, "DELETE", path, &Value::Null).await.json(), json!({"removed": 0}));
    assert_eq!(messages(&server, "").await, ["other"]);
}

#[tokio::test]
async fn a_revision_is_a_notification_event_under_the_same_id() {
    let server = TestServer::start(&[]);
    let failed = publish(&server, json!({"message": "failed", "state": "failed"})).await;
    publish(&server, json!({"message": "newer"})).await;
    let mut events = RawEvents::open(server.socket_address(), "/events", &[]).await;
    names(&mut events, 2).await;
    let path = format!("/api/notifications/{}", failed["id"].as_str().unwrap());
    let revised = send(&server, "PATCH", &path, &json!({"resolved": true})).await;
    assert_eq!(revised.status(), 200);
    assert!(revised.json()["resolved_at"].is_string());
    let event = events.next().await;
    assert_eq!((event.event(), event.message()), ("notification", "failed".to_owned()));
    assert_eq!(messages(&server, "").await, ["newer", "failed"], "it keeps its place");

    let until = json!({"snoozed_until": "2030-01-01T00:00:00Z", "resolved": false});
    let snoozed = send(&server, "PATCH", &path, &until).await.json();
    assert_eq!(
        (&snoozed["snoozed_until"], &snoozed["resolved_at"]),
        (&json!("2030-01-01T00:00:00.000Z"), &Value::Null)
    );
    let awake = send(&server, "PATCH", &path, &json!({"snoozed_until": null})).await.json();
    assert_eq!(awake, failed);

    assert_problem(&send(&server, "PATCH", &path, &json!({})).await, 400, "nothing_to_change", "`resolved`");
    assert_problem(
        &send(&server, "PATCH", &path, &json!({"read": true})).await,
        400,
        "invalid_body",
        "`read`",
    );
    let unknown = format!("/api/notifications/{}", uuid::Uuid::nil());
    assert_problem(
        &send(&server, "PATCH", &unknown, &json!({"resolved": true})).await,
        404,
        "not_found",
        "stored",
    );
}

#[tokio::test]
async fn the_read_mark_is_shared_and_outlives_a_restart() {
    let mut server = TestServer::start(&["--drain", "100ms"]);
    let first = publish(&server, json!({"message": "1"})).await["id"].clone();
    let second = publish(&server, json!({"message": "2"})).await["id"].clone();
    let mut events = RawEvents::open(server.socket_address(), "/events", &[]).await;
    names(&mut events, 2).await;
    let mark = |through: &Value| json!({"through": through});
    assert_eq!(
        send(&server, "PUT", "/api/read", &mark(&second)).await.json(),
        json!({"read_through": second})
    );
    let read = events.next().await;
    assert_eq!((read.event(), read.data()), ("read", mark(&second)));
    assert_eq!(
        send(&server, "PUT", "/api/read", &mark(&first)).await.json(),
        json!({"read_through": second}),
        "never back"
    );
    let future = send(&server, "PUT", "/api/read", &mark(&json!(uuid::Uuid::max()))).await;
    assert_problem(&future, 404, "not_found", "newer than any");
    drop(events);
    server.kill();
    server.start_again(&[]);
    assert_eq!(get(server.socket_address(), "/api/status").await.json()["read_through"], second);
    let mut events = RawEvents::open(server.socket_address(), "/events", &[]).await;
    assert_eq!(events.next().await.data()["read_through"], second);
}

#[tokio::test]
async fn filters_say_what_is_listed_and_what_is_deleted() {
    let server = TestServer::start(&[]);
    for (message, source, actor, state, tags) in [
        ("a", "shop", "ci", "done", json!(["main"])),
        ("b", "shop", "codex", "waiting", json!(["main", "slow"])),
        ("c", "blog", "ci", "failed", json!([])),
        ("d", "blog", "cron", "running", json!(["slow"])),
    ] {
        let key = format!("{source}/{message}");
        publish(
            &server,
            json!({"message": message, "source": source, "actor": actor, "state": state, "tags": tags, "key": key,
                "link": format!("https://example.com/runs/{message}")}),
        )
        .await;
    }
    for (query, expected) in [
        ("?source=shop", &["b", "a"][..]),
        ("?source=shop&source=blog&actor=ci", &["c", "a"]),
        ("?state=waiting&state=running", &["d", "b"]),
        ("?open=true", &["d", "b"]),
        ("?open=false&source=blog", &["c"]),
        ("?tag=slow&tag=-main", &["d"]),
        ("?key=shop/a", &["a"]),
        ("?q=runs/c", &["c"]),
        ("?q=blog+ci", &["c"]),
        ("?q=%22ci+blog%22", &[]),
    ] {
        assert_eq!(messages(&server, query).await, expected, "{query}");
    }
    let removed = send(&server, "DELETE", "/api/notifications?source=shop&open=true", &Value::Null).await;
    assert_eq!((removed.status(), removed.json()), (200, json!({"removed": 1})));
    assert_eq!(messages(&server, "").await, ["d", "c", "a"]);
    assert_problem(
        &send(&server, "DELETE", "/api/notifications?state=paused", &Value::Null).await,
        400,
        "invalid_parameter",
        "state",
    );
    assert_eq!(messages(&server, "").await.len(), 3);
}

#[tokio::test]
async fn what_is_open_is_in_init_however_old() {
    let server = TestServer::start(&["--max-notifications", "2"]);
    publish(&server, json!({"message": "waits", "state": "waiting"})).await;
    for n in 0..4 {
        publish(&server, json!({"message": n.to_string()})).await;
    }
    let mut events = RawEvents::open(server.socket_address(), "/events?limit=1", &[]).await;
    events.next().await;
    let init = events.next().await.data();
    let messages: Vec<_> = init.as_array().unwrap().iter().map(|item| item["message"].clone()).collect();
    assert_eq!(messages, ["3", "waits"]);
}

/// The text of what was deleted, cleared, overtaken is in no answer, neither before a restart nor after it.
#[tokio::test]
async fn what_is_gone_is_in_no_replay() {
    let mut server = TestServer::start(&["--drain", "100ms"]);
    let mut events = RawEvents::open(server.socket_address(), "/events", &[]).await;
    let latest = events.next().await.data()["latest_id"].as_str().unwrap().to_owned();
    drop(events);
    let secret = publish(&server, json!({"message": "secret 1"})).await;
    let path = format!("/api/notifications/{}", secret["id"].as_str().unwrap());
    publish(&server, json!({"message": "secret 2", "key": "k", "state": "running"})).await;
    assert_eq!(send(&server, "DELETE", &path, &Value::Null).await.status(), 204);
    publish(&server, json!({"message": "last", "key": "k", "state": "done"})).await;
    let mut replays = Vec::new();
    for _ in 0..2 {
        let headers = [("Last-Event-ID", latest.as_str())];
        let mut events = RawEvents::open(server.socket_address(), "/events", &headers).await;
        assert_eq!(events.next().await.data()["reason"], "resumed");
        let mut replay = Vec::new();
        for _ in 0..3 {
            replay.push(events.next().await.text);
        }
        assert!(!replay.concat().contains("secret"), "{replay:?}");
        replays.push(replay);
        drop(events);
        server.kill();
        server.start_again(&[]);
    }
    assert_eq!(replays[0], replays[1], "ring and log replay the same");
}
