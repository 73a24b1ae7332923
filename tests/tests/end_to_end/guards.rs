//! Who may do what: hosts, pages of other sites, publish tokens, the rate of posts, and the files' permissions. That a
//! real browser is held to it is in `tests/browser/guards.spec.ts`.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use notifyhub_sdk::{ConnectOptions, types::NewNotification};
use notifyhub_tests::{
    http::{Answer, RawClient, get, request},
    push,
    server::{Launch, TestServer, run_to_end},
};

use crate::rest::assert_problem;

const TOKEN: &str = "0123456789abcdef";

async fn ask(server: &TestServer, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    if method == "HEAD" {
        let mut client = RawClient::connect(server.socket_address()).await;
        client.request(method, path, headers, b"").await;
        return Answer { head: client.head_alone().await, body: Vec::new() };
    }
    let mut all = vec![("Content-Type", "application/json")];
    all.extend(headers);
    let body = if method == "POST" { r#"{"message":"x"}"# } else { "" };
    request(server.socket_address(), method, path, &all, body).await
}

/// The status for a request with exactly these lines of its head, which may be no HTTP/1.1 that a client would send.
async fn status_of(server: &TestServer, head: &str) -> u16 {
    let mut client = RawClient::connect(server.socket_address()).await;
    client.send(head.replace('\n', "\r\n") + "\r\n\r\n").await;
    client.head().await.status
}

#[tokio::test]
async fn a_host_that_is_not_the_hubs_is_misdirected_on_every_path() {
    let server = TestServer::start(&["--allowed-host", "desk.example,hub.example"]);
    for path in
        ["/", "/docs", "/openapi.json", "/api/notifications", "/events", "/healthz", "/metrics", "/nothing"]
    {
        for method in ["GET", "POST", "DELETE", "OPTIONS"] {
            for host in ["evil.example", "evil.example:9080", "localhost.evil.example", ""] {
                let status =
                    status_of(&server, &format!("{method} {path} HTTP/1.1\nHost: {host}\nContent-Length: 0"))
                        .await;
                assert_eq!(status, 421, "{method} {path} {host:?}");
            }
        }
    }
    for host in [
        "localhost",
        "localhost:9080",
        "127.0.0.1",
        "[::1]:9080",
        "192.168.1.7",
        "DESK.example",
        "hub.example:80",
    ] {
        assert_eq!(status_of(&server, &format!("GET /healthz HTTP/1.1\nHost: {host}")).await, 200, "{host}");
    }
    // The absolute form, in both directions; and HTTP/1.0, where no host is needed.
    assert_eq!(status_of(&server, "GET http://evil.example/healthz HTTP/1.1\nHost: localhost").await, 421);
    assert_eq!(status_of(&server, "GET http://localhost/healthz HTTP/1.1\nHost: evil.example").await, 421);
    assert_eq!(status_of(&server, "GET http://localhost/healthz HTTP/1.1\nHost: localhost").await, 200);
    assert_eq!(status_of(&server, "GET /healthz HTTP/1.0").await, 200);
    let mut client = RawClient::connect(server.socket_address()).await;
    client.send("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n").await;
    let refused = client.answer().await;
    assert_problem(&refused, 421, "unknown_host", "--allowed-host");
    assert_eq!(get(server.socket_address(), "/api/notifications").await.text(), "[]", "nothing was posted");
}

#[tokio::test]
async fn pages_of_other_sites_may_neither_change_anything_nor_subscribe() {
    let server = TestServer::start(&[]);
    let foreign: [&[(&str, &str)]; 5] = [
        &[("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example")],
        &[("Sec-Fetch-Site", "same-site"), ("Origin", "http://localhost:3000")],
        &[("Sec-Fetch-Site", "cross-site")],
        &[("Origin", "https://evil.example")],
        &[("Origin", "null")],
    ];
    for headers in foreign {
        for (method, path) in [
            ("POST", "/api/notifications"),
            ("POST", "/api/notify"),
            ("DELETE", "/api/notifications"),
            ("PUT", "/api/read"),
            ("DELETE", "/api/keys/x"),
            ("GET", "/events"),
            ("HEAD", "/events"),
        ] {
            let answer = ask(&server, method, path, headers).await;
            assert_eq!(answer.status(), 403, "{method} {path} {headers:?}");
            assert_eq!(answer.head.header("Access-Control-Allow-Origin"), None);
        }
        assert_problem(
            &ask(&server, "POST", "/api/notify", headers).await,
            403,
            "foreign_origin",
            "--cors-origin",
        );
    }
    let own = format!("http://127.0.0.1:{}", server.socket_address().port());
    let host = own.trim_start_matches("http://").to_owned();
    for headers in [&[("Sec-Fetch-Site", "same-origin")][..], &[("Sec-Fetch-Site", "none")], &[]] {
        assert_eq!(ask(&server, "POST", "/api/notifications", headers).await.status(), 201, "{headers:?}");
    }
    // Over plain HTTP browsers leave Sec-Fetch-Site out.
    let head = format!("DELETE /api/notifications HTTP/1.1\nHost: {host}\nOrigin: {own}");
    assert_eq!(status_of(&server, &head).await, 200);
}

#[tokio::test]
async fn a_page_that_is_named_may_use_the_hub() {
    let server = TestServer::start(&["--cors-origin", "https://desk.example"]);
    let desk = [("Origin", "https://desk.example"), ("Sec-Fetch-Site", "cross-site")];
    let posted = ask(&server, "POST", "/api/notifications", &desk).await;
    assert_eq!(posted.status(), 201);
    assert_eq!(posted.head.header("Access-Control-Allow-Origin"), Some("https://desk.example"));
    assert_eq!(posted.head.header("Vary"), Some("Origin"));
    let asking = [
        desk[0],
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "content-type,authorization"),
    ];
    let allowed = ask(&server, "OPTIONS", "/api/notifications", &asking).await;
    assert_eq!(allowed.status(), 204);
    assert_eq!(allowed.head.header("Access-Control-Allow-Headers"), Some("content-type,authorization"));
    assert!(
        allowed.head.header("Access-Control-Allow-Methods").is_some_and(|methods| methods.contains("POST"))
    );
    for origin in ["https://evil.example", "https://desk.example.evil", "http://desk.example", "null"] {
        let other = [("Origin", origin), ("Access-Control-Request-Method", "POST")];
        let refused = ask(&server, "OPTIONS", "/api/notifications", &other).await;
        assert_eq!(refused.head.header("Access-Control-Allow-Origin"), None, "{origin}");
        assert_eq!(ask(&server, "POST", "/api/notifications", &other[..1]).await.status(), 403, "{origin}");
    }
}

