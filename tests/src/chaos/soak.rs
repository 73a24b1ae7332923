//! A steady load for long, with subscribers that come and go, stall and are cut off, and deletions: memory, descriptors
//! and files must stay what they are, and no event may be lost.

use std::{
    collections::HashMap,
    fmt::{self, Write as _},
    fs, io,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use futures_util::StreamExt as _;
use notifyhub_bench::{machine, plot};
use notifyhub_sdk::{Event, Subscribe as _, connect};
use tokio::{io::AsyncWriteExt as _, net::TcpStream, task::JoinSet, time::MissedTickBehavior};

use super::{
    dice::dice,
    document,
    observer::Counts,
    proxy::{Deeds, MoodyProxy},
    publisher::Publishing,
    run::{end_of, everything, subscribe},
    samples::{Sample, growth, percentiles},
    work::{Ledger, Post},
};
use crate::{http::open_streams, server::TestServer};

/// How many post in turns.
const PUBLISHERS: usize = 4;

/// How many notifications the hub keeps. With those that are open, which do not count, they fit into one `init`.
const KEPT: usize = 800;

/// What may come on top of the value of the second quarter: a tenth, and this.
const MEMORY_SLACK: u64 = 4 << 20;
const FILES_SLACK: u64 = 4 << 20;
const DESCRIPTORS_SLACK: u64 = 10;

/// What to do.
#[derive(Clone, Copy, Debug)]
pub struct SoakPlan {
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// How long it takes.
    pub duration: Duration,
    /// Posts a second.
    pub rate: u32,
    /// Streams that come and go, besides those whose events are checked.
    pub streams: usize,
    /// How often is looked at the hub.
    pub interval: Duration,
}

/// What a soak came to.
#[derive(Clone, Debug, Default)]
pub struct SoakFigures {
    /// The seed.
    pub seed: u64,
    /// Posts that were acknowledged.
    pub acknowledged: usize,
    /// What the proxy has done.
    pub deeds: Deeds,
    /// What each subscriber has seen.
    pub subscribers: Vec<(String, Counts)>,
    /// How long it took.
    pub took: Duration,
    /// What was wrong, in words.
    pub violations: Vec<String>,
    samples: Vec<Sample>,
}

/// When each post was sent, and how long those took that were received.
#[derive(Default)]
struct Stopwatch {
    sent: Mutex<HashMap<usize, Instant>>,
    taken: Mutex<Vec<Duration>>,
}

/// Runs it.
pub async fn soak(plan: SoakPlan) -> SoakFigures {
    let started = Instant::now();
    let kept = KEPT.to_string();
    let hub =
        TestServer::start(&["--max-notifications", &kept, "--heartbeat", "1s", "--stall-timeout", "3s"]);
    let proxy = MoodyProxy::to(hub.socket_address(), plan.seed, "streams", 2_000_000).await;
    let subscribers = subscribe(1, &proxy).await;
    let stopwatch = Arc::<Stopwatch>::default();
    let publishing = Arc::new(Publishing {
        seed: plan.seed,
        count: usize::MAX,
        keeps_all: true,
        longest_pause_ms: 0,
        next: AtomicUsize::new(0),
        ledger: Ledger::default(),
        attempts: AtomicUsize::new(0),
        retries: AtomicUsize::new(0),
        acknowledged: AtomicUsize::new(0),
    });
    let mut background = JoinSet::new();
    background.spawn(measure(hub.address(), Arc::clone(&stopwatch)));
    proxy.begin();
    for _ in 0..plan.streams {
        background.spawn(read_for_ever(proxy.address()));
    }
    background.spawn(stall(plan.seed, hub.socket_address()));
    let mut publishers = JoinSet::new();
    for _ in 0..PUBLISHERS {
        let (publishing, stopwatch) = (Arc::clone(&publishing), Arc::clone(&stopwatch));
        publishers.spawn(post_steadily(plan, hub.address(), publishing, stopwatch));
    }
    let mut figures = SoakFigures { seed: plan.seed, ..SoakFigures::default() };
    let mut looks = tokio::time::interval(plan.interval);
    looks.tick().await;
    while started.elapsed() < plan.duration {
        tokio::select! {
            _ = looks.tick() => {}
            Some(ended) = publishers.join_next() => {
                figures.violations.push(format!("a publisher ended: {ended:?}"));
                break;
            }
        }
        let taken = std::mem::take(&mut *stopwatch.taken.lock().expect("no one panics with it in hand"));
        figures.samples.push(Sample {
            at: started.elapsed(),
            streams: open_streams(hub.socket_address()).await,
            latency: percentiles(taken),
            ..Sample::of(hub.pid(), hub.data_directory())
        });
    }
    // They finish what they have begun.
    publishing.next.store(usize::MAX / 2, SeqCst);
    while let Some(ended) = publishers.join_next().await {
        if let Ok(Err(error)) = ended {
            figures.violations.push(error);
        }
    }
    background.shutdown().await;
    proxy.calm_down();
    figures.violations.extend(end_of(&hub, &publishing, &subscribers).await);
    figures.acknowledged = publishing.ledger.len();
    figures.deeds = proxy.deeds();
    let stored = everything(&hub).await;
    // Which of the oldest are kept depends on when others were deleted.
    let expected = publishing.ledger.expected(KEPT / 2);
    for subscriber in &subscribers {
        let mut observer = subscriber.observer();
        figures.violations.extend(observer.verdict(&subscriber.name, &stored, &expected, false));
        figures.subscribers.push((subscriber.name.clone(), observer.counts));
    }
    figures.check_growth();
    figures.took = started.elapsed();
    figures
}

async fn post_steadily(
    plan: SoakPlan,
    address: String,
    publishing: Arc<Publishing>,
    stopwatch: Arc<Stopwatch>,
) -> Result<(), String> {
    let client = connect(&address).expect("the address of a server is valid");
    let period = Duration::from_secs(1) * u32::try_from(PUBLISHERS).unwrap_or(1) / plan.rate;
    let mut turns = tokio::time::interval(period);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        turns.tick().await;
        let number = publishing.next.fetch_add(1, SeqCst);
        if number >= usize::MAX / 2 {
            return Ok(());
        }
        stopwatch.sent.lock().expect("no one panics with it in hand").insert(number, Instant::now());
        let mut post = Post::of(plan.seed, number, true);
        // Each key is kept for a day, 100,000 at most: the files would grow for longer than this lasts.
        post.idempotency_key = post.idempotency_key.filter(|_| number.is_multiple_of(10));
        publishing.post(std::slice::from_ref(&client), post).await?;
    }
}

