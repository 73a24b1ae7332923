//! `notifyhub-push`: what it takes, what it says, and that it never posts twice.

use notifyhub_tests::{
    eventually,
    fake_hub::FakeHub,
    http,
    proxy::Proxy,
    push::{Pushed, command, push, push_input, run},
    reader::Reader,
    server::TestServer,
    within,
};
use serde_json::{Value, json};

const SENT: &str = "✓ Notification sent successfully\n";

async fn stored(server: &TestServer) -> Vec<Value> {
    http::stored(server.socket_address()).await
}

async fn messages(server: &TestServer) -> Vec<String> {
    http::messages(server.socket_address()).await
}

fn sent() -> Pushed {
    Pushed { code: 0, stdout: SENT.into(), stderr: String::new() }
}

/// A misuse is told in one line that begins with ✗, on standard error only, and nothing was sent.
async fn misuse(server: &TestServer, arguments: &[&str], expected: &str) {
    let url = server.address();
    let pushed = push(&[&["--url", &url], arguments].concat()).await;
    assert_eq!(pushed.code, 2, "{arguments:?}: {pushed:?}");
    assert_eq!(pushed.stdout, "", "{arguments:?}");
    assert!(pushed.stderr.contains(expected), "{arguments:?}: {pushed:?}");
}

#[tokio::test]
async fn the_earlier_hubs_command_line_works() {
    let server = TestServer::start(&[]);
    let port = server.socket_address().port().to_string();
    assert_eq!(push(&["--host", "127.0.0.1", "--port", &port, "Test message"]).await, sent());
    assert_eq!(push(&["-p", &port, "--host", "127.0.0.1", "Second"]).await, sent());
    assert_eq!(messages(&server).await, ["Second", "Test message"]);
}

#[tokio::test]
async fn words_are_joined_and_every_field_arrives() {
    let server = TestServer::start(&[]);
    let url = server.address();
    let pushed = push(&[
        "--url",
        &url,
        "--title",
        "Test run",
        "-l",
        "success",
        "--tag",
        "ci",
        "--tag",
        "main",
        "--link",
        "https://ci.example.com/1",
        "All",
        "214",
        "tests  passed",
    ])
    .await;
    assert_eq!(pushed, sent());
    let mut item = stored(&server).await.remove(0);
    let fields = item.as_object_mut().unwrap();
    assert!(fields.remove("id").is_some() && fields.remove("timestamp").is_some());
    assert_eq!(
        item,
        json!({
            "message": "All 214 tests  passed", "title": "Test run", "level": "success", "tags": ["ci", "main"],
            "link": "https://ci.example.com/1"
        })
    );
}

#[tokio::test]
async fn a_message_that_begins_with_a_dash_goes_after_two_dashes() {
    let server = TestServer::start(&[]);
    assert_eq!(push(&["--url", &server.address(), "--", "--all", "-", "green"]).await, sent());
    assert_eq!(messages(&server).await, ["--all - green"]);
}

/// The line break that ends the last line is the terminal's; all others are the message's.
#[tokio::test]
async fn standard_input_is_the_message() {
    let server = TestServer::start(&[]);
    let url = server.address();
    for (input, message) in [
        ("one line\n", "one line"),
        ("two\nlines\n\n", "two\nlines\n"),
        ("from DOS\r\n", "from DOS"),
        ("no end 🎉 \u{2028}\"'\t", "no end 🎉 \u{2028}\"'\t"),
    ] {
        assert_eq!(push_input(&["--url", &url], input.as_bytes()).await, sent());
        assert_eq!(push_input(&["--url", &url, "-"], input.as_bytes()).await, sent());
        assert_eq!(messages(&server).await[..2], [message, message]);
    }
}

#[tokio::test]
async fn misuse_is_told_and_nothing_is_sent() {
    let server = TestServer::start(&[]);
    let long = "x".repeat(4097);
    let long_title = "x".repeat(257);
    let tags: Vec<&str> = (0..17).flat_map(|_| ["--tag", "t"]).chain(["message"]).collect();
    for (arguments, expected) in [
        (&["--level", "urgent", "x"][..], "invalid value 'urgent'"),
        (&["--prot", "1", "x"], "unexpected argument '--prot'"),
        (&["--json", "--quiet", "x"], "cannot be used with"),
        (&["--port", "9080", "x"], "cannot be used with"),
        (&["--timeout", "soon", "x"], "invalid value 'soon'"),
        (&[], "standard input is empty"),
        (&["-"], "standard input is empty"),
        (&[""], "the message must have 1 to 4096 characters, this one has 0"),
        (&[&long], "the message must have 1 to 4096 characters, this one has 4097"),
        (&["--title", "", "x"], "--title must have 1 to 256 characters"),
        (&["--title", &long_title, "x"], "--title must have 1 to 256 characters"),
        (&["--tag", "", "x"], "--tag must have 1 to 64 characters"),
        (&["--link", "javascript:alert(1)", "x"], "`link` must be an http:// or https:// address"),
        (&tags, "`tags` may have at most 16 items"),
    ] {
        misuse(&server, arguments, expected).await;
    }
    assert!(stored(&server).await.is_empty());
}

