//! The feed as its subscribers see it, and the property that nothing is lost or doubled whatever happens
//! (invariant 4): random publishing, deleting, clearing, cutting and resuming, over a small log and ring so
//! that every path is taken: ring, log, and a fresh start.

use std::{convert::Infallible, num::NonZeroU64};

use chrono::Utc;
use futures_util::FutureExt as _;
use proptest::prelude::*;

use super::*;
use crate::{
    log::{
        Change, Commit, Entry, Retention, Stored,
        memory::MemoryLog,
        sqlite::{Durability, SqliteLog},
    },
    metrics::{Close, Restart, Start},
    notification::{NewNotification, State},
    sse::frame::Framing,
};

const HEARTBEAT: Duration = Duration::from_secs(15);

fn memory_feed(retention: Retention, ring: RingLimits) -> Arc<Feed> {
    Feed::open(ring, HEARTBEAT, Metrics::default(), |replica| {
        std::future::ready(Ok::<Arc<dyn Log>, Infallible>(Arc::new(MemoryLog::open(retention, replica))))
    })
    .now_or_never()
    .expect("nothing is waited for")
    .expect("opens")
}

fn sqlite_feed(directory: &std::path::Path, retention: Retention, ring: RingLimits) -> Arc<Feed> {
    Feed::open(ring, HEARTBEAT, Metrics::default(), |replica| {
        let opened = SqliteLog::open(directory, retention, Durability::Relaxed, replica);
        std::future::ready(opened.map(|log| Arc::new(log) as Arc<dyn Log>))
    })
    .now_or_never()
    .expect("nothing is waited for")
    .expect("opens")
}

async fn close(feed: Arc<Feed>) {
    feed.close();
    feed.ended().await;
}

fn keeping(notifications: u64, max_entries: u64) -> Retention {
    Retention { max_entries, ..Retention::keeping(NonZeroU64::new(notifications).expect("not zero")) }
}

fn ring(frames: usize) -> RingLimits {
    RingLimits { frames, ..RingLimits::default() }
}

async fn publish(feed: &Feed, message: &str) -> Uuid {
    post(feed, NewNotification { message: message.into(), ..NewNotification::default() }).await
}

async fn post(feed: &Feed, new: NewNotification) -> Uuid {
    feed.publish(new.check().expect("valid"), None).await.expect("stored").id
}

fn about(key: &str, state: State) -> NewNotification {
    NewNotification {
        message: "x".into(),
        key: Some(key.into()),
        state: Some(state),
        ..NewNotification::default()
    }
}

/// One event as a client parses it.
#[derive(Clone, Debug, PartialEq)]
struct Received {
    name: String,
    id: Option<EventId>,
    data: serde_json::Value,
}

fn parse(event: &str) -> Received {
    let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
    Received {
        name: field("event: ").expect("every event has a name").into(),
        id: field("id: ").map(|id| id.parse().expect("an event id")),
        data: serde_json::from_str(field("data: ").expect("every event has data")).expect("JSON"),
    }
}

/// Everything a subscription has to say at this moment.
async fn drain(subscription: &mut Subscription) -> Vec<Received> {
    let mut bytes = Vec::new();
    loop {
        let mut pieces = Pieces::default();
        match subscription.next(&mut pieces, Framing::Plain, 3) {
            Step::Send => bytes.extend(pieces.bytes.concat()),
            Step::CatchUp => subscription.catch_up().await.expect("the log can be read"),
            Step::Wait | Step::End => break,
        }
    }
    let text = String::from_utf8(bytes).expect("UTF-8");
    text.split_terminator("\n\n").map(parse).collect()
}

fn names(received: &[Received]) -> Vec<&str> {
    received.iter().map(|event| event.name.as_str()).collect()
}

