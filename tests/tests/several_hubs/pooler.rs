//! Behind a pooler: it lends a connection for as long as the hub keeps its own, or is refused.

use std::time::{Duration, Instant};

use notifyhub_test_engines::{PgBouncer, Postgres};
use notifyhub_tests::{
    events::RawEvents,
    http::{get, post},
    server::run_to_end,
};

use super::{hub, id_of};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_pooler_that_pools_by_session_hubs_hear_of_each_other_and_survive_its_death() {
    let postgres = Postgres::start();
    postgres.database("feed");
    let mut pooler = PgBouncer::start(&postgres, "session");
    let url = pooler.url("feed");
    let hubs = [hub(&url), hub(&url)];
    let (here, there) = (hubs[0].socket_address(), hubs[1].socket_address());
    let mut stream = RawEvents::open(there, "/events", &[]).await;
    let mut next = async || {
        loop {
            let event = stream.next_but_heartbeats().await;
            match event.event() {
                // One connection, and no fresh start: the stream stays open.
                "hello" => assert_eq!(event.data()["reason"], "fresh"),
                "notification" => break event.message(),
                _ => {}
            }
        }
    };
    let began = Instant::now();
    for round in 0..20 {
        id_of(&post(here, "/api/notifications", format!(r#"{{"message":"{round}"}}"#)).await);
        assert_eq!(next().await, round.to_string());
    }
    // Without NOTIFY each would come with the look once a second.
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());

    for round in 20..23 {
        pooler.kill();
        let posting = tokio::spawn(post(here, "/api/notifications", format!(r#"{{"message":"{round}"}}"#)));
        pooler.start_again();
        id_of(&posting.await.unwrap());
        assert_eq!(next().await, round.to_string());
    }
    let lists = [get(here, "/api/notifications").await.json(), get(there, "/api/notifications").await.json()];
    assert_eq!((&lists[0], lists[0].as_array().unwrap().len()), (&lists[1], 23));
}

#[test]
fn a_pooler_that_pools_by_transaction_is_refused_and_nothing_is_made() {
    let postgres = Postgres::start();
    postgres.database("feed");
    for mode in ["transaction", "statement"] {
        let pooler = PgBouncer::start(&postgres, mode);
        let output = run_to_end(&["--port", "0", "--store", &pooler.url("feed")]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{said}");
        assert!(said.contains("pool_mode=session"), "{mode}: {said}");
    }
    let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname = 'notifyhub'";
    assert_eq!(postgres.sql("feed", schemas), "0");
}
