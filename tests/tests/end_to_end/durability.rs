//! What was acknowledged is there, once, whatever happens to the process.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use notifyhub_tests::{
    eventually, http,
    http::{RawClient, get},
    server::TestServer,
};
use tokio::net::TcpStream;

const KEEPING_ALL: [&str; 2] = ["--max-notifications", "100000"];

/// Everything that is stored, page by page.
async fn all_messages(server: &TestServer) -> Vec<String> {
    let mut all = Vec::new();
    let mut before = String::new();
    loop {
        let page =
            get(server.socket_address(), &format!("/api/notifications?limit=1000{before}")).await.json();
        let page = page.as_array().unwrap();
        all.extend(page.iter().map(|item| item["message"].as_str().unwrap().to_owned()));
        match page.last() {
            Some(last) => before = format!("&before={}", last["id"].as_str().unwrap()),
            None => return all,
        }
    }
}

/// Posts over one connection until it breaks; returns what was acknowledged.
async fn post_until_killed(
    server: std::net::SocketAddr,
    name: String,
    acknowledged: Arc<AtomicUsize>,
) -> Vec<String> {
    let mut connection = RawClient::over(TcpStream::connect(server).await.unwrap());
    let mut sent = Vec::new();
    loop {
        let message = format!("{name}, {}", sent.len());
        let body = format!("{{\"message\":\"{message}\"}}");
        let head = [("Content-Type", "application/json")];
        if connection.try_request("POST", "/api/notifications", &head, body.as_bytes()).await.is_err() {
            return sent;
        }
        let Some(head) = connection.try_head().await else { return sent };
        assert_eq!(head.status, 201, "{head:?}");
        // The head comes in one piece with the body, or after it was stored: it is acknowledged.
        sent.push(message);
        acknowledged.fetch_add(1, SeqCst);
        loop {
            match connection.body_part().await {
                Ok(_) => {}
                Err(http::End::Orderly) => break,
                Err(http::End::Cut) => return sent,
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_kill_9_under_load_once() {
    let mut server = TestServer::start(&KEEPING_ALL);
    let mut expected = Vec::new();
    for round in 0..4 {
        let acknowledged = Arc::<AtomicUsize>::default();
        let publishing: Vec<_> = (0..6)
            .map(|publisher| {
                let name = format!("round {round}, publisher {publisher}");
                tokio::spawn(post_until_killed(server.socket_address(), name, Arc::clone(&acknowledged)))
            })
            .collect();
        eventually("some hundred are acknowledged", async || (acknowledged.load(SeqCst) > 300).then_some(()))
            .await;
        server.kill();
        for publishing in publishing {
            expected.extend(publishing.await.unwrap());
        }
        server.start_again(&KEEPING_ALL);
        let mut found = BTreeMap::new();
        for message in all_messages(&server).await {
            *found.entry(message).or_insert(0) += 1;
        }
        assert!(found.values().all(|count| *count == 1), "doubled in round {round}: {found:?}");
        for message in &expected {
            assert!(found.contains_key(message), "lost in round {round}: {message}");
        }
        // Besides those, at most the ones that were under way when the process was killed.
        assert!(found.len() <= expected.len() + 6 * (round + 1));
    }
}

/// Posts a message under itself as the key; `None`: the hub is gone.
async fn post_under_own_name(server: std::net::SocketAddr, message: &str) -> Option<()> {
    let mut connection = RawClient::over(TcpStream::connect(server).await.ok()?);
    let headers =
        [("Content-Type", "application/json"), ("Idempotency-Key", message), ("Connection", "close")];
    let body = format!("{{\"message\":\"{message}\"}}");
    connection.try_request("POST", "/api/notifications", &headers, body.as_bytes()).await.ok()?;
    let head = connection.try_head().await?;
    assert_eq!(head.status, 201, "{head:?}");
    Some(())
}

/// The poster of a notification cannot know whether it was stored when the hub died. Posting it again under its
/// key settles it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn posting_again_under_the_same_key_after_kill_9_posts_once() {
    let mut server = TestServer::start(&KEEPING_ALL);
    let address = server.socket_address();
    let publishing: Vec<_> = (0..4)
        .map(|publisher| {
            tokio::spawn(async move {
                for n in 0..150 {
                    let message = format!("{publisher}: {n}");
                    while post_under_own_name(address, &message).await.is_none() {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                }
            })
        })
        .collect();
    for _ in 0..3 {
        let before = get(address, "/api/status").await.json()["stored"].as_u64().unwrap();
        eventually("posts go on", async || {
            let stored = get(address, "/api/status").await.json()["stored"].as_u64().unwrap();
            (stored > before + 50 || publishing.iter().all(tokio::task::JoinHandle::is_finished))
                .then_some(())
        })
        .await;
        server.kill();
        tokio::time::sleep(Duration::from_millis(1)).await;
        server.start_again(&KEEPING_ALL);
    }
    for publishing in publishing {
        publishing.await.unwrap();
    }
    let mut found = all_messages(&server).await;
    found.sort();
    let mut expected: Vec<String> =
        (0..4).flat_map(|publisher| (0..150).map(move |n| format!("{publisher}: {n}"))).collect();
    expected.sort();
    assert_eq!(found, expected);
}

/// `relaxed` trades a power cut, not a crash of the process.
#[tokio::test]
async fn relaxed_durability_survives_kill_9_too_and_memory_keeps_nothing() {
    for (options, kept) in [(["--durability", "relaxed"], 1), (["--store", "memory"], 0)] {
        let mut server = TestServer::start(&options);
        http::post(server.socket_address(), "/api/notifications", r#"{"message":"x"}"#).await;
        server.kill();
        server.start_again(&options);
        assert_eq!(all_messages(&server).await.len(), kept, "{options:?}");
    }
}
