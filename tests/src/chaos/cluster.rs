//! Several hubs on one engine. Hubs and engine are killed and frozen at random while publishers post to whichever hub answers,
//! and subscribers change hubs with the id of the last event they had.

use std::{
    fmt,
    sync::{Arc, atomic::AtomicUsize},
    time::{Duration, Instant},
};

use notifyhub_test_engines::Postgres;
use rustix::process::Signal;
use tokio::task::JoinSet;

use super::{
    dice::dice,
    publisher::Publishing,
    run::{Figures, Plan, end_of, everything, judge, progress},
    subscriber::{Agreement, Subscriber},
    work::Ledger,
};
use crate::{eventually, server::TestServer};

/// How many post at a time.
const PUBLISHERS: usize = 8;

/// What several hubs share.
pub trait Engine {
    /// Where it is, as `--store` takes it.
    fn store(&self) -> String;
    /// Kills it, or a part of it, and starts that again.
    fn strike(&mut self);
}

/// A PostgreSQL of its own, which is killed.
pub struct OnPostgres(Postgres);

impl OnPostgres {
    /// Starts it, with an empty database.
    pub fn start() -> Self {
        let postgres = Postgres::start();
        postgres.database("feed");
        OnPostgres(postgres)
    }
}

impl Engine for OnPostgres {
    fn store(&self) -> String {
        self.0.url("feed")
    }

    fn strike(&mut self) {
        self.0.kill();
        self.0.start_again();
    }
}

/// What to do.
#[derive(Clone, Copy, Debug)]
pub struct ClusterPlan {
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// How many notifications are posted.
    pub count: usize,
    /// How many hubs there are.
    pub hubs: usize,
    /// How many subscribers there are.
    pub subscribers: usize,
    /// How often something is killed or frozen.
    pub faults: usize,
}

impl ClusterPlan {
    /// The usual one for so many notifications.
    pub const fn of(seed: u64, count: usize) -> Self {
        ClusterPlan { seed, count, hubs: 3, subscribers: 6, faults: count / 125 }
    }
}

/// What a run came to.
#[derive(Clone, Debug)]
pub struct ClusterFigures {
    /// As for one hub.
    pub run: Figures,
    /// How often the engine was struck.
    pub strikes: usize,
    /// How often a hub was frozen.
    pub freezes: usize,
    /// The longest time without an acknowledgement.
    pub longest_pause: Duration,
}

/// Runs it. Everything it starts has ended when it returns, but for the engine.
pub async fn run_cluster(plan: ClusterPlan, engine: &mut impl Engine) -> ClusterFigures {
    let started = Instant::now();
    let store = engine.store();
    let options =
        ["--store", &store, "--max-notifications", "1000000", "--heartbeat", "1s", "--drain", "300ms"];
    let mut hubs: Vec<_> = (0..plan.hubs).map(|_| TestServer::start(&options)).collect();
    let addresses: Vec<_> = hubs.iter().map(TestServer::address).collect();
    let agreement = Agreement::default();
    let subscribers: Vec<_> = (1..=plan.subscribers)
        .map(|number| Subscriber::roaming(plan.seed, number, addresses.clone(), agreement.clone()))
        .collect();
    eventually("all subscribers have begun", async || {
        subscribers.iter().all(|subscriber| subscriber.observer().has_begun()).then_some(())
    })
    .await;
    let publishing = Arc::new(Publishing {
        seed: plan.seed,
        count: plan.count,
        keeps_all: true,
        longest_pause_ms: (100_000 / plan.count as u64).clamp(5, 100),
        next: AtomicUsize::new(0),
        ledger: Ledger::default(),
        attempts: AtomicUsize::new(0),
        retries: AtomicUsize::new(0),
        acknowledged: AtomicUsize::new(0),
    });
    let mut publishers = JoinSet::new();
    for _ in 0..PUBLISHERS {
        publishers.spawn(Arc::clone(&publishing).run(addresses.clone()));
    }
    let pauses = tokio::spawn(longest_pause(Arc::clone(&publishing)));
    let whole = Plan { max_notifications: 1_000_000, ..Plan::keeping_all(plan.seed, plan.count) };
    let run = Figures { seed: plan.seed, max_notifications: whole.max_notifications, ..Figures::default() };
    let mut figures = ClusterFigures { run, strikes: 0, freezes: 0, longest_pause: Duration::ZERO };
    for fault in 1..=plan.faults {
        if let Err(stuck) =
            progress(&publishing, plan.count * fault / (plan.faults + 1), &mut publishers).await
        {
            figures.run.violations.push(stuck);
            break;
        }
        strike(&mut hubs, engine, &options, &mut dice(plan.seed, "fault", fault), &mut figures).await;
    }
    if let Err(stuck) = progress(&publishing, plan.count, &mut publishers).await {
        figures.run.violations.push(stuck);
    }
    // Where publishing has come to its end; else that is told already.
    figures.longest_pause = tokio::time::timeout(Duration::from_secs(1), pauses)
        .await
        .ok()
        .and_then(Result::ok)
        .unwrap_or_default();
    figures.run.violations.extend(end_of(&hubs[0], &publishing, &subscribers).await);
    let stored = everything(&hubs[0]).await;
    judge(&whole, &publishing, &stored, &subscribers, &mut figures.run);
    for (number, hub) in hubs.iter().enumerate().skip(1) {
        if everything(hub).await != stored {
            figures.run.violations.push(format!("hub {number} lists something else than hub 0"));
        }
    }
    figures.run.took = started.elapsed();
    figures
}

async fn strike(
    hubs: &mut [TestServer],
    engine: &mut impl Engine,
    options: &[&str],
    dice: &mut fastrand::Rng,
    figures: &mut ClusterFigures,
) {
    let struck = dice.usize(..hubs.len());
    let hub = &mut hubs[struck];
    match dice.u32(..10) {
        0..4 => {
            hub.kill();
            figures.run.kills += 1;
            tokio::time::sleep(Duration::from_millis(dice.u64(..500))).await;
            hub.start_again(options);
        }
        4..6 => {
            hub.stop();
            figures.run.stops += 1;
            hub.start_again(options);
        }
        6..8 => {
            hub.signal(Signal::STOP);
            figures.freezes += 1;
            tokio::time::sleep(Duration::from_millis(dice.u64(500..4000))).await;
            hub.signal(Signal::CONT);
        }
        _ => {
            engine.strike();
            figures.strikes += 1;
        }
    }
}

/// Watches until all is acknowledged.
async fn longest_pause(publishing: Arc<Publishing>) -> Duration {
    let mut newest = (publishing.ledger.len(), Instant::now());
    let mut longest = Duration::ZERO;
    while publishing.ledger.len() < publishing.count {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let acknowledged = publishing.ledger.len();
        longest = longest.max(newest.1.elapsed());
        if acknowledged > newest.0 {
            newest = (acknowledged, Instant::now());
        }
    }
    longest
}

impl fmt::Display for ClusterFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.run)?;
        writeln!(
            f,
            "  engine struck {} times, hubs frozen {} times; the longest time without an acknowledgement {:.1} s",
            self.strikes,
            self.freezes,
            self.longest_pause.as_secs_f64()
        )
    }
}