#[tokio::test]
async fn a_fresh_subscriber_gets_what_is_stored_newest_first_then_what_comes() {
    let feed = memory_feed(keeping(10, 100), ring(10));
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
    let feed = memory_feed(keeping(10, 100), ring(10));
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
    let feed = memory_feed(keeping(3, 3), ring(2));
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
    let feed = memory_feed(keeping(10, 100), ring(10));
    let mut subscriptions = [feed.subscribe(None, 0), feed.subscribe(None, 0)];
    for subscription in &mut subscriptions {
        drain(subscription).await;
    }
    feed.source.view.ring.beat(Frame::heartbeat(Utc::now(), None));
    let mut beats = Vec::new();
    for subscription in &mut subscriptions {
        let mut pieces = Pieces::default();
        assert_eq!(subscription.next(&mut pieces, Framing::Chunked, 10), Step::Send);
        assert_eq!(pieces.bytes.len(), 1);
        assert!(!pieces.bytes[0].windows(4).any(|bytes| bytes == b"id: "));
        beats.extend(pieces.bytes);
    }
    assert_eq!(beats[0].as_ptr(), beats[1].as_ptr());
}

#[tokio::test]
async fn an_entry_is_encoded_once_whatever_the_number_of_subscribers() {
    let feed = memory_feed(keeping(10, 100), ring(10));
    let mut subscriptions = [feed.subscribe(None, 0), feed.subscribe(None, 0)];
    for subscription in &mut subscriptions {
        drain(subscription).await;
    }
    publish(&feed, "a").await;
    let pointers = subscriptions.each_mut().map(|subscription| {
        let mut pieces = Pieces::default();
        assert_eq!(subscription.next(&mut pieces, Framing::Chunked, 10), Step::Send);
        pieces.bytes[0].as_ptr()
    });
    assert_eq!(pointers[0], pointers[1]);
}

#[tokio::test]
async fn init_is_made_of_slices_of_what_is_stored_whatever_its_length() {
    let feed = memory_feed(keeping(10, 100), ring(10));
    for _ in 0..3 {
        publish(&feed, &"x".repeat(1000)).await;
    }
    let stored = feed.source.view.read_model.older(None, 3);
    for limit in [2, 3, 999, 1000] {
        let mut pieces = Pieces::default();
        let mut subscription = feed.subscribe(None, limit);
        while subscription.next(&mut pieces, Framing::Chunked, 100) == Step::Send {}
        let large: Vec<_> = pieces.bytes.iter().filter(|piece| piece.len() > 1000).collect();
        assert_eq!(large.len(), usize::from(limit).min(3));
        for (piece, item) in large.iter().zip(&stored) {
            assert!(item.after_comma().as_ptr_range().contains(&piece.as_ptr()), "no copy");
        }
    }
}

#[tokio::test]
async fn what_lies_behind_the_ring_is_read_and_encoded_once_for_all() {
    let feed = memory_feed(keeping(100, 1000), ring(2));
    let start = feed.status().latest_id.to_string();
    for n in 0..20 {
        publish(&feed, &n.to_string()).await;
    }
    let mut pointers = Vec::new();
    for _ in 0..3 {
        let mut subscription = feed.subscribe(Some(&start), 0);
        let mut pieces = Pieces::default();
        assert_eq!(subscription.next(&mut pieces, Framing::Chunked, 1), Step::Send);
        assert_eq!(subscription.next(&mut pieces, Framing::Chunked, 1), Step::CatchUp);
        subscription.catch_up().await.expect("the log can be read");
        assert_eq!(subscription.next(&mut pieces, Framing::Chunked, 1), Step::Send);
        pointers.push(pieces.bytes[1].as_ptr());
    }
    assert!(pointers.iter().all(|pointer| *pointer == pointers[0]));
}

#[tokio::test]
async fn what_was_removed_is_in_no_replay() {
    for ring_frames in [100, 2] {
        let feed = memory_feed(keeping(100, 1000), ring(ring_frames));
        let start = feed.status().latest_id.to_string();
        let id = publish(&feed, "secret").await;
        post(&feed, about("k", State::Waiting)).await;
        drain(&mut feed.subscribe(Some(&start), 0)).await;
        feed.remove(id).await.expect("the log works");
        post(&feed, about("k", State::Done)).await;
        let received = drain(&mut feed.subscribe(Some(&start), 0)).await;
        assert_eq!(names(&received), ["hello", "deleted", "deleted", "notification"]);
        assert!(!format!("{received:?}").contains("secret"));
    }
}

