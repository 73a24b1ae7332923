//! `notifyhub hook`: an agent's event reaches the hub, and the agent sees nothing of how that went.

use std::time::{Duration, Instant};

use notifyhub_tests::{
    command_line::{User, finish, finish_with},
    eventually,
    fake_hub::FakeHub,
    http,
    push::Pushed,
    server::TestServer,
};
use serde_json::{Value, json};

use super::{messages, silence, stored};

/// What the issue allows; the limit inside is lower.
const GIVEN_UP_WITHIN: Duration = Duration::from_secs(2);

fn stop(session: &str, text: &str) -> String {
    json!({ "hook_event_name": "Stop", "session_id": session, "cwd": "/srv/shop", "last_assistant_message": text })
        .to_string()
}

async fn hook(user: &User, url: &str, event: &str) -> Pushed {
    finish_with(&mut user.command(&["hook", "claude-code", "--url", url]), event.as_bytes()).await
}

#[tokio::test]
async fn an_event_on_standard_input_or_in_the_last_argument_is_told_with_its_project() {
    let server = TestServer::start(&[]);
    let user = User::new();
    let url = server.address();
    user.write("shop/.git/HEAD", "ref: refs/heads/cart\n");
    let shop = user.home().join("shop");
    let event = json!({ "hook_event_name": "Stop", "session_id": "a", "cwd": shop, "last_assistant_message": "Done it." });
    assert_eq!(hook(&user, &url, &event.to_string()).await, silence());
    let codex =
        json!({ "type": "agent-turn-complete", "thread-id": "b", "last-assistant-message": "Me too." });
    let mut command = user.command(&["hook", "--url", &url, "codex", &codex.to_string()]);
    assert_eq!(finish(command.env("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22")).await, silence());
    // Names in camel case come without the event's.
    let mut command = user.command(&["hook", "--url", &url, "copilot", "agentStop"]);
    assert_eq!(finish_with(&mut command, br#"{"sessionId":"c"}"#).await, silence());

    let told = stored(&server).await;
    let of = |n: usize, field: &str| told[n][field].as_str().unwrap_or_default().to_owned();
    assert_eq!(
        (of(2, "message"), of(2, "source"), of(2, "title")),
        ("Done it.".into(), "shop".into(), "shop · cart".into())
    );
    assert_eq!(
        (of(1, "message"), of(1, "key"), of(1, "source")),
        ("Me too.".into(), "codex:b".into(), "work".into())
    );
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    assert!(told[1]["tags"].as_array().unwrap().contains(&Value::String(host)), "{}", told[1]);
    assert_eq!((of(0, "state"), of(0, "key")), ("done".into(), "copilot:c".into()));
}

/// What it finds may be anything: its exit code and what it prints are instructions to an agent.
#[tokio::test]
async fn it_exits_with_0_and_prints_nothing_whatever_happens() {
    let server = TestServer::start(&[]);
    let user = User::new();
    let url = server.address();
    let nobody = "http://127.0.0.1:1";
    for arguments in [
        &["hook"][..],
        &["hook", ""],
        &["hook", "no-such-agent"],
        &["hook", "../api/notifications"],
        &["hook", "claude-code", "--no-such-option"],
        &["hook", "claude-code", "--port", "hub"],
        &["hook", "claude-code", "a", "b", "c", "d"],
        &["hook", "claude-code", "{"],
        &["hook", "claude-code", "--url", "nonsense", "{}"],
        &["hook", "claude-code", "--url", nobody, "--ca-cert", "/nonexistent", "{}"],
    ] {
        assert_eq!(user.run(arguments).await, silence(), "{arguments:?}");
    }
    for input in [&b""[..], b"{", b"[]", b"\xff\xfe", b"null", &vec![b' '; 2 << 20]] {
        let mut command = user.command(&["hook", "claude-code", "--url", &url]);
        assert_eq!(finish_with(&mut command, input).await, silence());
    }
    let closed = format!("exec {} hook claude-code --url {url} <&- >&- 2>&-", user.program());
    assert_eq!(finish(&mut user.command_of("sh", &["-c", &closed])).await, silence());
    for broken in ["url = ", "colour = 1", "url = \"ftp://x\""] {
        user.write("config/notifyhub/config.toml", broken);
        assert_eq!(
            finish_with(&mut user.command(&["hook", "claude-code"]), b"{}").await,
            silence(),
            "{broken}"
        );
    }
    // No home, and nowhere to write.
    let mut homeless = user.command(&["hook", "claude-code", "--url", nobody]);
    homeless
        .env("HOME", "/proc/nonexistent")
        .env("XDG_STATE_HOME", "/proc/nonexistent")
        .env_remove("XDG_CONFIG_HOME");
    assert_eq!(finish_with(&mut homeless, b"{}").await, silence());
    assert!(stored(&server).await.is_empty());
}

/// A person who asks is answered.
#[tokio::test]
async fn help_is_printed() {
    let user = User::new();
    for arguments in [&["hook", "--help"][..], &["hook", "-h"], &["help", "hook"]] {
        let help = user.run(arguments).await;
        assert!(help.code == 0 && help.stdout.contains("claude-code"), "{help:?}");
    }
}

#[tokio::test]
async fn two_mebibytes_of_event_are_told_by_what_matters() {
    let server = TestServer::start(&[]);
    let user = User::new();
    let event = json!({
        "hook_event_name": "Stop", "session_id": "a", "cwd": "/srv/shop", "last_assistant_message": "Wrote it.",
        "tool_response": { "content": "x".repeat(2 << 20) }
    });
    assert_eq!(hook(&user, &server.address(), &event.to_string()).await, silence());
    assert_eq!(messages(&server).await, ["Wrote it."]);
}

/// An agent that leaves the input open does not wait for it to be read to its end.
#[tokio::test]
async fn an_input_that_is_left_open_is_taken_as_it_is() {
    use tokio::io::AsyncWriteExt as _;
    let server = TestServer::start(&[]);
    let user = User::new();
    let url = server.address();
    let began = Instant::now();
    let mut command = user.command(&["hook", "claude-code", "--url", &url]);
    let mut child = command.stdin(std::process::Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(stop("a", "Open end.").as_bytes()).await.unwrap();
    assert_eq!(child.wait().await.unwrap().code(), Some(0));
    assert!(began.elapsed() < GIVEN_UP_WITHIN, "{:?}", began.elapsed());
    drop(input);
    assert_eq!(messages(&server).await, ["Open end."]);
}

#[tokio::test]
async fn with_the_hub_down_it_gives_up_in_time_and_the_event_is_delivered_later() {
    let mut server = TestServer::start(&[]);
    let user = User::new();
    let url = server.address();
    server.kill();
    for (session, text) in [("a", "First."), ("b", "Second."), ("a", "Third.")] {
        let began = Instant::now();
        assert_eq!(hook(&user, &url, &stop(session, text)).await, silence());
        assert!(began.elapsed() < GIVEN_UP_WITHIN, "{:?}", began.elapsed());
    }
    server.start_again(&[]);
    assert_eq!(hook(&user, &url, &stop("c", "Fourth.")).await, silence());
    assert_eq!(messages(&server).await, ["First.", "Second.", "Third.", "Fourth."]);
    assert_eq!(user.run(&["spool", "list"]).await.stdout, "nothing waits\n");
}

/// One that takes the connection and says nothing.
#[tokio::test]
async fn a_hub_that_does_not_answer_is_given_up_in_time_and_what_it_took_is_not_told_twice() {
    let hub = FakeHub::start().await;
    let user = User::new();
    let began = Instant::now();
    assert_eq!(hook(&user, &hub.address(), &stop("a", "Once.")).await, silence());
    assert!(began.elapsed() < GIVEN_UP_WITHIN, "{:?}", began.elapsed());
    let first = hub.request().await;
    let key = first.header("Idempotency-Key").unwrap().to_owned();
    assert!(first.head.starts_with("POST /hooks/claude-code?project=shop"), "{}", first.head);
    drop(first);
    let flushing = {
        let mut command = user.command(&["spool", "flush", "--url", &hub.address()]);
        tokio::spawn(async move { finish(&mut command).await })
    };
    let second = hub.request().await;
    assert_eq!(second.header("Idempotency-Key"), Some(key.as_str()));
    second.answer("204 No Content", "", "").await;
    assert_eq!(flushing.await.unwrap().stdout, "✓ 1 sent\n");
}

/// What was asked while the hub was away, and answered since, waits for nobody; what was not, does, since when it was asked.
#[tokio::test]
async fn a_question_that_comes_late_is_told_if_nobody_has_answered_it() {
    let mut server = TestServer::start(&[]);
    let user = User::new();
    let url = server.address();
    server.kill();
    let event = |name: &str, session: &str, command: &str| {
        let tool = json!({ "command": command });
        json!({ "hook_event_name": name, "session_id": session, "cwd": "/srv/shop", "tool_name": "Bash", "tool_input": tool })
            .to_string()
    };
    for (name, session, command) in
        [("PermissionRequest", "a", "ls"), ("PermissionRequest", "b", "make"), ("PostToolUse", "a", "ls")]
    {
        assert_eq!(hook(&user, &url, &event(name, session, command)).await, silence());
    }
    // Late is what is older than two seconds.
    tokio::time::sleep(Duration::from_millis(2100)).await;
    server.start_again(&[]);
    assert_eq!(user.run(&["spool", "flush", "--url", &url]).await.stdout, "✓ 3 sent\n");
    let told = eventually("the question is told", async || {
        let told = stored(&server).await;
        (!told.is_empty()).then_some(told)
    })
    .await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(
        (&told[0]["message"], &told[0]["key"]),
        (&json!("Needs you: Bash: make"), &json!("claude-code:b"))
    );
    let (asked, stored) = (told[0]["timestamp"].as_str().unwrap(), told[0]["id"].as_str().unwrap());
    let asked = chrono::DateTime::parse_from_rfc3339(asked).unwrap().timestamp_millis();
    let stored_ms = i64::from_str_radix(&stored.replace('-', "")[..12], 16).unwrap();
    assert!(stored_ms - asked > 2000, "it is told when it was asked: {asked}, {stored_ms}");
    assert_eq!(told[0]["since"], told[0]["timestamp"]);
}

/// The hub has taken the event and its answer was lost: it is the same event when it comes again, also to a hub that was
/// started in between.
#[tokio::test]
async fn an_event_that_is_delivered_again_is_told_once() {
    let mut server = TestServer::start(&[]);
    let again = async |server: &TestServer, key: &str| {
        let headers = [("Content-Type", "application/json"), ("Idempotency-Key", key)];
        let (address, event) = (server.socket_address(), stop("a", "Once."));
        let answer = http::request(address, "POST", "/hooks/claude-code", &headers, &event).await;
        assert_eq!(answer.status(), 204);
    };
    again(&server, "first").await;
    again(&server, "first").await;
    server.kill();
    server.start_again(&[]);
    again(&server, "first").await;
    assert_eq!(messages(&server).await, ["Once."]);
    again(&server, "second").await;
    assert_eq!(messages(&server).await.len(), 1, "the same within a moment is the same");
}
