//! What the hub writes to standard error: one line for each thing that happens, and nothing of what is posted.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Command, Stdio},
};

use notifyhub_tests::{
    events::RawEvents,
    eventually,
    http::{get, post, request},
    server::{TestServer, server_program},
    tls::{Http2, read_until},
};
use serde_json::Value;

const TOKEN: &str = "s3cr3t-t0k3n-0123456789";

/// Each line as JSON.
fn lines(server: &TestServer) -> Vec<Value> {
    server.said().lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

fn find<'a>(lines: &'a [Value], message: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["message"] == message).collect()
}

#[tokio::test]
async fn as_json_each_line_is_an_object_and_tells_one_thing() {
    let mut server = TestServer::start(&["--log-format", "json", "--log", "debug", "--drain", "1s"]);
    let address = server.socket_address();
    let own_id = [("X-Request-Id", "request-1"), ("Content-Type", "application/json")];
    let mut stream = RawEvents::open(address, "/events", &[("X-Request-Id", "stream-1")]).await;
    let posted = request(address, "POST", "/api/notifications", &own_id, r#"{"message":"x"}"#).await;
    assert_eq!(posted.status(), 201);
    let given = get(address, "/nothing").await;
    let given = given.head.header("X-Request-Id").unwrap();
    assert_eq!(server.stop().code(), Some(0));
    stream.rest().await;
    eventually("all is read", async || server.said().ends_with("\"stopped\"}\n").then_some(())).await;

    let lines = lines(&server);
    for line in &lines {
        let level = line["level"].as_str().unwrap();
        assert!(["DEBUG", "INFO", "WARN", "ERROR"].contains(&level), "{line}");
        line["timestamp"].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
        assert!(line["message"].is_string(), "{line}");
    }
    let info: Vec<_> =
        lines.iter().filter(|line| line["level"] == "INFO").map(|line| &line["message"]).collect();
    assert_eq!(info, ["started", "stopping", "stopped"]);
    let started = find(&lines, "started")[0];
    assert_eq!(
        (&started["version"], &started["store"]),
        (&env!("CARGO_PKG_VERSION").into(), &"sqlite".into())
    );
    assert!(started["addresses"].as_str().unwrap().contains(&address.to_string()), "{started}");
    assert_eq!(started["data"], server.data_directory().to_str().unwrap());

    let opened = find(&lines, "an event stream was opened");
    assert_eq!((&opened[0]["request_id"], &opened[0]["start"]), (&"stream-1".into(), &"fresh".into()));
    let closed = find(&lines, "an event stream was closed");
    assert_eq!((opened.len(), closed.len()), (1, 1), "{lines:?}");
    assert_eq!((&closed[0]["stream"], &closed[0]["reason"]), (&opened[0]["stream"], &"shutdown".into()));

    let answered = find(&lines, "answered");
    let of = |id: &str| *answered.iter().find(|line| line["request_id"] == id).unwrap();
    assert_eq!(
        (&of("request-1")["status"], &of("request-1")["path"]),
        (&201.into(), &"/api/notifications".into())
    );
    assert_eq!((&of(given)["status"], &of(given)["code"]), (&404.into(), &"not_found".into()));
}

#[test]
fn as_json_nothing_is_written_to_standard_output() {
    let directory = tempfile::tempdir().unwrap();
    let mut hub = Command::new(server_program())
        .args(["--port", "0", "--log-format", "json", "--data-dir", directory.path().to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let started = BufReader::new(hub.stderr.take().unwrap()).lines().next().unwrap().unwrap();
    hub.kill().unwrap();
    hub.wait().unwrap();
    let mut printed = String::new();
    hub.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
    assert_eq!(printed, "");
    assert!(started.contains("\"message\":\"started\""), "{started}");
}

/// What the hub could not do is told with the request's id, once and not for each request.
#[tokio::test]
async fn what_could_not_be_done_is_told_with_the_requests_id() {
    let server = TestServer::start(&["--log-format", "json"]);
    let address = server.socket_address();
    std::fs::remove_file(server.data_directory().join("notifyhub.db")).unwrap();
    eventually("it is noticed", async || server.said().contains("nothing is stored").then_some(())).await;
    let json = ("Content-Type", "application/json");
    for n in 0..20 {
        let id = format!("post-{n}");
        let headers = [("X-Request-Id", &*id), json];
        let answer = request(address, "POST", "/api/notifications", &headers, r#"{"message":"x"}"#).await;
        assert_eq!(answer.status(), 503);
    }
    let lines = lines(&server);
    let ill = find(&lines, "nothing is stored");
    assert_eq!((ill.len(), &ill[0]["condition"], &ill[0]["level"]), (1, &"stopped".into(), &"ERROR".into()));
    let told = find(&lines, "a request could not be done");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((&told[0]["level"], &told[0]["request_id"]), (&"WARN".into(), &"post-0".into()));
    assert_eq!((&told[0]["status"], &told[0]["code"]), (&503.into(), &"storage_unavailable".into()));
}

/// A busy hub, at the most talkative: nothing that was posted or searched for at `info` and above, no token anywhere.
#[tokio::test]
async fn nothing_of_what_is_posted_is_told_and_no_token_ever() {
    let token = format!("ci:{TOKEN}");
    let server = TestServer::start(&["--log", "trace", "--tls-self-signed", "--publish-token", &token]);
    let client = Http2::connect(&server, 1 << 20).await;
    let mut stream = client.request("GET", "/events", "").await;
    read_until(stream.body_mut(), "event: init").await.unwrap();
    let bearer = format!("Bearer {TOKEN}");
    let wrong = format!("Bearer {}", TOKEN.replace('0', "1"));
    let secret = r#"{"message":"hunter2 in a message","title":"hunter2 in a title","link":"https://h.example/hunter2",
        "source":"hunter2","key":"hunter2","state":"running"}"#;
    for (authorization, method, path, body, status) in [
        (&bearer, "POST", "/api/notifications", secret, 201),
        (&bearer, "POST", "/api/notifications", secret, 201),
        (&wrong, "POST", "/api/notifications", secret, 401),
        (&bearer, "POST", "/api/notifications", r#"{"message":"hunter2","level":"hunter2"}"#, 400),
        (&bearer, "POST", "/api/notifications", r#"{"message":"hunter2" hunter2"#, 400),
        (&bearer, "POST", "/api/notify", r#"{"message":"hunter2"}"#, 200),
        (&bearer, "GET", "/api/notifications?q=hunter2", "", 200),
        (&bearer, "DELETE", "/api/notifications?source=hunter2", "", 200),
    ] {
        let headers = [("authorization", authorization.as_str())];
        let answer = client.try_request_with(method, path, &headers, body).await.unwrap();
        assert_eq!(answer.status(), status, "{method} {path}");
    }
    read_until(stream.body_mut(), "event: deleted").await.unwrap();
    // The same over a plain parser of HTTP/1.
    let plain = TestServer::start(&["--log", "trace", "--publish-token", &token]);
    let address = plain.socket_address();
    let headers = [("Authorization", &*bearer), ("Content-Type", "application/json")];
    assert_eq!(request(address, "POST", "/api/notifications", &headers, secret).await.status(), 201);
    assert_eq!(post(address, "/api/notifications", secret).await.status(), 401);
    std::fs::remove_file(plain.data_directory().join("notifyhub.db")).unwrap();
    eventually("it stores nothing", async || plain.said().contains("nothing is stored").then_some(())).await;
    assert_eq!(request(address, "POST", "/api/notifications", &headers, secret).await.status(), 503);

    for (server, least) in [(&server, 20), (&plain, 5)] {
        let said = server.said();
        assert!(!said.contains(TOKEN) && !said.contains(&wrong), "a token is told: {said}");
        let is_rare = |line: &&str| ["INFO", "WARN", "ERROR"].iter().any(|level| line.contains(level));
        let told: Vec<_> = said.lines().filter(is_rare).filter(|line| line.contains("hunter2")).collect();
        assert!(told.is_empty(), "{told:#?}");
        assert!(said.lines().filter(|line| line.contains("DEBUG")).count() >= least, "{said}");
    }
}