#[tokio::test]
async fn every_open_one_is_in_init_however_old() {
    let feed = memory_feed(keeping(10, 100), ring(10));
    post(&feed, about("k", State::Waiting)).await;
    for n in 0..4 {
        publish(&feed, &n.to_string()).await;
    }
    let init = drain(&mut feed.subscribe(None, 2)).await.remove(1);
    let messages: Vec<_> = init.data.as_array().expect("an array").iter().map(|n| &n["message"]).collect();
    assert_eq!(messages, ["3", "2", "x"]);
}

#[tokio::test]
async fn the_read_mark_is_told_and_shared() {
    let feed = memory_feed(keeping(10, 100), ring(10));
    let mut subscription = feed.subscribe(None, 0);
    let a = publish(&feed, "a").await;
    drain(&mut subscription).await;
    assert_eq!(feed.mark_read(a).await, Ok(a));
    let received = drain(&mut subscription).await;
    assert_eq!((received[0].name.as_str(), &received[0].data["through"]), ("read", &a.to_string().into()));
    let hello = drain(&mut feed.subscribe(None, 0)).await.remove(0);
    assert_eq!(hello.data["read_through"], a.to_string());
    assert_eq!(feed.status().read_through, Some(a));
}

#[tokio::test]
async fn a_filter_says_what_is_listed_and_what_is_removed() {
    let feed = memory_feed(keeping(100, 1000), ring(10));
    for n in 0..10 {
        let source = Some(if n % 2 == 0 { "even" } else { "odd" }.into());
        post(&feed, NewNotification { message: n.to_string(), source, ..NewNotification::default() }).await;
    }
    let even = || Filter { sources: vec!["even".into()], ..Filter::default() };
    let messages = |list: List| {
        let text = list.collect::<Vec<_>>().concat();
        let items: Vec<serde_json::Value> = serde_json::from_slice(&text).expect("JSON");
        items.iter().map(|item| item["message"].as_str().expect("text").to_owned()).collect::<Vec<_>>()
    };
    let query = |limit, before, filter| Query { limit, before, filter };
    assert_eq!(messages(feed.list(query(Some(2), None, even())).await.expect("free")), ["8", "6"]);
    assert_eq!(messages(feed.list(query(Some(2), None, Filter::default())).await.expect("free")), ["9", "8"]);
    let nine = feed.source.view.read_model.older(None, 1)[0].notification.id;
    feed.remove(nine).await.expect("the log works");
    let older = feed.list(query(None, Some(nine), even())).await.expect("free");
    assert_eq!(messages(older), ["8", "6", "4", "2", "0"], "`before` may be gone");
    assert_eq!(feed.remove_matching(even()).await, Ok(5));
    assert_eq!(messages(feed.list(Query::default()).await.expect("free")), ["7", "5", "3", "1"]);
    assert_eq!(feed.remove_matching(Filter::default()).await, Ok(4));
    assert_eq!(feed.status().stored, 0);
}

#[tokio::test]
async fn a_restored_backup_is_noticed_however_much_is_posted_after_it() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let copy = tempfile::tempdir().expect("a temporary directory");
    let open = |directory: &std::path::Path| sqlite_feed(directory, keeping(100, 100), ring(10));
    let feed = open(directory.path());
    publish(&feed, "before the backup").await;
    let at_backup = feed.status().latest_id.to_string();
    close(feed).await;
    for file in std::fs::read_dir(directory.path()).expect("a directory").flatten() {
        std::fs::copy(file.path(), copy.path().join(file.file_name())).expect("copies");
    }
    let feed = open(directory.path());
    publish(&feed, "lost").await;
    let lost = feed.status().latest_id.to_string();
    close(feed).await;
    let feed = open(copy.path());
    for (posts, id, reason) in [(0, &lost, "unknown"), (10, &lost, "unknown"), (0, &at_backup, "resumed")] {
        for n in 0..posts {
            publish(&feed, &n.to_string()).await;
        }
        let received = drain(&mut feed.subscribe(Some(id), 1000)).await;
        assert_eq!(received[0].data["reason"], reason, "{posts} posts");
    }
    close(feed).await;
}

