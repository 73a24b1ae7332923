//! `notifyhub tail --exec`: a command for each notification, none of which is missed or dealt with twice.

use std::{fs, path::Path, process::Stdio, time::Duration};

use notifyhub_tests::{command_line::User, eventually, http, reader::publish, server::TestServer, within};
use rustix::process::Signal;
use serde_json::{Value, json};

use super::{Tail, file, opened, post};

/// A command that writes down what it was run for.
fn writes_to(file: &Path) -> String {
    format!("echo \"$NOTIFYHUB_DELIVERY $NOTIFYHUB_MESSAGE\" >> {}", file.display())
}

/// What was written down: each delivery, and its message.
fn written(file: &Path) -> Vec<(String, String)> {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.lines().map(|line| line.split_once(' ').unwrap()).map(|(a, b)| (a.into(), b.into())).collect()
}

fn messages(file: &Path) -> Vec<String> {
    written(file).into_iter().map(|(_, message)| message).collect()
}

async fn has_written(file: &Path, count: usize) {
    eventually("the command was run", async || (written(file).len() >= count).then_some(())).await;
}

#[tokio::test]
async fn a_command_finds_the_notification_in_its_environment_and_on_its_input() {
    let (server, user) = (TestServer::start(&[]), User::new());
    let seen = file(&user, "seen");
    let command = format!("(env | grep ^NOTIFYHUB_ | sort; cat) > {0}.new; mv {0}.new {0}", seen.display());
    let mut start = user.command(&["tail", "--url", &server.address(), "--exec", &command]);
    // What somebody has set for this program is not the notification's.
    start.env("NOTIFYHUB_ACTOR", "me").env("NOTIFYHUB_LINK", "http://localhost");
    let _tail = start.stdout(Stdio::null()).spawn().unwrap();
    eventually("it is subscribed", async || (opened(&server).await > 0).then_some(())).await;
    let id = post(
        &server,
        &json!({ "message": "a\n'b' $(c)\u{0}", "title": "T", "level": "error", "tags": ["x", "y"], "source": "shop" }),
    )
    .await;
    let text = eventually("the command was run", async || fs::read_to_string(&seen).ok()).await;
    let (environment, json) = text.split_at(text.find("{\"").unwrap());
    let json: Value = serde_json::from_str(json).unwrap();
    assert_eq!(json, http::get(server.socket_address(), &format!("/api/notifications/{id}")).await.json());
    let timestamp = json["timestamp"].as_str().unwrap();
    let mut expected = format!(
        "'b' $(c)\nNOTIFYHUB_DELIVERY={id}\nNOTIFYHUB_ID={id}\nNOTIFYHUB_LEVEL=error\nNOTIFYHUB_MESSAGE=a\nNOTIFYHUB_SOURCE=shop\n\
         NOTIFYHUB_TAGS=x,y\nNOTIFYHUB_TIMESTAMP={timestamp}\nNOTIFYHUB_TITLE=T\n"
    );
    // `grep` and `sort` take the message for two lines.
    expected = expected.replace("'b' $(c)\n", "");
    assert_eq!(environment, expected);
}

#[tokio::test]
async fn commands_run_one_at_a_time_in_order() {
    let (server, user) = (TestServer::start(&[]), User::new());
    let seen = file(&user, "seen");
    // The first takes longest.
    let command = format!(
        "mkdir {0}.lock || exit 9; case $NOTIFYHUB_MESSAGE in 0) sleep 0.3;; esac; {1}; rmdir {0}.lock",
        seen.display(),
        writes_to(&seen)
    );
    let mut tail = Tail::follow(&user, &server, &["--exec", &command]).await;
    for number in 0..8 {
        publish(&server.client(), &number.to_string()).await;
    }
    has_written(&seen, 8).await;
    assert_eq!(messages(&seen), ["0", "1", "2", "3", "4", "5", "6", "7"]);
    tail.signal(Signal::TERM);
    assert!(tail.end().await.success());
    assert!(within("all is read", tail.said.next_line()).await.unwrap().is_none(), "no command failed");
}

#[tokio::test]
async fn a_command_that_fails_is_tried_again_and_then_passed_over() {
    let (server, user) = (TestServer::start(&[]), User::new());
    let seen = file(&user, "seen");
    let command = format!("{}; [ $NOTIFYHUB_MESSAGE = good ]", writes_to(&seen));
    let mut tail = Tail::follow(&user, &server, &["--attempts", "2", "--exec", &command]).await;
    for message in ["bad", "good"] {
        publish(&server.client(), message).await;
    }
    has_written(&seen, 3).await;
    assert_eq!(messages(&seen), ["bad", "bad", "good"]);
    assert!(tail.complaint().await.ends_with("(exit status: 1); trying again"));
    assert!(tail.complaint().await.ends_with("(exit status: 1); passed over"));
}

