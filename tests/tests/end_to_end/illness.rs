//! A hub that something is wrong with says so, loses nothing, and does not go on as if nothing were.

use notifyhub_tests::{
    events::RawEvents,
    eventually,
    http::{RawClient, get, post},
    server::{Launch, TestServer},
};
use rustix::process::Signal;
use serde_json::json;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;

/// `notifyhub-server 2>&1 | head -1`: nobody reads what it says, and it works and stops as ever.
#[tokio::test]
async fn a_closed_standard_error_does_no_harm() {
    let mut server = TestServer::launch(Launch {
        under: &["sh", "-c", "exec \"$0\" \"$@\" 2>&-"],
        options: &["--drain", "300ms", "--log", "trace"],
        ..Launch::default()
    });
    let address = server.socket_address();
    let mut events = RawEvents::open(address, "/events", &[]).await;
    events.next().await;
    assert_eq!(post(address, "/api/notifications", r#"{"message":"x"}"#).await.status(), 201);
    assert_eq!(server.stop().code(), Some(0));
}

/// The database is deleted under it: it notices, refuses what it could not keep, and goes on showing what it has.
#[tokio::test]
async fn a_database_that_is_gone_is_told() {
    let server = TestServer::start(&[]);
    let address = server.socket_address();
    assert_eq!(post(address, "/api/notifications", r#"{"message":"before"}"#).await.status(), 201);
    assert_eq!(get(address, "/readyz").await.status(), 200);
    std::fs::remove_file(server.data_directory().join("notifyhub.db")).unwrap();
    let ready = eventually("it is not ready", async || {
        let ready = get(address, "/readyz").await;
        (ready.status() == 503).then_some(ready)
    })
    .await;
    assert!(ready.json()["message"].as_str().unwrap().contains("was deleted or moved"), "{ready:?}");
    let refused = post(address, "/api/notifications", r#"{"message":"after"}"#).await;
    assert_eq!((refused.status(), &refused.json()["code"]), (503, &json!("storage_unavailable")));
    assert!(refused.head.header("retry-after").is_some());
    assert_eq!(get(address, "/api/status").await.json()["ready"], false);
    assert_eq!(get(address, "/api/notifications").await.json()[0]["message"], "before");
    for _ in 0..20 {
        post(address, "/api/notifications", r#"{"message":"after"}"#).await;
    }
    assert_eq!(
        server.said().matches("nothing is stored").count(),
        2,
        "once, with its reason: {}",
        server.said()
    );
}

/// A file may not grow any more (`ulimit -f`): the hub lives, and says why it stores nothing.
#[tokio::test]
async fn a_file_size_limit_does_not_end_it() {
    let server = TestServer::launch(Launch {
        // In blocks of 1 KiB.
        under: &["prlimit", "--fsize=300000"],
        ..Launch::default()
    });
    let address = server.socket_address();
    let message = "x".repeat(4000);
    let body = json!({"message": message}).to_string();
    let mut stored = 0;
    let refused = loop {
        let answer = post(address, "/api/notifications", &body).await;
        if answer.status() != 201 {
            break answer;
        }
        stored += 1;
        assert!(stored < 1000, "the limit is reached");
    };
    assert_eq!(refused.status(), 503, "{refused:?}");
    assert_eq!(get(address, "/readyz").await.status(), 503);
    let listed = get(address, "/api/notifications").await.json();
    assert_eq!(listed.as_array().unwrap().len(), stored);
}

/// What a disk does that fails or hangs when it should sync, or is full, while the file named in the environment is there.
const BAD_DISK: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
static int bad(void) {
    if (!access(getenv("HANGS"), F_OK)) sleep(120);
    if (access(getenv("FAILS"), F_OK)) return 0;
    errno = EIO;
    return -1;
}
int fsync(int fd) { return bad(); }
int fdatasync(int fd) { return bad(); }
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
    static ssize_t (*on_the_disk)(int, const void *, size_t, off64_t);
    if (!access(getenv("FULL"), F_OK)) {
        errno = ENOSPC;
        return -1;
    }
    if (!on_the_disk) on_the_disk = dlsym(RTLD_NEXT, "pwrite64");
    return on_the_disk(fd, bytes, count, offset);
}
"#;

/// A hub on such a disk.
struct BadDisk {
    directory: TempDir,
    server: TestServer,
    under: [String; 5],
}

impl BadDisk {
    fn start(options: &[&str]) -> Self {
        let directory = TempDir::new().unwrap();
        let path = |name: &str| directory.path().join(name).display().to_string();
        std::fs::write(path("disk.c"), BAD_DISK).unwrap();
        let compiled = std::process::Command::new("cc")
            .args(["-shared", "-fPIC", "-o", &path("disk.so"), &path("disk.c")])
            .status()
            .expect("there is a C compiler");
        assert!(compiled.success());
        let under = [
            "env".to_owned(),
            format!("LD_PRELOAD={}", path("disk.so")),
            format!("FAILS={}", path("fails")),
            format!("HANGS={}", path("hangs")),
            format!("FULL={}", path("is-full")),
        ];
        let launch = under.iter().map(String::as_str).collect::<Vec<_>>();
        let server = TestServer::launch(Launch { under: &launch, options, ..Launch::default() });
        BadDisk { directory, server, under }
    }

    fn start_again(&mut self) {
        let under: Vec<&str> = self.under.iter().map(String::as_str).collect();
        self.server.relaunch(Launch { under: &under, ..Launch::default() });
    }

    /// From now on it `fails`, `hangs` or `is-full`.
    fn begins_to(&self, mood: &str) {
        std::fs::write(self.directory.path().join(mood), "").unwrap();
    }
}

/// After a failed fsync nobody knows what is on the disk: the poster is told so, and nothing more is taken.
#[tokio::test]
async fn a_failed_sync_is_told_as_unknown_and_stops_the_log() {
    let disk = BadDisk::start(&[]);
    let address = disk.server.socket_address();
    assert_eq!(post(address, "/api/notifications", r#"{"message":"before"}"#).await.status(), 201);
    disk.begins_to("fails");
    let unknown = post(address, "/api/notifications", r#"{"message":"in doubt"}"#).await;
    assert_eq!((unknown.status(), &unknown.json()["code"]), (503, &json!("outcome_unknown")));
    let refused = post(address, "/api/notifications", r#"{"message":"after"}"#).await;
    assert_eq!((refused.status(), &refused.json()["code"]), (503, &json!("storage_unavailable")));
    assert_eq!(get(address, "/readyz").await.status(), 503);
    assert_eq!(get(address, "/api/notifications").await.json()[0]["message"], "before");
}

/// On a full disk it starts, and shows what it has. When there is space again it stores again, by itself.
#[tokio::test]
async fn it_starts_on_a_full_disk_and_recovers() {
    let mut disk = BadDisk::start(&[]);
    let address = disk.server.socket_address();
    assert_eq!(post(address, "/api/notifications", r#"{"message":"before"}"#).await.status(), 201);
    disk.server.kill();
    disk.begins_to("is-full");
    disk.start_again();
    assert_eq!(get(address, "/api/notifications").await.json()[0]["message"], "before");
    let mut events = RawEvents::open(address, "/events", &[]).await;
    assert!(events.next().await.text.contains("hello"));
    assert!(events.next().await.text.contains("before"));
    let ready = get(address, "/readyz").await;
    assert_eq!(ready.status(), 503);
    assert!(ready.json()["message"].as_str().unwrap().contains("full"), "{ready:?}");
    let refused = post(address, "/api/notifications", r#"{"message":"during"}"#).await;
    assert_eq!((refused.status(), &refused.json()["code"]), (503, &json!("storage_unavailable")));
    std::fs::remove_file(disk.directory.path().join("is-full")).unwrap();
    eventually("it is ready", async || (get(address, "/readyz").await.status() == 200).then_some(())).await;
    assert_eq!(post(address, "/api/notifications", r#"{"message":"after"}"#).await.status(), 201);
    assert!(events.next().await.text.contains("after"));
    assert_eq!(get(address, "/api/notifications").await.json().as_array().unwrap().len(), 2);
}

/// A disk that does not answer holds up a stop for as long as is allowed; a second signal ends it at once.
#[tokio::test]
async fn a_second_signal_ends_a_hub_whose_disk_hangs() {
    // After some posts that came alone the hub commits them where they are answered.
    for posts_before in [0, 40] {
        ends_at_a_second_signal(posts_before).await;
    }
}

async fn ends_at_a_second_signal(posts_before: u32) {
    let mut disk = BadDisk::start(&["--drain", "100ms"]);
    let address = disk.server.socket_address();
    for _ in 0..posts_before {
        assert_eq!(post(address, "/api/notifications", r#"{"message":"before"}"#).await.status(), 201);
    }
    disk.begins_to("hangs");
    let mut posting = RawClient::connect(address).await;
    posting
        .send(
            "POST /api/notifications HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: 15\r\n\r\n{\"message\":\"x\"}",
        )
        .await;
    // It has the post, and is not held up by it otherwise.
    for _ in 0..20 {
        assert_eq!(get(address, "/healthz").await.status(), 200);
    }
    disk.server.signal(Signal::TERM);
    eventually("it stops", async || disk.server.said().contains("stopping").then_some(())).await;
    disk.server.signal(Signal::TERM);
    assert_eq!(disk.server.wait().code(), Some(0));
}

/// A client may close its sending side after its request (RFC 9293, section 3.6); it is answered all the same.
#[tokio::test]
async fn a_half_closed_post_is_answered() {
    let server = TestServer::start(&[]);
    for _ in 0..20 {
        let mut client = RawClient::connect(server.socket_address()).await;
        client
            .send(
                "POST /api/notifications HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                 Content-Length: 15\r\n\r\n{\"message\":\"x\"}",
            )
            .await;
        let mut socket = client.into_socket();
        socket.shutdown().await.unwrap();
        assert_eq!(RawClient::over(socket).answer().await.status(), 201);
    }
}

/// RFC 9112, section 3.2.
#[tokio::test]
async fn a_request_names_one_host() {
    let server = TestServer::start(&[]);
    for hosts in ["", "Host: one\r\nHost: two\r\n"] {
        let mut client = RawClient::connect(server.socket_address()).await;
        client.send(format!("GET /healthz HTTP/1.1\r\n{hosts}\r\n")).await;
        let refused = client.answer().await;
        assert_eq!((refused.status(), &refused.json()["code"]), (400, &json!("invalid_host")));
    }
}
