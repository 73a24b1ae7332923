//! Web Push: devices are told while the page is closed. Against a push service of our own.

use std::time::Duration;

use notifyhub_tests::{
    eventually,
    http::{Answer, get, metric, post, request},
    push_service::{Browser, PushService},
    server::{TestServer, run_to_end},
};
use serde_json::{Value, json};

use crate::rest::assert_problem;

const KEPT: &str = "notifyhub.push.json";

fn options(service: &PushService) -> [String; 2] {
    ["--allow-push-service".into(), service.origin()]
}

/// A hub that may send to the service.
fn hub(service: &PushService, more: &[&str]) -> TestServer {
    let options = options(service);
    let options: Vec<&str> = options.iter().map(String::as_str).chain(more.iter().copied()).collect();
    TestServer::start(&options)
}

async fn send(server: &TestServer, method: &str, path: &str, body: &Value) -> Answer {
    let headers = [("Content-Type", "application/json")];
    request(server.socket_address(), method, path, &headers, body.to_string()).await
}

async fn subscribe(server: &TestServer, subscription: &Value) -> Answer {
    send(server, "PUT", "/api/push/subscriptions", subscription).await
}

async fn subscribed(server: &TestServer, browser: &Browser) -> String {
    let mut subscription = browser.subscription();
    subscription["failures"] = json!(true);
    let answer = subscribe(server, &subscription).await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    answer.json()["id"].as_str().unwrap().to_owned()
}

async fn publish(server: &TestServer, new: &Value) -> String {
    let answer = post(server.socket_address(), "/api/notifications", new.to_string()).await;
    assert_eq!(answer.status(), 201, "{answer:?}");
    answer.json()["id"].as_str().unwrap().to_owned()
}

fn question(key: &str) -> Value {
    json!({
        "message": "May I deploy?\nsecond line", "title": "Deploy", "source": "shop", "actor": "codex", "key": key,
        "state": "waiting",
    })
}

