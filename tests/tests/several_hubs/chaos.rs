//! Everything dies, and nothing is lost: the short form of `make chaos-postgres`.

use notifyhub_tests::chaos::{ClusterPlan, OnPostgres, run_cluster};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_hubs_and_their_database_are_killed_and_nothing_is_lost_or_doubled() {
    let seed = fastrand::u64(..1_000_000_000);
    println!("seed {seed}");
    let figures = run_cluster(ClusterPlan::of(seed, 1500), &mut OnPostgres::start()).await;
    println!("{figures}");
    assert!(figures.run.is_exact(), "{figures}");
    assert_eq!(figures.run.acknowledged, 1501);
    let faults = figures.run.kills + figures.run.stops + figures.freezes + figures.strikes;
    assert_eq!(faults, 12, "{figures}");
}