/// A log that takes everything and gives nothing back.
struct Unreadable(Arc<dyn Log>);

impl Log for Unreadable {
    fn append(&self, command: Command) -> BoxFuture<'_, Result<Appended, AppendError>> {
        self.0.append(command)
    }

    fn read_after(&self, _: Seq, _: usize) -> BoxFuture<'_, Result<crate::log::EntryPage, ReadError>> {
        Box::pin(std::future::ready(Err(ReadError::Storage("disk I/O error".into()))))
    }

    fn condition(&self) -> watch::Receiver<Condition> {
        self.0.condition()
    }

    fn usage(&self) -> Usage {
        self.0.usage()
    }

    fn ended(&self) -> BoxFuture<'_, ()> {
        self.0.ended()
    }

    fn close(&self) {
        self.0.close();
    }
}

#[tokio::test]
async fn who_needs_a_log_that_cannot_be_read_is_told_and_starts_afresh_from_memory() {
    let metrics = Metrics::default();
    let feed = Feed::open(ring(2), HEARTBEAT, metrics.clone(), async |replica| {
        let log = Arc::new(MemoryLog::open(keeping(100, 1000), replica));
        Ok::<Arc<dyn Log>, Infallible>(Arc::new(Unreadable(log)))
    })
    .await
    .expect("opens");
    let start = feed.status().latest_id.to_string();
    for n in 0..10 {
        publish(&feed, &n.to_string()).await;
    }
    let received = drain(&mut feed.subscribe(Some(&start), 1000)).await;
    assert_eq!(names(&received), ["hello", "hello", "init"]);
    assert_eq!(received[1].data["reason"], "expired");
    assert_eq!(received[2].data.as_array().map(Vec::len), Some(10));
    assert_eq!(metrics.read_failures.get(), 1);
    assert_eq!(metrics.streams_opened.of(Start::Resumed).get(), 1);
    assert_eq!(metrics.streams_restarted.of(Restart::Unreadable).get(), 1);
    assert_eq!(metrics.streams_closed.of(Close::Client).get(), 1);
}

/// A log that another hub has appended to: what it has stored comes when it is asked for, if anything does.
struct Shared {
    replica: Arc<dyn Replica>,
    others: std::sync::Mutex<Vec<Commit>>,
    answers: bool,
}

impl Log for Shared {
    fn append(&self, _: Command) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(std::future::ready(Err(AppendError::Closed)))
    }

    fn read_after(&self, _: Seq, _: usize) -> BoxFuture<'_, Result<crate::log::EntryPage, ReadError>> {
        Box::pin(std::future::ready(Err(ReadError::Closed)))
    }

    fn catch_up(&self, _: Seq) -> BoxFuture<'_, Result<(), Behind>> {
        if !self.answers {
            return Box::pin(std::future::ready(Err(Behind)));
        }
        self.others.lock().expect("not poisoned").drain(..).for_each(|commit| self.replica.apply(commit));
        Box::pin(std::future::ready(Ok(())))
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn silence(&self) -> Duration {
        Duration::from_secs(if self.answers { 1 } else { 4 })
    }

    fn condition(&self) -> watch::Receiver<Condition> {
        watch::Sender::default().subscribe()
    }

    fn usage(&self) -> Usage {
        Usage::default()
    }

    fn ended(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }

    fn close(&self) {}
}

