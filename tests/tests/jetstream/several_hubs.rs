//! What one hub has acknowledged or told, each other one knows at once.

use notifyhub_tests::{eventually, http::request};

use super::{delete, hubs, messages, open, post, post_under, publish, resume};

#[tokio::test]
async fn what_one_hub_has_told_another_goes_on_after_at_once() {
    let Some((_brokers, hubs)) = hubs(2, &[]) else { return };
    let (mut events, _) = open(&hubs[0]).await;
    for number in 0..200 {
        let message = format!("number {number}");
        publish(&hubs[0], &message).await;
        let told = events.next_but_heartbeats().await;
        assert_eq!(told.message(), message);
        let (_, reason) = resume(&hubs[1], told.id()).await;
        assert_eq!(reason, "resumed", "{number}");
    }
    assert_eq!(messages(&hubs[0]).await, messages(&hubs[1]).await);
}

#[tokio::test]
async fn what_one_hub_has_stored_another_finds_and_deletes_at_once() {
    let Some((_brokers, hubs)) = hubs(2, &[]) else { return };
    for number in 0..200 {
        let id = publish(&hubs[number % 2], "x").await;
        let other = &hubs[1 - number % 2];
        if number % 3 == 0 {
            let found =
                request(other.socket_address(), "GET", &format!("/api/notifications/{id}"), &[], "").await;
            assert_eq!(found.status(), 200, "{number}");
        }
        assert_eq!(delete(other, &id).await, 204, "{number}");
        assert_eq!(delete(&hubs[number % 2], &id).await, 404, "{number}");
    }
    assert!(messages(&hubs[0]).await.is_empty());
}

#[tokio::test]
async fn one_key_at_three_hubs_in_the_same_instant_is_stored_once() {
    let Some((_brokers, hubs)) = hubs(3, &[]) else { return };
    for round in 0..50 {
        let (key, body) = (format!("key {round}"), format!("{{\"message\":\"round {round}\"}}"));
        let at = |hub: usize| post_under(hubs[hub].socket_address(), &body, Some(&key));
        let answers: [_; 3] = tokio::join!(at(0), at(1), at(2)).into();
        let replayed = answers.iter().filter(|answer| answer.head.header("idempotency-replayed").is_some());
        assert_eq!(replayed.count(), 2, "round {round}");
        for answer in &answers {
            assert_eq!((answer.status(), &answer.json()["id"]), (201, &answers[0].json()["id"]));
        }
        let other = post_under(hubs[round % 3].socket_address(), "{\"message\":\"other\"}", Some(&key)).await;
        assert_eq!(other.status(), 422, "{}", other.text());
    }
    for hub in &hubs {
        eventually("each hub has all of them", async || (messages(hub).await.len() == 50).then_some(()))
            .await;
    }
}

/// Two that post about one thing at two hubs in the same instant: one overtakes the other.
#[tokio::test]
async fn one_open_notification_of_a_key_is_left_whichever_hub_it_was_posted_to() {
    let Some((_brokers, hubs)) = hubs(3, &[]) else { return };
    for round in 0..50 {
        let at = |hub: usize| {
            let body =
                format!("{{\"message\":\"{round} at {hub}\",\"key\":\"build\",\"state\":\"running\"}}");
            let hub = &hubs[hub];
            async move { post(hub, &body).await.status() }
        };
        assert_eq!(<[u16; 3]>::from(tokio::join!(at(0), at(1), at(2))), [201; 3]);
    }
    let last = publish(&hubs[0], "last").await;
    for hub in &hubs {
        eventually("it has the last one", async || {
            let path = format!("/api/notifications/{last}");
            (request(hub.socket_address(), "GET", &path, &[], "").await.status() == 200).then_some(())
        })
        .await;
        let left = messages(hub).await;
        assert_eq!(left.len(), 2, "{left:?}");
        assert_eq!(left, messages(&hubs[0]).await);
    }
    let withdrawn = request(hubs[1].socket_address(), "DELETE", "/api/keys/build", &[], "").await;
    assert_eq!(withdrawn.status(), 200, "{}", withdrawn.text());
}

#[tokio::test]
async fn a_hub_that_starts_after_a_clear_tells_it_to_who_was_away() {
    let Some((brokers, mut hubs)) = hubs(2, &[]) else { return };
    let (mut events, _) = open(&hubs[0]).await;
    publish(&hubs[0], "a").await;
    let before = events.next_but_heartbeats().await.id().to_owned();
    publish(&hubs[1], "b").await;
    let cleared = request(hubs[1].socket_address(), "DELETE", "/api/notifications", &[], "").await;
    assert_eq!(cleared.status(), 200, "{}", cleared.text());
    publish(&hubs[0], "c").await;
    hubs[1].kill();
    let late = super::hub(&brokers, &[]);
    assert_eq!(messages(&late).await, ["c"]);
    let (mut events, reason) = resume(&late, &before).await;
    assert_eq!(reason, "resumed");
    assert_eq!(events.next_but_heartbeats().await.event(), "cleared");
    assert_eq!(events.next_but_heartbeats().await.message(), "c");
}

/// A key is remembered although its notification is deleted, and each broker was started again.
#[tokio::test]
async fn a_deleted_notification_does_not_come_back_after_a_restart_of_everything() {
    let Some((mut brokers, mut hubs)) = hubs(2, &[]) else { return };
    let body = "{\"message\":\"x\"}";
    let first = post_under(hubs[0].socket_address(), body, Some("key")).await;
    let id = first.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(delete(&hubs[1], &id).await, 204);
    brokers.kill(0);
    hubs[1].kill();
    brokers.start_again(0);
    brokers.wait_until_ready();
    let late = super::hub(&brokers, &[]);
    for hub in [&hubs[0], &late] {
        let again = post_under(hub.socket_address(), body, Some("key")).await;
        assert_eq!((again.status(), again.head.header("idempotency-replayed")), (201, Some("true")));
        assert_eq!(again.json()["id"], id);
        // The broker may have died before it told this hub of the deletion.
        eventually("its list is empty", async || messages(hub).await.is_empty().then_some(())).await;
    }
}