#[tokio::test]
async fn whatever_changes_something_takes_the_token_and_reading_takes_none() {
    let server = TestServer::start(&["--publish-token", &format!("desk:{TOKEN}"), "--log", "debug"]);
    let spec = get(server.socket_address(), "/openapi.json").await.json();
    let mut changing = 0;
    for (path, operations) in spec["paths"].as_object().unwrap() {
        let path = path.replace("{id}", "01890a5d-ac96-774b-bcce-b302099a8057").replace("{key}", "k");
        for (method, operation) in operations.as_object().unwrap() {
            let method = method.to_uppercase();
            let takes_token = !operation["security"].is_null();
            assert_eq!(takes_token, method != "GET", "{method} {path} in the specification");
            if !takes_token {
                continue;
            }
            changing += 1;
            for (shown, code) in [
                (&[][..], "token_required"),
                (&[("Authorization", "Bearer 0123456789abcdeX")], "token_unknown"),
                (&[("Authorization", "Basic 0123456789abcdef")], "token_required"),
            ] {
                let refused = ask(&server, &method, &path, shown).await;
                assert_problem(&refused, 401, code, "");
                let challenge = refused.head.header("WWW-Authenticate").unwrap();
                assert!(challenge.starts_with("Bearer realm="), "{challenge}");
                assert_eq!(challenge.contains("invalid_token"), code == "token_unknown", "{challenge}");
            }
            let authorization = format!("Bearer {TOKEN}");
            let taken = ask(&server, &method, &path, &[("Authorization", &authorization)]).await;
            assert_ne!(taken.status(), 401, "{method} {path}");
        }
    }
    assert!(changing >= 7, "{changing}");
    for path in ["/", "/api/notifications", "/api/status", "/metrics"] {
        assert_eq!(get(server.socket_address(), path).await.status(), 200, "{path}");
    }
    let said = server.said();
    assert!(said.contains("publisher=\"desk\"") && !said.contains(TOKEN), "{said}");
}

