//! When no file descriptor is left.

use notifyhub_tests::{
    events::RawEvents,
    eventually,
    http::RawClient,
    server::{Launch, TestServer},
};
use tokio::net::TcpStream;

/// A counter of the hub, read over a connection that is open already.
async fn counter(client: &mut RawClient, name: &str) -> u64 {
    client.request("GET", "/metrics", &[], b"").await;
    let answer = client.answer().await;
    let value = answer.text().lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    value.unwrap_or_else(|| panic!("no {name}"))
}

#[tokio::test]
async fn existing_streams_go_on_the_hub_does_not_spin_and_takes_up_again() {
    let server = TestServer::launch(Launch { under: &["prlimit", "--nofile=64:64"], ..Launch::default() });
    let address = server.socket_address();
    assert!(server.said().contains("the limit of open files"), "{}", server.said());
    let mut events = RawEvents::open(address, "/events", &[]).await;
    let (_, _) = (events.next().await, events.next().await);
    let mut client = RawClient::connect(address).await;
    assert_eq!(counter(&mut client, "notifyhub_accept_out_of_files_total ").await, 0);

    let mut crowd = Vec::new();
    for _ in 0..100 {
        crowd.push(TcpStream::connect(address).await.unwrap());
    }
    // One pause between two attempts is 100 ms: six attempts are half a second at least.
    let before = server.cpu_ticks();
    let attempts = eventually("accepting has failed some times", async || {
        let attempts = counter(&mut client, "notifyhub_accept_out_of_files_total ").await;
        (attempts >= 6).then_some(attempts)
    })
    .await;
    assert!(attempts < 50, "between two looks of some milliseconds it tried {attempts} times");
    let used = server.cpu_ticks() - before;
    assert!(used < 30, "used {used} hundredths of a second, most of them to answer this test");

    for n in 0..3 {
        let body = format!("{{\"message\":\"{n}\"}}");
        client
            .request("POST", "/api/notifications", &[("Content-Type", "application/json")], body.as_bytes())
            .await;
        assert_eq!(client.answer().await.status(), 201);
        assert_eq!(events.next().await.message(), n.to_string());
    }
    drop(crowd);
    let mut late = RawClient::connect(address).await;
    late.request("GET", "/healthz", &[], b"").await;
    assert_eq!(late.answer().await.status(), 200);
}
