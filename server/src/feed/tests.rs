//! The feed as its subscribers see it, and the property that nothing is lost or doubled whatever happens
//! (invariant 4): random publishing, deleting, clearing, cutting and resuming, over a small log and ring so
//! that every path is taken: ring, log, and a fresh start.

use std::num::NonZeroU64;

use chrono::Utc;
use proptest::prelude::*;

use super::*;
use crate::{
    log::{
        Retention,
        memory::MemoryLog,
        sqlite::{Durability, OpenedSqlite},
    },
    notification::NewNotification,
};

const HEARTBEAT: Duration = Duration::from_secs(15);

async fn memory_feed(retention: Retention, ring: RingLimits) -> Arc<Feed> {
    Feed::start(MemoryLog::snapshot(), ring, HEARTBEAT, |sink| Arc::new(MemoryLog::new(retention, sink)))
        .await
        .expect("starts")
}

fn keeping(notifications: u64, max_entries: u64) -> Retention {
    Retention { max_notifications: NonZeroU64::new(notifications).expect("not zero"), max_entries }
}

fn ring(frames: usize) -> RingLimits {
    RingLimits { frames, ..RingLimits::default() }
}

async fn publish(feed: &Feed, message: &str) -> Uuid {
    let new = NewNotification { message: message.into(), ..NewNotification::default() };
    let notification = new.accept(Utc::now()).expect("valid");
    let id = notification.id;
    feed.publish(notification, None).await.expect("stored");
    id
}

/// One event as a client parses it.
#[derive(Clone, Debug, PartialEq)]
struct Received {
    name: String,
    id: Option<EventId>,
    data: serde_json::Value,
}

fn parse(frame: &Frame) -> Received {
    let event = frame.event();
    let text = std::str::from_utf8(&event).expect("UTF-8");
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
    Received {
        name: field("event: ").expect("every event has a name").into(),
        id: field("id: ").map(|id| id.parse().expect("an event id")),
        data: serde_json::from_str(field("data: ").expect("every event has data")).expect("JSON"),
    }
}

/// Everything a subscription has to say at this moment.
async fn drain(subscription: &mut Subscription) -> Vec<Received> {
    let mut received = Vec::new();
    loop {
        let mut frames = Vec::new();
        match subscription.next(&mut frames, 3) {
            Step::Send => received.extend(frames.iter().map(parse)),
            Step::CatchUp => subscription.catch_up().await.expect("the log can be read"),
            Step::Wait | Step::End => return received,
        }
    }
}

fn names(received: &[Received]) -> Vec<&str> {
    received.iter().map(|event| event.name.as_str()).collect()
}

#[tokio::test]
async fn a_fresh_subscriber_gets_what_is_stored_newest_first_then_what_comes() {
    let feed = memory_feed(keeping(10, 100), ring(10)).await;
    publish(&feed, "a").await;
    publish(&feed, "b").await;
    let mut subscription = feed.subscribe(None, 1000);
    publish(&feed, "c").await;
    let received = drain(&mut subscription).await;
    assert_eq!(names(&received), ["hello", "init", "notification"]);
    assert_eq!(received[0].data["reason"], "fresh");
    assert_eq!(received[0].id, None);
    let messages: Vec<_> =
        received[1].data.as_array().expect("an array").iter().map(|n| &n["message"]).collect();
    assert_eq!(messages, ["b", "a"]);
    assert_eq!(received[1].id.expect("init has an id").seq, Seq::new(2));
    assert_eq!(received[2].data["message"], "c");
}

#[tokio::test]
async fn init_is_as_long_as_asked_for() {
    let feed = memory_feed(keeping(10, 100), ring(10)).await;
    for message in ["a", "b", "c"] {
        publish(&feed, message).await;
    }
    for (limit, expected) in [(0, 0), (2, 2), (1000, 3)] {
        let received = drain(&mut feed.subscribe(None, limit)).await;
        assert_eq!(received[1].data.as_array().map(Vec::len), Some(expected));
    }
}

#[tokio::test]
async fn one_who_falls_behind_ring_and_log_while_connected_is_told_so_and_starts_afresh() {
    let feed = memory_feed(keeping(3, 3), ring(2)).await;
    let mut subscription = feed.subscribe(None, 1000);
    drain(&mut subscription).await;
    for n in 0..10 {
        publish(&feed, &n.to_string()).await;
    }
    let received = drain(&mut subscription).await;
    assert_eq!(names(&received), ["hello", "init"]);
    assert_eq!((&received[0].data["reason"], &received[0].data["missed"]), (&"expired".into(), &10.into()));
    assert_eq!(received[1].data.as_array().map(Vec::len), Some(3));
    publish(&feed, "next").await;
    assert_eq!(names(&drain(&mut subscription).await), ["notification"]);
}

