//! Three brokers: they are parted from each other, and started again one after the other, while hubs store.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use notifyhub_test_engines::{Brokers, Setup};
use notifyhub_tests::{eventually, http::get, proxy::Proxy, server::TestServer};

use super::{STREAM, delete, is_stored, keep_posting, messages, post_under};

const BROKERS: usize = 3;

/// A proxy before each broker for each other one.
struct Routes {
    /// From the first to the second.
    proxies: Vec<Vec<Proxy>>,
}

impl Routes {
    async fn between(setup: &mut Setup) -> Self {
        let mut proxies = Vec::new();
        for routes in &mut setup.routes {
            let mut own = Vec::new();
            for address in routes.iter_mut() {
                let proxy = Proxy::to(*address).await;
                *address = proxy.socket_address();
                own.push(proxy);
            }
            proxies.push(own);
        }
        Routes { proxies }
    }

    fn of(&self, broker: usize) -> impl Iterator<Item = &Proxy> {
        (0..BROKERS).flat_map(move |other| [&self.proxies[broker][other], &self.proxies[other][broker]])
    }

    /// Cuts one off from the others.
    fn part(&self, broker: usize) {
        self.of(broker).for_each(Proxy::part);
    }

    fn join(&self, broker: usize) {
        self.of(broker).for_each(Proxy::join);
    }
}

/// A hub that knows these brokers only.
fn hub_at(brokers: &Brokers, known: &[usize]) -> TestServer {
    let hosts: Vec<_> = known.iter().map(|broker| brokers.client_address(*broker).to_string()).collect();
    let store = format!("nats://{}?stream={STREAM}&replicas={BROKERS}", hosts.join(","));
    TestServer::start(&["--store", &store, "--heartbeat", "1s"])
}

/// The broker that leads is cut off with the hub that knows it alone: it believes for 10 s that it still leads. What it is
/// given meanwhile must not be acknowledged; the others go on; and in the end all hold the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_is_cut_off_from_the_majority_acknowledges_nothing() {
    if !Brokers::are_available() {
        return;
    }
    let mut setup = Setup::of(BROKERS);
    let routes = Routes::between(&mut setup).await;
    let Some(brokers) = Brokers::start_as(&setup) else { return };
    let first = hub_at(&brokers, &[0, 1, 2]);
    assert!(is_stored(first.socket_address(), "before").await);
    let leader = eventually("one leads", async || brokers.leader_of(STREAM)).await;
    let others: Vec<_> = (0..BROKERS).filter(|broker| *broker != leader).collect();
    let (inside, outside) = (hub_at(&brokers, &others), hub_at(&brokers, &[leader]));
    assert!(is_stored(outside.socket_address(), "both").await);

    routes.part(leader);
    let parted = Instant::now();
    let address = outside.socket_address();
    let is_joined = Arc::<AtomicBool>::default();
    let posting: Vec<_> = (0..4)
        .map(|number| {
            let is_joined = Arc::clone(&is_joined);
            tokio::spawn(async move {
                let is_acknowledged = is_stored(address, &format!("outside {number}")).await;
                (is_acknowledged, is_joined.load(SeqCst))
            })
        })
        .collect();
    eventually("the majority stores again", async || {
        is_stored(inside.socket_address(), "inside").await.then_some(())
    })
    .await;
    println!("the majority stored again after {:.1} s", parted.elapsed().as_secs_f64());
    // Until the leader that was cut off has noticed, and some more.
    tokio::time::sleep_until((parted + Duration::from_millis(10_500)).into()).await;
    assert!(!messages(&outside).await.contains(&"inside".to_owned()), "it is not cut off");
    is_joined.store(true, SeqCst);
    routes.join(leader);

    for (number, posting) in posting.into_iter().enumerate() {
        let (is_acknowledged, was_joined) = posting.await.unwrap();
        assert!(!is_acknowledged || was_joined, "number {number} was acknowledged by a minority");
        let message = format!("outside {number}");
        eventually("it is stored, in this attempt or the one before", async || {
            is_stored(address, &message).await.then_some(())
        })
        .await;
    }
    let everything = messages(&inside).await;
    let mut expected: BTreeSet<_> = (0..4).map(|number| format!("outside {number}")).collect();
    expected.extend(["before", "both", "inside"].map(str::to_owned));
    assert_eq!(everything.len(), expected.len(), "{everything:?}");
    assert_eq!(everything.iter().cloned().collect::<BTreeSet<_>>(), expected);
    for hub in [&first, &outside] {
        eventually("all hold the same", async || (messages(hub).await == everything).then_some(())).await;
    }
}

