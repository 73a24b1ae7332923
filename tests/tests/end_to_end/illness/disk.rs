//! Disks that are full, fail, do not answer, or can only be read.

use notifyhub_tests::{
    events::RawEvents,
    eventually,
    http::{Answer, RawClient, get, messages, post, request},
    server::{Launch, TestServer},
    shim::Shim,
    within,
};
use rustix::process::Signal;
use serde_json::json;

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

/// What a disk does that fails or hangs when it should sync, is full, or can only be read, while the file named in the
/// environment is there.
const BAD_DISK: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
static int is_so(const char *name) { return !access(getenv(name), F_OK); }
static int sync_it(void) {
    while (is_so("HANGS")) usleep(10000);
    if (!is_so("FAILS")) return 0;
    errno = EIO;
    return -1;
}
int fsync(int fd) { return sync_it(); }
int fdatasync(int fd) { return sync_it(); }
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
    static ssize_t (*on_the_disk)(int, const void *, size_t, off64_t);
    if (is_so("FULL") || is_so("READ_ONLY")) {
        errno = is_so("FULL") ? ENOSPC : EROFS;
        return -1;
    }
    if (!on_the_disk) on_the_disk = dlsym(RTLD_NEXT, "pwrite64");
    return on_the_disk(fd, bytes, count, offset);
}
"#;

/// A hub on such a disk.
struct BadDisk {
    shim: Shim,
    server: TestServer,
}

impl BadDisk {
    fn start(options: &[&str]) -> Self {
        let shim = Shim::compile(BAD_DISK, &["HANGS", "FAILS", "FULL", "READ_ONLY"]);
        let server = TestServer::launch(Launch { under: &shim.under(), options, ..Launch::default() });
        BadDisk { shim, server }
    }

    fn start_again(&mut self) {
        self.server.relaunch(Launch { under: &self.shim.under(), ..Launch::default() });
    }

    /// From now on it `HANGS`, `FAILS`, is `FULL` or `READ_ONLY`.
    fn begins(&self, mood: &str) {
        self.shim.begin(mood, "");
    }

    async fn post(&self, message: &str) -> Answer {
        post(self.server.socket_address(), "/api/notifications", json!({"message": message}).to_string())
            .await
    }

    async fn is_ready_again(&self) {
        let address = self.server.socket_address();
        eventually("it is ready", async || (get(address, "/readyz").await.status() == 200).then_some(()))
            .await;
    }

    async fn stored(&self) -> Vec<String> {
        messages(self.server.socket_address()).await
    }
}

/// After a failed fsync nobody knows what is on the disk: the poster is told so, and nothing more is taken.
#[tokio::test]
async fn a_failed_sync_is_told_as_unknown_and_stops_the_log() {
    // After some posts that came alone the hub commits them where they are answered.
    for posts_before in [1, 40] {
        is_told_as_unknown(posts_before).await;
    }
}

