//! The REST calls, with the exact answers that other programs build on.

mod cards;
mod earlier_hub;
mod health;
mod idempotency;
mod lists;
mod notifications;
mod refusals;
mod specification;
mod text;

use notifyhub_tests::{
    http::{Answer, get, post},
    server::TestServer,
};
use serde_json::{Value, json};

async fn publish(server: &TestServer, new: Value) -> Value {
    let answer = post(server.socket_address(), "/api/notifications", new.to_string()).await;
    assert_eq!(answer.status(), 201, "{answer:?}");
    answer.json()
}

async fn list(server: &TestServer, query: &str) -> Answer {
    let answer = get(server.socket_address(), &format!("/api/notifications{query}")).await;
    assert_eq!(answer.status(), 200, "{query}: {answer:?}");
    answer
}

/// The messages of a list, in its order.
async fn messages(server: &TestServer, query: &str) -> Vec<String> {
    let list = list(server, query).await.json();
    list.as_array().unwrap().iter().map(|item| item["message"].as_str().unwrap().to_owned()).collect()
}

/// The one error body: a code for programs and a message for people, and nothing else.
pub(crate) fn assert_problem(answer: &Answer, status: u16, code: &str, message: &str) {
    assert_eq!(answer.status(), status, "{answer:?}");
    assert!(answer.head.header("content-type").unwrap().starts_with("application/json"), "{answer:?}");
    let body = answer.json();
    assert_eq!(body["code"], code, "{body}");
    let said = body["message"].as_str().unwrap();
    assert!(said.contains(message), "{said}");
    assert_eq!(body, json!({ "code": code, "message": said }));
}