#[tokio::test]
async fn an_address_that_is_none_and_an_input_that_is_no_text_are_misuse() {
    for address in ["localhost:9080", "ftp://localhost", "http://", ""] {
        let pushed = push(&["--url", address, "x"]).await;
        assert_eq!(pushed.code, 2, "{address}: {pushed:?}");
        assert!(
            pushed.stderr.starts_with("✗ ") && pushed.stderr.contains("is not an address like"),
            "{pushed:?}"
        );
    }
    for address in
        ["http://localhost:9080/?token=x", "http://localhost:9080/hub?x", "http://localhost:9080/#x"]
    {
        let pushed = push(&["--url", address, "x"]).await;
        assert_eq!((pushed.code, pushed.stdout.as_str()), (2, ""), "{address}: {pushed:?}");
        assert!(pushed.stderr.contains("it must end with the path, without `?` and `#`"), "{pushed:?}");
    }
    let pushed = push_input(&[], b"\xff\xfe").await;
    assert_eq!(pushed.code, 2, "{pushed:?}");
    assert!(pushed.stderr.starts_with("✗ cannot read the message from standard input"), "{pushed:?}");
}

#[tokio::test]
async fn json_prints_what_is_stored_and_quiet_prints_nothing() {
    let server = TestServer::start(&[]);
    let url = server.address();
    let printed = push(&["--url", &url, "--json", "--level", "info", "Hello"]).await;
    assert_eq!((printed.code, printed.stderr.as_str()), (0, ""));
    assert_eq!(serde_json::from_str::<Value>(&printed.stdout).unwrap(), stored(&server).await[0]);
    let quiet = push(&["--url", &url, "--quiet", "Hello"]).await;
    assert_eq!(quiet, Pushed { code: 0, stdout: String::new(), stderr: String::new() });
    assert_eq!(stored(&server).await.len(), 2);
}

/// What is named on the command line counts more than the environment.
#[tokio::test]
async fn the_hub_can_be_named_in_the_environment() {
    let server = TestServer::start(&[]);
    let url = server.address();
    let pushed = run(command(&["Hello"]).env("NOTIFYHUB_URL", &url)).await;
    assert_eq!(pushed, sent());
    let nobody = "http://127.0.0.1:1";
    let port = server.socket_address().port().to_string();
    for arguments in [&["--url", &url, "x"][..], &["--host", "127.0.0.1", "--port", &port, "x"]] {
        assert_eq!(run(command(arguments).env("NOTIFYHUB_URL", nobody)).await, sent());
    }
    assert_eq!(stored(&server).await.len(), 3);
}

/// Behind a proxy the hub may be a folder of a larger site.
#[tokio::test]
async fn the_address_may_have_a_path() {
    let hub = FakeHub::start().await;
    let url = format!("{}/some/hub/", hub.address());
    let pushing = tokio::spawn(async move { push(&["--url", &url, "x"]).await });
    let request = hub.request().await;
    assert!(request.head.starts_with("POST /some/hub/api/notifications HTTP/1.1\r\n"), "{}", request.head);
    request.answer("404 Not Found", "", "").await;
    let pushed = pushing.await.unwrap();
    assert_eq!(pushed.code, 1, "{pushed:?}");
    assert!(
        pushed.stderr.contains("does not look like a NotifyHub: it answered with status 404"),
        "{pushed:?}"
    );
}

#[tokio::test]
async fn nothing_at_the_address_is_told_after_the_time_allowed() {
    let pushed = push(&["--url", "http://127.0.0.1:1", "--timeout", "300ms", "Hello"]).await;
    assert_eq!((pushed.code, pushed.stdout.as_str()), (1, ""));
    assert_eq!(
        pushed.stderr,
        "✗ not sent: nothing answers (Connection refused (os error 111)) at http://127.0.0.1:1. Is the hub running? Start it with `notifyhub-server`, or \
         name another with --url, --host or --port\n"
    );
}

