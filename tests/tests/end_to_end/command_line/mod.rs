//! `notifyhub`: what it is configured with, what agents report by it, what it keeps while there is no hub, and the commands
//! it runs.

mod configuration;
mod hook;
mod misuse;
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
    http::stored(server.socket_address()).await
}

/// The messages that the hub has, oldest first.
async fn messages(server: &TestServer) -> Vec<String> {
    let mut messages = http::messages(server.socket_address()).await;
    messages.reverse();
    messages
}
