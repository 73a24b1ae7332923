//! `notifyhub tail`: what it tells, and when it ends. `forwarding`: what it runs.

mod forwarding;

use std::{
    fs,
    path::PathBuf,
    process::{ExitStatus, Stdio},
};

use notifyhub_tests::{
    command_line::User, eventually, fake_hub::FakeHub, http, reader::publish, server::TestServer, within,
};
use rustix::process::{Pid, Signal};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStderr, ChildStdout},
};

/// A `tail` that runs.
struct Tail {
    child: Child,
    printed: Lines<BufReader<ChildStdout>>,
    said: Lines<BufReader<ChildStderr>>,
}

impl Tail {
    fn start(user: &User, arguments: &[&str]) -> Self {
        let mut child = user.command(&[&["tail"], arguments].concat()).spawn().unwrap();
        let printed = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = BufReader::new(child.stderr.take().unwrap()).lines();
        Tail { child, printed, said }
    }

    /// Starts it, and waits until the hub knows it.
    async fn follow(user: &User, server: &TestServer, arguments: &[&str]) -> Self {
        let before = opened(server).await;
        let url = server.address();
        let tail = Tail::start(user, &[&["--url", &url], arguments].concat());
        eventually("it is subscribed", async || (opened(server).await > before).then_some(())).await;
        tail
    }

    async fn line(&mut self) -> String {
        within("a line is printed", self.printed.next_line()).await.unwrap().expect("it goes on")
    }

    async fn json(&mut self) -> Value {
        serde_json::from_str(&self.line().await).unwrap()
    }

    async fn complaint(&mut self) -> String {
        within("something is said", self.said.next_line()).await.unwrap().expect("it goes on")
    }

