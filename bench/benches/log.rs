//! Appending to the log: in memory, and to SQLite with one fsync a commit, where the more append at a time, the
//! more share a commit.

use std::{
    num::NonZeroU64,
    sync::Arc,
    time::{Duration, Instant},
};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use notifyhub_server::{
    log::{
        Command, Commit, Log, Replica, Retention, Stored,
        memory::MemoryLog,
        sqlite::{Durability, SqliteLog},
    },
    notification::NewNotification,
};
use tokio::{runtime::Runtime, task::JoinSet};

const RETENTION: Retention = Retention::keeping(NonZeroU64::new(1_000).expect("it is not zero"));

fn publish() -> Command {
    let new = NewNotification { message: "x".repeat(100), ..NewNotification::default() };
    Command::Publish { draft: Box::new(new.check().expect("the message is valid")), idempotency: None }
}

/// Takes what a log hands over, and does nothing with it.
struct Nobody;

impl Replica for Nobody {
    fn load(&self, _stored: Stored) {}
    fn apply(&self, _commit: Commit) {}
}

/// `count` appends by so many at a time.
async fn append(log: Arc<dyn Log>, appenders: u64, count: u64) -> Duration {
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for appender in 0..appenders {
        let log = Arc::clone(&log);
        let share = count / appenders + u64::from(appender < count % appenders);
        tasks.spawn(async move {
            for _ in 0..share {
                log.append(publish()).await.expect("the log can be written");
            }
        });
    }
    tasks.join_all().await;
    started.elapsed()
}

fn appending(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("threads can be started");
    let mut group = criterion.benchmark_group("log append");
    group.throughput(Throughput::Elements(1));
    group.sample_size(20);

    let memory: Arc<dyn Log> = Arc::new(MemoryLog::open(RETENTION, Arc::new(Nobody)));
    group.bench_function("memory", |bencher| {
        bencher.iter_custom(|count| runtime.block_on(append(Arc::clone(&memory), 1, count)));
    });

    let directory = tempfile::tempdir().expect("there is room for temporary files");
    let opened = SqliteLog::open(directory.path(), RETENTION, Durability::Full, Arc::new(Nobody));
    let sqlite: Arc<dyn Log> = Arc::new(opened.expect("an empty directory is fine"));
    for appenders in [1, 8, 64] {
        group.bench_function(BenchmarkId::new("SQLite, appenders", appenders), |bencher| {
            bencher.iter_custom(|count| runtime.block_on(append(Arc::clone(&sqlite), appenders, count)));
        });
    }
    sqlite.close();
    runtime.block_on(sqlite.ended());
    group.finish();
}

criterion_group!(benches, appending);
criterion_main!(benches);