/// A hub that has had the epoch `aaaaaa` and entry 1; another one has stored entry 2.
async fn shared_feed(answers: bool) -> (Arc<Feed>, Uuid) {
    let put = |seq: u64| {
        let draft = NewNotification { message: seq.to_string(), ..NewNotification::default() };
        let notification = draft.check().expect("valid").notification(Uuid::now_v7(), Utc::now());
        (notification.id, Change::Put(Arc::new(EncodedNotification::new(notification))))
    };
    let epoch = Entry { seq: Seq::START, change: Change::Epoch("aaaaaa".parse().expect("valid")) };
    let first = Entry { seq: Seq::new(1), change: put(1).1 };
    let (id, change) = put(2);
    let second = Entry { seq: Seq::new(2), change };
    let feed = Feed::open(ring(10), HEARTBEAT, Metrics::default(), async move |replica: Arc<dyn Replica>| {
        replica.load(Stored { entries: vec![epoch, first], oldest_resume_point: Seq::START });
        let others = vec![Commit { entries: vec![second], ..Commit::default() }].into();
        Ok::<Arc<dyn Log>, Infallible>(Arc::new(Shared { replica, others, answers }))
    });
    (feed.await.expect("opens"), id)
}

#[tokio::test]
async fn what_another_hub_has_told_is_waited_for() {
    let (feed, _) = shared_feed(true).await;
    feed.reach(Some("aaaaaa-2")).await.expect("it answers");
    let received = drain(&mut feed.subscribe(Some("aaaaaa-2"), 1000)).await;
    assert_eq!((names(&received), &received[0].data["reason"]), (vec!["hello"], &"resumed".into()));
    feed.reach(Some("aaaaaa-3")).await.expect("it answers");
    assert_eq!(drain(&mut feed.subscribe(Some("aaaaaa-3"), 1000)).await[0].data["reason"], "unknown");

    let (feed, id) = shared_feed(true).await;
    assert!(feed.get(id).await.is_some());
    let (feed, id) = shared_feed(true).await;
    assert!(feed.knows(id).await);
    assert_eq!(feed.status().stale_ms, None);
}

#[tokio::test]
async fn a_hub_that_has_lost_touch_says_so_rather_than_unknown() {
    let (feed, id) = shared_feed(false).await;
    assert_eq!(feed.reach(Some("aaaaaa-2")).await, Err(Behind));
    for known in [None, Some(""), Some("aaaaaa-1"), Some("no id at all")] {
        feed.reach(known).await.expect("there is nothing to wait for");
    }
    assert!(feed.get(id).await.is_none() && !feed.knows(id).await);
    assert_eq!(drain(&mut feed.subscribe(None, 1000)).await[0].data["stale_ms"], 4000);
    assert_eq!(feed.status().stale_ms, Some(4000));
}

#[tokio::test]
async fn a_log_that_holds_something_else_is_told_to_every_stream() {
    let feed = memory_feed(keeping(100, 1000), ring(10));
    publish(&feed, "kept").await;
    let before = feed.status().latest_id.to_string();
    publish(&feed, "lost").await;
    let lost = feed.status().latest_id.to_string();
    let mut subscription = feed.subscribe(None, 1000);
    drain(&mut subscription).await;
    let follower = feed.follow();

    let page = feed.source.log.read_after(Seq::START, usize::MAX).await.expect("kept");
    let mut entries = vec![Entry { seq: Seq::START, change: Change::Epoch(feed.status().latest_id.epoch) }];
    entries.extend(page.entries.into_iter().take(1));
    entries.push(Entry { seq: Seq::new(2), change: Change::Epoch("bbbbbb".parse().expect("valid")) });
    feed.source.view.load(Stored { entries, oldest_resume_point: Seq::START });

    assert!(!follower.is_current());
    let received = drain(&mut subscription).await;
    assert_eq!(names(&received), ["hello", "init"]);
    assert_eq!(received[0].data["reason"], "unknown");
    assert_eq!(received[1].id.expect("init has an id").to_string(), "bbbbbb-2");
    assert_eq!(received[1].data.as_array().map(Vec::len), Some(1));
    assert!(drain(&mut subscription).await.is_empty(), "once");
    for (id, reason) in [(lost, "unknown"), (before, "resumed")] {
        assert_eq!(drain(&mut feed.subscribe(Some(&id), 1000)).await[0].data["reason"], reason, "{id}");
    }
}