/// Receives everything over a connection of its own, and notes how long it took.
async fn measure(address: String, stopwatch: Arc<Stopwatch>) {
    let client = connect(&address).expect("the address of a server is valid");
    let mut subscription = std::pin::pin!(client.subscribe().limit(0));
    while let Some(Ok(event)) = subscription.next().await {
        let Event::Notification(notification) = event else { continue };
        let number = notification.message.split(' ').next().and_then(|number| number.parse().ok());
        let sent = number.and_then(|number: usize| {
            stopwatch.sent.lock().expect("no one panics with it in hand").remove(&number)
        });
        if let Some(sent) = sent {
            stopwatch.taken.lock().expect("no one panics with it in hand").push(sent.elapsed());
        }
    }
}

async fn read_for_ever(address: String) {
    let client = connect(&address).expect("the address of a proxy is valid");
    let mut subscription = std::pin::pin!(client.subscribe());
    while subscription.next().await.is_some() {}
}

/// Opens streams that nobody reads, and some that end at once.
async fn stall(seed: u64, hub: std::net::SocketAddr) {
    let mut held = JoinSet::new();
    for number in 0.. {
        let mut dice = dice(seed, "stalled", number);
        tokio::time::sleep(Duration::from_millis(dice.u64(50..500))).await;
        let holds = Duration::from_millis(if dice.bool() { 0 } else { dice.u64(1000..8000) });
        held.spawn(async move {
            let Ok(mut socket) = TcpStream::connect(hub).await else { return };
            let _ = socket.write_all(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
            tokio::time::sleep(holds).await;
        });
        while held.try_join_next().is_some() {}
    }
}

impl SoakFigures {
    /// Whether nothing was lost, and nothing grew.
    pub fn is_well(&self) -> bool {
        self.violations.is_empty() && self.subscribers.iter().all(|(_, counts)| counts.is_exact())
    }

    fn check_growth(&mut self) {
        if self.samples.len() < 8 {
            self.violations.push(format!("too short: looked only {} times", self.samples.len()));
            return;
        }
        let mut watch = |name: &str, value: fn(&Sample) -> u64, slack| {
            let (before, after) = growth(&self.samples, value);
            if after > before + before / 10 + slack {
                self.violations.push(format!("{name} grew from {before} to {after}"));
            }
        };
        watch("memory", |sample| sample.memory, MEMORY_SLACK);
        watch("files", |sample| sample.files, FILES_SLACK);
        watch("descriptors", |sample| sample.descriptors, DESCRIPTORS_SLACK);
    }

    pub(crate) fn table(&self) -> String {
        let mib = |bytes: u64| {
            format!("{:.1} MiB", f64::from(u32::try_from(bytes >> 10).unwrap_or(u32::MAX)) / 1024.0)
        };
        let mut text = String::from("| | second quarter | last quarter | most |\n|---|---:|---:|---:|\n");
        let mut row = |name: &str, value: fn(&Sample) -> u64, shown: &dyn Fn(u64) -> String| {
            let (before, after) = growth(&self.samples, value);
            let most = self.samples.iter().map(value).max().unwrap_or(0);
            let _ = writeln!(text, "| {name} | {} | {} | {} |", shown(before), shown(after), shown(most));
        };
        row("resident memory", |sample| sample.memory, &mib);
        row("files in the data directory", |sample| sample.files, &mib);
        row("descriptors", |sample| sample.descriptors, &|count| count.to_string());
        row("threads", |sample| sample.threads, &|count| count.to_string());
        row("open streams", |sample| sample.streams, &|count| count.to_string());
        let ms =
            |micros: u64| format!("{:.1} ms", f64::from(u32::try_from(micros).unwrap_or(u32::MAX)) / 1000.0);
        row("from post to subscriber, p50", |sample| in_micros(sample.latency[0]), &ms);
        row("from post to subscriber, p99", |sample| in_micros(sample.latency[1]), &ms);
        let deeds = &self.deeds;
        let _ = writeln!(
            text,
            "\n{} posts were acknowledged. The proxy took {} connections: {} cut, {} reset, {} silent, {} not read, {} \
             delayed, {} split.\n\n| subscriber | events | connections | gaps announced | lost / doubled / out of order / \
             other |\n|---|---:|---:|---:|---:|",
            self.acknowledged,
            deeds.connections,
            deeds.cut,
            deeds.reset,
            deeds.muted,
            deeds.deafened,
            deeds.delayed,
            deeds.split
        );
        for (name, counts) in &self.subscribers {
            let _ = writeln!(
                text,
                "| {name} | {} | {} | {} | **{} / {} / {} / {}** |",
                counts.events,
                counts.connections,
                counts.gaps,
                counts.lost,
                counts.doubled,
                counts.out_of_order,
                counts.other
            );
        }
        text
    }

    /// Writes its part of RELIABILITY.md in this directory, and its plots.
    pub fn write(&self, docs: &Path) -> io::Result<()> {
        let plots = docs.join("reliability");
        fs::create_dir_all(&plots)?;
        let mib = |bytes: u64| f64::from(u32::try_from(bytes >> 10).unwrap_or(u32::MAX)) / 1024.0;
        let series = |name: &str, colour, value: &dyn Fn(&Sample) -> f64| plot::Series {
            name: name.into(),
            colour,
            is_dashed: false,
            points: self
                .samples
                .iter()
                .map(|sample| (sample.at.as_secs_f64() / 60.0, value(sample)))
                .collect(),
        };
        let memory = [
            series("resident memory", "#2f81f7", &|sample| mib(sample.memory)),
            series("files", "#db6d28", &|sample| mib(sample.files)),
        ];
        let count = |number: u64| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
        let counts = [
            series("descriptors", "#2f81f7", &|sample| count(sample.descriptors)),
            series("open streams", "#db6d28", &|sample| count(sample.streams)),
            series("threads", "#3fb950", &|sample| count(sample.threads)),
        ];
        let latency = [
            series("p50", "#2f81f7", &|sample| sample.latency[0].as_secs_f64() * 1000.0),
            series("p99", "#db6d28", &|sample| sample.latency[1].as_secs_f64() * 1000.0),
        ];
        fs::write(plots.join("soak-memory.svg"), plot::timeline("Memory and files", "MiB", &memory))?;
        fs::write(
            plots.join("soak-counts.svg"),
            plot::timeline("Descriptors, streams, threads", "", &counts),
        )?;
        fs::write(plots.join("soak-latency.svg"), plot::timeline("From post to subscriber", "ms", &latency))?;
        let text = document::of_soak(self, &machine::describe());
        document::write_into(&docs.join("RELIABILITY.md"), "soak", &text)
    }
}

impl fmt::Display for SoakFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}, {:.0} s\n\n{}", self.seed, self.took.as_secs_f64(), self.table())?;
        for violation in &self.violations {
            writeln!(f, "VIOLATION {violation}")?;
        }
        Ok(())
    }
}

fn in_micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
