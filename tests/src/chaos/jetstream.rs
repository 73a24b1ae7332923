//! Three hubs on one log that three brokers keep: hubs and brokers are killed, frozen and cut off, while publishers post
//! under keys at any hub and subscribers change hubs. What was acknowledged is stored once and seen once, in one order;
//! all hubs tell the same, and hold the same in the end.

use std::{
    collections::BTreeMap,
    fmt,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use fastrand::Rng;
use notifyhub_sdk::Client;
use notifyhub_test_engines::{Brokers, Setup, Sync};
use rustix::process::Signal;
use tokio::{net::TcpStream, task::JoinSet};

use super::{
    dice::dice,
    item::Item,
    observer::Counts,
    pauses::{Chronicle, Pause, Pauses},
    publisher::Publishing,
    roamer::{Roamer, Roaming},
    run::everything,
    work::{Ledger, Post, Then},
};
use crate::{
    eventually,
    proxy::Proxy,
    server::{Launch, TestServer},
};

const HUBS: usize = 3;
const BROKERS: usize = 3;
const PUBLISHERS: usize = 8;
const ROAMERS: usize = 12;

const STREAM: &str = "chaos";

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

/// The processes, and the connections of one hub that can be cut.
struct Cluster {
    brokers: Brokers,
    hubs: Vec<TestServer>,
    /// Between the first hub and each broker.
    proxies: Vec<Proxy>,
    options: Vec<Vec<String>>,
    chronicle: Arc<Chronicle>,
}

impl Cluster {
    async fn start(plan: &JetStreamPlan) -> Option<Self> {
        let brokers = Brokers::start_as(&Setup { sync: plan.sync, ..Setup::of(BROKERS) })?;
        let mut proxies = Vec::new();
        for index in 0..BROKERS {
            proxies.push(Proxy::to(brokers.client_address(index)).await);
        }
        let through: Vec<_> = proxies.iter().map(|proxy| proxy.socket_address().to_string()).collect();
        let stores = [
            format!("nats://{}?stream={STREAM}&replicas={BROKERS}", through.join(",")),
            brokers.store(STREAM),
            brokers.store(STREAM),
        ];
        let options: Vec<Vec<String>> = stores
            .into_iter()
            .map(|store| {
                let count = plan.max_notifications.to_string();
                let options = ["--store", &store, "--max-notifications", &count, "--heartbeat", "1s"];
                options.iter().chain(&["--drain", "300ms"]).map(ToString::to_string).collect()
            })
            .collect();
        let chronicle = Arc::new(Chronicle::of(BROKERS));
        let mut cluster = Cluster { brokers, hubs: Vec::new(), proxies, options, chronicle };
        for hub in 0..HUBS {
            cluster.hubs.push(TestServer::start(&cluster.options_of(hub)));
        }
        Some(cluster)
    }

    fn options_of(&self, hub: usize) -> Vec<&str> {
        self.options[hub].iter().map(String::as_str).collect()
    }

    fn start_hub_again(&mut self, hub: usize) {
        let options = self.options[hub].clone();
        let options: Vec<_> = options.iter().map(String::as_str).collect();
        self.hubs[hub].relaunch(Launch { options: &options, ..Launch::default() });
    }

    fn kill_broker(&mut self, broker: usize) {
        self.chronicle.down(broker);
        self.brokers.kill(broker);
    }

    fn start_broker_again(&mut self, broker: usize) {
        self.brokers.start_again(broker);
        let (address, chronicle) = (self.brokers.client_address(broker), Arc::clone(&self.chronicle));
        tokio::spawn(async move {
            while TcpStream::connect(address).await.is_err() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            chronicle.up(broker);
        });
    }

    fn freeze_broker(&mut self, broker: usize) {
        self.chronicle.down(broker);
        self.brokers.freeze(broker);
    }

    fn thaw_broker(&mut self, broker: usize) {
        self.brokers.thaw(broker);
        self.chronicle.up(broker);
    }

    fn addresses(&self) -> Vec<SocketAddr> {
        self.hubs.iter().map(TestServer::socket_address).collect()
    }

    /// The broker that leads the stream, or any.
    fn leader(&self, dice: &mut Rng) -> usize {
        self.brokers.leader_of(STREAM).unwrap_or_else(|| dice.usize(..BROKERS))
    }

    /// Makes one fault and its end.
    async fn fault(&mut self, dice: &mut Rng) {
        let leader = self.leader(dice);
        let follower = (leader + dice.usize(1..BROKERS)) % BROKERS;
        let hub = dice.usize(..HUBS);
        let ms = |dice: &mut Rng, range: std::ops::Range<u64>| Duration::from_millis(dice.u64(range));
        match dice.u32(..100) {
            0..15 => {
                self.chronicle.fault("leading broker killed");
                self.kill_broker(leader);
                tokio::time::sleep(ms(dice, 200..4000)).await;
                self.start_broker_again(leader);
            }
            15..27 => {
                self.chronicle.fault("following broker killed");
                self.kill_broker(follower);
                tokio::time::sleep(ms(dice, 200..3000)).await;
                self.start_broker_again(follower);
            }
            27..37 => {
                self.chronicle.fault("leading broker frozen");
                self.freeze_broker(leader);
                tokio::time::sleep(ms(dice, 1500..9000)).await;
                self.thaw_broker(leader);
            }
            37..43 => {
                self.chronicle.fault("following broker frozen");
                self.freeze_broker(follower);
                tokio::time::sleep(ms(dice, 1500..6000)).await;
                self.thaw_broker(follower);
            }
            43..65 => {
                self.chronicle.fault("hub killed");
                self.hubs[hub].kill();
                tokio::time::sleep(ms(dice, 0..1500)).await;
                self.start_hub_again(hub);
            }
            65..75 => {
                self.chronicle.fault("hub frozen");
                self.hubs[hub].signal(Signal::STOP);
                tokio::time::sleep(ms(dice, 1000..8000)).await;
                self.hubs[hub].signal(Signal::CONT);
            }
            75..82 => {
                self.chronicle.fault("hub and leading broker killed");
                self.hubs[hub].kill();
                self.kill_broker(leader);
                tokio::time::sleep(ms(dice, 100..2000)).await;
                self.start_broker_again(leader);
                self.start_hub_again(hub);
            }
            82..86 => {
                self.chronicle.fault("all brokers killed");
                (0..BROKERS).for_each(|broker| self.kill_broker(broker));
                tokio::time::sleep(ms(dice, 100..1500)).await;
                (0..BROKERS).for_each(|broker| self.start_broker_again(broker));
            }
            86..93 => {
                self.chronicle.fault("hub cut off from all brokers");
                self.proxies.iter().for_each(Proxy::part);
                tokio::time::sleep(ms(dice, 500..8000)).await;
                self.proxies.iter().for_each(Proxy::join);
            }
            _ => {
                self.chronicle.fault("hub's connections silenced");
                self.proxies.iter().for_each(Proxy::silence);
            }
        }
    }

    /// Nothing is wrong any more: all of them run, and the hubs have found their brokers.
    async fn calm_down(&self) {
        self.brokers.wait_until_ready();
        for hub in &self.hubs {
            eventually("a hub stores again what is posted", async || {
                let answer = crate::http::get(hub.socket_address(), "/readyz").await;
                (answer.status() == 200).then_some(())
            })
            .await;
        }
    }
}

/// Runs it. Everything it starts has ended when it returns. `None`: there is no NATS server here.
pub async fn run_on_jetstream(plan: JetStreamPlan) -> Option<JetStreamFigures> {
    let started = Instant::now();
    let mut cluster = Cluster::start(&plan).await?;
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
