//! What hubs do when their brokers are away, or hold something else than before.

use std::time::{Duration, Instant};

use notifyhub_test_engines::{Brokers, Setup};
use notifyhub_tests::{
    events::RawEvents,
    eventually,
    http::{get, request},
    moving::move_feed,
    proxy::Proxy,
    repository,
    server::{Launch, TestServer, run_to_end},
};

use super::{STREAM, hub, hubs, messages, open, post, publish, resume};

/// The next event that is no heartbeat, or a `hello`, where heartbeats may say that the hub has lost touch.
async fn next_hello(events: &mut RawEvents) -> serde_json::Value {
    loop {
        let block = events.next().await;
        if block.event() == "hello" {
            return block.data();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hubs_may_start_before_their_brokers() {
    let Some(mut brokers) = Brokers::start(1) else { return };
    brokers.kill(0);
    let store = brokers.store(STREAM);
    let starting = std::thread::spawn(move || {
        TestServer::launch(Launch {
            // The hub must not end with the thread that starts it.
            options: &["--store", &store],
            under: &["setpriv", "--pdeathsig", "clear"],
            ..Launch::default()
        })
    });
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert!(!starting.is_finished(), "it does not begin without what is stored");
    brokers.start_again(0);
    brokers.wait_until_ready();
    let hub = starting.join().unwrap();
    publish(&hub, "a").await;
    assert_eq!(messages(&hub).await, ["a"]);
}

/// A hub that is cut off goes on with what it has, says so, and has everything as soon as it is back. Nobody is cut.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_that_is_cut_off_says_so_and_catches_up() {
    let Some((brokers, hubs)) = hubs(1, &[]) else { return };
    let proxy = Proxy::to(brokers.client_address(0)).await;
    let store = format!("nats://{}?stream={STREAM}&replicas=1", proxy.socket_address());
    let cut_off = TestServer::start(&["--store", &store, "--heartbeat", "1s"]);
    publish(&hubs[0], "before").await;
    eventually("it has what another stored", async || (messages(&cut_off).await == ["before"]).then_some(()))
        .await;
    let (mut events, _) = open(&cut_off).await;

    proxy.part();
    publish(&hubs[0], "meanwhile").await;
    eventually("its heartbeats say how long it has heard nothing", async || {
        let block = events.next().await;
        assert_eq!(block.event(), "heartbeat", "{block:?}");
        block.data()["stale_ms"].as_u64().filter(|stale| *stale >= 3000)
    })
    .await;
    assert_eq!(messages(&cut_off).await, ["before"], "what it has can be read");
    let status = get(cut_off.socket_address(), "/api/status").await.json();
    assert!(status["stale_ms"].as_u64().is_some(), "{status}");
    let started = Instant::now();
    let refused = post(&cut_off, "{\"message\":\"in vain\"}").await;
    assert_eq!(
        (refused.status(), refused.head.header("retry-after").is_some()),
        (503, true),
        "{}",
        refused.text()
    );
    assert!(started.elapsed() < Duration::from_secs(25), "the wait is bounded");
    assert!(["outcome_unknown", "storage_unavailable"].contains(&refused.json()["code"].as_str().unwrap()));
    let ready = get(cut_off.socket_address(), "/readyz").await;
    assert_eq!(ready.status(), 503, "a balancer sends nobody here: {}", ready.text());

    proxy.join();
    loop {
        let block = events.next().await;
        if block.event() != "heartbeat" {
            assert_eq!(block.message(), "meanwhile");
            break;
        }
    }
    eventually("it is ready again", async || {
        (get(cut_off.socket_address(), "/readyz").await.status() == 200).then_some(())
    })
    .await;
    let said = cut_off.said();
    for line in ["connection to the NATS server is lost", "connected to a NATS server again"] {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert!(said.lines().count() < 20, "each attempt to connect is told: {said}");
    publish(&cut_off, "after").await;
    eventually("the other has it", async || {
        messages(&hubs[0]).await.contains(&"after".to_owned()).then_some(())
    })
    .await;
}

/// Whoever reads a stream that was deleted and made anew is told that what it has is of another log.
#[tokio::test]
async fn a_stream_that_is_made_anew_is_noticed_and_told() {
    let Some((brokers, hubs)) = hubs(2, &[]) else { return };
    publish(&hubs[0], "old").await;
    let (mut events, last) = open(&hubs[0]).await;
    brokers.ask_jetstream(0, &format!("STREAM.DELETE.{STREAM}"), "");
    let gone = eventually("the hubs notice", async || {
        let ready = get(hubs[1].socket_address(), "/readyz").await;
        (ready.status() == 503).then(|| ready.text().to_owned())
    })
    .await;
    assert!(gone.contains("the stream is gone"), "{gone}");
    let refused = post(&hubs[0], "{\"message\":\"in vain\"}").await;
    assert_eq!(refused.status(), 503, "{}", refused.text());
    assert_eq!(messages(&hubs[0]).await, ["old"], "what it has can be read");

    // A hub that starts makes it again; those that run take what it is now.
    let late = hub(&brokers, &[]);
    assert!(messages(&late).await.is_empty());
    assert_eq!(next_hello(&mut events).await["reason"], "unknown");
    for hub in &hubs {
        eventually("they hold the new one", async || messages(hub).await.is_empty().then_some(())).await;
    }
    publish(&hubs[1], "new").await;
    for hub in hubs.iter().chain([&late]) {
        eventually("all have the new one", async || (messages(hub).await == ["new"]).then_some(())).await;
        assert_eq!(resume(hub, &last).await.1, "unknown");
    }
}

/// A log that was put back to what it was: numbers that were given out since must mean nothing any more.
#[tokio::test]
async fn a_log_that_went_back_begins_a_new_stretch() {
    let Some((mut brokers, mut hubs)) = hubs(2, &[]) else { return };
    publish(&hubs[0], "kept").await;
    brokers.kill(0);
    let copy = brokers.copy_store(0);
    brokers.start_again(0);
    brokers.wait_until_ready();
    let (mut events, _) = open(&hubs[0]).await;
    publish(&hubs[0], "lost").await;
    let lost = loop {
        let block = events.next().await;
        if block.event() == "notification" {
            break block.id().to_owned();
        }
    };
    hubs[1].kill();
    brokers.kill(0);
    brokers.put_store_back(0, &copy);
    brokers.start_again(0);
    brokers.wait_until_ready();
    assert_eq!(next_hello(&mut events).await["reason"], "unknown", "the hub that runs has noticed");
    assert_eq!(messages(&hubs[0]).await, ["kept"]);
    publish(&hubs[0], "in its place").await;
    assert_eq!(resume(&hubs[0], &lost).await.1, "unknown");

    // Without a hub that knew more, the one that restores it says so.
    let (_events, newest) = open(&hubs[0]).await;
    hubs[0].kill();
    brokers.kill(0);
    brokers.put_store_back(0, &copy);
    brokers.start_again(0);
    brokers.wait_until_ready();
    let store = format!("{}&restored", brokers.store(STREAM));
    let restored = TestServer::start(&["--store", &store]);
    assert_eq!(messages(&restored).await, ["kept"]);
    for number in 0..5 {
        publish(&restored, &number.to_string()).await;
    }
    assert_eq!(resume(&restored, &newest).await.1, "unknown");
}

#[tokio::test]
async fn what_cannot_be_a_store_is_said() {
    let Some(brokers) = Brokers::start(1) else { return };
    let said = |store: String| {
        let output = run_to_end(&["--store", &store, "--port", "0"]);
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let host = brokers.client_address(0);
    let refused = said(format!("nats://{host}?copies=3"));
    assert!(refused.contains("there are stream, replicas"), "{refused}");
    let config =
        r#"{"name":"other","subjects":["other.>"],"retention":"limits","storage":"file","num_replicas":1}"#;
    brokers.ask_jetstream(0, "STREAM.CREATE.other", config);
    let refused = said(format!("nats://{host}?stream=other&replicas=1"));
    assert!(refused.contains("it was not made by NotifyHub; name another one with ?stream="), "{refused}");
    let refused = said(format!("nats://{host}?creds=/nowhere"));
    assert!(refused.contains("cannot read /nowhere"), "{refused}");
    let (hub, name) = (hub(&brokers, &[]), STREAM);
    let config = format!(
        r#"{{"name":"{name}","subjects":["{name}.>"],"retention":"limits","storage":"file","num_replicas":1,
            "max_msgs_per_subject":1,"discard":"old","max_msgs":10,"max_bytes":-1,"max_age":0,"allow_msg_ttl":true,
            "allow_atomic":true,"duplicate_window":100000000,"metadata":{{"notifyhub-format":"1"}}}}"#
    );
    let changed = brokers.ask_jetstream(0, &format!("STREAM.UPDATE.{name}"), &config);
    assert_eq!(changed["config"]["max_msgs"], 10, "{changed}");
    let refused = said(brokers.store(name));
    assert!(refused.contains("its setting max_msgs is 10; it must be -1"), "{refused}");
    drop(hub);
}

/// What deploy/ lets a hub do is all that it does.
#[tokio::test]
async fn a_hub_needs_no_more_than_it_is_allowed_to_in_deploy() {
    let deployed = std::fs::read_to_string(repository("deploy/jetstream/nats-server.conf")).unwrap();
    let start = deployed.find("authorization {").unwrap();
    let permissions = deployed[start..].replace("$HUB_PASSWORD", "\"of-the-hubs\"");
    let Some(brokers) = Brokers::start_as(&Setup::of(1).and_settings(permissions)) else { return };
    let host = brokers.client_address(0);
    let store = format!("nats://hub:of-the-hubs@{host}?stream=notifyhub&replicas=1");
    let hub = TestServer::start(&["--store", &store, "--max-notifications", "2"]);
    for number in 0..4 {
        publish(&hub, &number.to_string()).await;
    }
    let other = TestServer::start(&["--store", &store, "--max-notifications", "2"]);
    assert_eq!(messages(&other).await, ["3", "2"]);
    let cleared = request(other.socket_address(), "DELETE", "/api/notifications", &[], "").await;
    assert_eq!(cleared.status(), 200, "{}", cleared.text());
    publish(&hub, "last").await;
    eventually("what was cleared is purged", async || {
        let settled =
            hub.said().contains("Permissions Violation") || other.said().contains("Permissions Violation");
        assert!(!settled, "{}{}", hub.said(), other.said());
        (brokers.messages_in_store(0, "notifyhub") <= 4).then_some(())
    })
    .await;
    let copy = tempfile::tempdir().unwrap();
    let file = format!("sqlite:{}", copy.path().display());
    let (done, said) = move_feed(&["--from", &store, "--to", &file]);
    assert!(done && said.contains("1 notification, 0 open"), "{said}");
    let elsewhere = store.replace("stream=notifyhub", "stream=elsewhere");
    let (done, said) = move_feed(&["--from", &file, "--to", &elsewhere]);
    assert!(!done && said.contains("Publish to \"$JS.API.STREAM.INFO.elsewhere\""), "{said}");
    let checked = brokers.check_configuration(&repository("deploy/jetstream/nats-server.conf"));
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}
