//! IPv4 and IPv6.

use std::net::TcpListener;

use notifyhub_tests::{
    events::RawEvents,
    http::get,
    push::push,
    server::{Launch, TestServer},
};

fn has_ipv6() -> bool {
    let has_ipv6 = TcpListener::bind("[::1]:0").is_ok();
    if !has_ipv6 {
        eprintln!("skipped: this machine has no IPv6");
    }
    has_ipv6
}

#[tokio::test]
async fn it_listens_on_ipv6() {
    if !has_ipv6() {
        return;
    }
    let server = TestServer::launch(Launch { host: "::1", ..Launch::default() });
    assert!(server.address().starts_with("http://[::1]:"));
    let mut events = RawEvents::open(server.socket_address(), "/events", &[]).await;
    let (_, _) = (events.next().await, events.next().await);
    let port = server.socket_address().port().to_string();
    for arguments in [&["--url", &server.address(), "x"][..], &["--host", "::1", "--port", &port, "x"]] {
        assert_eq!(push(arguments).await.code, 0);
        assert_eq!(events.next().await.message(), "x");
    }
}

/// A limit for an address holds however the address comes in.
#[tokio::test]
async fn on_all_addresses_it_takes_ipv4_and_ipv6() {
    if !has_ipv6() {
        return;
    }
    let server = TestServer::launch(Launch { host: "::", ..Launch::default() });
    let port = server.socket_address().port();
    for address in [format!("127.0.0.1:{port}"), format!("[::1]:{port}")] {
        assert_eq!(get(address.parse().unwrap(), "/healthz").await.status(), 200, "{address}");
    }
}
