//! Three hubs and three brokers under everything that can go wrong at once. `make chaos-jetstream` runs it for long.

use std::time::Duration;

use notifyhub_test_engines::Sync;
use notifyhub_tests::chaos::{JetStreamPlan, run_on_jetstream};

async fn run(max_notifications: usize, seconds: u64, sync: Sync) {
    // Another one each time; it is said before anything can go wrong.
    let seed = fastrand::u64(..1_000_000_000);
    println!("seed {seed}");
    let plan = JetStreamPlan { seed, duration: Duration::from_secs(seconds), max_notifications, sync };
    let Some(figures) = run_on_jetstream(plan).await else { return };
    println!("{figures}");
    assert!(figures.is_exact(), "{figures}");
    assert!(figures.acknowledged > 100, "it was a quiet run: {figures}");
    // An election takes 9 s at most, or is repeated once.
    let longest = figures.longest_pause(|pause| pause.after_last_broker);
    assert!(longest < Duration::from_secs(20), "nothing was acknowledged for {longest:?}: {figures}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_acknowledged_one_is_stored_once_and_seen_once_at_all_hubs() {
    run(1_000_000, 30, Sync::Always).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hubs_that_keep_little_keep_the_same() {
    run(200, 18, Sync::Default).await;
}
