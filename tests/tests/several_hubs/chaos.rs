//! Everything dies, and nothing is lost: the short form of `make chaos-cluster`.

use notifyhub_test_engines::Postgres;
use notifyhub_tests::chaos::{ClusterPlan, Engine, run_cluster};

use super::database;

struct Shared {
    postgres: Postgres,
    url: String,
}

impl Engine for Shared {
    fn store(&self) -> String {
        self.url.clone()
    }

    fn strike(&mut self) {
        self.postgres.kill();
        self.postgres.start_again();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_hubs_and_their_database_are_killed_and_nothing_is_lost_or_doubled() {
    let seed = fastrand::u64(..1_000_000_000);
    println!("seed {seed}");
    let (postgres, url) = database();
    let plan = ClusterPlan { seed, count: 1500, hubs: 3, subscribers: 6, faults: 12 };
    let figures = run_cluster(plan, &mut Shared { postgres, url }).await;
    println!("{figures}");
    assert!(figures.run.is_exact(), "{figures}");
    assert_eq!(figures.run.acknowledged, 1501);
}
