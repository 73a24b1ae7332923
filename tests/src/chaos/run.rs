//! One run: the hub, its proxies, publishers and subscribers; and what it came to.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use rustix::process::Signal;
use tokio::task::JoinSet;

use super::{
    dice::dice,
    item::{Item, item_of_json},
    observer::Counts,
    proxy::{Deeds, MoodyProxy},
    publisher::Publishing,
    subscriber::{Kind, Subscriber},
    work::{Ledger, Post, Then},
};
use crate::{
    eventually,
    http::get,
    server::{TestServer, run_to_end},
    third_party::Library,
    within,
};

/// How many post at a time; every second one through a proxy.
const PUBLISHERS: usize = 8;

/// How long one acknowledged post may keep everyone waiting before the run is given up.
const STANDSTILL: Duration = Duration::from_mins(2);

/// How long subscribers may take, once all is quiet, to have everything.
const CATCH_UP: Duration = Duration::from_mins(2);

/// What to do.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// How many notifications are posted.
    pub count: usize,
    /// The hub's `--max-notifications`. If that is less than `count`, subscribers that are away for long miss some, and
    /// must be told.
    pub max_notifications: usize,
    /// How often the hub is killed or stopped.
    pub ends: usize,
    /// How many subscribers there are of each kind.
    pub subscribers: usize,
}

impl Plan {
    /// The usual one for so many notifications, of which all are kept.
    pub fn keeping_all(seed: u64, count: usize) -> Self {
        Plan { seed, count, max_notifications: 1_000_000, ends: (count / 350).clamp(3, 250), subscribers: 1 }
    }

    /// The usual one for so many notifications, of which only the newest are kept.
    pub fn keeping_few(seed: u64, count: usize) -> Self {
        Plan { max_notifications: 100, ..Plan::keeping_all(seed, count) }
    }

    fn keeps_all(&self) -> bool {
        self.max_notifications >= self.count
    }
}

/// What a run came to.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// The seed.
    pub seed: u64,
    /// The hub's `--max-notifications`.
    pub max_notifications: usize,
    /// Posts that were acknowledged.
    pub acknowledged: usize,
    /// Requests of publishers, and how many of them had to be made again.
    pub attempts: usize,
    /// See `attempts`.
    pub retries: usize,
    /// Notifications that are stored in the end.
    pub stored: usize,
    /// Those that were overtaken by a newer one of their card.
    pub overtaken: usize,
    /// Those that were deleted.
    pub deleted: usize,
    /// Those that retention has dropped.
    pub dropped: usize,
    /// Acknowledged ones that must be stored and are not.
    pub lost: usize,
    /// Stored ones that must not be: twice, or never posted.
    pub doubled: usize,
    /// How often the hub was killed (SIGKILL).
    pub kills: usize,
    /// How often it was stopped (SIGTERM).
    pub stops: usize,
    /// What the proxies have done.
    pub deeds: Deeds,
    /// What each subscriber has seen.
    pub subscribers: Vec<(String, Counts)>,
    /// How long it took.
    pub took: Duration,
    /// What was wrong, in words.
    pub violations: Vec<String>,
}

impl Figures {
    /// Whether everything was as it must be.
    pub fn is_exact(&self) -> bool {
        self.violations.is_empty()
            && self.lost + self.doubled == 0
            && self.subscribers.iter().all(|(_, counts)| counts.is_exact())
    }
}

