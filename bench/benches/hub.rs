//! Waking subscribers: from pushing a frame until every one of them has taken it. Sockets play no part.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use notifyhub_server::{
    event_id::{Epoch, EventId, Seq},
    frame::Frame,
    hub::{Hub, RingLimits, Signal},
};
use tokio::sync::{Notify, watch};

/// What the subscribers share with the one who waits for all of them.
struct Round {
    /// Subscribers that have not taken the newest frame yet.
    left: AtomicUsize,
    is_over: Notify,
}

async fn subscribe(hub: Arc<Hub>, mut signal: watch::Receiver<Signal>, round: Arc<Round>) {
    let mut after = Seq::START;
    while signal.changed().await.is_ok() {
        if signal.borrow_and_update().ending {
            break;
        }
        let mut frames = Vec::new();
        hub.frames_after(after, 64, |frame| frames.push(frame.clone())).expect("the ring is long enough");
        for _ in frames {
            after = after.next();
            if round.left.fetch_sub(1, Ordering::AcqRel) == 1 {
                round.is_over.notify_one();
            }
        }
    }
}

async fn rounds(hub: &Hub, round: &Round, subscribers: usize, count: u64) -> Duration {
    let frame = Frame::cleared(EventId { epoch: Epoch::random(), seq: Seq::new(1) });
    let started = Instant::now();
    for _ in 0..count {
        round.left.store(subscribers, Ordering::Release);
        hub.push([frame.clone()]);
        round.is_over.notified().await;
    }
    started.elapsed()
}

fn waking(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
    let mut group = criterion.benchmark_group("hub wake-up");
    group.sample_size(20);
    for subscribers in [100, 1_000, 10_000] {
        let hub = Arc::new(Hub::new(Seq::START, RingLimits::default()));
        let round = Arc::new(Round { left: AtomicUsize::new(0), is_over: Notify::new() });
        let tasks: Vec<_> = (0..subscribers)
            .map(|_| runtime.spawn(subscribe(Arc::clone(&hub), hub.signal(), Arc::clone(&round))))
            .collect();
        group.throughput(Throughput::Elements(subscribers as u64));
        group.bench_function(BenchmarkId::from_parameter(subscribers), |bencher| {
            bencher.iter_custom(|count| runtime.block_on(rounds(&hub, &round, subscribers, count)));
        });
        hub.end();
        for task in tasks {
            runtime.block_on(task).expect("no subscriber panics");
        }
    }
    group.finish();
}

criterion_group!(benches, waking);
criterion_main!(benches);
