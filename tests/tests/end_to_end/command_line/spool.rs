//! What cannot be delivered is kept: in order, once, whatever is killed in between.

use std::{path::PathBuf, time::Duration};

use chrono::{TimeDelta, Utc};
use notifyhub_tests::{
    command_line::{User, finish, finish_with},
    fake_hub::FakeHub,
    server::TestServer,
    within,
};
use serde_json::json;

use super::{messages, silence};

const KEPT: &str = "… kept, and sent by the next call: not sent: nothing answers";

/// The spool of one hub.
fn directory(user: &User, url: &str) -> PathBuf {
    let name = url.replace(':', "%3A").replace('/', "%2F");
    user.home().join("state/notifyhub/spool").join(name)
}

async fn push(user: &User, url: &str, message: &str) -> notifyhub_tests::push::Pushed {
    user.run(&["push", "--url", url, "--timeout", "50ms", "--spool", message]).await
}

#[tokio::test]
async fn what_is_kept_is_listed_and_sent_by_the_next_call_in_its_order() {
    let mut server = TestServer::start(&[]);
    let user = User::new();
    let url = server.address();
    server.kill();
    let not_kept = user.run(&["push", "--url", &url, "--timeout", "50ms", "without --spool"]).await;
    assert_eq!(not_kept.code, 1, "{not_kept:?}");
    assert_eq!(user.run(&["spool", "list"]).await.stdout, "nothing waits\n");
    for message in ["one", "two"] {
        let kept = push(&user, &url, message).await;
        assert_eq!((kept.code, kept.stdout.as_str()), (0, ""), "{kept:?}");
        assert!(kept.stderr.starts_with(KEPT), "{kept:?}");
    }
    let withdrawn =
        user.run(&["push", "--url", &url, "--timeout", "50ms", "--spool", "--withdraw", "build/7"]).await;
    assert_eq!(withdrawn.code, 0, "{withdrawn:?}");
    let event = json!({ "hook_event_name": "Stop", "session_id": "a", "last_assistant_message": "three" })
        .to_string();
    let hook = &["hook", "claude-code", "--url", &url];
    assert_eq!(finish_with(&mut user.command(hook), event.as_bytes()).await, silence());
    let list = user.run(&["spool", "list"]).await.stdout;
    let lines: Vec<_> = list.lines().collect();
    assert_eq!(lines[0], format!("{url}: 4 waiting"));
    for (line, (number, what)) in lines[1..].iter().zip([
        (1, "one"),
        (2, "two"),
        (3, "withdraw build/7"),
        (4, "an event of claude-code"),
    ]) {
        assert!(line.starts_with(&format!("{number:>6}  20")) && line.ends_with(what), "{line}");
    }
    let failed = user.run(&["spool", "flush", "--url", &url, "--timeout", "50ms"]).await;
    assert_eq!(failed.code, 1, "{failed:?}");
    assert!(failed.stderr.starts_with("✗ 0 sent, 4 still wait: not sent: nothing answers"), "{failed:?}");

    server.start_again(&[]);
    let sent = user.run(&["push", "--url", &url, "four"]).await;
    assert_eq!((sent.code, sent.stderr.as_str()), (0, ""));
    assert_eq!(messages(&server).await, ["one", "two", "three", "four"]);
    assert_eq!(user.run(&["spool", "flush", "--url", &url]).await.stdout, "✓ 0 sent\n");
    let misuse = user.run(&["push", "--url", &url, "--spool", "--json", "x"]).await;
    assert!(misuse.code == 2 && misuse.stderr.contains("cannot be used with"), "{misuse:?}");
}

#[tokio::test]
async fn what_is_dropped_is_not_sent() {
    let mut server = TestServer::start(&[]);
    let user = User::new();
    let url = server.address();
    server.kill();
    for message in ["one", "two", "three", "four"] {
        assert_eq!(push(&user, &url, message).await.code, 0);
    }
    let misuse = user.run(&["spool", "drop", "--url", &url]).await;
    assert_eq!(misuse.code, 2, "{misuse:?}");
    assert_eq!(user.run(&["spool", "drop", "--url", &url, "2", "4"]).await.stdout, "✓ 2 dropped\n");
    server.start_again(&[]);
    assert_eq!(user.run(&["spool", "flush", "--url", &url]).await.stdout, "✓ 2 sent\n");
    assert_eq!(messages(&server).await, ["one", "three"]);
    server.kill();
    assert_eq!(push(&user, &url, "five").await.code, 0);
    assert_eq!(user.run(&["spool", "drop", "--url", &url, "--all"]).await.stdout, "✓ 1 dropped\n");
    assert_eq!(user.run(&["spool", "list"]).await.stdout, "nothing waits\n");
}

