//! Requests that no honest client sends, one a row of a table: what is answered, that nothing of them is stored, that the
//! next good request is served, and that the process then holds what it held before.

mod guards;
mod http1;
mod http2;

use notifyhub_tests::{
    footprint::Footprint,
    http::{get, post},
    server::TestServer,
};

/// How much more memory the process may hold after an attack than before it, once it has seen one: what the allocator
/// keeps of the buffers that were in use at a time.
const MEMORY_TOLERANCE_KIB: usize = 8 << 10;

/// Runs an attack twice: what the first round leaves behind is what any use leaves behind; the second must add nothing.
async fn leaves_nothing_behind(server: &TestServer, mut attack: impl AsyncFnMut()) {
    attack().await;
    let before = Footprint::of(server.pid());
    attack().await;
    let after = before.returns(server.pid(), MEMORY_TOLERANCE_KIB).await;
    println!("before: {before}\nafter:  {after}");
    assert!(!server.said().contains("panicked"), "{}", server.said());
}

/// Nothing that a row smuggles in is stored, and what is good goes on.
async fn serves_and_has_stored_nothing(server: &TestServer, row: &str) {
    let list = get(server.socket_address(), "/api/notifications").await;
    assert_eq!((list.status(), list.text().contains("smuggled")), (200, false), "{row}: {}", list.text());
    let posted = post(server.socket_address(), "/api/notifications", r#"{"message":"good"}"#).await;
    assert_eq!(posted.status(), 201, "{row}");
}
