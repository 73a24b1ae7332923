//! Posting at two hubs while something happens to their database, and reading at the second: nothing may be refused, lost
//! or doubled, and the stream stays open.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use notifyhub_tests::{events::RawEvents, http::post};
use tokio::task::JoinHandle;

use super::id_of;

/// How many post at a time.
const POSTERS: usize = 8;

/// Those who post, and a stream at the second hub.
pub(crate) struct Posting {
    addresses: [SocketAddr; 2],
    stop: Arc<AtomicBool>,
    posters: Vec<JoinHandle<BTreeMap<String, u16>>>,
    stream: RawEvents,
}

impl Posting {
    /// Begins.
    pub(crate) async fn at(addresses: [SocketAddr; 2]) -> Self {
        let stream = RawEvents::open(addresses[1], "/events", &[]).await;
        let stop = Arc::<AtomicBool>::default();
        let posters = (0..POSTERS)
            .map(|name| tokio::spawn(keep_posting(addresses[name % 2], name, Arc::clone(&stop))))
            .collect();
        Posting { addresses, stop, posters, stream }
    }

    /// Stops, and asserts that each post was stored at its only attempt and read once, besides those of the test itself.
    /// How many there were.
    pub(crate) async fn all_read_once(mut self, besides: &str) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        let mut answers = BTreeMap::new();
        for poster in self.posters {
            answers.extend(poster.await.unwrap());
        }
        let refused: Vec<_> = answers.iter().filter(|(_, status)| **status != 201).collect();
        assert!(refused.is_empty(), "{refused:?} of {}", answers.len());
        id_of(&post(self.addresses[0], "/api/notifications", r#"{"message":"the end"}"#).await);
        let mut read = Vec::new();
        loop {
            let event = self.stream.next().await;
            match event.event() {
                "notification" if event.message() == "the end" => break,
                "notification" => read.push(event.message()),
                // One connection, and no fresh start: the streams stayed open.
                "hello" => assert_eq!(event.data()["reason"], "fresh"),
                _ => {}
            }
        }
        read.retain(|message| message != besides);
        let once: BTreeSet<_> = read.iter().cloned().collect();
        assert_eq!(once.len(), read.len(), "something came twice");
        let count = answers.len();
        assert_eq!(once, answers.into_keys().collect());
        count
    }
}

/// Posts, each one once and without a second attempt, until it is told to stop: what was answered, by message.
async fn keep_posting(address: SocketAddr, name: usize, stop: Arc<AtomicBool>) -> BTreeMap<String, u16> {
    let mut answers = BTreeMap::new();
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let message = format!("{name}-{number}");
        let answer = post(address, "/api/notifications", format!(r#"{{"message":"{message}"}}"#)).await;
        answers.insert(message, answer.status());
    }
    answers
}