/// As for an update of the brokers: whoever posts waits for a moment, and nobody has to post again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn brokers_are_restarted_one_after_the_other_and_every_post_is_stored_at_once() {
    let Some(mut brokers) = Brokers::start(BROKERS) else { return };
    let hubs = [0, 1].map(|_| hub_at(&brokers, &[0, 1, 2]));
    let deleted = "{\"message\":\"deleted\"}";
    let answer = post_under(hubs[0].socket_address(), deleted, Some("key")).await;
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(delete(&hubs[1], &id).await, 204);

    let is_over = Arc::<AtomicBool>::default();
    let posting = hubs.each_ref().map(|hub| keep_posting(hub.socket_address(), Arc::clone(&is_over)));
    for broker in 0..BROKERS {
        brokers.stop(broker);
        brokers.start_again(broker);
        // It has what the others have, and may be needed by them.
        brokers.wait_until_ready();
    }
    is_over.store(true, SeqCst);
    let mut stored = BTreeSet::new();
    for posting in posting {
        let (messages, longest) = posting.await.unwrap();
        println!("{} posts, the longest took {:.1} s", messages.len(), longest.as_secs_f64());
        stored.extend(messages);
    }
    for hub in &hubs {
        eventually("it is ready", async || {
            (get(hub.socket_address(), "/readyz").await.status() == 200).then_some(())
        })
        .await;
        let again = post_under(hub.socket_address(), deleted, Some("key")).await;
        assert_eq!((again.status(), again.head.header("idempotency-replayed")), (201, Some("true")));
        assert_eq!(again.json()["id"], id);
        let listed = messages(hub).await;
        let newest: BTreeSet<_> = listed.iter().cloned().collect();
        assert_eq!(newest.len(), listed.len(), "one is there twice");
        assert!(newest.is_subset(&stored), "what was deleted came back");
        assert_eq!(newest.len(), stored.len().min(1000));
    }
}

/// The broker dies that a hub's consumer is on, and that leads all brokers: for 4 to 9 s nobody makes another consumer. The
/// stream's own leader lives, and that is enough.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_reads_on_while_nobody_can_make_a_consumer_for_it() {
    let Some(mut brokers) = Brokers::start(BROKERS) else { return };
    let first = hub_at(&brokers, &[0, 1, 2]);
    assert!(is_stored(first.socket_address(), "before").await);
    let doomed = eventually("one leads them all", async || brokers.leader_of_all()).await;
    let leader = eventually("one leads the stream", async || brokers.leader_of(STREAM)).await;
    if leader == doomed {
        // Asked once: without a leader nobody would answer.
        brokers.ask_jetstream(leader, &format!("STREAM.LEADER.STEPDOWN.{STREAM}"), "");
    }
    let leader = eventually("another one leads the stream", async || {
        brokers.leader_of(STREAM).filter(|leader| *leader != doomed)
    })
    .await;
    let mut hubs = vec![first];
    let mut known = BTreeSet::new();
    eventually("a hub has its consumer there", async || {
        let consumers = brokers.consumers_of(leader, STREAM);
        let is_there = consumers.iter().any(|(name, broker)| !known.contains(name) && *broker == doomed);
        known.extend(consumers.into_keys());
        if !is_there {
            hubs.push(hub_at(&brokers, &[0, 1, 2]));
        }
        is_there.then_some(())
    })
    .await;
    let hub = hubs.last().unwrap();
    brokers.kill(doomed);
    let killed = Instant::now();
    assert!(is_stored(hub.socket_address(), "meanwhile").await);
    println!("stored after {:.1} s", killed.elapsed().as_secs_f64());
    assert_eq!(brokers.leader_of_all(), None, "it was stored after the election, {:?}", killed.elapsed());
    assert_eq!(messages(hub).await[0], "meanwhile");
    brokers.start_again(doomed);
    eventually("there is a leader again", async || brokers.leader_of_all()).await;
    for number in 0..20 {
        assert!(is_stored(hub.socket_address(), &number.to_string()).await);
    }
    assert_eq!(messages(hub).await.len(), 22);
}
