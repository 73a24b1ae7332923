//! A feed goes from one hub's file to a stream, and back.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};

use notifyhub_test_engines::Brokers;
use notifyhub_tests::{
    eventually,
    moving::{fill, move_feed, shown},
    server::{TestServer, run_to_end},
};

use super::{STREAM, hub, hubs, keep_posting, messages};

#[tokio::test]
async fn a_feed_moves_to_a_stream_and_back_and_a_half_of_it_is_never_taken_for_the_whole() {
    let Some(brokers) = Brokers::start(1) else { return };
    let mut alone = TestServer::start(&[]);
    fill(&alone).await;
    let before = shown(&alone).await;
    alone.kill();
    let (file, stream) = (format!("sqlite:{}", alone.data_directory().display()), brokers.store(STREAM));
    let (done, said) = move_feed(&["--from", &file, "--to", &stream]);
    assert!(done && said.contains("448 notifications, 2 open"), "{said}");

    // As an interrupted move leaves it.
    let info = brokers.ask_jetstream(0, &format!("STREAM.INFO.{STREAM}"), "{}");
    let mut config = info["config"].clone();
    config["metadata"]["notifyhub-format"] = "filling".into();
    brokers.ask_jetstream(0, &format!("STREAM.UPDATE.{STREAM}"), &config.to_string());
    let output = run_to_end(&["--store", &stream, "--port", "0"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("was not finished"), "{said}");
    let (done, said) = move_feed(&["--from", &file, "--to", &stream]);
    assert!(done, "{said}");

    let shared = hub(&brokers, &[]);
    assert_eq!(shown(&shared).await, before);
    let (done, said) = move_feed(&["--from", &file, "--to", &stream]);
    assert!(!done && said.contains("it is there already"), "{said}");
    drop(shared);
    let mut empty = TestServer::start(&[]);
    empty.kill();
    let (done, said) =
        move_feed(&["--from", &stream, "--to", &format!("sqlite:{}", empty.data_directory().display())]);
    assert!(done, "{said}");
    empty.start_again(&[]);
    assert_eq!(shown(&empty).await, before);
}

/// A copy in a file, made while hubs store: a backup that needs nothing else. It holds the log as it was in one moment, and
/// becomes a stream again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_is_made_under_load_is_a_feed_as_it_was_in_one_moment() {
    let keeping = ["--max-notifications", "100000"];
    let Some((brokers, hubs)) = hubs(2, &keeping) else { return };
    let is_over = Arc::<AtomicBool>::default();
    let mut posting: Vec<_> =
        hubs.iter().map(|hub| keep_posting(hub.socket_address(), Arc::clone(&is_over))).collect();
    eventually("there is something to copy", async || (messages(&hubs[0]).await.len() >= 100).then_some(()))
        .await;
    let before = messages(&hubs[0]).await;
    let copy = tempfile::tempdir().unwrap();
    let (file, stream) = (format!("sqlite:{}", copy.path().display()), brokers.store(STREAM));
    let moved = |from: &str, to: &str| {
        let output = run_to_end(&[&keeping[..], &["move", "--from", from, "--to", to]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    tokio::task::block_in_place(|| moved(&stream, &file));
    assert!(posting.iter().all(|posting| !posting.is_finished()), "it was copied under load");
    is_over.store(true, SeqCst);
    let mut stored = Vec::new();
    for posting in posting.drain(..) {
        stored.push(posting.await.unwrap().0);
    }

    let again = brokers.store("again");
    tokio::task::block_in_place(|| moved(&file, &again));
    let restored = TestServer::start(&["--store", &again, "--max-notifications", "100000"]);
    let listed = messages(&restored).await;
    let copied: BTreeSet<_> = listed.iter().cloned().collect();
    assert_eq!(copied.len(), listed.len(), "one is there twice");
    assert!(before.iter().all(|message| copied.contains(message)), "what was acknowledged before is in it");
    // Each poster's posts up to one of them, without a gap.
    let parts: Vec<_> = stored
        .iter()
        .map(|stored| stored.iter().take_while(|message| copied.contains(*message)).count())
        .collect();
    assert_eq!(parts.iter().sum::<usize>(), copied.len(), "{parts:?}");
}