/// Runs it. Everything it starts has ended when it returns.
pub async fn run(plan: Plan) -> Figures {
    let started = Instant::now();
    let max_notifications = plan.max_notifications.to_string();
    let options = [
        "--max-notifications",
        &max_notifications,
        "--heartbeat",
        "1s",
        "--drain",
        "300ms",
        "--stall-timeout",
        "3s",
    ];
    let mut hub = TestServer::start(&options);
    let address = hub.socket_address();
    let mut figures =
        Figures { seed: plan.seed, max_notifications: plan.max_notifications, ..Figures::default() };
    let for_streams = MoodyProxy::to(address, plan.seed, "streams", 300_000).await;
    let for_posts = MoodyProxy::to(address, plan.seed, "posts", 40_000).await;
    let subscribers = subscribe(plan.subscribers, &for_streams).await;
    for_streams.begin();
    for_posts.begin();

    let publishing = Arc::new(Publishing {
        seed: plan.seed,
        count: plan.count,
        keeps_all: plan.keeps_all(),
        longest_pause_ms: (350_000 / plan.count as u64).clamp(10, 150),
        next: AtomicUsize::new(0),
        ledger: Ledger::default(),
        attempts: AtomicUsize::new(0),
        retries: AtomicUsize::new(0),
        acknowledged: AtomicUsize::new(0),
    });
    let mut publishers = JoinSet::new();
    for number in 0..PUBLISHERS {
        let address = if number % 2 == 0 { hub.address() } else { for_posts.address() };
        publishers.spawn(Arc::clone(&publishing).run(vec![address]));
    }
    for end in 1..=plan.ends {
        let due = plan.count * end / (plan.ends + 1);
        if let Err(stuck) = progress(&publishing, due, &mut publishers).await {
            figures.violations.push(stuck);
            break;
        }
        end_and_start(&mut hub, &options, &mut dice(plan.seed, "hub", end), &mut figures);
    }
    if let Err(stuck) = progress(&publishing, plan.count, &mut publishers).await {
        figures.violations.push(stuck);
    }
    for_streams.calm_down();
    for_posts.calm_down();
    figures.violations.extend(end_of(&hub, &publishing, &subscribers).await);

    hub.kill();
    hub.start_again(&options);
    let stored = everything(&hub).await;
    judge(&plan, &publishing, &stored, &subscribers, &mut figures);
    let checked =
        run_to_end(&["check", "--data-dir", hub.data_directory().to_str().expect("a path is text")]);
    if !checked.status.success() {
        figures.violations.push(String::from_utf8_lossy(&checked.stderr).into_owned());
    }
    figures.deeds = for_streams.deeds();
    figures.deeds += for_posts.deeds();
    figures.took = started.elapsed();
    figures
}

pub(crate) async fn subscribe(of_each: usize, proxy: &MoodyProxy) -> Vec<Subscriber> {
    let kinds = [Kind::Sdk, Kind::ThirdParty(Library::Eventsource), Kind::ThirdParty(Library::HttpxSse)];
    let numbered = (1..=of_each).flat_map(|number| kinds.map(|kind| (kind, number)));
    let subscribers: Vec<_> = numbered.map(|(kind, number)| Subscriber::start(kind, number, proxy)).collect();
    eventually("all subscribers have begun", async || {
        subscribers.iter().all(|subscriber| subscriber.observer().has_begun()).then_some(())
    })
    .await;
    subscribers
}

/// Waits until so many are acknowledged; an error: a publisher was refused, or nothing goes on.
pub(crate) async fn progress(
    publishing: &Publishing,
    count: usize,
    publishers: &mut JoinSet<Result<(), String>>,
) -> Result<(), String> {
    let mut newest = (publishing.ledger.len(), Instant::now());
    while publishing.ledger.len() < count {
        tokio::select! {
            Some(ended) = publishers.join_next() => ended.map_err(|error| error.to_string())??,
            () = tokio::time::sleep(Duration::from_millis(5)) => {}
        }
        let acknowledged = publishing.ledger.len();
        if acknowledged > newest.0 {
            newest = (acknowledged, Instant::now());
        } else if newest.1.elapsed() > STANDSTILL {
            return Err(format!("posting came to a standstill after {acknowledged}"));
        }
    }
    Ok(())
}

fn end_and_start(hub: &mut TestServer, options: &[&str], dice: &mut fastrand::Rng, figures: &mut Figures) {
    if dice.u32(..10) < 6 {
        hub.kill();
        figures.kills += 1;
    } else {
        hub.signal(Signal::TERM);
        // Sometimes it does not get to the end of its drain.
        if dice.u32(..10) < 3 {
            std::thread::sleep(Duration::from_millis(dice.u64(..300)));
            hub.kill();
        }
        hub.wait();
        figures.stops += 1;
    }
    std::thread::sleep(Duration::from_millis(dice.u64(..400)));
    hub.start_again(options);
    if dice.u32(..10) == 0 {
        hub.kill();
        figures.kills += 1;
        hub.start_again(options);
    }
}

