//! A feed goes from one hub's file to a stream, and back.

use notifyhub_test_engines::Brokers;
use notifyhub_tests::{
    moving::{fill, move_feed, shown},
    server::{TestServer, run_to_end},
};

use super::{STREAM, hub};

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
