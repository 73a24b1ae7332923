//! The hooks: every recorded request of the adapters' tests is sent to the real hub.

use std::{fs, path::Path};

use notifyhub_tests::{http::RawClient, server::TestServer};
use serde_json::{Value, json};

use super::{JSON, count, newest, send};

fn recorded(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../adapters/tests/golden");
    serde_json::from_str(&fs::read_to_string(folder.join(name)).unwrap()).unwrap()
}

fn headers(request: &Value) -> Vec<(&str, &str)> {
    let headers = request["headers"].as_object().into_iter().flatten();
    headers.map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect()
}

#[tokio::test]
async fn hooks_take_what_was_recorded_by_name_and_by_its_looks() {
    let server = TestServer::start(&[]);
    let mut posted = 0;
    for name in ["alertmanager", "discord", "gitea", "github", "gitlab", "grafana", "uptime-kuma"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../adapters/tests/golden").join(name);
        for entry in fs::read_dir(folder).unwrap() {
            let file = entry.unwrap().file_name().into_string().unwrap();
            let Some(case) = file.strip_suffix(".request.json") else { continue };
            let request = recorded(&format!("{name}/{file}"));
            let expected = recorded(&format!("{name}/{case}.expected.json"));
            if request["json"].is_null() || !expected["refused"].is_null() {
                continue;
            }
            let body = request["json"].to_string();
            for path in [format!("/hooks/{name}"), "/hooks".to_owned()] {
                // Each is a request of its own, with a name of its own.
                let id = format!("{name}/{case}{path}");
                let mut headers: Vec<_> = headers(&request);
                headers.retain(|(name, _)| !name.ends_with("Delivery"));
                headers.push(("Idempotency-Key", &id));
                let answer = send(&server, "POST", &path, &headers, &body).await;
                if expected == "nothing" || (name == "discord" && path != "/hooks") {
                    assert_eq!((answer.status(), answer.text()), (204, ""), "{path} {case}");
                } else {
                    let stored = newest(&server).await;
                    assert_eq!(
                        (answer.status(), answer.json()),
                        (200, json!({ "success": true, "id": stored["id"] })),
                        "{path} {case}"
                    );
                    for (field, value) in expected["post"].as_object().unwrap() {
                        assert_eq!(&stored[field], value, "{field} of {path} {case}");
                    }
                    posted += 1;
                }
            }
        }
    }
    assert!(posted > 50, "{posted}");
}

#[tokio::test]
async fn an_alert_is_one_card_until_it_is_resolved() {
    let server = TestServer::start(&[]);
    for (case, open) in [("firing", 1), ("firing", 1), ("resolved", 0)] {
        let request = recorded(&format!("alertmanager/{case}.request.json"));
        let answer =
            send(&server, "POST", "/hooks/alertmanager", &[JSON], &request["json"].to_string()).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(count(&server, "?open=true").await, open, "{case}");
    }
    assert_eq!(newest(&server).await["state"], "done");
}

#[tokio::test]
async fn a_webhook_that_is_delivered_again_is_told_once() {
    let server = TestServer::start(&[]);
    let request = recorded("github/workflow-run-failure.request.json");
    let send_it = async || {
        send(&server, "POST", "/hooks/github", &headers(&request), &request["json"].to_string()).await
    };
    let (first, again) = (send_it().await.json(), send_it().await.json());
    assert_eq!((first["id"].clone(), count(&server, "").await), (again["id"].clone(), 1));
}

#[tokio::test]
async fn the_address_of_a_hook_says_what_the_sender_does_not() {
    let server = TestServer::start(&[]);
    let path = "/hooks?source=shop&tags=deploy&level=success&key=deploy/shop";
    assert_eq!(send(&server, "POST", path, &[JSON], r#"{"anything":{"n":1}}"#).await.status(), 200);
    let stored = newest(&server).await;
    assert_eq!((&stored["source"], &stored["tags"]), (&json!("shop"), &json!(["deploy"])));
    assert_eq!(
        (&stored["level"], &stored["key"], &stored["format"]),
        (&json!("success"), &json!("deploy/shop"), &json!("code"))
    );
}

#[tokio::test]
async fn a_webhook_may_be_larger_than_our_own_requests_and_is_bounded() {
    let server = TestServer::start(&[]);
    let of_length = |length: usize| {
        let filler = "x".repeat(length);
        json!({ "text": "large", "filler": filler }).to_string()
    };
    let large = send(&server, "POST", "/hooks", &[JSON], &of_length(900 << 10)).await;
    assert_eq!(large.status(), 200, "{large:?}");
    let too_large = send(&server, "POST", "/hooks", &[JSON], &of_length(1 << 20)).await;
    assert_eq!(too_large.status(), 413);
    // So many are read at a time, and no more.
    let mut waiting = Vec::new();
    for _ in 0..16 {
        let mut client = RawClient::connect(server.socket_address()).await;
        client.send("POST /hooks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\nExpect: 100-continue\r\n\r\n").await;
        // It is being read: it is asked to go on.
        assert_eq!(client.head().await.status, 100);
        waiting.push(client);
    }
    let busy = send(&server, "POST", "/hooks", &[JSON], &of_length(100 << 10)).await;
    assert_eq!((busy.status(), busy.head.header("Retry-After")), (503, Some("2")));
    assert_eq!(send(&server, "POST", "/hooks", &[JSON], &of_length(10)).await.status(), 200);
    drop(waiting);
    notifyhub_tests::eventually("there is room again", async || {
        (send(&server, "POST", "/hooks", &[JSON], &of_length(100 << 10)).await.status() == 200).then_some(())
    })
    .await;
}