#[tokio::test]
async fn it_waits_for_a_hub_that_starts_late_and_posts_once() {
    let mut server = TestServer::start(&[]);
    assert!(server.stop().success());
    let proxy = Proxy::to(server.socket_address()).await;
    let url = proxy.address();
    let pushing = tokio::spawn(async move { push(&["--url", &url, "--timeout", "30s", "Patience"]).await });
    // The first attempt has failed, and it keeps trying.
    proxy.has_accepted(2).await;
    assert!(!pushing.is_finished());
    server.start_again(&[]);
    assert_eq!(pushing.await.unwrap(), sent());
    assert_eq!(messages(&server).await, ["Patience"]);
}

/// The hub has stored the notification, but its answer is lost on the way.
#[tokio::test]
async fn a_lost_answer_posts_nothing_twice() {
    let server = TestServer::start(&[]);
    let mut reader = Reader::start(&server.client()).await;
    let proxy = Proxy::to(server.socket_address()).await;
    proxy.cut_next_after(0);
    proxy.cut_next_after(40);
    assert_eq!(push(&["--url", &proxy.address(), "Once"]).await, sent());
    assert_eq!(proxy.accepted(), 3);
    assert_eq!(push(&["--url", &server.address(), "Next"]).await, sent());
    assert_eq!(reader.messages(2).await, ["Once", "Next"]);
    assert_eq!(messages(&server).await, ["Next", "Once"]);
}