async fn key_of(server: &TestServer) -> String {
    let answer = get(server.socket_address(), "/api/push/key").await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    answer.json()["public_key"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_waits_is_pushed_so_that_only_the_browser_can_read_it() {
    let mut service = PushService::start().await;
    let server = hub(&service, &["--store", "memory"]);
    let key = key_of(&server).await;
    let browser = service.browser();
    subscribed(&server, &browser).await;
    publish(&server, &json!({ "message": "nobody has to look", "state": "done" })).await;
    let id = publish(&server, &question("7")).await;
    let waiting = service.next().await;
    assert_eq!(
        waiting.text,
        json!({
            "type": "show", "id": id, "about": "shop/7", "state": "waiting", "title": "Deploy", "source": "shop",
            "actor": "codex", "message": "May I deploy?\nsecond line",
        })
    );
    assert_eq!((&*waiting.endpoint, &*waiting.key), (browser.endpoint(), &*key));
    for (name, value) in [("content-encoding", "aes128gcm"), ("urgency", "high"), ("ttl", "86400")] {
        assert_eq!(waiting.header(name), value, "{name}");
    }
    assert_eq!(waiting.header("topic").len(), 32);
    publish(&server, &json!({ "message": "it broke", "level": "error" })).await;
    let failed = service.next().await;
    assert_eq!((&failed.text["state"], failed.header("urgency")), (&json!("failed"), "normal"));
    assert_ne!(failed.header("topic"), waiting.header("topic"));
    assert_eq!(failed.body_bytes, waiting.body_bytes, "the length says nothing");
    assert!(service.has_no_more());
    let (address, sent) = (server.socket_address(), "notifyhub_push_messages_total{outcome=\"sent\"}");
    eventually("the hub has both answers", async || (metric(address, sent).await == 2).then_some(())).await;
}

#[tokio::test]
async fn a_device_says_what_it_wants_and_can_have_no_more() {
    let mut service = PushService::start().await;
    let server = hub(&service, &["--store", "memory"]);
    let [all, waiting] = [service.browser(), service.browser()];
    let id = subscribed(&server, &all).await;
    let mut only_waiting = waiting.subscription();
    only_waiting["withdrawals"] = json!(false);
    assert_eq!(subscribe(&server, &only_waiting).await.status(), 200);
    publish(&server, &json!({ "message": "it broke", "state": "failed" })).await;
    assert_eq!(service.next().await.endpoint, all.endpoint());
    let path = format!("/api/push/subscriptions/{id}");
    assert_eq!(send(&server, "DELETE", &path, &Value::Null).await.status(), 204);
    assert_problem(&send(&server, "DELETE", &path, &Value::Null).await, 404, "not_found", "no device");
    publish(&server, &question("1")).await;
    assert_eq!(service.next().await.endpoint, waiting.endpoint());
    assert_eq!(send(&server, "DELETE", "/api/keys/1", &Value::Null).await.status(), 200);
    publish(&server, &question("2")).await;
    assert_eq!(service.next().await.text["about"], "shop/2", "that it is withdrawn was not told");
}

#[tokio::test]
async fn what_is_settled_is_taken_from_the_screen() {
    let mut service = PushService::start().await;
    let server = hub(&service, &["--store", "memory"]);
    subscribed(&server, &service.browser()).await;
    let withdraw = ("DELETE", "/api/keys/1".to_owned(), Value::Null);
    let first = publish(&server, &question("1")).await;
    let topic = service.next().await.header("topic").to_owned();
    assert_eq!(send(&server, withdraw.0, &withdraw.1, &withdraw.2).await.status(), 200);
    let closed = service.next().await;
    assert_eq!(closed.text, json!({ "type": "close", "id": first }));
    assert_eq!((closed.header("topic"), closed.header("urgency")), (&*topic, "low"));
    // Done on another device, deleted, snoozed.
    for (method, body) in [
        ("PATCH", json!({ "resolved": true })),
        ("DELETE", Value::Null),
        ("PATCH", json!({ "snoozed_until": "2100-01-01T00:00:00Z" })),
    ] {
        let id = publish(&server, &json!({ "message": "?", "state": "waiting" })).await;
        assert_eq!(service.next().await.text["type"], "show");
        let answer = send(&server, method, &format!("/api/notifications/{id}"), &body).await;
        assert!(answer.status() < 300, "{answer:?}");
        assert_eq!(service.next().await.text, json!({ "type": "close", "id": id }), "{method} {body}");
    }
    // A newer one of its key takes its place by itself; done closes it.
    publish(&server, &question("2")).await;
    assert_eq!(service.next().await.text["type"], "show");
    let second = publish(&server, &question("2")).await;
    assert_eq!(service.next().await.text["id"], json!(second));
    publish(&server, &json!({ "message": "deployed", "source": "shop", "key": "2", "state": "done" })).await;
    assert_eq!(service.next().await.text, json!({ "type": "close", "id": second }));
}

#[tokio::test]
async fn a_restart_keeps_the_key_and_the_devices() {
    let mut service = PushService::start().await;
    let mut server = hub(&service, &[]);
    let key = key_of(&server).await;
    let id = subscribed(&server, &service.browser()).await;
    let asked = publish(&server, &question("1")).await;
    assert_eq!(service.next().await.text["type"], "show");
    server.kill();
    let options = options(&service);
    server.start_again(&options.each_ref().map(String::as_str));
    assert_eq!(key_of(&server).await, key);
    assert_eq!(metric(server.socket_address(), "notifyhub_push_subscriptions").await, 1);
    let answer = send(&server, "DELETE", "/api/keys/1", &Value::Null).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(service.next().await.text, json!({ "type": "close", "id": asked }));
    publish(&server, &question("2")).await;
    let push = service.next().await;
    assert_eq!((&push.text["about"], push.key), (&json!("shop/2"), key));
    assert_eq!(
        send(&server, "DELETE", &format!("/api/push/subscriptions/{id}"), &Value::Null).await.status(),
        204
    );
    let kept = std::fs::read_to_string(server.data_directory().join(KEPT)).unwrap();
    assert!(!kept.contains(&service.origin()), "{kept}");
}

#[tokio::test]
async fn a_subscription_that_is_gone_is_dropped() {
    for status in ["404 Not Found", "410 Gone"] {
        let mut service = PushService::start().await;
        let server = hub(&service, &[]);
        subscribed(&server, &service.browser()).await;
        service.answers(status);
        publish(&server, &question("1")).await;
        service.next().await;
        let address = server.socket_address();
        eventually("the subscription is dropped", async || {
            (metric(address, "notifyhub_push_subscriptions").await == 0).then_some(())
        })
        .await;
        let kept = std::fs::read_to_string(server.data_directory().join(KEPT)).unwrap();
        assert!(!kept.contains(&service.origin()), "{kept}");
    }
}

#[tokio::test]
async fn a_service_that_has_no_time_is_asked_again_when_it_says() {
    let mut service = PushService::start().await;
    let server = hub(&service, &["--store", "memory"]);
    subscribed(&server, &service.browser()).await;
    service.answers("429 Too Many Requests\nRetry-After: 2");
    let id = publish(&server, &question("1")).await;
    let first = service.next().await;
    service.answers("500 Internal Server Error");
    let second = service.next().await;
    assert!(second.at - first.at >= Duration::from_secs(2), "{:?}", second.at - first.at);
    service.answers("201 Created");
    let third = service.next().await;
    assert_eq!([&second.text["id"], &third.text["id"]], [&json!(id); 2]);
    publish(&server, &question("2")).await;
    assert_eq!(service.next().await.text["about"], "shop/2", "it was sent once, and then no more");
}

#[tokio::test]
async fn what_is_settled_while_a_service_has_no_time_is_never_sent() {
    let mut service = PushService::start().await;
    let server = hub(&service, &["--store", "memory"]);
    subscribed(&server, &service.browser()).await;
    service.answers("503 Service Unavailable\nRetry-After: 2");
    publish(&server, &question("1")).await;
    service.next().await;
    let retried = "notifyhub_push_messages_total{outcome=\"retried\"}";
    let address = server.socket_address();
    eventually("the hub has the answer", async || (metric(address, retried).await == 1).then_some(())).await;
    assert_eq!(send(&server, "DELETE", "/api/keys/1", &Value::Null).await.status(), 200);
    service.answers("201 Created");
    publish(&server, &question("2")).await;
    assert_eq!(service.next().await.text["about"], "shop/2");
    assert!(service.has_no_more());
}

#[tokio::test]
async fn a_service_that_says_nothing_delays_nobody() {
    let mut service = PushService::start().await;
    let mut server = hub(&service, &["--store", "memory"]);
    for _ in 0..20 {
        subscribed(&server, &service.browser()).await;
    }
    service.is_silent();
    for number in 0..100 {
        publish(&server, &question(&number.to_string())).await;
    }
    assert_eq!(service.next().await.text["type"], "show");
    // What waits for each is bounded.
    let dropped = "notifyhub_push_messages_total{outcome=\"dropped\"}";
    assert!(metric(server.socket_address(), dropped).await >= 20 * 30);
    assert!(server.stop().success(), "nor is the stop held up");
}

#[tokio::test]
async fn a_redirection_is_not_followed() {
    let mut service = PushService::start().await;
    let server = hub(&service, &["--store", "memory"]);
    subscribed(&server, &service.browser()).await;
    service.answers(&format!("307 Temporary Redirect\nLocation: {}", service.browser().endpoint()));
    publish(&server, &question("1")).await;
    service.next().await;
    let (address, refused) = (server.socket_address(), "notifyhub_push_messages_total{outcome=\"refused\"}");
    eventually("it counts as refused", async || (metric(address, refused).await == 1).then_some(())).await;
    assert!(service.has_no_more());
}

#[tokio::test]
async fn hostile_subscriptions_are_refused_in_words() {
    let service = PushService::start().await;
    let server = hub(&service, &[]);
    let good = service.browser().subscription();
    let point = |first: u8| {
        use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
        let mut bytes = [7; 65];
        bytes[0] = first;
        json!({ "p256dh": BASE64.encode(bytes), "auth": good["keys"]["auth"] })
    };
    let keys = |p256dh: &str, auth: &str| json!({ "p256dh": p256dh, "auth": auth });
    let p256dh = good["keys"]["p256dh"].as_str().unwrap();
    let long = "A".repeat(60_000);
    let port = server.socket_address().port();
    for (field, value, says) in [
        ("endpoint", json!("file:///etc/passwd"), "must begin with https://"),
        ("endpoint", json!(format!("http://127.0.0.1:{port}/api/notifications")), "must begin with https://"),
        ("endpoint", json!("https://127.0.0.1/"), "not by a number"),
        ("endpoint", json!("https://169.254.169.254/latest/meta-data/"), "not by a number"),
        ("endpoint", json!("https://[fd00::1]/"), "not by a number"),
        ("endpoint", json!("https://push.example:22/"), "the port of https"),
        ("endpoint", json!("https://me:secret@push.example/"), "without user"),
        ("endpoint", json!("push.example"), "that the browser gave"),
        ("endpoint", json!(format!("https://push.example/{}", &long[..2048])), "at most 2048 bytes"),
        ("keys", point(4), "a point of the curve P-256"),
        ("keys", point(2), "a point of the curve P-256"),
        ("keys", keys(&long, "AAAAAAAAAAAAAAAAAAAAAA"), "`keys.p256dh` must be 65 bytes"),
        ("keys", keys("", "AAAAAAAAAAAAAAAAAAAAAA"), "`keys.p256dh` must be 65 bytes"),
        ("keys", keys(p256dh, "AAAA"), "`keys.auth` must be 16 bytes"),
        ("keys", keys(p256dh, "!!!!!!!!!!!!!!!!!!!!!!"), "`keys.auth` must be 16 bytes"),
    ] {
        let mut wrong = good.clone();
        wrong[field] = value;
        assert_problem(&subscribe(&server, &wrong).await, 400, "invalid_subscription", says);
    }
    for (field, value) in [("secret", json!(1)), ("endpoint", json!(7)), ("failures", json!("yes"))] {
        let mut wrong = good.clone();
        wrong[field] = value;
        let answer = subscribe(&server, &wrong).await;
        assert_eq!((answer.status(), &answer.json()["code"]), (400, &json!("invalid_body")), "{field}");
    }
    assert_eq!(metric(server.socket_address(), "notifyhub_push_subscriptions").await, 0);
    assert!(!server.data_directory().join(KEPT).exists(), "nothing was kept");
}

#[tokio::test]
async fn there_are_a_hundred_devices_at_most() {
    let service = PushService::start().await;
    let server = hub(&service, &["--store", "memory"]);
    let first = service.browser();
    subscribed(&server, &first).await;
    for _ in 1..100 {
        subscribed(&server, &service.browser()).await;
    }
    let one_more = subscribe(&server, &service.browser().subscription()).await;
    assert_problem(&one_more, 503, "too_many_subscriptions", "100 devices");
    subscribed(&server, &first).await;
    assert_eq!(metric(server.socket_address(), "notifyhub_push_subscriptions").await, 100);
}

#[tokio::test]
async fn a_hub_without_web_push_says_so_and_keeps_no_key() {
    let server = TestServer::start(&["--no-web-push"]);
    assert_problem(
        &get(server.socket_address(), "/api/push/key").await,
        404,
        "web_push_off",
        "--no-web-push",
    );
    let service = PushService::start().await;
    let refused = subscribe(&server, &service.browser().subscription()).await;
    assert_problem(&refused, 404, "web_push_off", "--no-web-push");
    assert!(!server.data_directory().join(KEPT).exists());
}

#[test]
fn a_file_that_cannot_be_used_is_named_at_the_start() {
    let data = tempfile::TempDir::new().unwrap();
    for text in ["{", "{\"key\":\"AAAA\",\"subscriptions\":[]}"] {
        std::fs::write(data.path().join(KEPT), text).unwrap();
        let output = run_to_end(&["--port", "0", "--data-dir", data.path().to_str().unwrap()]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains(KEPT) && said.contains("Web Push"), "{said}");
    }
}
