//! Three hubs on one log that three brokers keep: hubs and brokers are killed, frozen and cut off, while publishers post
//! under keys at any hub and subscribers change hubs. What was acknowledged is stored once and seen once, in one order;
//! all hubs tell the same, and hold the same in the end.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use notifyhub_sdk::Client;
use notifyhub_test_engines::Sync;
use tokio::task::JoinSet;

use super::{
    dice::dice,
    faults::Cluster,
    item::Item,
    observer::Counts,
    pauses::{Pause, Pauses},
    publisher::Publishing,
    roamer::{Roamer, Roaming},
    run::everything,
    work::{Ledger, Post, Then},
};
use crate::{eventually, server::TestServer};

const PUBLISHERS: usize = 8;
const ROAMERS: usize = 12;

/// With fewer faults a run says nothing.
const MIN_FAULTS: usize = 3;

/// How long subscribers may take, once all is quiet, to have everything.
const CATCH_UP: Duration = Duration::from_mins(1);

/// What to do.
#[derive(Clone, Copy, Debug)]
pub struct JetStreamPlan {
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// For how long.
    pub duration: Duration,
    /// The hubs' `--max-notifications`.
    pub max_notifications: usize,
    /// When brokers have on the disk what they acknowledge.
    pub sync: Sync,
}

/// What a run came to.
#[derive(Clone, Debug, Default)]
pub struct JetStreamFigures {
    /// The seed.
    pub seed: u64,
    /// The hubs' `--max-notifications`.
    pub max_notifications: usize,
    /// The brokers' `sync_interval`.
    pub sync: &'static str,
    /// How long it took.
    pub took: Duration,
    /// How often each kind of fault was made.
    pub faults: BTreeMap<&'static str, usize>,
    /// Posts that were acknowledged.
    pub acknowledged: usize,
    /// Requests of publishers, and how many of them had to be made again.
    pub attempts: usize,
    /// See `attempts`.
    pub retries: usize,
    /// Notifications that are stored in the end.
    pub stored: usize,
    /// Acknowledged ones that must be stored and are not.
    pub lost: usize,
    /// Stored ones that must not be: twice, or never posted.
    pub doubled: usize,
    /// How often two hubs told different things under one id.
    pub disagreements: usize,
    /// How many hubs held something else than the first in the end.
    pub unequal: usize,
    /// The times in which nothing was acknowledged.
    pub pauses: Vec<Pause>,
    /// How often subscribers left or lost a hub, and how often they resumed at one.
    pub changes: usize,
    /// See `changes`.
    pub resumed: usize,
    /// What all subscribers have seen together.
    pub seen: Counts,
    /// What was wrong, in words.
    pub violations: Vec<String>,
}

impl JetStreamFigures {
    /// Whether everything was as it must be.
    pub fn is_exact(&self) -> bool {
        self.violations.is_empty()
            && self.lost + self.doubled + self.disagreements + self.unequal == 0
            && self.seen.is_exact()
    }

    /// The longest time without an acknowledgement, of which something may count apart.
    pub fn longest_pause(&self, of: impl Fn(&Pause) -> Duration) -> Duration {
        self.pauses.iter().map(of).max().unwrap_or_default()
    }

    /// How many faults there were.
    pub fn faults(&self) -> usize {
        self.faults.values().sum()
    }
}

/// Runs it. Everything it starts has ended when it returns. `None`: there is no NATS server here.
pub async fn run_on_jetstream(plan: JetStreamPlan) -> Option<JetStreamFigures> {
    let started = Instant::now();
    let mut cluster = Cluster::start(plan.sync, plan.max_notifications).await?;
    let publishing = Arc::new(Publishing {
        seed: plan.seed,
        count: 0,
        keeps_all: plan.max_notifications >= 1_000_000,
        longest_pause_ms: 50,
        next: AtomicUsize::new(0),
        ledger: Ledger::default(),
        attempts: AtomicUsize::new(0),
        retries: AtomicUsize::new(0),
        acknowledged: AtomicUsize::new(0),
    });
    let clients: Vec<_> = cluster.hubs.iter().map(TestServer::client).collect();
    let roaming = Arc::<Roaming>::default();
    let roamers: Vec<_> = (1..=ROAMERS)
        .map(|number| Roamer::start(plan.seed, number, cluster.addresses(), Arc::clone(&roaming)))
        .collect();
    eventually("all subscribers have begun", async || {
        roamers.iter().all(|roamer| roamer.observer().has_begun()).then_some(())
    })
    .await;
    let is_over = Arc::<AtomicBool>::default();
    let mut publishers = JoinSet::new();
    for _ in 0..PUBLISHERS {
        publishers.spawn(publish(Arc::clone(&publishing), clients.clone(), Arc::clone(&is_over)));
    }
    let watching = tokio::spawn(pauses(Arc::clone(&publishing), Arc::clone(&is_over)));

    let mut figures = JetStreamFigures {
        seed: plan.seed,
        max_notifications: plan.max_notifications,
        sync: plan.sync.interval(),
        ..JetStreamFigures::default()
    };
    let faults_until = Instant::now() + plan.duration;
    for number in 0.. {
        let mut dice = dice(plan.seed, "fault", number);
        tokio::time::sleep(Duration::from_millis(dice.u64(300..3000))).await;
        // Of what takes long there are few: a short run may be longer for that.
        if Instant::now() >= faults_until && number >= MIN_FAULTS {
            break;
        }
        cluster.fault(&mut dice).await;
    }
    figures.faults = cluster.chronicle.faults();
    cluster.calm_down().await;
    is_over.store(true, SeqCst);
    figures.pauses = watching.await.expect("it does not panic").explained(&cluster.chronicle);
    while let Some(ended) = publishers.join_next().await {
        if let Err(refused) = ended.expect("publishers do not panic") {
            figures.violations.push(refused);
        }
    }
    figures.violations.extend(last_post(&publishing, &clients, &roamers).await);
    let mut lists = Vec::new();
    for hub in &cluster.hubs {
        lists.push(everything(hub).await);
    }
    figures.unequal = lists.iter().filter(|list| **list != lists[0]).count();
    judge(&plan, &publishing, &lists[0], &roamers, &roaming, &mut figures);
    figures.took = started.elapsed();
    Some(figures)
}

