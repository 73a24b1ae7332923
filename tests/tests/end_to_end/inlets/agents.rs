//! Coding agents: their hooks are answered with nothing, at once, and a question is told only if nobody answers it.

use notifyhub_tests::{events::RawEvents, eventually, server::TestServer};
use serde_json::{Value, json};

use super::{JSON, count, newest, send};

async fn hook(server: &TestServer, event: &Value) {
    let answer = send(server, "POST", "/hooks/claude-code", &[JSON], &event.to_string()).await;
    assert_eq!(
        (answer.status(), answer.text(), answer.head.header("Content-Type")),
        (204, "", None),
        "{event}"
    );
}

fn event(name: &str, session: &str, more: &Value) -> Value {
    let mut event = json!({ "hook_event_name": name, "session_id": session, "cwd": "/srv/shop" });
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

fn asks(session: &str, command: &str) -> Value {
    event("PermissionRequest", session, &json!({ "tool_name": "Bash", "tool_input": { "command": command } }))
}

#[tokio::test]
async fn a_question_is_told_and_withdrawn_when_it_is_answered() {
    let server = TestServer::start(&[]);
    let mut events = RawEvents::open(server.socket_address(), "/events", &[]).await;
    let (_, _) = (events.next().await, events.next().await);
    hook(&server, &asks("abc", "git push origin main")).await;
    assert_eq!(count(&server, "").await, 0, "it is held back");
    let told = events.next().await.data();
    assert_eq!(told["message"], "Needs you: Bash: git push origin main");
    assert_eq!(
        (&told["state"], &told["source"], &told["actor"]),
        (&json!("waiting"), &json!("shop"), &json!("claude-code"))
    );
    let called = json!({ "tool_name": "Bash", "tool_input": { "command": "git push origin main" } });
    hook(&server, &event("PostToolUse", "abc", &called)).await;
    assert_eq!(events.next().await.data(), json!({ "id": told["id"] }));
    hook(&server, &event("Stop", "abc", &json!({ "last_assistant_message": "Pushed." }))).await;
    let done = events.next().await.data();
    assert_eq!((&done["message"], &done["state"]), (&json!("Pushed."), &json!("done")));
}

#[tokio::test]
async fn a_question_that_is_answered_at_once_is_never_told() {
    let server = TestServer::start(&[]);
    let mut events = RawEvents::open(server.socket_address(), "/events", &[]).await;
    let (_, _) = (events.next().await, events.next().await);
    let called = json!({ "tool_name": "Bash", "tool_input": { "command": "ls" } });
    hook(&server, &asks("settled", "ls")).await;
    hook(&server, &event("PostToolUse", "settled", &called)).await;
    // The next question comes to its time after the first one would have.
    hook(&server, &asks("asked", "make")).await;
    assert_eq!(events.next().await.data()["key"], "claude-code:asked");
    assert_eq!(count(&server, "").await, 1);
}

#[tokio::test]
async fn what_is_held_back_is_told_before_the_hub_stops() {
    let mut server = TestServer::start(&[]);
    hook(&server, &asks("abc", "make")).await;
    assert!(server.stop().success());
    server.start_again(&[]);
    assert_eq!(newest(&server).await["message"], "Needs you: Bash: make");
    // The hub knows nothing of the session any more, and still withdraws.
    hook(&server, &event("UserPromptSubmit", "abc", &json!({ "prompt": "go on" }))).await;
    eventually("the card is gone", async || (count(&server, "").await == 0).then_some(())).await;
}

#[tokio::test]
async fn a_session_has_one_card() {
    let server = TestServer::start(&[]);
    hook(&server, &event("Stop", "abc", &json!({ "background_tasks": [{ "id": "1" }] }))).await;
    assert_eq!(newest(&server).await["state"], "running");
    for text in ["one", "two"] {
        hook(&server, &event("Stop", "abc", &json!({ "last_assistant_message": text }))).await;
    }
    assert_eq!((count(&server, "?open=true").await, count(&server, "?key=claude-code:abc").await), (0, 2));
    hook(&server, &event("SubagentStop", "abc", &json!({ "agent_id": "a" }))).await;
    hook(&server, &event("SomethingNew", "abc", &json!({}))).await;
    hook(&server, &event("SessionEnd", "abc", &json!({ "reason": "other" }))).await;
    assert_eq!(newest(&server).await["message"], "two");
    let unreadable = send(&server, "POST", "/hooks/claude-code", &[JSON], "{").await;
    crate::rest::assert_problem(&unreadable, 400, "invalid_body", "it is no JSON");
}