#[tokio::test]
async fn the_sdk_and_the_command_line_show_their_token() {
    let server = TestServer::start(&["--publish-token", TOKEN]);
    let (address, port) = (server.address(), server.socket_address().port().to_string());
    let with = ConnectOptions::default().publish_token(TOKEN).connect(&address).unwrap();
    with.publish().body(NewNotification::builder().message("from the SDK")).send().await.unwrap();
    let refused = server.client().publish().body(NewNotification::builder().message("x")).send().await;
    assert_eq!(refused.unwrap_err().status().map(|status| status.as_u16()), Some(401));

    let without = push::push(&["--port", &port, "x"]).await;
    assert_eq!(without.code, 1);
    assert!(
        without.stderr.contains("takes a token") && without.stderr.contains("NOTIFYHUB_TOKEN"),
        "{}",
        without.stderr
    );
    let wrong = push::push(&["--port", &port, "--token", "wrong", "x"]).await;
    assert!(wrong.code == 1 && wrong.stderr.contains("none of this hub's"), "{}", wrong.stderr);
    assert_eq!(push::push(&["--port", &port, "--token", TOKEN, "by option"]).await.code, 0);
    let mut by_environment = push::command(&["--port", &port, "by environment"]);
    assert_eq!(push::run(by_environment.env("NOTIFYHUB_TOKEN", TOKEN)).await.code, 0);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("config.toml");
    fs::write(&file, format!("url = \"{address}\"\ntoken = \"{TOKEN}\"\nsource = \"from the file\"\n"))
        .unwrap();
    let by_file = push::run(push::command(&["by file"]).env("NOTIFYHUB_CONFIG", &file)).await;
    assert_eq!(by_file.code, 0, "{}", by_file.stderr);
    let list = get(server.socket_address(), "/api/notifications").await.json();
    let messages: Vec<_> = list.as_array().unwrap().iter().map(|one| &one["message"]).collect();
    assert_eq!(messages, ["by file", "by environment", "by option", "from the SDK"]);
    assert_eq!(list[0]["source"], "from the file");

    fs::write(&file, format!("token = \"{TOKEN}\"\ntokens = 1\n")).unwrap();
    let misspelt = push::run(push::command(&["x"]).env("NOTIFYHUB_CONFIG", &file)).await;
    assert_eq!(misspelt.code, 2);
    assert!(
        misspelt.stderr.contains("line 2") && misspelt.stderr.contains("`tokens`"),
        "{}",
        misspelt.stderr
    );
    let missing = push::run(push::command(&["x"]).env("NOTIFYHUB_CONFIG", "/nonexistent/config.toml")).await;
    assert!(
        missing.code == 2 && missing.stderr.contains("cannot read the configuration"),
        "{}",
        missing.stderr
    );
}

#[tokio::test]
async fn tokens_of_a_file_hold_from_when_it_changes() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("tokens");
    fs::write(&file, format!("# who may publish\nci:{TOKEN}\n")).unwrap();
    let server = TestServer::start(&["--publish-token-file", file.to_str().unwrap()]);
    let post = async |token: &str| {
        ask(&server, "POST", "/api/notifications", &[("Authorization", &format!("Bearer {token}"))])
            .await
            .status()
    };
    assert_eq!(post(TOKEN).await, 201);
    fs::write(&file, "ci:fedcba9876543210\n").unwrap();
    notifyhub_tests::eventually("the new token is taken", async || {
        (post("fedcba9876543210").await == 201).then_some(())
    })
    .await;
    assert_eq!(post(TOKEN).await, 401);
    fs::write(&file, "nonsense\n").unwrap();
    notifyhub_tests::eventually("the broken file is told", async || {
        server.said().contains("used on").then_some(())
    })
    .await;
    assert_eq!(post("fedcba9876543210").await, 201);
}

