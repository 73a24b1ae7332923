//! Everything is well: what is done at one hub holds at every other at once.

use std::net::SocketAddr;

use notifyhub_tests::{
    events::RawEvents,
    eventually,
    http::{Answer, get, post, request},
    server::TestServer,
};

use super::{database, hub, id_of};

async fn post_as(address: SocketAddr, key: &str, body: &str) -> Answer {
    let headers = [("Content-Type", "application/json"), ("Idempotency-Key", key)];
    request(address, "POST", "/api/notifications", &headers, body.as_bytes()).await
}

async fn messages(hub: &TestServer) -> Vec<String> {
    let list = get(hub.socket_address(), "/api/notifications").await.json();
    list.as_array().unwrap().iter().map(|item| item["message"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_one_hub_has_acknowledged_another_reads_revises_and_deletes_at_once() {
    let (_postgres, url) = database();
    let hubs = [hub(&url), hub(&url)];
    for round in 0..60 {
        let (here, there) = (hubs[round % 2].socket_address(), hubs[(round + 1) % 2].socket_address());
        let id = id_of(&post(here, "/api/notifications", r#"{"message":"x","state":"waiting"}"#).await);
        let path = format!("/api/notifications/{id}");
        match round % 4 {
            0 | 1 => assert_eq!(get(there, &path).await.status(), 200, "round {round}"),
            2 => {
                let json = [("Content-Type", "application/json")];
                let revised = request(there, "PATCH", &path, &json, br#"{"resolved":true}"#).await;
                assert_eq!(revised.status(), 200, "round {round}");
                let read = format!(r#"{{"through":"{id}"}}"#);
                assert_eq!(request(here, "PUT", "/api/read", &json, read.as_bytes()).await.status(), 200);
            }
            _ => {}
        }
        assert_eq!(request(there, "DELETE", &path, &[], b"").await.status(), 204, "round {round}");
        assert_eq!(request(here, "DELETE", &path, &[], b"").await.status(), 404, "round {round}");
    }
}

#[tokio::test]
async fn the_last_event_id_of_one_hub_is_resumed_after_at_another_at_once() {
    let (_postgres, url) = database();
    let hubs = [hub(&url), hub(&url)];
    let (here, there) = (hubs[0].socket_address(), hubs[1].socket_address());
    let mut stream = RawEvents::open(here, "/events", &[]).await;
    for round in 0..100 {
        let id = id_of(&post(here, "/api/notifications", r#"{"message":"x"}"#).await);
        let told = loop {
            let event = stream.next().await;
            if event.event() == "notification" && event.data()["id"] == id.as_str() {
                break event.id().to_owned();
            }
        };
        let mut other = RawEvents::open(there, "/events", &[("Last-Event-ID", &told)]).await;
        let hello = other.next().await;
        assert_eq!(hello.data()["reason"], "resumed", "round {round}: {told}");
    }
}

#[tokio::test]
async fn one_key_at_three_hubs_at_once_is_one_notification() {
    let (_postgres, url) = database();
    let hubs = [hub(&url), hub(&url), hub(&url)];
    let address = |number: usize| hubs[number].socket_address();
    for round in 0..30 {
        let key = format!("key-{round}");
        let body = format!(r#"{{"message":"round {round}"}}"#);
        let (a, b, c) = tokio::join!(
            post_as(address(0), &key, &body),
            post_as(address(1), &key, &body),
            post_as(address(2), &key, &body),
        );
        let first =
            [&a, &b, &c].iter().filter(|answer| answer.head.header("Idempotency-Replayed").is_none()).count();
        assert_eq!((first, id_of(&a), id_of(&a)), (1, id_of(&b), id_of(&c)), "round {round}");
        let other = post_as(address(round % 3), &key, r#"{"message":"another"}"#).await;
        assert_eq!(other.status(), 422);
    }
    for hub in &hubs {
        eventually("each hub has all of them", async || (messages(hub).await.len() == 30).then_some(()))
            .await;
    }
}

#[tokio::test]
async fn a_card_is_overtaken_and_withdrawn_whichever_hub_is_told() {
    let (_postgres, url) = database();
    let hubs = [hub(&url), hub(&url)];
    for round in 0..20 {
        let body = format!(r#"{{"message":"step {round}","key":"run","state":"running"}}"#);
        id_of(&post(hubs[round % 2].socket_address(), "/api/notifications", &body).await);
        assert_eq!(messages(&hubs[round % 2]).await, [format!("step {round}")]);
    }
    let withdrawn = request(hubs[0].socket_address(), "DELETE", "/api/keys/run", &[], b"").await;
    assert_eq!(withdrawn.json()["removed"], 1);
    eventually("the other hub has heard", async || messages(&hubs[1]).await.is_empty().then_some(())).await;
}

#[tokio::test]
async fn a_hub_that_starts_after_a_clear_goes_on_from_before_it() {
    let (_postgres, url) = database();
    let first = hub(&url);
    let address = first.socket_address();
    let before = get(address, "/api/status").await.json()["latest_id"].as_str().unwrap().to_owned();
    for _ in 0..5 {
        id_of(&post(address, "/api/notifications", r#"{"message":"gone"}"#).await);
    }
    assert_eq!(request(address, "DELETE", "/api/notifications", &[], b"").await.json()["removed"], 5);
    id_of(&post(address, "/api/notifications", r#"{"message":"stays"}"#).await);
    let second = hub(&url);
    let mut stream = RawEvents::open(second.socket_address(), "/events", &[("Last-Event-ID", &before)]).await;
    assert_eq!(stream.next().await.data()["reason"], "resumed");
    let mut names = Vec::new();
    for _ in 0..2 {
        names.push(stream.next_but_heartbeats().await.event().to_owned());
    }
    assert_eq!(names, ["cleared", "notification"]);
    assert_eq!(messages(&second).await, ["stays"]);
}

#[tokio::test]
async fn one_retention_counts_for_all_hubs_and_can_be_changed_while_they_run() {
    let (postgres, url) = database();
    let first = TestServer::start(&["--store", &url, "--max-notifications", "5"]);
    let second = TestServer::start(&["--store", &url, "--max-notifications", "100"]);
    assert!(second.said().contains("one retention counts for all hubs"), "{}", second.said());
    assert!(!first.said().contains("one retention"), "{}", first.said());
    for number in 0..10 {
        let body = format!(r#"{{"message":"{number}"}}"#);
        id_of(&post(second.socket_address(), "/api/notifications", &body).await);
    }
    let expected = ["9", "8", "7", "6", "5"];
    assert_eq!(messages(&second).await, expected);
    eventually("the other hub keeps the same", async || (messages(&first).await == expected).then_some(()))
        .await;
    postgres.sql("feed", "UPDATE notifyhub.log SET max_notifications = 2");
    id_of(&post(first.socket_address(), "/api/notifications", r#"{"message":"10"}"#).await);
    assert_eq!(messages(&first).await, ["10", "9"]);
    eventually("the other hub follows", async || (messages(&second).await == ["10", "9"]).then_some(()))
        .await;
}

#[tokio::test]
async fn two_feeds_in_one_database_know_nothing_of_each_other() {
    let (_postgres, url) = database();
    let (one, other) = (hub(&url), hub(&format!("{url}?schema=second")));
    id_of(&post(one.socket_address(), "/api/notifications", r#"{"message":"one"}"#).await);
    id_of(&post(other.socket_address(), "/api/notifications", r#"{"message":"other"}"#).await);
    assert_eq!(
        (messages(&one).await, messages(&other).await),
        (vec!["one".to_owned()], vec!["other".to_owned()])
    );
}
