//! What other programs send, through the real hub: what it comes to, and the exact answers that they check.

mod agents;
mod clients;
mod documented;
mod guards;
mod hooks;
mod messages;

use notifyhub_tests::{
    http::{Answer, request},
    server::TestServer,
};
use serde_json::Value;

/// JSON as other programs send it.
const JSON: (&str, &str) = ("Content-Type", "application/json");

async fn send(server: &TestServer, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    request(server.socket_address(), method, path, headers, body).await
}

/// The newest notification.
async fn newest(server: &TestServer) -> Value {
    let list = notifyhub_tests::http::get(server.socket_address(), "/api/notifications?limit=1").await.json();
    list[0].clone()
}

async fn count(server: &TestServer, query: &str) -> usize {
    let list =
        notifyhub_tests::http::get(server.socket_address(), &format!("/api/notifications{query}")).await;
    list.json().as_array().unwrap().len()
}

/// Status, type and body.
fn said(answer: &Answer) -> (u16, Option<&str>, &str) {
    (answer.status(), answer.head.header("Content-Type"), answer.text())
}