#[tokio::test]
async fn a_heartbeat_is_one_frame_for_all_and_no_place_to_resume_from() {
    let feed = memory_feed(keeping(10, 100), ring(10)).await;
    let mut subscriptions = [feed.subscribe(None, 0), feed.subscribe(None, 0)];
    for subscription in &mut subscriptions {
        drain(subscription).await;
    }
    feed.hub.beat(Frame::heartbeat(Utc::now()));
    let mut beats = Vec::new();
    for subscription in &mut subscriptions {
        let mut frames = Vec::new();
        assert_eq!(subscription.next(&mut frames, 10), Step::Send);
        assert_eq!(frames.len(), 1);
        assert_eq!(parse(&frames[0]).id, None);
        beats.extend(frames);
    }
    assert_eq!(beats[0].chunk().as_ptr(), beats[1].chunk().as_ptr());
}

#[tokio::test]
async fn an_entry_is_encoded_once_whatever_the_number_of_subscribers() {
    let feed = memory_feed(keeping(10, 100), ring(10)).await;
    let mut subscriptions = [feed.subscribe(None, 0), feed.subscribe(None, 0)];
    for subscription in &mut subscriptions {
        drain(subscription).await;
    }
    publish(&feed, "a").await;
    let pointers = subscriptions.each_mut().map(|subscription| {
        let mut frames = Vec::new();
        assert_eq!(subscription.next(&mut frames, 10), Step::Send);
        frames[0].chunk().as_ptr()
    });
    assert_eq!(pointers[0], pointers[1]);
}

#[tokio::test]
async fn a_stream_ends_when_told_to_but_not_before_its_last_frame() {
    let feed = memory_feed(keeping(10, 100), ring(10)).await;
    let mut subscription = feed.subscribe(None, 0);
    drain(&mut subscription).await;
    publish(&feed, "last").await;
    feed.end_streams();
    let mut frames = Vec::new();
    assert_eq!(subscription.next(&mut frames, 10), Step::Send);
    assert_eq!(parse(&frames[0]).data["message"], "last");
    assert_eq!(subscription.next(&mut Vec::new(), 10), Step::End);
}

#[tokio::test]
async fn after_a_restart_the_ring_is_filled_from_the_log() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let start = || async {
        let opened =
            OpenedSqlite::open(directory.path(), keeping(100, 100), Durability::Relaxed).expect("opens");
        let snapshot = opened.snapshot().clone();
        Feed::start(snapshot, ring(10), HEARTBEAT, |sink| Arc::new(opened.start(sink))).await.expect("starts")
    };
    let feed = start().await;
    for n in 0..30 {
        publish(&feed, &n.to_string()).await;
    }
    let id = feed.status().latest_id.to_string();
    feed.close().await;
    drop(feed);

    let feed = start().await;
    let mut count = 0;
    feed.hub.frames_after(Seq::new(20), 100, |_| count += 1).expect("the newest ten are in the ring");
    assert_eq!(count, 10);
    publish(&feed, "after the restart").await;
    let received = drain(&mut feed.subscribe(Some(&id), 1000)).await;
    assert_eq!(names(&received), ["hello", "notification"]);
    assert_eq!(received[0].data["reason"], "resumed");
    assert_eq!(received[1].data["message"], "after the restart");
}

/// What happens to the feed and its subscribers.
#[derive(Clone, Debug)]
enum Happening {
    Publish,
    /// Deletes one of the stored notifications, or one that is long gone.
    Delete(prop::sample::Index),
    Clear,
    Beat,
    /// A subscriber reads what there is for it.
    Read(usize),
    /// A subscriber's connection is cut after so many of the events it would have read.
    Cut(usize, usize),
}

const SUBSCRIBERS: usize = 3;

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        10 => Just(Happening::Publish),
        3 => any::<prop::sample::Index>().prop_map(Happening::Delete),
        1 => Just(Happening::Clear),
        1 => Just(Happening::Beat),
        4 => (0..SUBSCRIBERS).prop_map(Happening::Read),
        3 => (0..SUBSCRIBERS, 0..6_usize).prop_map(|(who, events)| Happening::Cut(who, events)),
    ]
}

