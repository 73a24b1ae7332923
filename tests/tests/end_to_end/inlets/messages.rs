//! ntfy, Gotify, Slack, Discord, plain text and forms: what their clients check, byte for byte.

use notifyhub_tests::{http::get, server::TestServer};
use serde_json::json;

use super::{JSON, count, newest, said, send};

/// A path, headers and a body.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

#[tokio::test]
async fn ntfy_publishes_to_a_topic_and_answers_as_ntfy() {
    let server = TestServer::start(&[]);
    let headers = [("Title", "=?UTF-8?B?w5xiZXI=?="), ("Priority", "high"), ("Tags", "warning,disk")];
    let answer = send(&server, "POST", "/backups", &headers, "Disk is full").await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    let body = answer.json();
    let id = body["id"].as_str().unwrap();
    assert!(id.len() == 12 && id.bytes().all(|b| b.is_ascii_alphanumeric()), "{id}");
    let expected = json!({
        "id": id, "time": body["time"].as_i64().unwrap(), "event": "message", "topic": "backups",
        "title": "Über", "message": "Disk is full", "priority": 4, "tags": ["warning", "disk"],
    });
    assert_eq!(body, expected);
    let stored = newest(&server).await;
    assert_eq!((&stored["source"], &stored["level"]), (&json!("backups"), &json!("warning")));
    assert_eq!((&stored["title"], &stored["message"]), (&json!("Über"), &json!("Disk is full")));

    let answer = send(&server, "POST", "/", &[JSON], r#"{"topic":"builds","message":"as JSON"}"#).await;
    assert_eq!((answer.status(), &answer.json()["topic"]), (200, &json!("builds")));
    let answer = send(&server, "PUT", "/builds", &[], "").await;
    assert_eq!((answer.status(), &answer.json()["message"]), (200, &json!("triggered")));
    assert_eq!(count(&server, "?source=builds").await, 2);
    assert_eq!(get(server.socket_address(), "/v1/health").await.text(), r#"{"healthy":true}"#);
    assert_eq!(get(server.socket_address(), "/v1/account").await.json()["username"], "*");
}

#[tokio::test]
async fn ntfy_updates_and_deletes_a_sequence() {
    let server = TestServer::start(&[]);
    for text in ["80 %", "90 %"] {
        let answer = send(&server, "POST", "/alerts/disk-1", &[], text).await;
        assert_eq!((answer.status(), &answer.json()["sequence_id"]), (200, &json!("disk-1")));
    }
    send(&server, "POST", "/alerts/disk-2", &[], "other").await;
    assert_eq!(newest(&server).await["key"], "ntfy:alerts/disk-2");
    let cleared = send(&server, "PUT", "/alerts/disk-1/clear", &[], "").await;
    assert_eq!((cleared.status(), &cleared.json()["event"]), (200, &json!("message_clear")));
    let deleted = send(&server, "DELETE", "/alerts/disk-1", &[], "").await;
    assert_eq!((deleted.status(), &deleted.json()["event"]), (200, &json!("message_delete")));
    assert_eq!(count(&server, "").await, 1);
    assert_eq!(newest(&server).await["message"], "other");
}

#[tokio::test]
async fn ntfy_refuses_in_ntfys_words() {
    let server = TestServer::start(&[]);
    let cases: [(Case<'_>, u64); 6] = [
        (("/a", &[("Priority", "7")], "x"), 40007),
        (("/a", &[("Email", "a@b.example")], "x"), 40001),
        (("/a", &[("X-Call", "yes")], "x"), 40032),
        (("/a", &[("In", "5m")], "x"), 40004),
        (("/", &[], "no JSON"), 40017),
        (("/", &[], r#"{"message":"x"}"#), 40009),
    ];
    for ((path, headers, body), code) in cases {
        let refused = send(&server, "POST", path, headers, body).await;
        let told = refused.json();
        assert_eq!(
            (refused.status(), &told["code"], &told["http"]),
            (400, &json!(code), &json!(400)),
            "{path} {headers:?}"
        );
        assert!(told["error"].is_string() && told.as_object().unwrap().len() == 3, "{told}");
    }
    assert_eq!(count(&server, "").await, 0, "nothing was posted");
}

#[tokio::test]
async fn gotify_takes_every_kind_of_body_and_answers_with_a_number() {
    let server = TestServer::start(&[]);
    let multipart = "--b\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\nM\r\n--b\r\n\
        Content-Disposition: form-data; name=\"priority\"\r\n\r\n8\r\n--b--\r\n";
    let cases: [Case<'_>; 4] = [
        ("/message", &[JSON], r#"{"message":"M","priority":8}"#),
        ("/message", &[("Content-Type", "multipart/form-data; boundary=b")], multipart),
        ("/message", &[("Content-Type", "application/x-www-form-urlencoded")], "message=M&priority=8"),
        ("/message?message=M&priority=8", &[], ""),
    ];
    let mut last = 0;
    for (path, headers, body) in cases {
        let answer = send(&server, "POST", path, headers, body).await;
        assert_eq!(answer.status(), 200, "{answer:?}");
        let told = answer.json();
        let id = told["id"].as_u64().expect("a number");
        assert!(id > last && id < 1 << 53, "{id}");
        last = id;
        assert!(chrono::DateTime::parse_from_rfc3339(told["date"].as_str().unwrap()).is_ok(), "{told}");
        assert_eq!(
            (&told["message"], &told["priority"], &told["appid"]),
            (&json!("M"), &json!(8), &json!(1))
        );
        assert_eq!(newest(&server).await["level"], "error");
    }
    let refused = send(&server, "POST", "/message", &[JSON], r#"{"title":"T"}"#).await;
    let expected = json!({ "error": "Bad Request", "errorCode": 400, "errorDescription": "Field 'message' is required" });
    assert_eq!((refused.status(), refused.json()), (400, expected));
    assert!(get(server.socket_address(), "/version").await.json()["version"].is_string());
    assert_eq!(
        get(server.socket_address(), "/health").await.json(),
        json!({ "health": "green", "database": "green" })
    );
}

#[tokio::test]
async fn slack_is_answered_with_ok_and_nothing_else() {
    let server = TestServer::start(&[]);
    let plain = Some("text/plain; charset=utf-8");
    for path in [
        "/hooks/slack",
        "/hooks/slack/x",
        "/services/T000/B000/xxxx",
        "/hooks/3ccdd113474722377935511fc85d3dd4",
    ] {
        let body = r#"{"text":"<https://ci.example/7|Build 7> failed","attachments":[{"color":"danger","fallback":"f"}]}"#;
        assert_eq!(said(&send(&server, "POST", path, &[JSON], body).await), (200, plain, "ok"), "{path}");
        let stored = newest(&server).await;
        assert_eq!((&stored["level"], &stored["link"]), (&json!("error"), &json!("https://ci.example/7")));
    }
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let payload = send(&server, "POST", "/hooks/slack", &[form], "payload=%7B%22text%22%3A%22x%22%7D").await;
    assert_eq!(said(&payload), (200, plain, "ok"));
    assert_eq!(said(&send(&server, "POST", "/hooks/slack", &[JSON], "{}").await), (400, plain, "no_text"));
    assert_eq!(
        said(&send(&server, "POST", "/hooks/slack", &[JSON], "{").await),
        (400, plain, "invalid_payload")
    );
    assert_eq!(count(&server, "").await, 5);
}

#[tokio::test]
async fn discord_is_answered_with_nothing_unless_it_waits() {
    let server = TestServer::start(&[]);
    let body = r#"{"content":"**hello**","username":"Bot"}"#;
    for path in ["/hooks/discord", "/api/webhooks/1/token"] {
        let answer = send(&server, "POST", path, &[JSON], body).await;
        assert_eq!((answer.status(), answer.text()), (204, ""), "{path}");
    }
    let waited = send(&server, "POST", "/hooks/discord?wait=true", &[JSON], body).await;
    assert_eq!((waited.status(), &waited.json()["content"]), (200, &json!("**hello**")));
    assert!(waited.json()["id"].is_string());
    let refused = send(&server, "POST", "/hooks/discord", &[JSON], "{}").await;
    assert_eq!((refused.status(), &refused.json()["code"]), (400, &json!(50006)));
    assert_eq!(newest(&server).await["format"], "markdown");
}

#[tokio::test]
async fn text_and_forms_are_taken_where_the_json_is() {
    let server = TestServer::start(&[]);
    let text = send(
        &server,
        "POST",
        "/api/notifications?title=Build&level=error",
        &[("Content-Type", "text/plain")],
        "3 failed\n",
    );
    let text = text.await;
    assert_eq!(text.status(), 201, "{text:?}");
    let stored = newest(&server).await;
    assert_eq!(text.json(), stored);
    assert_eq!(
        text.head.header("Location"),
        Some(format!("notifications/{}", stored["id"].as_str().unwrap()).as_str())
    );
    assert_eq!(
        (&stored["message"], &stored["title"], &stored["level"]),
        (&json!("3 failed"), &json!("Build"), &json!("error"))
    );
    let form = [("Content-Type", "application/x-www-form-urlencoded"), ("Idempotency-Key", "k1")];
    for replayed in [None, Some("true")] {
        let answer =
            send(&server, "POST", "/api/notifications", &form, "message=a+b&tags=x,y&state=waiting").await;
        assert_eq!((answer.status(), answer.head.header("Idempotency-Replayed")), (201, replayed));
    }
    assert_eq!((count(&server, "").await, count(&server, "?tag=x&state=waiting").await), (2, 1));
    let blank = send(&server, "POST", "/api/notifications", &[("Content-Type", "text/plain")], " \n").await;
    crate::rest::assert_problem(&blank, 400, "no_text", "at least a message");
    // What is too long is cut.
    let long =
        send(&server, "POST", "/api/notifications", &[("Content-Type", "text/plain")], &"é".repeat(5000))
            .await;
    assert_eq!(long.json()["message"].as_str().unwrap().chars().count(), 4096);
}

#[tokio::test]
async fn the_earlier_hubs_clients_are_understood() {
    let server = TestServer::start(&[]);
    let body = r#"{"data":{"message":"[#opencode.permission] May I?","pwd":"/home/me/web-shop"}}"#;
    let answer = send(&server, "POST", "/api/notify", &[JSON], body).await;
    let stored = newest(&server).await;
    assert_eq!((answer.status(), answer.json()), (200, json!({ "success": true, "id": stored["id"] })));
    assert_eq!((&stored["message"], &stored["source"]), (&json!("May I?"), &json!("web-shop")));
    assert_eq!(stored["tags"], json!(["opencode.permission"]));
    let empty = send(&server, "POST", "/api/notify", &[JSON], r#"{"data":{}}"#).await;
    crate::rest::assert_problem(&empty, 400, "invalid_body", "there is no text");
}
