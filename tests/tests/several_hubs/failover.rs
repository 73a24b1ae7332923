//! The primary dies, and a standby takes its place: the hubs know both.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use notifyhub_test_engines::Postgres;
use notifyhub_tests::{
    events::RawEvents,
    eventually,
    http::{get, post, request},
    within,
};
use rustix::process::Signal;

use super::{hub, id_of, losing_touch::reason_at, posting::Posting};

/// A primary with a database, and a standby.
fn pair() -> (Postgres, Postgres) {
    let primary = Postgres::start();
    primary.database("feed");
    let standby = primary.standby("standby");
    (primary, standby)
}

/// The address of both.
fn both(primary: &Postgres, standby: &Postgres) -> String {
    format!("postgres://hub@127.0.0.1:{},127.0.0.1:{}/feed", primary.port(), standby.port())
}

/// How many hubs are connected to a server.
fn connected(postgres: &Postgres) -> String {
    postgres.sql("feed", "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'notifyhub'")
}

async fn said(address: SocketAddr, message: &str) -> String {
    id_of(&post(address, "/api/notifications", format!(r#"{{"message":"{message}"}}"#)).await)
}

async fn latest(address: SocketAddr) -> String {
    get(address, "/api/status").await.json()["latest_id"].as_str().unwrap().to_owned()
}

async fn messages(address: SocketAddr) -> Vec<String> {
    let list = get(address, "/api/notifications?limit=1000").await.json();
    list.as_array().unwrap().iter().map(|item| item["message"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_synchronous_standby_takes_over_under_load_and_nothing_acknowledged_is_lost() {
    let (mut primary, standby) = pair();
    primary.set("synchronous_standby_names", "ANY 1 (standby)");
    let url = both(&primary, &standby);
    let hubs = [hub(&url), hub(&url)];
    let addresses = [hubs[0].socket_address(), hubs[1].socket_address()];
    let posting = Posting::at(addresses).await;
    eventually("there is load", async || (messages(addresses[0]).await.len() > 50).then_some(())).await;
    let died = Instant::now();
    primary.kill();
    standby.promote();
    said(addresses[0], "after").await;
    println!("the first acknowledgement came {:.1} s after the primary died", died.elapsed().as_secs_f64());
    posting.all_read_once("after").await;
    assert_eq!(connected(&standby), "2");
}

/// What only the primary has is not acknowledged, and what was not acknowledged is not lost for that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_standby_that_a_commit_waits_for_nothing_is_acknowledged_until_it_is_back() {
    let (primary, mut standby) = pair();
    primary.set("synchronous_standby_names", "ANY 1 (standby)");
    let hub = hub(&both(&primary, &standby));
    let address = hub.socket_address();
    said(address, "before").await;
    standby.kill();
    let headers = [("Content-Type", "application/json"), ("Idempotency-Key", "once")];
    let body = br#"{"message":"meanwhile"}"#;
    let refused = request(address, "POST", "/api/notifications", &headers, body).await;
    assert_eq!(
        (refused.status(), refused.json()["code"].as_str()),
        (503, Some("outcome_unknown")),
        "{refused:?}"
    );
    assert_eq!(messages(address).await, ["before"], "who reads is told of what is acknowledged");
    standby.start_again();
    let again = eventually("posts are taken again", async || {
        let again = request(address, "POST", "/api/notifications", &headers, body).await;
        (again.status() == 201).then_some(again)
    })
    .await;
    assert_eq!(again.head.header("Idempotency-Replayed"), Some("true"), "it had been stored");
    assert_eq!(messages(address).await, ["meanwhile", "before"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_earlier_primary_that_comes_back_is_not_written_to() {
    let (mut primary, standby) = pair();
    let url = both(&primary, &standby);
    let mut hubs = [hub(&url), hub(&url)];
    let address = hubs[0].socket_address();
    said(address, "one").await;
    eventually("the standby has it", async || {
        let count = "SELECT count(*) FROM notifyhub.entry WHERE kind = 'put'";
        (standby.sql("feed", count) == "1").then_some(())
    })
    .await;
    primary.kill();
    standby.promote();
    said(address, "two").await;

    // It is named first, and takes writes. One hub was there when the other was promoted, one begins.
    primary.start_again();
    hubs[1].kill();
    hubs[1].start_again(&["--store", &url]);
    standby.sql(
        "postgres",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'notifyhub'",
    );
    said(address, "three").await;
    said(hubs[1].socket_address(), "four").await;
    for hub in &hubs {
        assert_eq!(messages(hub.socket_address()).await, ["four", "three", "two", "one"]);
    }
    assert_eq!((connected(&primary), connected(&standby)), ("0".into(), "2".into()));

    // Nor if the newer one is away: what would be lost there waits.
    let mut standby = standby;
    standby.kill();
    let posting = tokio::spawn(post(address, "/api/notifications", r#"{"message":"five"}"#));
    eventually("it says why", async || hubs[0].said().contains("an earlier primary").then_some(())).await;
    standby.start_again();
    id_of(&posting.await.unwrap());
    assert_eq!(primary.sql("feed", "SELECT count(*) FROM notifyhub.entry WHERE kind = 'put'"), "1");
}

/// Nobody waited for it, and it has not everything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_asynchronous_standby_has_lost_is_told() {
    let (mut primary, standby) = pair();
    let url = both(&primary, &standby);
    let hubs = [hub(&url), hub(&url)];
    let (here, there) = (hubs[0].socket_address(), hubs[1].socket_address());
    said(here, "kept").await;
    let kept = latest(here).await;
    eventually("the standby has it", async || {
        let count = "SELECT count(*) FROM notifyhub.entry WHERE kind = 'put'";
        (standby.sql("feed", count) == "1").then_some(())
    })
    .await;
    // From here on it hears nothing.
    standby.set("primary_conninfo", "");
    eventually("it is not connected", async || {
        (primary.sql("feed", "SELECT count(*) FROM pg_stat_replication") == "0").then_some(())
    })
    .await;
    said(there, "lost").await;
    let lost = latest(there).await;
    eventually("the other hub has heard", async || (messages(here).await.len() == 2).then_some(())).await;
    let mut streams =
        [RawEvents::open(here, "/events", &[]).await, RawEvents::open(there, "/events", &[]).await];
    for stream in &mut streams {
        assert_eq!(stream.next().await.data()["reason"], "fresh");
        let init = stream.next_but_heartbeats().await;
        assert_eq!(init.data().as_array().unwrap().len(), 2);
    }
    primary.kill();
    standby.promote();
    for stream in &mut streams {
        assert_eq!(stream.next_but_heartbeats().await.data()["reason"], "unknown");
        let init = stream.next_but_heartbeats().await;
        assert_eq!(init.data().as_array().unwrap().len(), 1, "{init:?}");
    }
    for address in [here, there] {
        assert_eq!(reason_at(address, &lost).await, "unknown");
        assert_eq!(reason_at(address, &kept).await, "resumed");
    }
    said(there, "new").await;
    for stream in &mut streams {
        assert_eq!(stream.next_but_heartbeats().await.message(), "new");
    }
}

/// `pg_basebackup` while all runs, and its copy in the place of the server's files.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_base_backup_that_is_restored_under_running_hubs_is_told() {
    let mut postgres = Postgres::start();
    let url = postgres.database("feed");
    let hub = hub(&url);
    let address = hub.socket_address();
    said(address, "kept").await;
    let kept = latest(address).await;
    let copy = postgres.copy();
    said(address, "lost").await;
    let lost = latest(address).await;
    let mut stream = RawEvents::open(address, "/events", &[]).await;
    assert_eq!(stream.next().await.data()["reason"], "fresh");
    assert_eq!(stream.next_but_heartbeats().await.data().as_array().unwrap().len(), 2);
    postgres.restore(copy);
    assert_eq!(stream.next_but_heartbeats().await.data()["reason"], "unknown");
    assert_eq!(stream.next_but_heartbeats().await.data()[0]["message"], "kept");
    said(address, "new").await;
    assert_eq!(reason_at(address, &lost).await, "unknown");
    assert_eq!(reason_at(address, &kept).await, "resumed");
    assert_eq!(messages(address).await, ["new", "kept"]);
}

/// A hub may be started while no server takes writes: the primary is frozen, and its standby about to be promoted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_that_starts_during_a_failover_waits_for_it() {
    let (primary, standby) = pair();
    let url = both(&primary, &standby);
    drop(hub(&url));
    primary.signal(Signal::STOP);
    let starting = tokio::task::spawn_blocking(move || {
        let hub = hub(&url);
        (hub.said(), hub.socket_address(), hub)
    });
    // Long enough for a first attempt; what matters is that there is another one.
    tokio::time::sleep(Duration::from_secs(4)).await;
    standby.promote();
    let (said_before, address, _hub) = within("it starts", starting).await.unwrap();
    assert!(
        said_before.contains("waiting for the log") && said_before.contains("takes no writes"),
        "{said_before}"
    );
    said(address, "x").await;
}
