//! What the broker keeps: what is void is gone there too, and retention is the same for all hubs.

use notifyhub_test_engines::{Brokers, Setup};
use notifyhub_tests::{
    eventually,
    http::{get, request},
};

use super::{delete, hub, hubs, messages, post, post_under, publish};

#[tokio::test]
async fn all_hubs_drop_the_same_and_the_broker_keeps_no_more() {
    let options = ["--max-notifications", "10"];
    let Some((brokers, mut hubs)) = hubs(3, &options) else { return };
    for number in 0..300 {
        publish(&hubs[number % 3], &number.to_string()).await;
    }
    let newest: Vec<_> = (290..300).rev().map(|number: i32| number.to_string()).collect();
    for hub in &hubs {
        eventually("each hub has the newest ten", async || (messages(hub).await == newest).then_some(()))
            .await;
    }
    // A hub that is killed leaves to others what it had not cleared away.
    hubs[0].kill();
    let late = hub(&brokers, &options);
    assert_eq!(messages(&late).await, newest);
    let kept = eventually("what was dropped is cleared away", async || {
        let kept = brokers.messages_of(0, super::STREAM, "n.>");
        (kept <= 10).then_some(kept)
    })
    .await;
    assert_eq!(kept, 10);
}

/// Retention is the log's: a hub that was started with another one does not drop what the others keep.
#[tokio::test]
async fn a_hub_that_was_started_with_another_retention_takes_the_logs() {
    let Some((brokers, hubs)) = hubs(1, &["--max-notifications", "5", "--max-age", "10m"]) else { return };
    let other = hub(&brokers, &["--max-notifications", "2"]);
    assert!(other.said().contains("the log keeps another number of notifications"), "{}", other.said());
    for number in 0..8 {
        publish(&other, &number.to_string()).await;
    }
    for hub in [&other, &hubs[0]] {
        let kept = eventually("it has the newest", async || {
            let kept = messages(hub).await;
            (kept.first().map(String::as_str) == Some("7")).then_some(kept)
        })
        .await;
        assert_eq!(kept, ["7", "6", "5", "4", "3"]);
    }
}

#[tokio::test]
async fn what_was_deleted_is_in_no_message_any_more() {
    let Some((brokers, hubs)) = hubs(2, &[]) else { return };
    let id = publish(&hubs[0], "a secret").await;
    post_under(hubs[0].socket_address(), "{\"message\":\"another secret\"}", Some("key")).await;
    assert_eq!(delete(&hubs[1], &id).await, 204);
    assert!(!brokers.contents(0, super::STREAM).contains("a secret"));
    request(hubs[1].socket_address(), "DELETE", "/api/notifications", &[], "").await;
    eventually("what was cleared is gone", async || {
        (brokers.messages_of(0, super::STREAM, "n.>") == 0).then_some(())
    })
    .await;
    assert!(
        !brokers.contents(0, super::STREAM).contains("secret"),
        "the key is kept, and nothing of what it was for"
    );
}

/// A limit of the brokers' stands for their disk: what does not fit is refused, and nothing else is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn brokers_without_space_store_nothing_and_the_hub_says_so() {
    let setup = Setup { jetstream: "max_file_store: 1000000".into(), ..Setup::of(1) };
    let Some(mut brokers) = Brokers::start_as(&setup) else { return };
    let hub = hub(&brokers, &["--max-notifications", "100000"]);
    let body = format!("{{\"message\":\"{}\"}}", "x".repeat(4000));
    let mut stored = 0;
    let refused = loop {
        let answer = post(&hub, &body).await;
        if answer.status() != 201 {
            break answer;
        }
        stored += 1;
        assert!(stored < 1000, "there is no limit");
    };
    assert_eq!(refused.status(), 503, "{}", refused.text());
    assert_eq!(refused.json()["code"], "storage_unavailable", "{}", refused.text());
    assert!(refused.head.header("retry-after").is_some());
    assert!(stored > 50, "{stored}");
    assert_eq!(messages(&hub).await.len(), stored, "what was refused is not there, and all else can be read");
    brokers.stop(0);
    brokers.configure(0, "max_file_store: 1000000", "max_file_store: 100000000");
    brokers.start_again(0);
    brokers.wait_until_ready();
    eventually("there is space again", async || (post(&hub, &body).await.status() == 201).then_some(()))
        .await;
    assert_eq!(get(hub.socket_address(), "/readyz").await.status(), 200);
    assert_eq!(messages(&hub).await.len(), stored + 1);
}
