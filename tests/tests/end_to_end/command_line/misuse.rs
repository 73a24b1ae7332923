//! Wrong use is told so that one knows what to do next.

use notifyhub_tests::command_line::{User, finish};

/// What each of them complains about; nothing is printed besides.
async fn complains(user: &User, arguments: &[&str], code: i32, expected: &str) {
    let told = user.run(arguments).await;
    assert_eq!((told.code, told.stdout.as_str()), (code, ""), "{arguments:?}: {told:?}");
    assert!(told.stderr.contains(expected), "{arguments:?}: {told:?}");
}

#[tokio::test]
async fn a_value_of_the_configuration_is_refused_with_its_line() {
    let user = User::new();
    let long = "x".repeat(80);
    let at = |line: usize| format!("{}:{line}", user.home().join("config/notifyhub/config.toml").display());
    for (text, expected) in [
        (
            "\nurl = \"htp://x\"\n".to_owned(),
            format!("it must begin with http:// or https:// (url in {})", at(2)),
        ),
        (
            "url = \"nonsense\"\n".to_owned(),
            format!("it must begin with http:// or https:// (url in {})", at(1)),
        ),
        (
            format!("# mine\n\nsource = \"{long}\"\n"),
            format!("source in {} must have 1 to 64 characters", at(3)),
        ),
        (format!("actor = \"{long}\"\n"), format!("actor in {} must have 1 to 32 characters", at(1))),
        ("token = \"a\\nb\"\n".to_owned(), format!("control characters (token in {})", at(1))),
        (
            "token = \"abc\"\nurl = \"http://me:abc@hub\"\n".to_owned(),
            format!("(url in {}; token in {})", at(2), at(1)),
        ),
        ("ca_cert = \"/nonexistent\"\n".to_owned(), format!("(ca_cert in {})", at(1))),
        ("ca_cert = \"/dev/null\"\n".to_owned(), format!("(ca_cert in {})", at(1))),
    ] {
        user.write("config/notifyhub/config.toml", &text);
        complains(&user, &["push", "x"], 2, &expected).await;
    }
    for (name, expected) in [
        ("NOTIFYHUB_SOURCE", "NOTIFYHUB_SOURCE must have 1 to 64 characters, this one has 80"),
        ("NOTIFYHUB_ACTOR", "NOTIFYHUB_ACTOR must have 1 to 32 characters, this one has 80"),
        ("NOTIFYHUB_URL", "http:// or https:// (NOTIFYHUB_URL)"),
    ] {
        user.write("config/notifyhub/config.toml", "");
        let told = finish(user.command(&["push", "x"]).env(name, &long)).await;
        assert!(told.code == 2 && told.stderr.contains(expected), "{told:?}");
    }
    // Who says it here is named as before.
    complains(&user, &["push", "--source", &long, "x"], 2, "✗ --source must have 1 to 64 characters").await;
}

#[tokio::test]
async fn what_is_wrong_is_told_with_what_would_be_right() {
    let user = User::new();
    for (arguments, code, expected) in [
        (&["push", "--port", "abc", "x"][..], 2, "it must be a number from 1 to 65535"),
        (&["push", "--port", "0", "x"], 2, "it must be a number from 1 to 65535"),
        (&["push", "--timeout", "5", "x"], 2, "a number with its unit, such as 500ms, 10s or 1h 30m"),
        (
            &["push", "--host", "http://hub", "x"],
            2,
            "a whole address such as http://localhost:9080 after --url",
        ),
        (&["push", "--host", "hub:9080", "x"], 2, "the port goes after --port"),
        (&["push", "--level", "urgent", "x"], 2, "[possible values: info, success, warning, error]"),
        (&["push", "--withdraw", ""], 2, "--withdraw must have 1 to 128 characters, this one has 0"),
        (&["run", "--exit-code", "2"], 2, "say what has run: notifyhub run --exit-code $? -- make"),
        (&["run", "--exit-code", "x", "make"], 2, "it must be a number from 0 to 255"),
        (&["run", "--tail", "0", "make"], 2, "it must be a number from 1 to 200"),
        (&["tail", "shop"], 2, "--grep shop"),
        (&["tail", "--level", "bad"], 2, "[possible values: info, success, warning, error]"),
        (&["tail", "--state", "bad"], 2, "[possible values: waiting, running, done, failed]"),
        (
            &["tail", "--since", "yesterday"],
            2,
            "a time such as 1h or 30m, the id of a notification, or `all`",
        ),
        (&["spool", "drop", "x"], 2, "it must be a number that `notifyhub spool list` shows"),
        (
            &["spool", "drop", "99"],
            1,
            "nothing waits under 99 for http://localhost:9080, and nothing was dropped",
        ),
        (&["man", "push", "nope"], 2, "there is no command \"nope\"; `notifyhub push` has none"),
        (&["hook", "install", "vim"], 2, "possible values: claude-code, codex,"),
    ] {
        complains(&user, arguments, code, expected).await;
    }
}

/// What is named beside a number that is none stays.
#[tokio::test]
async fn a_number_that_nothing_waits_under_drops_nothing() {
    let user = User::new();
    let url = "http://127.0.0.1:1";
    let kept = user.run(&["push", "--url", url, "--timeout", "50ms", "--spool", "one"]).await;
    assert_eq!(kept.code, 0, "{kept:?}");
    complains(&user, &["spool", "drop", "--url", url, "1", "2"], 1, "nothing waits under 2 for").await;
    complains(&user, &["spool", "flush", "--url", url, "--timeout", "50ms"], 1, "0 sent, 1 still waits")
        .await;
    assert_eq!(user.run(&["spool", "drop", "--url", url, "1"]).await.stdout, "✓ 1 dropped\n");
}