/// Posts a last one and waits until every subscriber has it; who has not, in words.
pub(crate) async fn end_of(
    hub: &TestServer,
    publishing: &Publishing,
    subscribers: &[Subscriber],
) -> Vec<String> {
    let last = Post {
        message: "the end".into(),
        idempotency_key: Some(format!("chaos-{}-end", publishing.seed)),
        card: None,
        state: None,
        then: Then::Nothing,
    };
    let id = match within("the last post is taken", publishing.post(&[hub.client()], last)).await {
        Ok(id) => id,
        Err(error) => return vec![error],
    };
    let deadline = Instant::now() + CATCH_UP;
    loop {
        let late: Vec<_> = subscribers
            .iter()
            .filter(|subscriber| !subscriber.observer().knows(&id))
            .map(|subscriber| {
                format!("{} never had the last one: {}", subscriber.name, subscriber.observer().position())
            })
            .collect();
        if late.is_empty() || Instant::now() > deadline {
            return late;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Everything that is stored, page by page.
pub(crate) async fn everything(hub: &TestServer) -> BTreeMap<String, Item> {
    let mut all = BTreeMap::new();
    let mut before = String::new();
    loop {
        let page = get(hub.socket_address(), &format!("/api/notifications?limit=1000{before}")).await.json();
        let page: Vec<_> = page.as_array().into_iter().flatten().map(item_of_json).collect();
        let Some(last) = page.last() else { return all };
        before = format!("&before={}", last.id);
        all.extend(page.into_iter().map(|item| (item.id.clone(), item)));
    }
}

pub(crate) fn judge(
    plan: &Plan,
    publishing: &Publishing,
    stored: &BTreeMap<String, Item>,
    subscribers: &[Subscriber],
    figures: &mut Figures,
) {
    let expected = publishing.ledger.expected(plan.max_notifications);
    let differences = expected.differences(stored);
    figures.lost = differences.lost;
    figures.doubled = differences.doubled;
    figures.violations.extend(differences.told);
    for subscriber in subscribers {
        let mut observer = subscriber.observer();
        let violations = observer.verdict(&subscriber.name, stored, &expected, plan.keeps_all());
        figures.violations.extend(violations);
        figures.subscribers.push((subscriber.name.clone(), observer.counts));
    }
    figures.acknowledged = publishing.ledger.len();
    figures.attempts = publishing.attempts.load(SeqCst);
    figures.retries = publishing.retries.load(SeqCst);
    figures.stored = stored.len();
    figures.overtaken = expected.overtaken.len();
    figures.deleted = expected.deleted.len();
    figures.dropped = expected.dropped.len();
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let deeds = &self.deeds;
        writeln!(
            f,
            "seed {}: {} acknowledged ({} requests, {} of them again); {} stored, {} overtaken, {} deleted, {} dropped; \
             {} lost, {} doubled",
            self.seed,
            self.acknowledged,
            self.attempts,
            self.retries,
            self.stored,
            self.overtaken,
            self.deleted,
            self.dropped,
            self.lost,
            self.doubled
        )?;
        writeln!(f, "  hub: {} kills, {} stops; {:.0} s", self.kills, self.stops, self.took.as_secs_f64())?;
        writeln!(
            f,
            "  connections: {}; {} cut, {} reset, {} cut in a request, {} muted, {} not read, {} delayed, {} split",
            deeds.connections,
            deeds.cut,
            deeds.reset,
            deeds.cut_requests,
            deeds.muted,
            deeds.deafened,
            deeds.delayed,
            deeds.split
        )?;
        for (name, counts) in &self.subscribers {
            writeln!(
                f,
                "  {name}: {} events over {} connections, {} gaps announced; {} lost, {} doubled, {} out of order, {} other",
                counts.events,
                counts.connections,
                counts.gaps,
                counts.lost,
                counts.doubled,
                counts.out_of_order,
                counts.other
            )?;
        }
        for violation in &self.violations {
            writeln!(f, "  VIOLATION {violation}")?;
        }
        Ok(())
    }
}