/// A hub of a later version may refuse what this one wrote; the rest is not to wait for that.
#[tokio::test]
async fn what_the_hub_refuses_is_put_aside_and_holds_nothing_up() {
    let mut server = TestServer::start(&[]);
    let user = User::new();
    let url = server.address();
    server.kill();
    // Only the hub knows that this is too many.
    let tags: Vec<&str> = (0..17).flat_map(|_| ["--tag", "t"]).collect();
    let many = [&["push", "--url", &url, "--timeout", "50ms", "--spool", "refused"], &tags[..]].concat();
    assert_eq!(user.run(&many).await.code, 0);
    assert_eq!(push(&user, &url, "taken").await.code, 0);
    std::fs::write(directory(&user, &url).join("000000000003-post.json"), "{").unwrap();
    server.start_again(&[]);
    let flushed = user.run(&["spool", "flush", "--url", &url]).await;
    assert_eq!((flushed.code, flushed.stdout.as_str()), (0, "✓ 1 sent\n"), "{flushed:?}");
    assert!(
        flushed.stderr.contains("… the hub refused one: `tags` may have at most 16 items"),
        "{flushed:?}"
    );
    assert_eq!(messages(&server).await, ["taken"]);
    let list = user.run(&["spool", "list"]).await.stdout;
    assert!(
        list.contains("0 waiting") && list.contains("refused: `tags` may have at most 16 items"),
        "{list}"
    );
    assert_eq!(user.run(&["spool", "drop", "--url", &url, "--refused"]).await.stdout, "✓ 1 dropped\n");
    assert_eq!(user.run(&["spool", "list"]).await.stdout, "nothing waits\n");
}

/// A token that is missing is put right; what waits for it is not lost by then.
#[tokio::test]
async fn what_waits_for_a_token_goes_on_waiting() {
    let server = TestServer::start(&["--publish-token", "0123456789abcdef"]);
    let user = User::new();
    let url = server.address();
    let kept = push(&user, &url, "with a token").await;
    assert!(kept.code == 0 && kept.stderr.contains("--token, or NOTIFYHUB_TOKEN"), "{kept:?}");
    let mut flush = user.command(&["spool", "flush", "--url", &url]);
    assert_eq!(finish(flush.env("NOTIFYHUB_TOKEN", "0123456789abcdef")).await.stdout, "✓ 1 sent\n");
    assert_eq!(messages(&server).await, ["with a token"]);
}

/// The hub knows the names of deliveries for a day. What may be there already is not sent again after that; what was
/// never sent is.
#[tokio::test]
async fn what_is_older_than_a_day_is_never_there_twice() {
    let server = TestServer::start(&[]);
    let user = User::new();
    let url = server.address();
    let spool = directory(&user, &url);
    std::fs::create_dir_all(&spool).unwrap();
    let write = |name: &str, message: &str| {
        let at = Utc::now() - TimeDelta::days(2);
        let delivery =
            json!({ "key": name, "at": at, "deed": { "post": { "message": message, "timestamp": at } } });
        std::fs::write(spool.join(name), delivery.to_string()).unwrap();
        at
    };
    write("000000000001-post-tried.json", "its answer was lost");
    let at = write("000000000002-post.json", "never sent");
    let flushed = user.run(&["spool", "flush", "--url", &url]).await;
    assert_eq!(flushed.stdout, "✓ 1 sent\n", "{flushed:?}");
    assert!(flushed.stderr.contains("its answer was lost, and the hub no longer knows"), "{flushed:?}");
    let told = super::stored(&server).await;
    assert_eq!((told.len(), told[0]["message"].as_str()), (1, Some("never sent")));
    let timestamp = chrono::DateTime::parse_from_rfc3339(told[0]["timestamp"].as_str().unwrap()).unwrap();
    assert_eq!(timestamp.timestamp_millis(), at.timestamp_millis(), "it says when it happened");
}

#[tokio::test]
async fn each_hub_has_a_spool_of_its_own() {
    let server = TestServer::start(&[]);
    let user = User::new();
    assert_eq!(push(&user, "http://me:secret@127.0.0.1:1", "for the other").await.code, 0);
    assert_eq!(user.run(&["push", "--url", &server.address(), "for this"]).await.code, 0);
    let list = user.run(&["spool", "list"]).await.stdout;
    assert!(list.contains("http://me:…@127.0.0.1:1: 1 waiting"), "{list}");
    assert_eq!(messages(&server).await, ["for this"]);
}

