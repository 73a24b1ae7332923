//! Nothing is lost under faults: the short forms of `make chaos` and `make soak`. A run that fails says its seed; `make
//! chaos SEED=… COUNT=…` runs it again.
//!
//! A binary of its own: it takes the machine for itself.
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

use std::time::Duration;

use notifyhub_tests::chaos::{Plan, SoakPlan, run, soak};

/// Another one each time; it is said before anything can go wrong.
fn seed() -> u64 {
    let seed = fastrand::u64(..1_000_000_000);
    println!("seed {seed}");
    seed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_acknowledged_one_is_stored_once_and_seen_once_in_order() {
    let figures = run(Plan::keeping_all(seed(), 5000)).await;
    assert!(figures.is_exact(), "{figures}");
    assert_eq!(figures.acknowledged, 5001);
    assert!(figures.kills + figures.stops >= 14 && figures.deeds.cut > 0, "it was a quiet run: {figures}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_misses_what_is_no_longer_kept_is_told() {
    let figures = run(Plan::keeping_few(seed(), 1500)).await;
    assert!(figures.is_exact(), "{figures}");
    let gaps: usize = figures.subscribers.iter().map(|(_, counts)| counts.gaps).sum();
    assert!(gaps > 0, "nobody missed anything: {figures}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_steady_load_leaves_memory_descriptors_and_files_as_they_are() {
    let figures = soak(SoakPlan {
        seed: seed(),
        duration: Duration::from_secs(20),
        rate: 100,
        streams: 10,
        interval: Duration::from_secs(1),
    })
    .await;
    assert!(figures.is_well(), "{figures}");
}