    fn signal(&self, signal: Signal) {
        let pid = self.child.id().and_then(|id| Pid::from_raw(i32::try_from(id).unwrap())).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    async fn end(&mut self) -> ExitStatus {
        within("tail ends", self.child.wait()).await.unwrap()
    }

    /// Ends it in good order, and gives what it has printed until then.
    async fn stop(mut self) -> Vec<String> {
        self.signal(Signal::TERM);
        let mut lines = Vec::new();
        while let Some(line) = within("its output ends", self.printed.next_line()).await.unwrap() {
            lines.push(line);
        }
        assert!(self.end().await.success());
        lines
    }
}

/// How many streams were opened since the hub was started: of those that are open, some may be about to be closed.
async fn opened(server: &TestServer) -> u64 {
    let metrics = http::get(server.socket_address(), "/metrics").await;
    let counts =
        metrics.text().lines().filter_map(|line| line.strip_prefix("notifyhub_streams_opened_total{"));
    counts.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
}

async fn post(server: &TestServer, notification: &Value) -> String {
    let answer = http::post(server.socket_address(), "/api/notifications", notification.to_string()).await;
    answer.json()["id"].as_str().unwrap().to_owned()
}

async fn send(server: &TestServer, method: &str, path: &str, body: &str) -> http::Answer {
    let headers = [("Content-Type", "application/json")];
    http::request(server.socket_address(), method, path, &headers, body.as_bytes()).await
}

fn file(user: &User, name: &str) -> PathBuf {
    user.home().join(name)
}

#[tokio::test]
async fn what_comes_is_told_in_a_line_and_what_was_there_is_not() {
    let (server, user) = (TestServer::start(&[]), User::new());
    post(&server, &json!({ "message": "before", "state": "waiting", "key": "k" })).await;
    let mut tail = Tail::follow(&user, &server, &[]).await;
    let hostile = "3 tests failed\n\u{1b}[2J\u{1b}]0;owned\u{7}";
    post(&server, &json!({ "message": hostile, "source": "shop", "title": "Build", "state": "failed" }))
        .await;
    let line = tail.line().await;
    let (time, rest) = line.split_once(' ').unwrap();
    assert_eq!(time.len(), "14:26:45".len(), "{line}");
    assert_eq!(rest, r"✗ shop Build: 3 tests failed ⏎ \u{1b}[2J\u{1b}]0;owned\u{7}");
    assert!(tail.stop().await.is_empty());
}

/// As `head -1` does: whoever has closed the other end has seen enough, and that is no failure. Nothing more is posted.
#[tokio::test]
async fn it_ends_quietly_when_nobody_reads_it_any_more() {
    let (server, user) = (TestServer::start(&[]), User::new());
    for options in [&[][..], &["--json"]] {
        let mut tail = Tail::follow(&user, &server, options).await;
        publish(&server.client(), "one").await;
        assert!(tail.line().await.contains("one"));
        drop(tail.printed);
        let ended = within("tail ends", tail.child.wait()).await.unwrap();
        assert!(ended.success(), "{ended}");
        assert_eq!(tail.said.next_line().await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_terminal_has_colours_unless_nobody_wants_any() {
    let (server, user) = (TestServer::start(&[]), User::new());
    post(&server, &json!({ "message": "Tests failed", "level": "error" })).await;
    let line = format!("notifyhub tail --since all --url {}", server.address());
    for (no_color, expected) in [("", "\u{1b}[31m✗\u{1b}[0m Tests failed"), ("1", " ✗ Tests failed")] {
        let mut terminal = user.other_program("script", &["-qefc", &line, "/dev/null"]);
        let mut child = terminal.env("NO_COLOR", no_color).stdin(Stdio::piped()).spawn().unwrap();
        let mut shown = BufReader::new(child.stdout.take().unwrap()).lines();
        let shown = within("it is shown", shown.next_line()).await.unwrap().unwrap();
        assert!(shown.trim_end().ends_with(expected), "{shown:?}");
    }
}

#[tokio::test]
async fn as_json_it_is_the_notification_and_changes_are_told_when_asked() {
    let (server, user) = (TestServer::start(&[]), User::new());
    let mut plain = Tail::follow(&user, &server, &["--json"]).await;
    let mut tail = Tail::follow(&user, &server, &["--json", "--changes"]).await;
    let id = post(&server, &json!({ "message": "ask", "state": "waiting", "tags": ["a"] })).await;
    let told = tail.json().await;
    let stored = http::get(server.socket_address(), &format!("/api/notifications/{id}")).await.json();
    assert_eq!(told, stored);
    let path = format!("/api/notifications/{id}");
    let revision = json!({ "resolved": true }).to_string();
    let revised = send(&server, "PATCH", &path, &revision).await;
    assert_eq!(tail.json().await["resolved_at"], revised.json()["resolved_at"]);
    send(&server, "DELETE", &path, "").await;
    assert_eq!(tail.json().await, json!({ "deleted": id }));
    post(&server, &json!({ "message": "more" })).await;
    assert_eq!(tail.json().await["message"], "more");
    send(&server, "DELETE", "/api/notifications", "").await;
    assert_eq!(tail.json().await, json!({ "cleared": true }));
    post(&server, &json!({ "message": "last" })).await;
    for message in ["ask", "more", "last"] {
        assert_eq!(plain.json().await["message"], message, "changes are not told unless asked for");
    }
}

#[tokio::test]
async fn the_past_begins_where_it_was_asked_to() {
    let (server, user) = (TestServer::start(&[]), User::new());
    post(&server, &json!({ "message": "old", "timestamp": "2020-01-01T00:00:00Z" })).await;
    let second = post(&server, &json!({ "message": "second" })).await;
    post(&server, &json!({ "message": "third" })).await;
    for (since, expected) in
        [("all", &["old", "second", "third"][..]), ("1h", &["second", "third"]), (&second, &["third"])]
    {
        let mut tail = Tail::follow(&user, &server, &["--json", "--since", since]).await;
        for message in expected {
            assert_eq!(tail.json().await["message"], *message, "--since {since}");
        }
        tail.stop().await;
    }
}

#[tokio::test]
async fn filters_are_those_of_a_list() {
    let (server, user) = (TestServer::start(&[]), User::new());
    for notification in [
        json!({ "message": "Deploy failed", "source": "shop", "level": "error", "tags": ["ci", "prod"] }),
        json!({ "message": "Deploy done", "source": "shop", "state": "done", "tags": ["ci"], "actor": "bot" }),
        json!({ "message": "Question", "source": "api", "state": "waiting", "key": "k", "title": "The Shop" }),
        json!({ "message": "Note" }),
    ] {
        post(&server, &notification).await;
    }
    for (options, query) in [
        (&["--source", "shop"][..], "source=shop"),
        (&["--source", "shop", "--source", "api"], "source=shop&source=api"),
        (&["--level", "error"], "level=error"),
        (&["--level", "error", "--level", "warning"], "level=error&level=warning"),
        (&["--state", "waiting", "--source", "api"], "state=waiting&source=api"),
        (&["--state", "done"], "state=done"),
        (&["--tag", "ci"], "tag=ci"),
        (&["--tag", "ci", "--tag=-prod"], "tag=ci&tag=-prod"),
        (&["--tag=-ci"], "tag=-ci"),
        (&["--actor", "bot"], "actor=bot"),
        (&["--key", "k"], "key=k"),
        (&["--grep", "SHOP deploy"], "q=SHOP%20deploy"),
        (&["--grep", "\"the shop\""], "q=%22the%20shop%22"),
        (&["--grep", "nowhere"], "q=nowhere"),
    ] {
        let list = http::get(server.socket_address(), &format!("/api/notifications?{query}")).await.json();
        let mut expected: Vec<_> = list.as_array().unwrap().iter().map(|item| item["id"].clone()).collect();
        expected.reverse();
        let url = server.address();
        let mut tail = Tail::start(&user, &[&["--url", &url, "--json", "--since", "all"], options].concat());
        for id in &expected {
            assert_eq!(tail.json().await["id"], *id, "{query}");
        }
        // Whatever comes next was not left out before.
        let next = json!({ "message": "shop deploy the shop nowhere", "source": "shop", "level": "error", "actor": "bot" });
        if query == "q=nowhere" {
            let id = post(&server, &next).await;
            assert_eq!(tail.json().await["id"], id);
        }
        assert!(tail.stop().await.is_empty(), "{query}");
    }
    let wrong = user.run(&["tail", "--level", "critical"]).await;
    assert_eq!(wrong.code, 2, "{wrong:?}");
}

#[tokio::test]
async fn a_hub_that_is_away_is_told_once_and_nothing_is_missed() {
    let (mut server, user) = (TestServer::start(&[]), User::new());
    let mut tail = Tail::follow(&user, &server, &[]).await;
    publish(&server.client(), "one").await;
    assert!(tail.line().await.ends_with("· one"));
    server.kill();
    let address = server.address();
    assert_eq!(tail.complaint().await, format!("… {address} cannot be reached; trying again"));
    server.start_again(&[]);
    publish(&server.client(), "two").await;
    assert!(tail.line().await.ends_with("· two"));
    assert_eq!(tail.complaint().await, format!("✓ {address} is back"));
    // It was never there.
    let nowhere = format!("http://127.0.0.1:{}", notifyhub_tests::server::free_port("127.0.0.1"));
    let mut tail = Tail::start(&user, &["--url", &nowhere]);
    assert_eq!(tail.complaint().await, format!("… {nowhere} cannot be reached; trying again"));
    assert!(tail.stop().await.is_empty());
}

#[tokio::test]
async fn what_is_no_longer_kept_is_told() {
    let (mut server, user) = (TestServer::start(&[]), User::new());
    let cursor = file(&user, "cursor");
    let arguments = ["--cursor", cursor.to_str().unwrap()];
    let tail = Tail::follow(&user, &server, &arguments).await;
    eventually("the place is written down", async || cursor.exists().then_some(())).await;
    tail.stop().await;
    // Another log: the place means nothing in it.
    server.stop();
    for entry in fs::read_dir(server.data_directory()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::remove_file(path).unwrap();
        }
    }
    server.start_again(&[]);
    publish(&server.client(), "new").await;
    let mut tail = Tail::follow(&user, &server, &arguments).await;
    assert!(tail.complaint().await.contains("the hub's log is another one than before"));
    assert!(tail.line().await.ends_with("· new"));
}

#[tokio::test]
async fn it_ends_when_nobody_reads_and_when_it_is_asked_to() {
    let (server, user) = (TestServer::start(&[]), User::new());
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let mut tail = Tail::follow(&user, &server, &[]).await;
        tail.signal(signal);
        assert_eq!(tail.end().await.code(), Some(0), "{signal:?}");
    }
    // Under nohup it goes on when the terminal is closed.
    let line = format!("trap '' HUP; exec notifyhub tail --url {}", server.address());
    let before = opened(&server).await;
    let mut child = user.other_program("sh", &["-c", &line]).spawn().unwrap();
    eventually("it is subscribed", async || (opened(&server).await > before).then_some(())).await;
    let printed = BufReader::new(child.stdout.take().unwrap()).lines();
    let said = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut tail = Tail { child, printed, said };
    tail.signal(Signal::HUP);
    publish(&server.client(), "still there").await;
    assert!(tail.line().await.ends_with("still there"));
    tail.stop().await;

    let mut tail = Tail::follow(&user, &server, &[]).await;
    drop(tail.child.stdout.take());
    drop(std::mem::replace(&mut tail.printed, {
        let mut other = tokio::process::Command::new("true").stdout(Stdio::piped()).spawn().unwrap();
        BufReader::new(other.stdout.take().unwrap()).lines()
    }));
    publish(&server.client(), "to nobody").await;
    assert_eq!(tail.end().await.code(), Some(0));
    assert!(within("all is read", tail.said.next_line()).await.unwrap().is_none(), "without a word");
}

#[tokio::test]
async fn a_refusal_ends_it() {
    let user = User::new();
    let fake = FakeHub::start().await;
    let mut tail = Tail::start(&user, &["--url", &fake.address()]);
    fake.request().await.answer("404 Not Found", "", "nothing here").await;
    assert_eq!(tail.end().await.code(), Some(1));
    assert!(tail.complaint().await.contains("the hub refused the subscription: it answered with status 404"));
}