#[tokio::test]
async fn the_hubs_refusal_is_passed_on_and_a_failing_hub_is_tried_again() {
    let hub = FakeHub::start().await;
    let url = hub.address();
    let pushing = tokio::spawn(async move { push(&["--url", &url, "x"]).await });
    let json = "Content-Type: application/json\r\n";
    let first = hub.request().await;
    let key = first.header("Idempotency-Key").unwrap().to_owned();
    first.answer("503 Service Unavailable", json, r#"{"code":"stopping","message":"later"}"#).await;
    let second = hub.request().await;
    assert_eq!(second.header("Idempotency-Key"), Some(key.as_str()));
    second.answer("400 Bad Request", json, r#"{"code":"invalid","message":"no such thing"}"#).await;
    let pushed = pushing.await.unwrap();
    assert_eq!(
        (pushed.code, pushed.stderr.as_str()),
        (2, "✗ the hub refused the notification: no such thing\n")
    );
}

/// What passes by itself is tried again, whoever said it and however little of it arrived; and it stays one post.
#[tokio::test]
async fn each_answer_that_passes_is_tried_again_under_the_same_key() {
    const JSON: &str = "Content-Type: application/json\r\n";
    const HTML: &str = "Content-Type: text/html\r\n";
    let stored = json!({"id": uuid::Uuid::nil(), "message": "x", "timestamp": "2026-08-20T14:26:40.123Z"});
    let stored = stored.to_string();
    let later = r#"{"code":"too_many_posts","message":"later"}"#;
    for (status, headers, body, missing) in [
        ("503 Service Unavailable", JSON, r#"{"error":"no upstream"}"#, 0),
        ("503 Service Unavailable", JSON, r#"{"code":"stopping","#, 30),
        ("201 Created", JSON, &stored[..20], 100),
        ("429 Too Many Requests", JSON, later, 0),
        ("429 Too Many Requests", HTML, "<html>slow down</html>", 0),
        ("408 Request Timeout", HTML, "<html>too slow</html>", 0),
    ] {
        let hub = FakeHub::start().await;
        let url = hub.address();
        let pushing = tokio::spawn(async move { push(&["--url", &url, "--quiet", "x"]).await });
        let first = hub.request().await;
        let key = first.header("Idempotency-Key").expect("it names its post").to_owned();
        first.answer_in_part(status, headers, body, body.len() + missing).await;
        let second = hub.request().await;
        assert_eq!(second.header("Idempotency-Key"), Some(key.as_str()), "{status} {body}");
        second.answer("201 Created", JSON, &stored).await;
        let pushed = pushing.await.unwrap();
        assert_eq!((pushed.code, pushed.stdout.as_str()), (0, ""), "{status} {body}: {pushed:?}");
    }
}

#[tokio::test]
async fn nobody_reading_its_output_is_a_normal_end() {
    let server = TestServer::start(&[]);
    let mut child = command(&["--url", &server.address(), "x"]).spawn().unwrap();
    drop(child.stdout.take());
    let status = child.wait().await.unwrap();
    assert_eq!(status.code(), Some(0));
    assert_eq!(stored(&server).await.len(), 1);
}

/// Colour is for terminals: a log file would show the codes.
#[tokio::test]
async fn there_is_no_colour_outside_a_terminal() {
    let server = TestServer::start(&[]);
    assert!(!push(&["--url", &server.address(), "x"]).await.stdout.contains('\u{1b}'));
    assert!(!push(&["--url", "", "x"]).await.stderr.contains('\u{1b}'));
}

#[tokio::test]
async fn several_at_once_all_arrive() {
    let server = TestServer::start(&[]);
    let url = server.address();
    let pushing: Vec<_> = (0..10)
        .map(|n| {
            let url = url.clone();
            tokio::spawn(async move { push(&["--url", &url, &format!("{n}")]).await })
        })
        .collect();
    for pushing in pushing {
        assert_eq!(pushing.await.unwrap(), sent());
    }
    let mut all = eventually("all are there", async || {
        let all = messages(&server).await;
        (all.len() == 10).then_some(all)
    })
    .await;
    all.sort();
    assert!(all.into_iter().eq((0..10).map(|n| n.to_string())));
}

#[tokio::test]
async fn what_does_not_end_is_not_read_to_its_end() {
    let server = TestServer::start(&[]);
    let endless = std::fs::File::open("/dev/zero").unwrap();
    let pushed = run(command(&["--url", &server.address()]).stdin(endless)).await;
    assert_eq!(pushed.code, 2, "{pushed:?}");
    assert!(
        pushed.stderr.contains("longer than 65536 bytes") && pushed.stderr.contains("tail"),
        "{pushed:?}"
    );
    assert!(messages(&server).await.is_empty());
}

/// What it was told by a stranger does not steer the terminal.
#[tokio::test]
async fn control_characters_in_an_answer_are_shown_not_obeyed() {
    let hub = FakeHub::start().await;
    let address = hub.address();
    let pushing = tokio::spawn(async move { push(&["--url", &address, "x"]).await });
    let body = r#"{"code":"no","message":"\u001b[2J\u001b]0;owned\u0007"}"#;
    hub.request().await.answer("400 Bad Request", "Content-Type: application/json\r\n", body).await;
    let pushed = pushing.await.unwrap();
    assert_eq!(pushed.code, 2, "{pushed:?}");
    assert!(!pushed.stderr.contains(['\u{1b}', '\u{7}']), "{pushed:?}");
    assert!(pushed.stderr.contains(r"\u{1b}[2J"), "{pushed:?}");
}

#[tokio::test]
async fn the_longest_timeout_is_as_good_as_any() {
    let server = TestServer::start(&[]);
    assert_eq!(push(&["--url", &server.address(), "--timeout", "10000000000years", "x"]).await, sent());
    assert_eq!(messages(&server).await, ["x"]);
}

/// It was sent: whoever asked for what was stored, and did not get it, is told.
#[tokio::test]
async fn an_answer_that_cannot_be_written_is_told() {
    let server = TestServer::start(&[]);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let child = command(&["--url", &server.address(), "--json", "x"]).stdout(full).spawn().unwrap();
    let pushed = Pushed::from(within("it ends", child.wait_with_output()).await.unwrap());
    assert_eq!(pushed.code, 1, "{pushed:?}");
    assert!(pushed.stderr.contains("sent, but this could not be written"), "{pushed:?}");
    assert_eq!(messages(&server).await, ["x"]);
}

/// Somebody listens and never answers: it gives up after as long as it was told.
#[tokio::test]
async fn a_hub_that_never_answers_is_given_up_in_time() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", silent.local_addr().unwrap());
    let began = std::time::Instant::now();
    let pushed = push(&["--url", &address, "--timeout", "300ms", "x"]).await;
    assert_eq!(pushed.code, 1, "{pushed:?}");
    assert!(pushed.stderr.contains("no answer came in time"), "{pushed:?}");
    // One attempt alone may take 5 s.
    assert!(began.elapsed() < std::time::Duration::from_secs(4), "{:?}", began.elapsed());
}

/// What it said is told, and not that there was no time for another attempt.
#[tokio::test]
async fn a_hub_that_is_in_trouble_to_the_end_is_told_so() {
    let hub = FakeHub::start().await;
    let answered = async {
        let headers = "Content-Type: application/json\r\nRetry-After: 30\r\n";
        let body = r#"{"code":"busy","message":"the queue is full"}"#;
        hub.request().await.answer("503 Service Unavailable", headers, body).await;
    };
    let address = hub.address();
    let arguments = ["--url", &address, "--timeout", "1s", "x"];
    let (pushed, ()) = tokio::join!(push(&arguments), answered);
    assert_eq!(pushed.code, 1, "{pushed:?}");
    assert!(pushed.stderr.contains("has trouble: the queue is full"), "{pushed:?}");
}

#[tokio::test]
async fn a_hub_that_does_not_encrypt_is_told_so() {
    let server = TestServer::start(&[]);
    let pushed = push(&["--url", &server.address().replace("http://", "https://"), "x"]).await;
    assert_eq!(pushed.code, 1, "{pushed:?}");
    assert!(pushed.stderr.contains("begins with http:// rather than https://"), "{pushed:?}");
}