async fn publish(
    publishing: Arc<Publishing>,
    hubs: Vec<Client>,
    is_over: Arc<AtomicBool>,
) -> Result<(), String> {
    while !is_over.load(SeqCst) {
        let number = publishing.next.fetch_add(1, SeqCst);
        let mut dice = dice(publishing.seed, "pace", number);
        tokio::time::sleep(Duration::from_millis(dice.u64(..=publishing.longest_pause_ms))).await;
        let post = Post::of(publishing.seed, number, publishing.keeps_all);
        publishing.post(&hubs, post).await.map_err(|error| format!("post {number}: {error}"))?;
    }
    Ok(())
}

/// The times in which nothing was acknowledged.
async fn pauses(publishing: Arc<Publishing>, is_over: Arc<AtomicBool>) -> Pauses {
    let mut pauses = Pauses::begin();
    while !is_over.load(SeqCst) {
        tokio::time::sleep(Duration::from_millis(5)).await;
        pauses.see(publishing.acknowledged.load(SeqCst), Instant::now());
    }
    pauses
}

/// Posts a last one and waits until every subscriber has it; who has not, in words.
async fn last_post(publishing: &Publishing, hubs: &[Client], roamers: &[Roamer]) -> Vec<String> {
    let last = Post {
        message: "the end".into(),
        idempotency_key: Some(format!("chaos-{}-end", publishing.seed)),
        card: None,
        state: None,
        then: Then::Nothing,
    };
    let id = match publishing.post(hubs, last).await {
        Ok(id) => id,
        Err(error) => return vec![error],
    };
    let deadline = Instant::now() + CATCH_UP;
    loop {
        let late: Vec<_> = roamers
            .iter()
            .filter(|roamer| !roamer.observer().knows(&id))
            .map(|roamer| format!("{} never had the last one: {}", roamer.name, roamer.observer().position()))
            .collect();
        if late.is_empty() || Instant::now() > deadline {
            return late;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn judge(
    plan: &JetStreamPlan,
    publishing: &Publishing,
    stored: &BTreeMap<String, Item>,
    roamers: &[Roamer],
    roaming: &Roaming,
    figures: &mut JetStreamFigures,
) {
    let expected = publishing.ledger.expected(plan.max_notifications);
    let differences = expected.differences(stored);
    figures.lost = differences.lost;
    figures.doubled = differences.doubled;
    figures.violations.extend(differences.told);
    for roamer in roamers {
        let mut observer = roamer.observer();
        let violations = observer.judge(stored, &expected);
        figures.violations.extend(violations.iter().map(|what| format!("{}: {what}", roamer.name)));
        if publishing.keeps_all && observer.counts.gaps > 0 {
            figures
                .violations
                .push(format!("{}: a gap, although all is kept: {}", roamer.name, observer.gap));
        }
        figures.seen += observer.counts;
    }
    let disagreements = roaming.told.disagreements.lock().expect("no one panics with it in hand");
    figures.disagreements = disagreements.len();
    figures.violations.extend(disagreements.iter().take(3).map(|what| format!("told differently: {what}")));
    figures.acknowledged = publishing.ledger.len();
    figures.attempts = publishing.attempts.load(SeqCst);
    figures.retries = publishing.retries.load(SeqCst);
    figures.stored = stored.len();
    figures.changes = roaming.changes.load(SeqCst);
    figures.resumed = roaming.resumed.load(SeqCst);
}

impl fmt::Display for JetStreamFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "seed {}, keeping {}: {} acknowledged ({} requests, {} of them again), {} stored; {} lost, {} doubled, \
             {} disagreements, {} unequal lists; longest pause {:.1} s ({:.1} s with a majority of brokers); {:.0} s",
            self.seed,
            self.max_notifications,
            self.acknowledged,
            self.attempts,
            self.retries,
            self.stored,
            self.lost,
            self.doubled,
            self.disagreements,
            self.unequal,
            self.longest_pause(|pause| pause.length).as_secs_f64(),
            self.longest_pause(Pause::with_majority).as_secs_f64(),
            self.took.as_secs_f64()
        )?;
        writeln!(f, "  {} faults: {:?}", self.faults(), self.faults)?;
        writeln!(f, "  subscribers: {} hubs left, {} resumed; {:?}", self.changes, self.resumed, self.seen)?;
        for pause in self.pauses.iter().filter(|pause| pause.is_long()) {
            writeln!(f, "  pause of {pause}")?;
        }
        for violation in &self.violations {
            writeln!(f, "  VIOLATION {violation}")?;
        }
        Ok(())
    }
}