#[tokio::test]
async fn many_that_send_at_a_time_send_each_once_and_in_order() {
    let mut server = TestServer::start(&[]);
    let user = User::new();
    let url = server.address();
    server.kill();
    let spool = directory(&user, &url);
    assert_eq!(push(&user, &url, "0").await.code, 0);
    // As the programs write it, in less time.
    for n in 1..200 {
        let delivery = json!({ "key": format!("key-{n}"), "at": Utc::now(), "deed": { "post": { "message": n.to_string() } } });
        std::fs::write(spool.join(format!("{:012}-post.json", n + 1)), delivery.to_string()).unwrap();
    }
    server.start_again(&[]);
    let flushing: Vec<_> = (0..6)
        .map(|_| {
            let mut command = user.command(&["spool", "flush", "--url", &url, "--timeout", "30s"]);
            tokio::spawn(async move { finish(&mut command).await })
        })
        .collect();
    let mut sent = 0;
    for flushed in flushing {
        let flushed = flushed.await.unwrap();
        assert_eq!(flushed.code, 0, "{flushed:?}");
        sent += flushed.stdout.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap();
    }
    assert_eq!(sent, 200, "each was sent by one of them");
    assert!(messages(&server).await.iter().map(String::as_str).eq((0..200).map(|n| n.to_string())));
}

/// `kill -9` of the hub and of the command line, again and again: whatever was acknowledged, as sent or as kept, is there
/// once, and in the order in which it was posted; what was killed is there at most once.
#[tokio::test]
async fn nothing_is_lost_or_doubled_by_kills() {
    const ROUNDS: u32 = 20;
    let seed = fastrand::u64(..);
    eprintln!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let mut server = TestServer::start(&[]);
    let user = User::new();
    let url = server.address();
    let (mut number, mut acknowledged, mut killed) = (0, Vec::new(), 0);
    let mut is_up = true;
    for _ in 0..ROUNDS {
        for _ in 0..5 {
            number += 1;
            let message = format!("{number}");
            let is_event = random.u8(..4) == 0;
            let mut command = if is_event {
                let event = json!({ "hook_event_name": "Stop", "session_id": message, "last_assistant_message": message });
                user.command(&["hook", "--url", &url, "claude-code", &event.to_string()])
            } else {
                user.command(&["push", "--url", &url, "--timeout", "300ms", "--spool", &message])
            };
            let mut child = command.spawn().unwrap();
            // Half of them live; of the hub, too, what it was about to answer dies with it.
            match random.u8(..4) {
                0 => {
                    tokio::time::sleep(Duration::from_millis(random.u64(..60))).await;
                    let _ = child.start_kill();
                }
                1 if is_up => {
                    tokio::time::sleep(Duration::from_millis(random.u64(..40))).await;
                    server.kill();
                    is_up = false;
                }
                _ => {}
            }
            match within("it ends", child.wait()).await.unwrap().code() {
                Some(0) => acknowledged.push(number),
                code => {
                    assert_eq!(code, None, "it is killed, or it ends well");
                    killed += 1;
                }
            }
        }
        if !is_up && random.bool() {
            server.start_again(&[]);
            is_up = true;
        }
    }
    if !is_up {
        server.start_again(&[]);
    }
    let flushed = user.run(&["spool", "flush", "--url", &url]).await;
    assert_eq!(flushed.code, 0, "{flushed:?}");
    let there: Vec<u32> = messages(&server).await.iter().map(|message| message.parse().unwrap()).collect();
    assert!(there.is_sorted_by(|one, next| one < next), "in order, none twice: {there:?}");
    let lost: Vec<_> = acknowledged.iter().filter(|number| !there.contains(number)).collect();
    assert!(lost.is_empty(), "lost {lost:?} of {acknowledged:?}");
    eprintln!("{} acknowledged, {killed} killed, {} there", acknowledged.len(), there.len());
    assert!(acknowledged.len() > 40 && killed > 2, "{} and {killed}", acknowledged.len());
}

/// Nothing is kept that was never to be: `FakeHub` counts what comes.
#[tokio::test]
async fn a_delivery_under_way_is_marked_before_it_is_sent() {
    let hub = FakeHub::start().await;
    let user = User::new();
    let url = hub.address();
    let spool = directory(&user, &url);
    std::fs::create_dir_all(&spool).unwrap();
    let delivery = json!({ "key": "k", "at": Utc::now(), "deed": { "withdraw": "build/7" } });
    std::fs::write(spool.join("000000000001-post.json"), delivery.to_string()).unwrap();
    let mut flush = user.command(&["spool", "flush", "--url", &url]);
    let mut child = flush.spawn().unwrap();
    let request = hub.request().await;
    assert!(spool.join("000000000001-post-tried.json").exists());
    child.kill().await.unwrap();
    drop(request);
    assert!(spool.join("000000000001-post-tried.json").exists(), "it is killed, and the mark stays");
}
