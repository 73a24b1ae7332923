//! Encoding an event: it happens once for all subscribers.

use std::hint::black_box;

use chrono::Utc;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use notifyhub_server::{
    event_id::{Epoch, EventId, Seq},
    notification::{EncodedNotification, NewNotification},
    sse::frame::Frame,
};
use uuid::Uuid;

fn message(length: usize) -> NewNotification {
    NewNotification { message: "x".repeat(length), ..NewNotification::default() }
}

fn encoding(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("frame");
    for length in [100, 4096] {
        let notification =
            message(length).check().expect("the message is valid").notification(Uuid::max(), Utc::now());
        let encoded = EncodedNotification::new(notification.clone());
        let id = EventId { epoch: Epoch::random(), seq: Seq::new(1042) };
        group.throughput(Throughput::Bytes(length as u64));
        group.bench_function(format!("notification to JSON, {length} characters"), |bencher| {
            bencher.iter(|| EncodedNotification::new(black_box(notification.clone())));
        });
        group.bench_function(format!("JSON to frame, {length} characters"), |bencher| {
            bencher.iter(|| Frame::notification(id, black_box(&encoded)));
        });
    }
    group.finish();
}

criterion_group!(benches, encoding);
criterion_main!(benches);