#[tokio::test]
async fn a_stream_ends_when_told_to_but_not_before_its_last_frame() {
    let feed = memory_feed(keeping(10, 100), ring(10));
    let mut subscription = feed.subscribe(None, 0);
    drain(&mut subscription).await;
    publish(&feed, "last").await;
    feed.end_streams();
    let mut pieces = Pieces::default();
    assert_eq!(subscription.next(&mut pieces, Framing::Plain, 10), Step::Send);
    assert!(String::from_utf8_lossy(&pieces.bytes[0]).contains("last"));
    assert_eq!(subscription.next(&mut Pieces::default(), Framing::Plain, 10), Step::End);
}

#[tokio::test]
async fn after_a_restart_the_ring_is_filled_from_the_log() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let start = || sqlite_feed(directory.path(), keeping(100, 100), ring(10));
    let feed = start();
    for n in 0..30 {
        publish(&feed, &n.to_string()).await;
    }
    let id = feed.status().latest_id;
    close(feed).await;

    let feed = start();
    let mut count = 0;
    feed.source.view.ring.frames_after(1, id.seq.back(10), 100, |_, _| count += 1).expect("in the ring");
    assert_eq!(count, 10);
    publish(&feed, "after the restart").await;
    let received = drain(&mut feed.subscribe(Some(&id.to_string()), 1000)).await;
    assert_eq!(names(&received), ["hello", "notification"]);
    assert_eq!(received[0].data["reason"], "resumed");
    assert_eq!(received[1].data["message"], "after the restart");
    close(feed).await;
}

/// What happens to the feed and its subscribers.
#[derive(Clone, Debug)]
enum Happening {
    Publish,
    /// A post about one of a few things, in one of its states.
    About(usize, State),
    /// Settles one of the stored notifications, or one that is long gone.
    Resolve(prop::sample::Index),
    /// Deletes one of them.
    Delete(prop::sample::Index),
    Withdraw(usize),
    Clear,
    MarkRead(prop::sample::Index),
    Beat,
    /// The hub is stopped and started again.
    Restart,
    /// A subscriber reads what there is for it.
    Read(usize),
    /// A subscriber's connection is cut after so many of the events it would have read.
    Cut(usize, usize),
}

const SUBSCRIBERS: usize = 3;
const KEYS: [&str; 3] = ["build", "agent", "backup"];

fn happening() -> impl Strategy<Value = Happening> {
    let state = prop::sample::select(vec![State::Waiting, State::Running, State::Done, State::Failed]);
    prop_oneof![
        10 => Just(Happening::Publish),
        8 => (0..KEYS.len(), state).prop_map(|(key, state)| Happening::About(key, state)),
        3 => any::<prop::sample::Index>().prop_map(Happening::Resolve),
        3 => any::<prop::sample::Index>().prop_map(Happening::Delete),
        1 => (0..KEYS.len()).prop_map(Happening::Withdraw),
        1 => Just(Happening::Clear),
        2 => any::<prop::sample::Index>().prop_map(Happening::MarkRead),
        1 => Just(Happening::Beat),
        1 => Just(Happening::Restart),
        4 => (0..SUBSCRIBERS).prop_map(Happening::Read),
        3 => (0..SUBSCRIBERS, 0..6_usize).prop_map(|(who, events)| Happening::Cut(who, events)),
    ]
}

/// A client as the contract assumes it, and what it believes to be stored.
struct Model {
    subscription: Option<Subscription>,
    last: Option<EventId>,
    believes: std::collections::BTreeMap<Uuid, serde_json::Value>,
    read_through: Option<Uuid>,
    awaits_opening: bool,
}