#[tokio::test]
async fn nothing_is_missed_or_run_twice_over_restarts_of_both() {
    let (mut server, user) = (TestServer::start(&[]), User::new());
    let (seen, cursor) = (file(&user, "seen"), file(&user, "cursor"));
    let cursor_name = cursor.to_str().unwrap().to_owned();
    let command = writes_to(&seen);
    let arguments = ["--cursor", &cursor_name, "--exec", &command];
    publish(&server.client(), "before").await;
    // From its first connection on, also if nothing came while it was there.
    let tail = Tail::follow(&user, &server, &arguments).await;
    eventually("the place is written down", async || cursor.exists().then_some(())).await;
    tail.stop().await;
    let mut expected = Vec::new();
    for round in 0..4 {
        let mut batch = Vec::new();
        for number in 0..3 {
            batch.push(format!("{round}.{number} while away"));
        }
        for message in &batch {
            publish(&server.client(), message).await;
        }
        expected.append(&mut batch);
        if round % 2 == 1 {
            server.stop();
            server.start_again(&[]);
        }
        let mut tail = Tail::follow(&user, &server, &arguments).await;
        expected.push(format!("{round} while there"));
        publish(&server.client(), expected.last().unwrap()).await;
        // It may be ended while it works, in good order.
        if round == 2 {
            has_written(&seen, expected.len() - 2).await;
        } else {
            has_written(&seen, expected.len()).await;
        }
        tail.signal(if round == 3 { Signal::INT } else { Signal::TERM });
        assert!(tail.end().await.success());
    }
    let mut tail = Tail::follow(&user, &server, &arguments).await;
    publish(&server.client(), "last").await;
    expected.push("last".into());
    has_written(&seen, expected.len()).await;
    assert_eq!(messages(&seen), expected);

    // Two with one file would run everything twice.
    let second = user.run(&["tail", "--url", &server.address(), "--cursor", &cursor_name]).await;
    assert_eq!(second.code, 2);
    assert!(second.stderr.contains("another `notifyhub tail` goes by"), "{second:?}");
    tail.signal(Signal::TERM);
    tail.end().await;
    let other = TestServer::start(&[]);
    let elsewhere = user.run(&["tail", "--url", &other.address(), "--cursor", &cursor_name]).await;
    assert_eq!(elsewhere.code, 2);
    assert!(elsewhere.stderr.contains("is a place in the feed of"), "{elsewhere:?}");
}

#[tokio::test]
async fn over_kills_nothing_is_missed_and_what_comes_again_has_the_same_name() {
    let (server, user) = (TestServer::start(&[]), User::new());
    let (seen, cursor) = (file(&user, "seen"), file(&user, "cursor"));
    let cursor_name = cursor.to_str().unwrap().to_owned();
    // Long enough to be killed at different points of it.
    let command = format!("sleep 0.02; {}; sleep 0.02", writes_to(&seen));
    let arguments = ["--since", "all", "--cursor", &cursor_name, "--exec", &command];
    let expected: Vec<_> = (0..24).map(|number| number.to_string()).collect();
    for message in &expected {
        publish(&server.client(), message).await;
    }
    let url = server.address();
    for round in 0.. {
        let mut tail = Tail::start(&user, &[&["--url", &url], &arguments[..]].concat());
        let before = written(&seen).len();
        if messages(&seen).last() == expected.last() {
            break;
        }
        eventually("the command was run", async || {
            let is_done = messages(&seen).last() == expected.last();
            (is_done || written(&seen).len() > before + round % 2).then_some(())
        })
        .await;
        tokio::time::sleep(Duration::from_millis((round * 7 % 40) as u64)).await;
        tail.signal(Signal::KILL);
        tail.end().await;
    }
    // One command may have gone on beside the next `tail`, which has then run it as well: by name it is told apart.
    let mut names = Vec::new();
    for (delivery, message) in written(&seen) {
        if !names.contains(&(delivery.clone(), message.clone())) {
            names.push((delivery, message));
        }
    }
    let once: Vec<_> = names.into_iter().map(|(_, message)| message).collect();
    assert_eq!(once, expected);
}
