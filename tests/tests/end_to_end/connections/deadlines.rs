//! Peers that are slow with their requests, or silent.

use std::time::Duration;

use notifyhub_tests::{
    events::RawEvents,
    eventually,
    http::{RawClient, get, open_streams},
    server::TestServer,
};
use tokio::io::AsyncWriteExt as _;

/// All at once, for each deadline is ten seconds: a head that stops, one that comes byte by byte, nothing at
/// all, a connection that is idle after an answer, and a body that stops.
#[tokio::test]
async fn slow_requests_are_given_up() {
    let server = TestServer::start(&[]);
    let address = server.socket_address();

    let mut stopped = RawClient::connect(address).await;
    stopped.send("GET /healthz HTTP/1.1\r\nHost: h").await;
    let mut silent = RawClient::connect(address).await;
    let mut idle = RawClient::connect(address).await;
    idle.request("GET", "/healthz", &[], b"").await;
    assert_eq!(idle.answer().await.status(), 200);
    let mut body = RawClient::connect(address).await;
    body.send(
        "POST /api/notify HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
    )
    .await;
    let dripping = async {
        let mut dripping = RawClient::connect(address).await;
        for byte in b"GET /healthz HTTP/1.1\r\nX-Slow: ".iter().chain(std::iter::repeat(&b'x')) {
            if dripping.try_send([*byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let body = async {
        let answer = body.answer().await;
        assert_eq!((answer.status(), &answer.json()["code"]), (408, &"body_timeout".into()));
        body.is_closed_by_server().await;
    };
    tokio::join!(
        notifyhub_tests::within("the dripping one is cut off", dripping),
        stopped.is_closed_by_server(),
        silent.is_closed_by_server(),
        idle.is_closed_by_server(),
        body,
    );
    assert_eq!(get(address, "/healthz").await.status(), 200);
}

/// An event stream is no request: it may stay silent for as long as it likes.
#[tokio::test]
async fn the_deadlines_are_not_for_event_streams() {
    let server = TestServer::start(&["--stall-timeout", "300ms", "--heartbeat", "1h"]);
    let mut streams = Vec::new();
    for version in ["HTTP/1.0", "HTTP/1.1"] {
        let mut events = RawEvents::open_as(version, server.socket_address(), "/events", &[]).await;
        let (_, _) = (events.next().await, events.next().await);
        streams.push(events);
    }
    tokio::time::sleep(Duration::from_secs(12)).await;
    get(server.socket_address(), "/healthz").await;
    notifyhub_tests::reader::publish(&server.client(), "still there").await;
    for mut events in streams {
        assert_eq!(events.next().await.message(), "still there");
    }
}

/// A reader that closes its side only has nothing to read any more, as far as anyone can tell.
#[tokio::test]
async fn a_half_closed_stream_is_ended() {
    let server = TestServer::start(&[]);
    let address = server.socket_address();
    let mut client = RawClient::connect(address).await;
    client.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert_eq!(client.head().await.status, 200);
    assert_eq!(open_streams(address).await, 1);
    let mut socket = client.into_socket();
    socket.shutdown().await.unwrap();
    eventually("the stream is gone", async || (open_streams(address).await == 0).then_some(())).await;
}

/// A peer that vanished says nothing. The system asks it, and gives up on it without our help: here is seen that
/// it was told to. Column `tr` is 2 while a keepalive is due, and `tm->when` says in how many ticks (proc(5)).
#[tokio::test]
async fn the_system_watches_over_silent_streams() {
    let server = TestServer::start(&["--heartbeat", "1h"]);
    let mut client = RawClient::connect(server.socket_address()).await;
    client.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert_eq!(client.head().await.status, 200);
    let socket = client.into_socket();
    let end = |address: std::net::SocketAddr| format!("0100007F:{:04X}", address.port());
    let pair = format!("{} {}", end(socket.peer_addr().unwrap()), end(socket.local_addr().unwrap()));
    let ticks = eventually("a keepalive is due", async || {
        let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
        let line = table.lines().find(|line| line.contains(&pair)).expect("the connection is there");
        let timer = line.split_whitespace().nth(5).unwrap();
        timer.strip_prefix("02:").map(|ticks| u64::from_str_radix(ticks, 16).unwrap())
    })
    .await;
    assert!(ticks <= 60 * 100, "within a minute: {ticks}");
}