impl Model {
    fn new(feed: &Feed) -> Self {
        Model {
            subscription: Some(feed.subscribe(None, 1000)),
            last: None,
            believes: std::collections::BTreeMap::new(),
            read_through: None,
            awaits_opening: true,
        }
    }

    async fn read(&mut self) -> Vec<Received> {
        match &mut self.subscription {
            Some(subscription) => drain(subscription).await,
            None => Vec::new(),
        }
    }

    fn resubscribe(&mut self, feed: &Feed) {
        let last = self.last.map(|id| id.to_string());
        self.subscription = Some(feed.subscribe(last.as_deref(), 1000));
        self.awaits_opening = true;
    }

    fn take(&mut self, event: &Received) {
        let id_in = |value: &serde_json::Value, field: &str| {
            value[field].as_str().and_then(|id| id.parse::<Uuid>().ok())
        };
        let id_of = |value: &serde_json::Value| id_in(value, "id").expect("an id");
        match event.name.as_str() {
            "hello" => {
                // A gap is announced: either the missed events follow, or `init` does.
                self.awaits_opening = event.data["resumed"] == false;
                self.read_through = id_in(&event.data, "read_through");
                return;
            }
            "heartbeat" => return,
            "init" => {
                assert!(self.awaits_opening, "init comes after a hello that says so");
                let items = event.data.as_array().expect("an array");
                self.believes = items.iter().map(|item| (id_of(item), item.clone())).collect();
                assert_eq!(self.believes.len(), items.len());
                self.awaits_opening = false;
                self.last = event.id;
                return;
            }
            "notification" => {
                self.believes.insert(id_of(&event.data), event.data.clone());
            }
            "deleted" => {
                self.believes.remove(&id_of(&event.data));
            }
            "cleared" => self.believes.clear(),
            "read" => self.read_through = id_in(&event.data, "through"),
            other => panic!("unknown event {other}"),
        }
        assert!(!self.awaits_opening, "{} before init", event.name);
        let id = event.id.expect("every event that changes something has an id");
        assert!(self.last.is_none_or(|last| last.seq < id.seq), "{:?} then {id}", self.last);
        self.last = Some(id);
    }
}

/// What is replayed after every entry that can be resumed after, from the ring and from the log.
async fn replays(feed: &Feed) -> (Vec<String>, Vec<String>) {
    let oldest = feed.source.log.read_after(Seq::START, 1).await;
    let mut start = Seq::START;
    if oldest.is_err() {
        // The oldest point is not told by itself; what is replayed from there is.
        let head = feed.status().latest_id.seq;
        while start < head && feed.source.log.read_after(start, 1).await.is_err() {
            start = start.next();
        }
    }
    // As far back as the ring goes.
    let mut from_ring = None;
    while from_ring.is_none() {
        let mut texts = Vec::new();
        let read = feed.source.view.ring.frames_after(1, start, usize::MAX, |slot, frame| {
            texts.push(format!("{} {}", slot.seq, String::from_utf8_lossy(&frame.event())));
        });
        match read {
            Ok(_) => from_ring = Some(texts),
            Err(_) => start = start.next(),
        }
    }
    let page = feed.source.log.read_after(start, usize::MAX).await.expect("it is kept");
    let (epochs, _) = feed.source.view.read_model.epochs();
    let from_log = page.entries.iter().filter_map(|entry| {
        let frame = encode::encode(&epochs, entry)?;
        Some(format!("{} {}", entry.seq, String::from_utf8_lossy(&frame.event())))
    });
    (from_ring.unwrap_or_default(), from_log.collect())
}

