//! `notifyhub`: what it is configured with, what agents report by it, what it keeps while there is no hub, and the commands
//! it runs.

mod configuration;
mod hook;
mod run;
mod spool;

use notifyhub_tests::{http, push::Pushed, server::TestServer};
use serde_json::Value;

/// Nothing was printed, and it ended well.
fn silence() -> Pushed {
    Pushed { code: 0, stdout: String::new(), stderr: String::new() }
}

/// What the hub has, newest first.
async fn stored(server: &TestServer) -> Vec<Value> {
    let list = http::get(server.socket_address(), "/api/notifications?limit=500").await.json();
    list.as_array().unwrap().clone()
}

/// The messages that the hub has, oldest first.
async fn messages(server: &TestServer) -> Vec<String> {
    let text = |item: &Value| item["message"].as_str().unwrap().to_owned();
    stored(server).await.iter().rev().map(text).collect()
}
