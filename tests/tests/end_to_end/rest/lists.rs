//! The list: order, pages, filters, and 304 for pollers.

use notifyhub_tests::{
    http::{get, post, request},
    server::TestServer,
};
use serde_json::json;

use super::{list, messages, publish};

#[tokio::test]
async fn the_list_is_newest_first_and_goes_on_before_an_id() {
    let server = TestServer::start(&[]);
    assert_eq!(list(&server, "").await.text(), "[]");
    let mut ids = Vec::new();
    for n in 0..5 {
        let stored = publish(&server, json!({"message": n.to_string()})).await;
        ids.push(stored["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(messages(&server, "").await, ["4", "3", "2", "1", "0"]);
    assert_eq!(messages(&server, "?limit=2").await, ["4", "3"]);
    assert_eq!(messages(&server, "?limit=0").await, [""; 0]);
    assert_eq!(messages(&server, &format!("?limit=2&before={}", ids[3])).await, ["2", "1"]);
    assert_eq!(messages(&server, &format!("?before={}", ids[0])).await, [""; 0]);
    // It goes on before one that is gone meanwhile.
    let path = format!("/api/notifications/{}", ids[3]);
    assert_eq!(request(server.socket_address(), "DELETE", &path, &[], "").await.status(), 204);
    assert_eq!(messages(&server, &format!("?limit=2&before={}", ids[3])).await, ["2", "1"]);
    assert_eq!(messages(&server, &format!("?before={}", uuid::Uuid::nil())).await, [""; 0]);
}

#[tokio::test]
async fn filters_can_be_combined() {
    let server = TestServer::start(&[]);
    for (message, title, level, tag) in [
        ("Build of MAIN passed", "CI", "success", "main"),
        ("Build of topic failed", "CI", "error", "topic"),
        ("Disk is full", "Straße & Söhne", "error", "main"),
        ("100% of a_b?", "", "info", "a b"),
    ] {
        let mut new = json!({"message": message, "level": level, "tags": [tag]});
        if !title.is_empty() {
            new["title"] = json!(title);
        }
        publish(&server, new).await;
    }
    let (disk, topic, main, odd) =
        ("Disk is full", "Build of topic failed", "Build of MAIN passed", "100% of a_b?");
    for (query, expected) in [
        ("?level=error", &[disk, topic][..]),
        ("?tag=main", &[disk, main]),
        ("?tag=Main", &[]),
        ("?tag=a%20b", &[odd]),
        ("?tag=a+b", &[odd]),
        ("?q=build", &[topic, main]),
        ("?q=main", &[disk, main]),
        ("?q=STRASSE", &[]),
        ("?q=S%C3%96HNE", &[disk]),
        ("?q=ci", &[topic, main]),
        ("?q=%25", &[odd]),
        ("?q=_", &[odd]),
        ("?q=%3F", &[odd]),
        ("?q=", &[odd, disk, topic, main]),
        ("?q=build&level=error", &[topic]),
        ("?level=error&tag=main", &[disk]),
        ("?level=error&limit=1", &[disk]),
        ("?q=nothing", &[]),
    ] {
        assert_eq!(messages(&server, query).await, expected, "{query}");
    }
}

/// As before: the newest 1000 in one answer; more are kept if asked for, and can be paged through.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_answer_holds_at_most_a_thousand() {
    let server = TestServer::start(&["--max-notifications", "1010"]);
    let client = server.client();
    let publishing: Vec<_> = (0..10)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                for _ in 0..102 {
                    notifyhub_tests::reader::publish(&client, "x").await;
                }
            })
        })
        .collect();
    for publishing in publishing {
        publishing.await.unwrap();
    }
    let first = list(&server, "").await.json();
    let first = first.as_array().unwrap();
    assert_eq!(first.len(), 1000);
    let last = first.last().unwrap()["id"].as_str().unwrap();
    let second = list(&server, &format!("?before={last}")).await.json();
    assert_eq!(second.as_array().unwrap().len(), 10, "1020 were posted, 1010 are kept");
    assert_eq!(get(server.socket_address(), "/api/status").await.json()["stored"], 1010);
    assert_eq!(list(&server, "?level=info").await.text(), "[]");
}