async fn check_random_happenings(
    open: impl Fn() -> Arc<Feed>,
    can_restart: bool,
    max_notifications: u64,
    happenings: Vec<Happening>,
) {
    let mut feed = open();
    let mut published = vec![Uuid::nil()];
    let mut models: Vec<_> = (0..SUBSCRIBERS).map(|_| Model::new(&feed)).collect();
    for happening in happenings {
        match happening {
            Happening::Publish => published.push(publish(&feed, "x").await),
            Happening::About(key, state) => published.push(post(&feed, about(KEYS[key], state)).await),
            Happening::Resolve(index) => {
                let revision = Revision { resolved: Some(true), ..Revision::default() };
                feed.revise(*index.get(&published), revision).await.expect("the log works");
            }
            Happening::Delete(index) => {
                let id = *index.get(&published);
                let was_stored = feed.get(id).await.is_some();
                assert_eq!(feed.remove(id).await.expect("the log works"), was_stored);
            }
            Happening::Withdraw(key) => drop(feed.withdraw(KEYS[key]).await.expect("the log works")),
            Happening::Clear => drop(feed.remove_matching(Filter::default()).await.expect("the log works")),
            Happening::MarkRead(index) => {
                let id = *index.get(&published);
                if !id.is_nil() {
                    assert!(feed.mark_read(id).await.expect("the log works") >= id);
                }
            }
            Happening::Beat => feed.source.view.ring.beat(Frame::heartbeat(Utc::now(), None)),
            Happening::Restart if can_restart => {
                for model in &mut models {
                    for event in model.read().await {
                        model.take(&event);
                    }
                    model.subscription = None;
                }
                close(feed).await;
                feed = open();
                for model in &mut models {
                    model.resubscribe(&feed);
                }
            }
            Happening::Restart => {}
            Happening::Read(who) => {
                let model = &mut models[who];
                for event in model.read().await {
                    model.take(&event);
                }
            }
            Happening::Cut(who, events) => {
                let model = &mut models[who];
                for event in model.read().await.iter().take(events) {
                    model.take(event);
                }
                model.resubscribe(&feed);
            }
        }
        let (from_ring, from_log) = replays(&feed).await;
        assert_eq!(from_ring, from_log, "ring and log replay the same");
    }
    let listed = feed.list(Query::default()).await.expect("free").collect::<Vec<_>>().concat();
    let listed: Vec<serde_json::Value> = serde_json::from_slice(&listed).expect("JSON");
    let stored: Vec<Uuid> = listed
        .iter()
        .rev()
        .map(|n| n["id"].as_str().and_then(|id| id.parse().ok()).expect("an id"))
        .collect();
    assert!(stored.is_sorted());
    let open_count =
        listed.iter().filter(|n| n["since"].is_string() && n["resolved_at"].is_null()).count() as u64;
    assert!(stored.len() as u64 <= max_notifications + open_count);
    for model in &mut models {
        for event in model.read().await {
            model.take(&event);
        }
        // Retention is not told: a client keeps what it has seen. Whatever is stored it has, and in the same form.
        for item in &listed {
            let id = item["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
            assert_eq!(model.believes.get(&id), Some(item));
        }
        // What it has beyond that is older than something that is stored, or was the last of all.
        let beyond: Vec<_> = model.believes.keys().filter(|id| !stored.contains(id)).collect();
        if let Some(newest) = stored.last() {
            assert!(beyond.iter().all(|id| *id < newest), "{beyond:?} {stored:?}");
        }
        assert_eq!(model.read_through, feed.status().read_through);
    }
    close(feed).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_or_doubled_in_memory(
        happenings in prop::collection::vec(happening(), 1..60),
        max_notifications in 1..8_u64,
        max_entries in 8..20_u64,
        ring_frames in 1..8_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(check_random_happenings(
            || memory_feed(keeping(max_notifications, max_entries), ring(ring_frames)),
            false,
            max_notifications,
            happenings,
        ));
    }
}

proptest! {
    // Each case has a file system to deal with.
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_or_doubled_in_a_file_and_across_restarts(
        happenings in prop::collection::vec(happening(), 1..40),
        max_notifications in 1..8_u64,
        max_entries in 8..20_u64,
        ring_frames in 1..8_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let directory = tempfile::tempdir().expect("a temporary directory");
        runtime.block_on(check_random_happenings(
            || sqlite_feed(directory.path(), keeping(max_notifications, max_entries), ring(ring_frames)),
            true,
            max_notifications,
            happenings,
        ));
    }
}