/// A client as the contract assumes it, and what it believes to be stored.
struct Model {
    subscription: Subscription,
    last: Option<EventId>,
    believes: Vec<Uuid>,
    awaits_opening: bool,
}

impl Model {
    fn new(feed: &Arc<Feed>) -> Self {
        Model {
            subscription: feed.subscribe(None, 1000),
            last: None,
            believes: Vec::new(),
            awaits_opening: true,
        }
    }

    fn take(&mut self, event: &Received) {
        let id_of = |value: &serde_json::Value| {
            value["id"].as_str().and_then(|id| id.parse::<Uuid>().ok()).expect("an id")
        };
        match event.name.as_str() {
            "hello" => {
                // A gap is announced: either the missed events follow, or `init` does.
                self.awaits_opening = event.data["resumed"] == false;
                return;
            }
            "heartbeat" => return,
            "init" => {
                assert!(self.awaits_opening, "init comes after a hello that says so");
                self.believes = event.data.as_array().expect("an array").iter().rev().map(id_of).collect();
                self.awaits_opening = false;
                self.last = event.id;
                return;
            }
            "notification" => self.believes.push(id_of(&event.data)),
            "deleted" => self.believes.retain(|id| *id != id_of(&event.data)),
            "cleared" => self.believes.clear(),
            other => panic!("unknown event {other}"),
        }
        assert!(!self.awaits_opening, "events come after the opening");
        let seq = event.id.expect("every change has an id").seq;
        assert_eq!(Some(seq), self.last.map(|last| last.seq.next()), "no gap and no double");
        self.last = event.id;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn every_subscriber_gets_every_entry_in_order_or_is_told_that_it_starts_afresh(
        happenings in prop::collection::vec(happening(), 1..120),
        max_notifications in 1..12_u64,
        max_entries in 1..20_u64,
        ring_frames in 0..8_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let feed = memory_feed(keeping(max_notifications, max_entries), ring(ring_frames)).await;
            let mut published = vec![Uuid::nil()];
            let mut stored: Vec<Uuid> = Vec::new();
            let mut models: Vec<_> = (0..SUBSCRIBERS).map(|_| Model::new(&feed)).collect();
            for happening in happenings {
                match happening {
                    Happening::Publish => {
                        let id = publish(&feed, "x").await;
                        published.push(id);
                        stored.push(id);
                        let excess = stored.len().saturating_sub(usize::try_from(max_notifications).expect("small"));
                        stored.drain(..excess);
                    }
                    Happening::Delete(index) => {
                        let id = *index.get(&published);
                        let was_stored = stored.contains(&id);
                        assert_eq!(feed.delete(id).await.expect("the log works"), was_stored);
                        stored.retain(|kept| *kept != id);
                    }
                    Happening::Clear => {
                        feed.clear().await.expect("the log works");
                        stored.clear();
                    }
                    Happening::Beat => feed.hub.beat(Frame::heartbeat(Utc::now())),
                    Happening::Read(who) => {
                        let model = &mut models[who];
                        for event in drain(&mut model.subscription).await {
                            model.take(&event);
                        }
                    }
                    Happening::Cut(who, events) => {
                        let model = &mut models[who];
                        for event in drain(&mut model.subscription).await.iter().take(events) {
                            model.take(event);
                        }
                        let last = model.last.map(|id| id.to_string());
                        model.subscription = feed.subscribe(last.as_deref(), 1000);
                        model.awaits_opening = true;
                    }
                }
            }
            let list = feed.list(&Query::default()).expect("no `before` was given");
            let listed: Vec<serde_json::Value> = serde_json::from_slice(&list).expect("JSON");
            let listed: Vec<Uuid> = listed.iter().rev().map(|n| n["id"].as_str().and_then(|id| id.parse().ok()).expect("an id")).collect();
            assert_eq!(&listed, &stored);
            for model in &mut models {
                for event in drain(&mut model.subscription).await {
                    model.take(&event);
                }
                // Retention is not told: a client keeps what it has seen. The newest are the same.
                let newest = model.believes.len().saturating_sub(stored.len());
                assert_eq!(&model.believes[newest..], &stored[..]);
                assert_eq!(model.last.map(|last| last.seq), Some(feed.status().latest_id.seq));
            }
        });
    }
}