async fn is_told_as_unknown(posts_before: u32) {
    let disk = BadDisk::start(&[]);
    let address = disk.server.socket_address();
    for _ in 0..posts_before {
        assert_eq!(post(address, "/api/notifications", r#"{"message":"before"}"#).await.status(), 201);
    }
    disk.begins("FAILS");
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
    disk.begins("FULL");
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
    disk.shim.end("FULL");
    eventually("it is ready", async || (get(address, "/readyz").await.status() == 200).then_some(())).await;
    assert_eq!(post(address, "/api/notifications", r#"{"message":"after"}"#).await.status(), 201);
    assert!(events.next().await.text.contains("after"));
    assert_eq!(get(address, "/api/notifications").await.json().as_array().unwrap().len(), 2);
}

/// An agent's event that was understood and could not be stored is told when it is delivered again, not taken for a repetition.
#[tokio::test]
async fn an_event_that_could_not_be_stored_is_told_when_it_comes_again() {
    let disk = BadDisk::start(&[]);
    let address = disk.server.socket_address();
    disk.begins("FULL");
    let deliver = async || {
        let headers = [("Content-Type", "application/json"), ("Idempotency-Key", "event-1")];
        let event =
            json!({ "hook_event_name": "Stop", "session_id": "a", "last_assistant_message": "Done it." });
        request(address, "POST", "/hooks/claude-code", &headers, event.to_string()).await.status()
    };
    assert_eq!(deliver().await, 503);
    assert_eq!(deliver().await, 503);
    disk.shim.end("FULL");
    disk.is_ready_again().await;
    assert_eq!(deliver().await, 204);
    assert_eq!(deliver().await, 204);
    assert_eq!(disk.stored().await, ["Done it."]);
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
    let (mut disk, _posting) = stops_while_its_disk_hangs(posts_before).await;
    disk.server.signal(Signal::TERM);
    assert_eq!(disk.server.wait().code(), Some(0));
}

/// Without one it ends by itself, and says that the storage did not finish.
#[tokio::test]
async fn one_signal_ends_a_hub_whose_disk_hangs_with_an_error() {
    // Both wait at the same time.
    let mut stopping = [stops_while_its_disk_hangs(0).await, stops_while_its_disk_hangs(40).await];
    for (disk, _posting) in &mut stopping {
        assert_eq!(disk.server.wait().code(), Some(1));
        eventually("it says why", async || {
            disk.server.said().contains("the storage did not finish within 10 s").then_some(())
        })
        .await;
    }
}

/// A hub that was told to stop, and the post that it has not stored.
async fn stops_while_its_disk_hangs(posts_before: u32) -> (BadDisk, RawClient) {
    let disk = BadDisk::start(&["--drain", "100ms"]);
    let address = disk.server.socket_address();
    for _ in 0..posts_before {
        assert_eq!(post(address, "/api/notifications", r#"{"message":"before"}"#).await.status(), 201);
    }
    disk.begins("HANGS");
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
    (disk, posting)
}

/// A sync that takes its time holds up posts, and nothing else. Whoever waited is told that the outcome is open, whoever
/// comes later that nothing is taken; when the disk is back, so is the hub.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_does_not_answer_is_told_and_recovered_from() {
    let disk = BadDisk::start(&["--heartbeat", "200ms"]);
    let address = disk.server.socket_address();
    assert_eq!(disk.post("before").await.status(), 201);
    let mut events = RawEvents::open(address, "/events", &[]).await;
    events.next().await;
    events.next().await;
    disk.begins("HANGS");
    let waiting = disk.post("in doubt").await;
    assert_eq!((waiting.status(), &waiting.json()["code"]), (503, &json!("outcome_unknown")));
    let ready = get(address, "/readyz").await;
    assert_eq!(ready.status(), 503);
    assert!(ready.json()["message"].as_str().unwrap().contains("the disk has not answered"), "{ready:?}");
    let refused = within("it is refused", disk.post("refused")).await;
    assert_eq!((refused.status(), &refused.json()["code"]), (503, &json!("storage_unavailable")));
    assert_eq!(disk.stored().await, ["before"]);
    assert_eq!(events.next().await.event(), "heartbeat");
    disk.shim.end("HANGS");
    disk.is_ready_again().await;
    assert_eq!(disk.post("after").await.status(), 201);
    assert_eq!(events.next_but_heartbeats().await.message(), "in doubt");
    assert_eq!(events.next_but_heartbeats().await.message(), "after");
    assert_eq!(disk.stored().await, ["after", "in doubt", "before"]);
}

/// The file system was mounted read-only, as ext4 does by itself after an error.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_can_only_be_read_is_told_and_recovered_from() {
    let mut disk = BadDisk::start(&[]);
    let address = disk.server.socket_address();
    assert_eq!(disk.post("before").await.status(), 201);
    disk.begins("READ_ONLY");
    let refused = disk.post("during").await;
    assert_eq!(refused.status(), 503, "{refused:?}");
    assert_eq!(get(address, "/readyz").await.status(), 503);
    assert_eq!(disk.stored().await, ["before"]);
    disk.server.kill();
    disk.start_again();
    assert_eq!(disk.stored().await, ["before"], "it can be started to be read");
    assert_eq!(disk.post("during").await.status(), 503);
    disk.shim.end("READ_ONLY");
    disk.is_ready_again().await;
    assert_eq!(disk.post("after").await.status(), 201);
    assert_eq!(disk.stored().await, ["after", "before"]);
}

/// Three kinds of trouble, each killed in the middle: nothing that was acknowledged is lost, nothing that was refused is
/// there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_refused_is_not_there_after_a_kill() {
    let mut disk = BadDisk::start(&[]);
    let mut acknowledged = Vec::new();
    for mood in ["FULL", "READ_ONLY"] {
        for n in 0..3 {
            let message = format!("{mood} {n}");
            assert_eq!(disk.post(&message).await.status(), 201);
            acknowledged.push(message);
        }
        disk.begins(mood);
        for _ in 0..3 {
            let refused = disk.post("refused").await;
            assert_eq!((refused.status(), &refused.json()["code"]), (503, &json!("storage_unavailable")));
        }
        disk.server.kill();
        disk.shim.end(mood);
        disk.start_again();
    }
    acknowledged.reverse();
    assert_eq!(disk.stored().await, acknowledged);
}
