//! A feed with everything that a move from one store to another has to keep, and the move.

use serde_json::{Value, json};

use crate::{
    http::{get, post, request},
    server::{TestServer, run_to_end},
};

/// Posts all kinds of things, revises and deletes some of them, and moves the read mark.
pub async fn fill(hub: &TestServer) {
    let address = hub.socket_address();
    let json = [("Content-Type", "application/json")];
    let mut ids = Vec::new();
    for number in 0..450 {
        let body = match number {
            10 => json!({"message": "runs", "key": "run", "state": "running", "source": "a"}),
            20 | 30 => json!({"message": "waits", "state": "waiting", "tags": ["x"]}),
            _ => json!({"message": format!("message {number}"), "title": "ä"}),
        };
        let answer = post(address, "/api/notifications", body.to_string()).await;
        assert_eq!(answer.status(), 201, "{answer:?}");
        ids.push(answer.json()["id"].as_str().expect("it has an id").to_owned());
    }
    let path = |number: usize| format!("/api/notifications/{}", ids[number]);
    let resolved = request(address, "PATCH", &path(20), &json, br#"{"resolved":true}"#).await;
    assert_eq!(resolved.status(), 200);
    for deleted in [5, 449] {
        assert_eq!(request(address, "DELETE", &path(deleted), &[], b"").await.status(), 204);
    }
    let through = json!({"through": ids[100]}).to_string();
    assert_eq!(request(address, "PUT", "/api/read", &json, through).await.status(), 200);
}

/// All that a hub shows: the list, and the read mark.
pub async fn shown(hub: &TestServer) -> (Value, Value) {
    let address = hub.socket_address();
    let status = get(address, "/api/status").await.json();
    let list = get(address, "/api/notifications?limit=1000").await.json();
    assert!(status["read_through"].is_string(), "{status}");
    (list, status["read_through"].clone())
}

/// `notifyhub-server move`: whether it was done, and what it said.
pub fn move_feed(options: &[&str]) -> (bool, String) {
    let output = run_to_end(&[&["move"], options].concat());
    let said = String::from_utf8([output.stdout, output.stderr].concat()).expect("it says text");
    (output.status.success(), said)
}
