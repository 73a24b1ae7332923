//! Readers that ask for much and take nothing.

use notifyhub_tests::{
    eventually,
    footprint::Footprint,
    http::{RawClient, get, open_streams},
    server::TestServer,
};
use serde_json::json;
use tokio::net::TcpSocket;

const READERS: usize = 150;

fn resident_mib(server: &TestServer) -> usize {
    Footprint::of(server.pid()).memory_kib / 1024
}

/// An answer of 4 MB each, of which nobody reads a byte: they share what is stored.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unread_answers_are_not_copied_for_each_reader() {
    let server = TestServer::start(&["--stall-timeout", "60s"]);
    let address = server.socket_address();
    let message = "x".repeat(4096);
    let mut posting = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let (client, message) = (server.client(), message.clone());
        posting.spawn(async move {
            for _ in 0..100 {
                notifyhub_tests::reader::publish(&client, &message).await;
            }
        });
    }
    posting.join_all().await;
    assert_eq!(get(address, "/api/status").await.json()["stored"], json!(1000));
    let before = resident_mib(&server);
    let mut readers = Vec::new();
    for n in 0..READERS {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(2048).unwrap();
        let mut reader = RawClient::over(socket.connect(address).await.unwrap());
        let path = if n % 2 == 0 { "/events?limit=999" } else { "/api/notifications?limit=999" };
        reader.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await;
        readers.push(reader);
    }
    eventually("all are served", async || (open_streams(address).await == READERS as u64 / 2).then_some(()))
        .await;
    for reader in readers.iter_mut().skip(1).step_by(2) {
        assert_eq!(reader.head().await.status, 200);
    }
    let grown = resident_mib(&server).saturating_sub(before);
    // A copy for each would be 600 MiB.
    assert!(grown < 60, "{grown} MiB more for {READERS} readers");
}
