//! What the end-to-end tests stand on: the real programs as processes, a byte-exact HTTP client, and a proxy
//! that breaks connections. No test is in here.
//!
//! # Layout
//! - [`server`]: the hub's process, with a data directory of its own.
//! - [`push`]: the command line's process, as `notifyhub-push`; [`command_line`]: as `notifyhub`.
//! - [`http`]: requests and answers as bytes, where the SDK would hide what matters.
//! - [`events`]: event streams as bytes.
//! - [`reader`]: an event stream through the SDK.
//! - [`fake_hub`]: a server that answers as the test says.
//! - [`moving`]: a feed that is moved from one store to another.
//! - [`footprint`]: what a process holds of the system.
//! - [`push_service`]: a push service, and the browsers that are subscribed to it.
//! - [`proxy`]: a connection that can be cut or made silent.
//! - [`reverse_proxy`]: nginx, Caddy and HAProxy as `deploy/` sets them up.
//! - [`tls`]: encrypted connections and HTTP/2.
//! - [`shim`]: a program that the system lies to.
//! - [`third_party`]: clients by others.
//! - [`chaos`]: a hub under everything that can go wrong at once, and what its subscribers must have seen.

pub mod chaos;
pub mod command_line;
pub mod events;
pub mod fake_hub;
pub mod footprint;
pub mod http;
pub mod moving;
pub mod proxy;
pub mod push;
pub mod push_service;
pub mod reader;
pub mod reverse_proxy;
pub mod server;
pub mod shim;
pub mod third_party;
pub mod tls;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

/// How long anything may take that a test waits for. It only bounds how long a failure takes to show.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for `future`; fails when it takes too long.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let Ok(value) = tokio::time::timeout(PATIENCE, future).await else {
        panic!("in {PATIENCE:?} it did not happen that {what}")
    };
    value
}

/// Asks until there is an answer; fails when it takes too long.
pub async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    within(what, async {
        loop {
            if let Some(value) = ask().await {
                return value;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
}

/// As [`eventually`], for what is waited for without a runtime.
fn eventually_blocking<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = ask() {
            return value;
        }
        assert!(Instant::now() < deadline, "in {PATIENCE:?} it did not happen that {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A file of the repository.
pub fn repository(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// One of the workspace's programs, built in the same profile as the tests.
fn program(name: &str) -> PathBuf {
    let own = std::env::current_exe().expect("a program knows where it is");
    // Tests lie in target/<profile>/deps.
    let is_profile = |directory: &&std::path::Path| !directory.ends_with("deps");
    let directory = own.ancestors().skip(1).find(is_profile).expect("programs lie in a directory");
    let program = directory.join(name);
    assert!(program.exists(), "{} is missing: run `cargo build --workspace --bins` first", program.display());
    program
}

/// Options that come from outside would make the tests mean something else.
fn settings_from_outside() -> impl Iterator<Item = std::ffi::OsString> {
    std::env::vars_os()
        .map(|(name, _)| name)
        .filter(|name| name.to_str().is_some_and(|name| name.starts_with("NOTIFYHUB_") || name == "NO_COLOR"))
}