#[test]
fn tokens_that_are_of_no_use_end_the_start_and_are_not_repeated() {
    let directory = tempfile::tempdir().unwrap();
    let empty = directory.path().join("empty");
    fs::write(&empty, "# none\n").unwrap();
    for (arguments, expected) in [
        (["--publish-token", "tooshort1"], "at least 12 characters"),
        (["--publish-token", "na me:0123456789abcdef"], "a name has"),
        (["--publish-token-file", "/nonexistent"], "cannot read the publish tokens"),
        (["--publish-token-file", empty.to_str().unwrap()], "holds no publish token"),
    ] {
        let output = run_to_end(&[&["--store", "memory", "--port", "0"], &arguments[..]].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(expected), "{said}");
        assert!(!said.contains("tooshort1") && !said.contains(TOKEN), "{said}");
    }
}

#[tokio::test]
async fn an_address_that_publishes_too_often_is_told_when_to_come_back() {
    let server = TestServer::start(&["--publish-rate", "3/h", "--trusted-proxy", "127.0.0.1"]);
    let post = async |path: &str, from: &str| ask(&server, "POST", path, &[("X-Forwarded-For", from)]).await;
    for _ in 0..3 {
        assert_eq!(post("/api/notifications", "192.0.2.1").await.status(), 201);
    }
    let refused = post("/api/notifications", "192.0.2.1").await;
    assert_problem(&refused, 429, "too_many_posts", "--publish-rate");
    let retry_after: u64 = refused.head.header("Retry-After").unwrap().parse().unwrap();
    assert!((1..=1200).contains(&retry_after), "{retry_after}");
    // Whoever cannot be taught to wait after a 429 is told in the word it knows.
    assert_problem(&post("/api/notify", "192.0.2.1").await, 503, "too_many_posts", "");
    // Others are not held up, reading is not, and an invented address before the proxy's own does not help.
    assert_eq!(post("/api/notifications", "192.0.2.2").await.status(), 201);
    assert_eq!(post("/api/notifications", "203.0.113.9, 192.0.2.1").await.status(), 429);
    assert_eq!(
        ask(&server, "GET", "/api/notifications", &[("X-Forwarded-For", "192.0.2.1")]).await.status(),
        200
    );

    // Without a trusted proxy the header is anybody's word.
    let server = TestServer::start(&["--publish-rate", "2/h"]);
    for (from, status) in [("192.0.2.1", 201), ("192.0.2.2", 201), ("192.0.2.3", 429)] {
        assert_eq!(
            ask(&server, "POST", "/api/notifications", &[("X-Forwarded-For", from)]).await.status(),
            status
        );
    }
}

