//! `Idempotency-Key`: a post that is repeated stores and sends once.

use notifyhub_tests::{
    events::RawEvents,
    http::{Answer, RawClient, request},
    server::TestServer,
};

use super::{assert_problem, messages};

async fn post_under(server: &TestServer, key: &str, message: &str) -> Answer {
    let headers = [("Content-Type", "application/json"), ("Idempotency-Key", key)];
    let body = format!("{{\"message\":\"{message}\"}}");
    request(server.socket_address(), "POST", "/api/notifications", &headers, body).await
}

#[tokio::test]
async fn the_same_key_gives_the_first_answer_again_also_after_a_restart() {
    let mut server = TestServer::start(&["--drain", "100ms"]);
    let mut events = RawEvents::open(server.socket_address(), "/events", &[]).await;
    let (_, _) = (events.next().await, events.next().await);
    let first = post_under(&server, "k", "first").await;
    assert_eq!((first.status(), first.head.header("idempotency-replayed")), (201, None));
    let again = post_under(&server, "k", "first").await;
    assert_eq!((again.status(), again.text()), (201, first.text()));
    assert_eq!(again.head.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.head.header("location"), first.head.header("location"));
    assert_problem(&post_under(&server, "k", "another").await, 422, "idempotency_key_reused", "another key");
    assert_eq!(post_under(&server, "K", "second").await.status(), 201, "keys are taken exactly");
    assert_eq!(events.next().await.message(), "first");
    assert_eq!(events.next().await.message(), "second");
    drop(events);

    server.kill();
    server.start_again(&[]);
    assert_eq!(post_under(&server, "k", "first").await.text(), first.text());
    assert_eq!(messages(&server, "").await, ["second", "first"]);
}

/// A post whose notification was deleted since is not posted anew: the poster only wants to know that it was.
#[tokio::test]
async fn a_deleted_notification_does_not_come_back() {
    let server = TestServer::start(&[]);
    let first = post_under(&server, "k", "x").await;
    let path = format!("/api/{}", first.head.header("location").unwrap());
    assert_eq!(request(server.socket_address(), "DELETE", &path, &[], "").await.status(), 204);
    assert_eq!(post_under(&server, "k", "x").await.text(), first.text());
    assert!(messages(&server, "").await.is_empty());
}

#[tokio::test]
async fn a_refused_post_does_not_use_up_its_key() {
    let server = TestServer::start(&[]);
    assert_eq!(post_under(&server, "k", "").await.status(), 400);
    assert_eq!(post_under(&server, "k", "x").await.status(), 201);
    assert_eq!(messages(&server, "").await, ["x"]);
}

#[tokio::test]
async fn a_key_has_1_to_255_characters() {
    let server = TestServer::start(&[]);
    for key in [String::new(), "k".repeat(256)] {
        assert_problem(&post_under(&server, &key, "x").await, 400, "invalid_parameter", "Idempotency-Key");
    }
    assert!(messages(&server, "").await.is_empty());
    assert_eq!(post_under(&server, &"k".repeat(255), "x").await.status(), 201);
    assert_eq!(post_under(&server, "'\";--", "y").await.status(), 201);
}

/// Forty connections post ten keys in the same instant, again and again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_clients_at_once_store_and_send_each_key_once() {
    let server = TestServer::start(&[]);
    let address = server.socket_address();
    let mut events = RawEvents::open(address, "/events", &[]).await;
    let (_, _) = (events.next().await, events.next().await);
    let posting: Vec<_> = (0..40)
        .map(|client| {
            tokio::spawn(async move {
                let mut connection = RawClient::connect(address).await;
                let mut answers = Vec::new();
                for n in 0..10 {
                    let key = format!("key-{}", (client + n) % 10);
                    let headers = [("Content-Type", "application/json"), ("Idempotency-Key", key.as_str())];
                    let body = format!("{{\"message\":\"{key}\"}}");
                    connection.request("POST", "/api/notifications", &headers, body.as_bytes()).await;
                    let answer = connection.answer().await;
                    assert_eq!(answer.status(), 201);
                    answers.push((key, answer.text().to_owned()));
                }
                answers.sort();
                answers
            })
        })
        .collect();
    let mut answers = Vec::new();
    for posting in posting {
        answers.push(posting.await.unwrap());
    }
    assert!(answers.iter().all(|others| *others == answers[0]));
    let mut stored = messages(&server, "").await;
    let mut sent = Vec::new();
    while sent.len() < 10 {
        sent.push(events.next().await.message());
    }
    assert!(sent.iter().rev().eq(&stored));
    stored.sort();
    assert!(stored.into_iter().eq((0..10).map(|n| format!("key-{n}"))));
    post_under(&server, "last", "last").await;
    assert_eq!(events.next().await.message(), "last");
}