#[tokio::test]
async fn a_poller_is_told_when_nothing_has_changed() {
    let server = TestServer::start(&[]);
    let address = server.socket_address();
    let stored = publish(&server, json!({"message": "x"})).await;
    let first = list(&server, "").await;
    assert_eq!(first.head.header("cache-control"), Some("no-cache"));
    let etag = first.head.header("etag").unwrap().to_owned();
    assert!(etag.starts_with('"') && etag.ends_with('"'), "{etag}");
    let poll = async |known: &str| {
        request(address, "GET", "/api/notifications", &[("If-None-Match", known)], "").await
    };
    for known in [etag.clone(), format!("W/{etag}"), format!("\"other\", {etag}"), "*".into()] {
        let answer = poll(&known).await;
        assert_eq!((answer.status(), answer.text()), (304, ""), "{known}");
        assert_eq!(answer.head.header("etag"), Some(etag.as_str()));
        // A cache takes it over into what it keeps (RFC 9111, section 4.3.4).
        assert_eq!(answer.head.header("cache-control"), Some("no-cache"), "{known}");
    }
    assert_eq!(poll("\"other\"").await.status(), 200);

    let path = format!("/api/notifications/{}", stored["id"].as_str().unwrap());
    request(address, "DELETE", &path, &[], "").await;
    let changed = poll(&etag).await;
    assert_eq!((changed.status(), changed.text()), (200, "[]"));
    assert_ne!(changed.head.header("etag"), Some(etag.as_str()));
}

/// Otherwise a poller would keep what is no longer there.
#[tokio::test]
async fn after_a_restart_that_keeps_fewer_the_list_has_changed() {
    let mut server = TestServer::start(&["--drain", "100ms"]);
    for n in 0..5 {
        publish(&server, json!({"message": n.to_string()})).await;
    }
    let before = list(&server, "").await;
    let etag = before.head.header("etag").unwrap();
    assert!(server.stop().success());
    server.start_again(&["--max-notifications", "2"]);
    assert_eq!(messages(&server, "").await, ["4", "3"]);
    let polled =
        request(server.socket_address(), "GET", "/api/notifications", &[("If-None-Match", etag)], "").await;
    assert_eq!(polled.status(), 200, "{polled:?}");
}

/// Searching is work; whoever waits for a notification does not wait for it, and neither does it pile up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn searches_hold_nobody_up() {
    let server = TestServer::start(&["--max-notifications", "4000"]);
    let address = server.socket_address();
    let text = "neither this nor that ".repeat(150);
    let posting = (0..4).map(|_| {
        let text = text.clone();
        tokio::spawn(async move {
            for _ in 0..1000 {
                let body = json!({"message": text}).to_string();
                assert_eq!(post(address, "/api/notifications", &body).await.status(), 201);
            }
        })
    });
    for task in posting.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let searching: Vec<_> = (0..200)
        .map(|_| {
            tokio::spawn(
                async move { get(address, "/api/notifications?q=%22that%20neither%20those%22").await },
            )
        })
        .collect();
    let mut others_served = 0;
    while !searching.iter().all(tokio::task::JoinHandle::is_finished) {
        assert_eq!(get(address, "/healthz").await.status(), 200);
        others_served += 1;
    }
    let (mut found, mut refused) = (0, 0);
    for task in searching {
        let answer = task.await.unwrap();
        match answer.status() {
            200 => found += 1,
            _ => {
                assert_eq!((answer.status(), &answer.json()["code"]), (503, &json!("busy")));
                assert!(answer.head.header("retry-after").is_some());
                refused += 1;
            }
        }
    }
    assert!(found > 0 && refused > 0, "{found} were answered, {refused} refused");
    // Whoever would have to wait for all searches before it would be served a few times at most.
    assert!(others_served > found, "others were served {others_served} times during {found} searches");
}
