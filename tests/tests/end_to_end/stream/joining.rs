//! Readers who come while much is being posted: what is posted between their `init` and their place among the
//! others is neither lost nor doubled.

use notifyhub_tests::{events::RawEvents, reader::publish, server::TestServer};

const PUBLISHERS: u64 = 8;
const POSTS: u64 = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_who_come_amid_a_burst_get_every_number_once() {
    let server = TestServer::start(&["--durability", "relaxed"]);
    let address = server.socket_address();
    let client = server.client();
    let publishing: Vec<_> = (0..PUBLISHERS)
        .map(|publisher| {
            let client = client.clone();
            tokio::spawn(async move {
                for n in 0..POSTS {
                    publish(&client, &format!("{publisher}: {n}")).await;
                }
            })
        })
        .collect();
    let mut reading = Vec::new();
    while !publishing.iter().all(tokio::task::JoinHandle::is_finished) {
        let mut reader = RawEvents::open(address, "/events?limit=1", &[]).await;
        reading.push(tokio::spawn(async move {
            let seq = |id: &str| id.rsplit_once('-').and_then(|(_, seq)| seq.parse::<u64>().ok()).unwrap();
            reader.next_but_heartbeats().await;
            let mut last = seq(reader.next_but_heartbeats().await.id());
            while last < PUBLISHERS * POSTS {
                let next = seq(reader.next_but_heartbeats().await.id());
                assert_eq!(next, last + 1);
                last = next;
            }
        }));
    }
    assert!(reading.len() > 20, "many come while it lasts");
    for reader in reading {
        reader.await.unwrap();
    }
}
