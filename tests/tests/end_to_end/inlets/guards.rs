//! The inlets are guarded as the API is: tokens, signatures, pages of other sites, GET, the rate.

use notifyhub_tests::server::{TestServer, run_to_end};
use serde_json::json;

use super::{JSON, count, said, send};

const TOKEN: &str = "Anotifyhub.post";

/// A request of each protocol that would be taken without a token.
const REQUESTS: [(&str, &str, &str); 12] = [
    ("POST", "/builds", "x"),
    ("PUT", "/builds/seq", "x"),
    ("DELETE", "/builds/seq", ""),
    ("POST", "/", r#"{"topic":"a","message":"x"}"#),
    ("POST", "/message", r#"{"message":"x"}"#),
    ("POST", "/hooks/slack", r#"{"text":"x"}"#),
    ("POST", "/services/T/B", r#"{"text":"x"}"#),
    ("POST", "/hooks/discord", r#"{"content":"x"}"#),
    ("POST", "/notify", r#"{"body":"x"}"#),
    ("POST", "/hooks", r#"{"text":"x"}"#),
    ("POST", "/hooks/claude-code", r#"{"hook_event_name":"Stop","session_id":"a"}"#),
    ("POST", "/hooks/github", r#"{"action":"x"}"#),
];

#[tokio::test]
async fn an_inlet_takes_the_token_wherever_its_clients_can_put_it() {
    let server = TestServer::start(&["--publish-token", &format!("desk:{TOKEN}"), "--log", "debug"]);
    for (method, path, body) in REQUESTS {
        let headers = [JSON, ("X-GitHub-Event", "ping")];
        let without = send(&server, method, path, &headers, body).await;
        let is_slack = path.starts_with("/services") || path.ends_with("slack");
        assert_eq!(without.status(), if is_slack { 403 } else { 401 }, "{method} {path}");
        let bearer = format!("Bearer {TOKEN}");
        let headers = [JSON, ("X-GitHub-Event", "ping"), ("Authorization", &bearer)];
        let with = send(&server, method, path, &headers, body).await;
        assert!((200..=204).contains(&with.status()), "{method} {path}: {with:?}");
    }
    // `:TOKEN` and `me:TOKEN`.
    for (path, headers) in [
        ("/builds", &[("Authorization", "Basic OkFub3RpZnlodWIucG9zdA==")][..]),
        ("/builds", &[("Authorization", "Basic bWU6QW5vdGlmeWh1Yi5wb3N0")]),
        ("/builds?auth=QmVhcmVyIEFub3RpZnlodWIucG9zdA", &[]),
        ("/message?token=Anotifyhub.post&message=x", &[]),
        ("/message?message=x", &[("X-Gotify-Key", TOKEN)]),
        ("/hooks?token=Anotifyhub.post", &[]),
        ("/hooks/gitlab?x=1", &[("X-Gitlab-Token", TOKEN), JSON]),
        ("/hooks/slack/Anotifyhub.post", &[]),
        ("/services/T/B/Anotifyhub.post", &[]),
        ("/api/webhooks/1/Anotifyhub.post", &[]),
        ("/notify/Anotifyhub.post", &[JSON]),
        ("/notify", &[JSON, ("X-Apprise-Config-ID", TOKEN)]),
    ] {
        let body = r#"{"text":"x","content":"x","body":"x"}"#;
        let answer = send(&server, "POST", path, headers, body).await;
        assert!((200..=204).contains(&answer.status()), "{path} {headers:?}: {answer:?}");
    }
    let wrong = send(&server, "POST", "/hooks?token=another-token-x", &[], "x").await;
    crate::rest::assert_problem(&wrong, 401, "token_unknown", "");
    assert!(
        server.said().contains("publisher=\"desk\"") && !server.said().contains(TOKEN),
        "{}",
        server.said()
    );
    // In each protocol's own words.
    let ntfy = send(&server, "POST", "/builds", &[], "x").await;
    assert_eq!((&ntfy.json()["code"], &ntfy.json()["http"]), (&json!(40101), &json!(401)));
    let gotify = send(&server, "POST", "/message?message=x", &[], "").await;
    assert_eq!((&gotify.json()["error"], &gotify.json()["errorCode"]), (&json!("Unauthorized"), &json!(401)));
    let slack = send(&server, "POST", "/hooks/slack/wrong", &[], "").await;
    assert_eq!(said(&slack), (403, Some("text/plain; charset=utf-8"), "invalid_token"));
}

#[tokio::test]
async fn pages_of_other_sites_may_not_use_an_inlet() {
    let server = TestServer::start(&["--allow-get"]);
    for foreign in [
        &[("Sec-Fetch-Site", "cross-site")][..],
        &[("Origin", "https://evil.example")],
        &[("Origin", "null")],
        &[("Sec-Fetch-Site", "same-site"), ("Origin", "http://localhost:3000")],
    ] {
        let gets = [
            ("GET", "/builds/trigger", ""),
            ("GET", "/hooks/kuma?msg=x", ""),
            ("GET", "/builds/seq/delete", ""),
        ];
        let plain = [("POST", "/api/notifications", "x")];
        for (method, path, body) in REQUESTS.into_iter().chain(gets).chain(plain) {
            let headers = [foreign, &[("Content-Type", "text/plain")]].concat();
            let refused = send(&server, method, path, &headers, body).await;
            assert_eq!(refused.status(), 403, "{method} {path} {headers:?}");
            assert_eq!(refused.head.header("Access-Control-Allow-Origin"), None);
        }
    }
    assert_eq!(count(&server, "").await, 0);
}

#[tokio::test]
async fn get_publishes_only_with_a_token_or_where_it_is_allowed() {
    let paths = [
        "/builds/trigger?m=x",
        "/builds/publish",
        "/builds/send",
        "/builds/seq/clear",
        "/hooks/uptime-kuma?msg=x",
    ];
    let (closed, open) = (TestServer::start(&[]), TestServer::start(&["--allow-get"]));
    let guarded = TestServer::start(&["--publish-token", TOKEN, "--allow-get"]);
    for path in paths {
        assert_eq!(send(&closed, "GET", path, &[], "").await.status(), 403, "{path}");
        assert_eq!(send(&open, "GET", path, &[], "").await.status(), 200, "{path}");
        assert_eq!(send(&guarded, "GET", path, &[], "").await.status(), 401, "{path}");
        let with = format!("{path}{}token={TOKEN}", if path.contains('?') { '&' } else { '?' });
        assert_eq!(send(&guarded, "GET", &with, &[], "").await.status(), 200, "{path}");
    }
    assert_eq!((count(&closed, "").await, count(&open, "").await), (0, 4));
}

#[tokio::test]
async fn what_github_sends_is_signed_where_there_is_a_secret() {
    const SECRET: &str = "It's a Secret to Everybody";
    // HMAC-SHA256 of the body under the secret.
    const BODY: &str = "Hello, World!";
    const SIGNATURE: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let event = ("X-GitHub-Event", "ping");
    let signed = ("X-Hub-Signature-256", SIGNATURE);
    let wrong =
        ("X-Hub-Signature-256", "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e18");
    let server = TestServer::start(&["--github-secret", SECRET]);
    // It passes the signature, and then is no JSON.
    assert_eq!(
        send(&server, "POST", "/hooks/github", &[event, signed], BODY).await.json()["code"],
        "invalid_body"
    );
    for (path, headers) in [
        ("/hooks/github", &[event][..]),
        ("/hooks/github", &[event, wrong]),
        ("/hooks", &[event]),
        ("/hooks", &[event, wrong]),
    ] {
        let refused = send(&server, "POST", path, headers, BODY).await;
        assert_eq!(refused.status(), 401, "{path} {headers:?}");
        assert!(refused.json()["code"].as_str().unwrap().starts_with("signature_"), "{refused:?}");
    }
    // Everything else is as it was.
    assert_eq!(send(&server, "POST", "/hooks", &[], "text").await.status(), 200);
    // Where there are tokens too, either will do, and nothing else.
    let server = TestServer::start(&["--github-secret", SECRET, "--publish-token", TOKEN]);
    let bearer = format!("Bearer {TOKEN}");
    for (headers, status) in [
        (&[event, signed][..], 400),
        (&[event, ("Authorization", &bearer)], 400),
        (&[event], 401),
        (&[event, wrong], 401),
        (&[event, wrong, ("Authorization", &bearer)], 401),
    ] {
        let answer = send(&server, "POST", "/hooks/github", headers, BODY).await;
        assert_eq!(answer.status(), status, "{headers:?}");
    }
    // A signature opens no other inlet.
    assert_eq!(send(&server, "POST", "/hooks/slack", &[event, signed], BODY).await.status(), 403);
    assert_eq!(count(&server, "").await, 0);
}

#[test]
fn a_secret_that_anybody_could_guess_is_refused_and_not_repeated() {
    for secret in ["", "tooshort1"] {
        let output = run_to_end(&["--store", "memory", "--port", "0", "--github-secret", secret]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("at least 12 characters") && !said.contains("tooshort1"), "{said}");
    }
}

#[tokio::test]
async fn who_sends_too_often_is_told_in_a_way_that_loses_nothing() {
    let server = TestServer::start(&["--publish-rate", "1/h"]);
    assert_eq!(send(&server, "POST", "/builds", &[], "x").await.status(), 200);
    for (method, path, body) in REQUESTS.into_iter().chain([("POST", "/api/notifications", "x")]) {
        let headers = [("Content-Type", "text/plain")];
        let busy = send(&server, method, path, &headers, body).await;
        let retry_after: Option<u64> =
            busy.head.header("Retry-After").and_then(|seconds| seconds.parse().ok());
        assert!(
            busy.status() == 503 && retry_after.is_some_and(|seconds| seconds > 0),
            "{method} {path}: {busy:?}"
        );
    }
}
