//! Appending to the log: in memory, and to SQLite with one fsync a commit, where the more append at a time, the
//! more share a commit.

use std::{
    num::NonZeroU64,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::Utc;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use notifyhub_server::{
    log::{
        Command, Log, Retention,
        memory::MemoryLog,
        sqlite::{Durability, OpenedSqlite},
    },
    notification::{EncodedNotification, NewNotification},
};
use tokio::{runtime::Runtime, task::JoinSet};

const RETENTION: Retention = Retention::keeping(NonZeroU64::new(1_000).expect("it is not zero"));

fn publish() -> Command {
    let new = NewNotification { message: "x".repeat(100), ..NewNotification::default() };
    let notification = new.accept(Utc::now()).expect("the message is valid");
    Command::Publish { notification: Arc::new(EncodedNotification::new(notification)), key: None }
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

    let memory: Arc<dyn Log> = Arc::new(MemoryLog::new(RETENTION, Box::new(drop)));
    group.bench_function("memory", |bencher| {
        bencher.iter_custom(|count| runtime.block_on(append(Arc::clone(&memory), 1, count)));
    });

    let directory = tempfile::tempdir().expect("there is room for temporary files");
    let opened = OpenedSqlite::open(directory.path(), RETENTION, Durability::Full)
        .expect("an empty directory is fine");
    let sqlite: Arc<dyn Log> = Arc::new(opened.start(Box::new(drop)));
    for appenders in [1, 8, 64] {
        group.bench_function(BenchmarkId::new("SQLite, appenders", appenders), |bencher| {
            bencher.iter_custom(|count| runtime.block_on(append(Arc::clone(&sqlite), appenders, count)));
        });
    }
    runtime.block_on(sqlite.close());
    group.finish();
}

criterion_group!(benches, appending);
criterion_main!(benches);
