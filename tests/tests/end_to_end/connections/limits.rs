//! `--max-connections` and `--max-connections-per-ip`: who is too many is told when to come back.

use std::net::{Ipv4Addr, SocketAddr};

use notifyhub_tests::{
    eventually,
    http::{Answer, RawClient},
    server::TestServer,
};
use tokio::net::TcpSocket;

/// Asks on a connection from this address of the machine.
async fn connect_from(local: Ipv4Addr, server: SocketAddr) -> RawClient {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((local, 0))).unwrap();
    RawClient::over(socket.connect(server).await.unwrap())
}

/// The answer, and the connection as long as it is kept.
async fn ask(mut client: RawClient) -> (Answer, RawClient) {
    client.request("GET", "/healthz", &[], b"").await;
    (client.answer().await, client)
}

fn assert_refused(answer: &Answer) -> u32 {
    assert_eq!(answer.status(), 503, "{answer:?}");
    assert_eq!(answer.head.header("content-type"), Some("application/json"));
    assert_eq!(answer.head.header("connection"), Some("close"));
    let problem = answer.json();
    assert_eq!(problem["code"], "too_many_connections", "{problem}");
    assert!(problem["message"].as_str().unwrap().contains("come back later"));
    answer.head.header("retry-after").unwrap().parse().unwrap()
}

#[tokio::test]
async fn beyond_the_most_connections_each_is_told_another_time_to_come_back() {
    let server = TestServer::start(&["--max-connections", "4"]);
    let address = server.socket_address();
    let mut kept = Vec::new();
    for _ in 0..4 {
        let (answer, client) = ask(RawClient::connect(address).await).await;
        assert_eq!(answer.status(), 200);
        kept.push(client);
    }
    let mut delays = Vec::new();
    for _ in 0..20 {
        let (answer, mut refused) = ask(RawClient::connect(address).await).await;
        delays.push(assert_refused(&answer));
        refused.is_closed_by_server().await;
    }
    assert!(delays.iter().all(|delay| (1..=30).contains(delay)), "{delays:?}");
    assert!(delays.iter().any(|delay| *delay != delays[0]), "not all in the same instant: {delays:?}");
    // Those that are in are not affected, and a place that is given up is given to the next.
    let (answer, client) = ask(kept.pop().unwrap()).await;
    assert_eq!(answer.status(), 200);
    drop(client);
    eventually("there is a place", async || {
        let (answer, _) = ask(RawClient::connect(address).await).await;
        (answer.status() == 200).then_some(())
    })
    .await;
}

/// Also one that is refused may send its request late, slowly or never.
#[tokio::test]
async fn whoever_is_refused_holds_nobody_up() {
    let server = TestServer::start(&["--max-connections", "1"]);
    let address = server.socket_address();
    let (_, kept) = ask(RawClient::connect(address).await).await;
    let mut silent = Vec::new();
    for _ in 0..300 {
        silent.push(RawClient::connect(address).await);
    }
    let (answer, kept) = ask(kept).await;
    assert_eq!(answer.status(), 200);
    for silent in &mut silent {
        silent.is_closed_by_server().await;
    }
    drop(kept);
}

#[tokio::test]
async fn one_address_does_not_take_the_places_of_the_others() {
    let server = TestServer::start(&["--max-connections-per-ip", "2"]);
    let address = server.socket_address();
    let (first, second) = (Ipv4Addr::LOCALHOST, Ipv4Addr::new(127, 0, 0, 2));
    let mut kept = Vec::new();
    for local in [first, first, second, second] {
        let (answer, client) = ask(connect_from(local, address).await).await;
        assert_eq!(answer.status(), 200, "{local}");
        kept.push(client);
    }
    for local in [first, second] {
        assert_refused(&ask(connect_from(local, address).await).await.0);
    }
    assert_eq!(ask(connect_from(Ipv4Addr::new(127, 0, 0, 3), address).await).await.0.status(), 200);
    kept.remove(0);
    eventually("there is a place for the first", async || {
        (ask(connect_from(first, address).await).await.0.status() == 200).then_some(())
    })
    .await;
    assert_refused(&ask(connect_from(second, address).await).await.0);
}
