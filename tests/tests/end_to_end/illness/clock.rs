//! A clock that is set back and forth, or to what no clock should say.

use notifyhub_tests::{
    events::RawEvents,
    http::{Answer, get, post, request},
    server::{Launch, TestServer},
    shim::Shim,
};
use serde_json::json;

/// Adds to the clock what the file named in the environment says, in seconds.
const SET_CLOCK: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *time) {
    static int (*of_the_system)(clockid_t, struct timespec *);
    if (!of_the_system) of_the_system = dlsym(RTLD_NEXT, "clock_gettime");
    int result = of_the_system(clock, time);
    int file = clock == CLOCK_REALTIME ? open(getenv("CLOCK"), O_RDONLY) : -1;
    if (file >= 0) {
        char text[32] = {0};
        if (read(file, text, sizeof text - 1) > 0) time->tv_sec += atoll(text);
        close(file);
    }
    return result;
}
"#;

const DAY: i64 = 24 * 60 * 60;

/// From today to before 1970, and to after 9999.
const TO_BEFORE_1970: i64 = -126 * 365 * DAY;
const TO_AFTER_9999: i64 = 8000 * 366 * DAY;

struct Clock {
    shim: Shim,
    server: TestServer,
}

impl Clock {
    fn start(offset_s: i64) -> Self {
        let shim = Shim::compile(SET_CLOCK, &["CLOCK"]);
        shim.begin("CLOCK", &offset_s.to_string());
        let server = TestServer::launch(Launch { under: &shim.under(), ..Launch::default() });
        Clock { shim, server }
    }

    fn set(&self, offset_s: i64) {
        self.shim.begin("CLOCK", &offset_s.to_string());
    }

    async fn post(&self, key: &str, message: &str) -> Answer {
        let headers = [("Content-Type", "application/json"), ("Idempotency-Key", key)];
        let body = json!({"message": message}).to_string();
        request(self.server.socket_address(), "POST", "/api/notifications", &headers, body).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_goes_back_and_forth_changes_no_order() {
    let mut clock = Clock::start(0);
    let address = clock.server.socket_address();
    let mut events = RawEvents::open(address, "/events", &[]).await;
    let beginning = events.next().await.data()["latest_id"].as_str().unwrap().to_owned();
    events.next().await;
    let mut ids = Vec::new();
    for (n, days) in [0, 400, -400, 10_000, -10_000, 0, 30].into_iter().enumerate() {
        clock.set(days * DAY);
        let name = n.to_string();
        let stored = clock.post(&name, &name).await;
        assert_eq!(stored.status(), 201, "{stored:?}");
        ids.push(stored.json()["id"].as_str().unwrap().to_owned());
        assert_eq!(
            clock.post(&name, &name).await.json()["id"],
            stored.json()["id"],
            "the same key, the same answer"
        );
        assert_eq!(events.next_but_heartbeats().await.message(), name);
    }
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
    clock.set(-5000 * DAY);
    clock.server.kill();
    clock.server.relaunch(Launch { under: &clock.shim.under(), ..Launch::default() });
    let headers = [("Last-Event-ID", beginning.as_str())];
    let mut events = RawEvents::open(address, "/events", &headers).await;
    assert_eq!(events.next().await.data()["reason"], "resumed");
    for n in 0..7 {
        assert_eq!(events.next_but_heartbeats().await.message(), n.to_string());
    }
    // A key that was used while the clock was 30 days ahead is remembered for a day, by any clock.
    clock.set(0);
    let anew = clock.post("6", "something else").await;
    assert_eq!(anew.status(), 201, "{anew:?}");
    assert!(anew.json()["id"].as_str().unwrap() > ids[6].as_str());
}

/// HTTP cannot say such a time. The hub starts all the same, says what is wrong, and works when the clock does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_before_1970_or_after_9999_is_told_and_recovered_from() {
    for offset_s in [TO_BEFORE_1970, TO_AFTER_9999] {
        let clock = Clock::start(offset_s);
        let address = clock.server.socket_address();
        let refused = get(address, "/readyz").await;
        assert_eq!((refused.status(), &refused.json()["code"]), (503, &json!("impossible_time")));
        assert!(refused.json()["message"].as_str().unwrap().contains("set it"), "{refused:?}");
        clock.set(0);
        assert_eq!(get(address, "/readyz").await.status(), 200);
        let mut events = RawEvents::open(address, "/events", &[]).await;
        events.next().await;
        events.next().await;
        assert_eq!(post(address, "/api/notifications", r#"{"message":"x"}"#).await.status(), 201);
        assert_eq!(events.next_but_heartbeats().await.message(), "x");
        // It goes wrong again, and the stream goes on.
        clock.set(offset_s);
        assert_eq!(post(address, "/api/notifications", r#"{"message":"y"}"#).await.status(), 503);
        clock.set(0);
        assert_eq!(post(address, "/api/notifications", r#"{"message":"z"}"#).await.status(), 201);
        assert_eq!(events.next_but_heartbeats().await.message(), "z");
        assert!(!clock.server.said().contains("panicked"), "{}", clock.server.said());
    }
}
