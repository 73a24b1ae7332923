//! The database is killed, restored to the past, or takes no writes.

use std::time::Duration;

use notifyhub_tests::{
    events::{Block, RawEvents},
    eventually,
    http::{get, post, request},
};

use super::{database, hub, id_of, posting::Posting};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_under_load_loses_and_doubles_nothing() {
    let (mut postgres, url) = database();
    let hubs = [hub(&url), hub(&url)];
    let addresses = [hubs[0].socket_address(), hubs[1].socket_address()];
    let posting = Posting::at(addresses).await;
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(400)).await;
        postgres.kill();
        postgres.start_again();
        let body = r#"{"message":"between"}"#;
        eventually("posts are taken again", async || {
            (post(addresses[0], "/api/notifications", body).await.status() == 201).then_some(())
        })
        .await;
    }
    // Each waited until the server was back, and what became of a commit that was interrupted was found out.
    let count = posting.all_read_once("between").await;
    assert!(count > 50, "{count}");
}

/// Waits until a statement answers this.
async fn answers(postgres: &notifyhub_test_engines::Postgres, statement: &str, expected: &str) {
    eventually(statement, async || (postgres.sql("postgres", statement) == expected).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_was_cut_off_is_found_out_about() {
    let (postgres, url) = database();
    let hub = hub(&url);
    let address = hub.socket_address();
    id_of(&post(address, "/api/notifications", r#"{"message":"before"}"#).await);
    // A standby server that is not there: from here on a commit is on the disk, and waits.
    postgres.set("synchronous_standby_names", "nobody");
    let posting = tokio::spawn(post(address, "/api/notifications", r#"{"message":"cut off"}"#));
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    answers(&postgres, waiting, "1").await;
    postgres.sql(
        "postgres",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'",
    );
    // It is found; but it is acknowledged only once it is as safe as the server has been told to make it.
    answers(&postgres, waiting, "1").await;
    assert!(!posting.is_finished(), "{:?}", posting.await);
    postgres.set("synchronous_standby_names", "");
    let id = id_of(&posting.await.unwrap());
    id_of(&post(address, "/api/notifications", r#"{"message":"after"}"#).await);
    let list = get(address, "/api/notifications").await.json();
    let messages: Vec<_> =
        list.as_array().unwrap().iter().map(|item| item["message"].as_str().unwrap()).collect();
    assert_eq!(messages, ["after", "cut off", "before"]);
    assert_eq!(list[1]["id"], id.as_str());
}

fn restore(postgres: &notifyhub_test_engines::Postgres, copy: &std::path::Path) {
    let mut psql = postgres.client("psql", "feed");
    psql.args(["-Xq1", "--set=ON_ERROR_STOP=1", "-c", "DROP SCHEMA notifyhub CASCADE", "-f"]).arg(copy);
    let restored = psql.output().unwrap();
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
}

pub(crate) async fn reason_at(address: std::net::SocketAddr, last_event_id: &str) -> String {
    let mut stream = RawEvents::open(address, "/events", &[("Last-Event-ID", last_event_id)]).await;
    stream.next().await.data()["reason"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_database_that_was_restored_is_told_whether_or_not_a_hub_has_seen_it() {
    let (postgres, url) = database();
    let mut hubs = [hub(&url), hub(&url)];
    let (here, there) = (hubs[0].socket_address(), hubs[1].socket_address());
    id_of(&post(here, "/api/notifications", r#"{"message":"kept"}"#).await);
    let kept = get(here, "/api/status").await.json()["latest_id"].as_str().unwrap().to_owned();
    let copy = tempfile::NamedTempFile::new().unwrap();
    let dump = postgres.client("pg_dump", "feed").args(["-n", "notifyhub"]).output().unwrap();
    assert!(dump.status.success(), "{}", String::from_utf8_lossy(&dump.stderr));
    std::fs::write(copy.path(), dump.stdout).unwrap();
    std::os::unix::fs::chown(copy.path(), Some(65534), None).unwrap();

    id_of(&post(there, "/api/notifications", r#"{"message":"lost"}"#).await);
    let lost = get(there, "/api/status").await.json()["latest_id"].as_str().unwrap().to_owned();
    let mut stream = RawEvents::open(there, "/events", &[]).await;
    let messages = |init: &Block| -> Vec<String> {
        let message = |item: &serde_json::Value| item["message"].as_str().unwrap().to_owned();
        init.data().as_array().unwrap().iter().map(message).collect()
    };
    assert_eq!(stream.next().await.data()["reason"], "fresh");
    assert_eq!(messages(&stream.next_but_heartbeats().await), ["lost", "kept"]);
    restore(&postgres, copy.path());

    assert_eq!(stream.next_but_heartbeats().await.data()["reason"], "unknown");
    assert_eq!(messages(&stream.next_but_heartbeats().await), ["kept"]);
    id_of(&post(here, "/api/notifications", r#"{"message":"new"}"#).await);
    assert_eq!(stream.next_but_heartbeats().await.message(), "new");
    for address in [here, there] {
        assert_eq!(reason_at(address, &lost).await, "unknown");
        assert_eq!(reason_at(address, &kept).await, "resumed");
    }

    let newest = get(there, "/api/status").await.json()["latest_id"].as_str().unwrap().to_owned();
    for hub in &mut hubs {
        assert!(hub.stop().success());
    }
    restore(&postgres, copy.path());
    hubs[0].start_again(&["--store", &url]);
    for _ in 0..5 {
        id_of(&post(here, "/api/notifications", r#"{"message":"newer"}"#).await);
    }
    for id in [lost, newest] {
        assert_eq!(reason_at(here, &id).await, "unknown", "{id}");
    }
    assert_eq!(reason_at(here, &kept).await, "resumed");
}

#[tokio::test]
async fn a_hub_that_has_lost_touch_says_so_keeps_its_streams_and_finds_back() {
    let (postgres, url) = database();
    let hub = notifyhub_tests::server::TestServer::start(&["--store", &url, "--heartbeat", "500ms"]);
    let address = hub.socket_address();
    id_of(&post(address, "/api/notifications", r#"{"message":"before"}"#).await);
    let mut stream = RawEvents::open(address, "/events", &[]).await;
    assert_eq!(stream.next().await.data().get("stale_ms"), None);
    let (epoch, seq) = {
        let latest = get(address, "/api/status").await.json()["latest_id"].as_str().unwrap().to_owned();
        let (epoch, seq) = latest.split_once('-').unwrap();
        (epoch.to_owned(), seq.parse::<u64>().unwrap())
    };
    assert_eq!(get(address, "/readyz").await.status(), 200);
    postgres.sql("postgres", "ALTER DATABASE feed SET default_transaction_read_only = on");
    postgres.sql("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'feed'");

    // A post waits for a server that may come back in a moment; nothing of it is stored.
    let refused = post(address, "/api/notifications", r#"{"message":"meanwhile"}"#).await;
    assert_eq!((refused.status(), refused.head.header("Retry-After").is_some()), (503, true), "{refused:?}");
    assert_eq!(refused.json()["code"], "storage_unavailable");
    let message = refused.json()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("takes no writes") && message.contains("nothing was changed"), "{message}");
    let ready = get(address, "/readyz").await;
    assert_eq!(ready.status(), 503, "{ready:?}");
    assert!(ready.text().contains("takes no writes"), "{ready:?}");
    let status = get(address, "/api/status").await.json();
    assert!(status["stale_ms"].as_u64().unwrap() >= 10_000, "{status}");
    eventually("a heartbeat says it too", async || {
        let event = stream.next().await;
        (event.event() == "heartbeat" && event.data()["stale_ms"].is_u64()).then_some(())
    })
    .await;
    // What another hub may have told meanwhile is not called unknown.
    let ahead = format!("{epoch}-{}", seq + 1);
    let behind = request(address, "GET", "/events", &[("Last-Event-ID", &ahead)], b"").await;
    assert_eq!((behind.status(), behind.json()["code"].as_str()), (503, Some("behind")));
    assert_eq!(reason_at(address, &format!("{epoch}-{seq}")).await, "resumed");

    postgres.sql("postgres", "ALTER DATABASE feed RESET default_transaction_read_only");
    eventually("it is ready again", async || (get(address, "/readyz").await.status() == 200).then_some(()))
        .await;
    id_of(&post(address, "/api/notifications", r#"{"message":"after"}"#).await);
    loop {
        let event = stream.next_but_heartbeats().await;
        assert_eq!(event.event(), "notification", "the stream went on: {event:?}");
        if event.message() == "after" {
            break;
        }
    }
}

/// As of a hub that is frozen in a transaction, until the server cuts it off.
#[tokio::test]
async fn a_log_that_another_holds_locked_is_waited_for() {
    let (postgres, url) = database();
    let hub = hub(&url);
    let settings =
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'notifyhub' AND datname = 'feed'";
    assert_eq!(postgres.sql("feed", settings), "1", "one connection a hub");
    let mut frozen = postgres.client("psql", "feed");
    frozen.args(["-XAtq", "-c", "SET idle_in_transaction_session_timeout = '3s'"]);
    frozen.args(["-c", "BEGIN", "-c", "SELECT FROM notifyhub.log FOR UPDATE", "-c", r"\! sleep 20"]);
    let mut frozen =
        frozen.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
    eventually("the row is locked", async || {
        let locked = "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'";
        (postgres.sql("feed", locked) == "1").then_some(())
    })
    .await;
    id_of(&post(hub.socket_address(), "/api/notifications", r#"{"message":"after all"}"#).await);
    frozen.kill().unwrap();
    frozen.wait().unwrap();
}