#[tokio::test]
async fn a_hub_that_others_can_reach_without_a_token_says_so() {
    let warning = "other machines can reach this hub";
    let open = TestServer::launch(Launch { host: "0.0.0.0", ..Launch::default() });
    let guarded = TestServer::launch(Launch {
        host: "0.0.0.0",
        options: &["--publish-token", TOKEN],
        ..Launch::default()
    });
    let local = TestServer::start(&[]);
    for (server, expected) in [(&open, true), (&guarded, false), (&local, false)] {
        assert_eq!(get(server.socket_address(), "/healthz").await.status(), 200);
        assert_eq!(server.said().contains(warning), expected, "{}", server.said());
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn what_is_stored_is_for_this_user_alone() {
    let private = |directory: &Path| {
        let files: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(files.iter().any(|file| file.ends_with("notifyhub.db-wal")), "{files:?}");
        for file in files.iter().filter(|file| !file.ends_with("somebody-elses")) {
            assert_eq!(mode(file), 0o600, "{}", file.display());
        }
    };
    let mut server = TestServer::start(&[]);
    let post = async |server: &TestServer| ask(server, "POST", "/api/notifications", &[]).await.status();
    assert_eq!(post(&server).await, 201);
    let directory = server.data_directory().to_owned();
    private(&directory);
    server.stop();
    // As an earlier version left it.
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(directory.join("notifyhub.db"), fs::Permissions::from_mode(0o644)).unwrap();
    server.start_again(&[]);
    assert_eq!(post(&server).await, 201);
    private(&directory);
    assert_eq!(mode(&directory), 0o700);
    server.stop();
    // A directory with something else in it is not the hub's to close.
    fs::write(directory.join("somebody-elses"), "").unwrap();
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
    server.start_again(&[]);
    assert_eq!(post(&server).await, 201);
    private(&directory);
    assert_eq!(mode(&directory), 0o755);
    server.stop();
    // A new one.
    fs::remove_dir_all(&directory).unwrap();
    server.start_again(&[]);
    assert_eq!(post(&server).await, 201);
    private(&directory);
    assert_eq!(mode(&directory), 0o700);
}

/// What protects an answer from other sites, and them from it. `header` gives the value of a header by its name.
pub(crate) fn assert_security_headers<'a>(answer: &str, header: impl Fn(&str) -> Option<&'a str>) {
    for (name, value) in [
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
    ] {
        assert_eq!(header(name), Some(value), "{answer} {name}");
    }
    let policy = header("Content-Security-Policy").unwrap_or_else(|| panic!("{answer}"));
    assert!(
        policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
        "{answer}: {policy}"
    );
}

#[tokio::test]
async fn every_answer_has_the_security_headers_and_a_request_id() {
    let server = TestServer::start(&[]);
    let page = get(server.socket_address(), "/").await;
    let text = page.text().to_owned();
    let assets = text.split('"').filter(|part| part.starts_with("./assets/") || part.starts_with("/assets/"));
    let mut paths: Vec<String> = assets.map(|path| path.trim_start_matches('.').to_owned()).collect();
    // A worker runs under the policy of its own script; only the page's script names it.
    let mut workers = Vec::new();
    for path in paths.iter().filter(|path| Path::new(path).extension().is_some_and(|end| end == "js")) {
        let script = get(server.socket_address(), path).await;
        let names =
            script.text().split(['"', '\'', '`', '/']).filter(|name| name.starts_with("shared-worker-"));
        workers.extend(names.map(|name| format!("/assets/{name}")));
    }
    assert_eq!(workers.len(), 1, "{workers:?} in {paths:?}");
    let worker = get(server.socket_address(), &workers[0]).await;
    let policy = |answer: &Answer| answer.head.header("Content-Security-Policy").map(ToOwned::to_owned);
    assert_eq!(policy(&worker), policy(&page));
    paths.extend(workers);
    for path in [
        "/",
        "/docs",
        "/openapi.json",
        "/events",
        "/api/notifications",
        "/nothing",
        "/api/nothing",
        "/metrics",
    ] {
        paths.push(path.to_owned());
    }
    for path in paths {
        let head = ask(&server, "HEAD", &path, &[]).await.head;
        assert_eq!(head.status, if path.ends_with("/nothing") { 404 } else { 200 }, "{path}");
        assert_security_headers(&path, |name| head.header(name));
        assert!(head.header("X-Request-Id").is_some(), "{path}");
    }
    let named = ask(&server, "GET", "/healthz", &[("X-Request-Id", "mine-1")]).await;
    assert_eq!(named.head.header("X-Request-Id"), Some("mine-1"));
    let unusable = ask(&server, "GET", "/healthz", &[("X-Request-Id", "two words")]).await;
    assert_ne!(unusable.head.header("X-Request-Id"), Some("two words"));
    // What the hub answers before any of its endpoints is reached.
    for raw in ["GET / HTTP/1.1\nHost: a\nHost: b", "nonsense"] {
        let mut client = RawClient::connect(server.socket_address()).await;
        client.send(raw.replace('\n', "\r\n") + "\r\n\r\n").await;
        let answer = client.answer().await;
        assert_eq!(answer.status(), 400);
        assert_eq!(answer.head.header("X-Content-Type-Options"), Some("nosniff"), "{raw}: {answer:?}");
        assert!(answer.json()["code"].is_string());
    }
}
