//! What every log must do, whatever stores it. A new back end adds one line to the list of modules below.

use std::{
    num::NonZeroU64,
    sync::{Arc, Mutex},
    time::Duration,
};

use uuid::Uuid;

#[cfg(feature = "postgres")]
use super::postgres::PostgresLog;
use super::{
    AppendError, Appended, BoxFuture, Change, Command, Commit, Condition, Entry, IdempotencyKey, Log,
    ReadError, Replica, Retention, Stored,
    memory::MemoryLog,
    sqlite::{Durability, SqliteLog},
};
use crate::{
    event_id::Seq,
    notification::{NewNotification, Revision, State},
};

/// What a log handed over, and what a reader of all of it would hold: the rule of compaction in its simplest form.
#[derive(Default)]
struct Follower {
    commits: Mutex<Vec<Commit>>,
    held: Mutex<Vec<Entry>>,
}

impl Replica for Follower {
    fn load(&self, stored: Stored) {
        *self.held.lock().expect("not poisoned") = stored.entries;
    }

    fn apply(&self, commit: Commit) {
        let mut held = self.held.lock().expect("not poisoned");
        for entry in &commit.entries {
            held.retain(|earlier| !entry.change.subject().voids(earlier.change.subject()));
            held.push(entry.clone());
        }
        for dropped in &commit.dropped {
            let position = held.iter().position(|entry| entry.seq == dropped.seq).expect("it was held");
            held[position].change = Change::Remove(dropped.id);
        }
        held.retain(|entry| {
            entry.seq > commit.oldest_resume_point
                || !matches!(entry.change, Change::Remove(_) | Change::Clear)
        });
        drop(held);
        self.commits.lock().expect("not poisoned").push(commit);
    }
}

/// A log under test and what it handed over.
struct Subject {
    log: Box<dyn Log>,
    follower: Arc<Follower>,
    place: Place,
    retention: Retention,
}

/// Where a log is kept, and can be opened again.
enum Place {
    Nowhere,
    Directory(tempfile::TempDir),
    /// The address of a database.
    #[cfg(feature = "postgres")]
    Database(String),
    /// A stream of this broker's.
    #[cfg(feature = "nats")]
    Stream(notifyhub_test_engines::Brokers),
}

impl Place {
    async fn open(self, retention: Retention) -> Subject {
        let follower = Arc::<Follower>::default();
        let replica = Arc::<Follower>::clone(&follower);
        let log: Box<dyn Log> = match &self {
            Place::Nowhere => Box::new(MemoryLog::open(retention, replica)),
            Place::Directory(directory) => {
                let opened = SqliteLog::open(directory.path(), retention, Durability::Relaxed, replica);
                Box::new(opened.expect("the database opens"))
            }
            #[cfg(feature = "nats")]
            Place::Stream(brokers) => {
                let address = brokers.store("contract").parse().expect("valid");
                let opened = super::jetstream::JetStreamLog::open(&address, retention, replica).await;
                Box::new(opened.expect("the stream opens"))
            }
            #[cfg(feature = "postgres")]
            Place::Database(url) => {
                Box::new(PostgresLog::open(url, retention, replica).await.expect("the database opens"))
            }
        };
        Subject { log, follower, place: self, retention }
    }
}

fn memory(retention: Retention) -> BoxFuture<'static, Subject> {
    Box::pin(Place::Nowhere.open(retention))
}

fn sqlite(retention: Retention) -> BoxFuture<'static, Subject> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    Box::pin(Place::Directory(directory).open(retention))
}

#[cfg(feature = "nats")]
fn jetstream(retention: Retention) -> BoxFuture<'static, Subject> {
    let brokers = notifyhub_test_engines::Brokers::start(1).expect("there is a NATS server");
    Box::pin(Place::Stream(brokers).open(retention))
}

/// A server with a schema for each log.
#[cfg(feature = "postgres")]
mod postgres {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use notifyhub_test_engines::Postgres;

    use super::{BoxFuture, Place, Retention, Subject};

    pub(super) struct Server {
        postgres: Postgres,
        logs: AtomicUsize,
    }

    impl Server {
        pub(super) fn start() -> Self {
            Server { postgres: Postgres::start(), logs: AtomicUsize::new(0) }
        }

        pub(super) fn open(&self, retention: Retention) -> BoxFuture<'static, Subject> {
            let number = self.logs.fetch_add(1, Ordering::Relaxed);
            let url = format!("{}?schema=log_{number}", self.postgres.url("postgres"));
            Box::pin(Place::Database(url).open(retention))
        }
    }
}

impl Subject {
    async fn append(&self, command: Command) -> Appended {
        self.log.append(command).await.expect("the log takes it")
    }

    async fn publish(&self, message: &str) -> Uuid {
        self.post(new(message)).await
    }

    async fn post(&self, new: NewNotification) -> Uuid {
        id_of(&self.append(post(new, None)).await)
    }

    async fn read(&self, after: u64) -> Result<Vec<Entry>, ReadError> {
        let page = self.log.read_after(Seq::new(after), usize::MAX).await?;
        assert!(page.entries.last().is_none_or(|last| last.seq <= page.through));
        Ok(page.entries)
    }

    /// The entries after a position in short: `+message`, `-` for a removal, `0` for a clear, `r` for the read mark.
    async fn told(&self, after: u64) -> Vec<String> {
        in_short(&self.read(after).await.expect("still kept"))
    }

    /// Closes and opens again, where that makes sense.
    async fn restart(self) -> Self {
        if matches!(self.place, Place::Nowhere) {
            return self;
        }
        self.log.close();
        self.log.ended().await;
        self.place.open(self.retention).await
    }

    /// What was handed over is what can be read.
    async fn assert_replica_and_log_agree(&self) {
        let held = self.follower.held.lock().expect("not poisoned").clone();
        let oldest = self.oldest_resume_point();
        let read = self.read(oldest.get()).await.expect("still kept");
        let held: Vec<_> = held.into_iter().filter(|entry| entry.seq > oldest).collect();
        assert_eq!(read, held);
    }

    fn oldest_resume_point(&self) -> Seq {
        let commits = self.follower.commits.lock().expect("not poisoned");
        commits.last().map_or(Seq::START, |commit| commit.oldest_resume_point)
    }
}

fn in_short(entries: &[Entry]) -> Vec<String> {
    let short = |entry: &Entry| {
        let said = match &entry.change {
            Change::Put(encoded) => format!("+{}", encoded.notification.message),
            Change::Remove(_) => "-".into(),
            Change::Clear => "0".into(),
            Change::Read(_) => "r".into(),
            Change::Epoch(_) => return None,
        };
        Some(said)
    };
    entries.iter().filter_map(short).collect()
}

fn new(message: &str) -> NewNotification {
    NewNotification { message: message.into(), ..NewNotification::default() }
}

fn about(message: &str, key: &str, state: State) -> NewNotification {
    NewNotification { key: Some(key.into()), state: Some(state), ..new(message) }
}

fn post(new: NewNotification, key: Option<&str>) -> Command {
    let draft = new.check().expect("valid");
    let fingerprint = draft.fingerprint();
    let idempotency = key.map(|key| IdempotencyKey { key: key.into(), fingerprint });
    Command::Publish { draft: Box::new(draft), idempotency }
}

fn id_of(appended: &Appended) -> Uuid {
    appended.notification.as_ref().expect("a notification came of it").notification.id
}

fn keeping(max_notifications: u64) -> Retention {
    Retention::keeping(NonZeroU64::new(max_notifications).expect("not zero"))
}

/// Makes one test of each function below for each back end.
macro_rules! contract {
    ($($test:ident),* $(,)?) => {
        contract!(@back_end memory: $($test),*);
        contract!(@back_end sqlite: $($test),*);
        #[cfg(feature = "nats")]
        contract!(@back_end jetstream: $($test),*);
        #[cfg(feature = "postgres")]
        contract!(@one_by_one postgres: $($test),*);
    };
    (@back_end $back_end:ident: $($test:ident),*) => {
        mod $back_end {
            $(#[tokio::test]
            async fn $test() {
                if stringify!($back_end) == "jetstream" && !notifyhub_test_engines::Brokers::are_available() {
                    return;
                }
                super::$test(&super::$back_end).await;
            })*
        }
    };
    // In one test: all of them share a server.
    (@one_by_one $back_end:ident: $($test:ident),*) => {
        #[tokio::test]
        async fn $back_end() {
            let server = $back_end::Server::start();
            $(
                eprintln!("{}", stringify!($test));
                $test(&|retention| server.open(retention)).await;
            )*
        }
    };
}

contract!(
    numbers_and_ids_rise_and_the_replica_has_an_entry_before_the_answer,
    a_read_goes_on_after_a_position_and_ends_with_its_budget,
    what_was_removed_is_there_no_more_and_its_removal_is_replayed,
    a_clear_voids_everything_before_it,
    removing_nothing_makes_no_entry,
    a_repeated_key_gives_the_first_answer_and_makes_no_entry,
    a_key_is_not_used_for_another_content,
    a_newer_post_of_a_key_overtakes_the_open_ones,
    a_key_is_withdrawn,
    a_revision_takes_the_place_of_what_it_revises,
    the_read_mark_never_goes_back,
    retention_drops_the_oldest_and_says_so,
    retention_spares_the_open_ones,
    what_was_dropped_does_not_come_back_where_there_is_room_again,
    retention_drops_what_is_too_old,
    a_dropped_revision_is_replayed_as_a_removal,
    old_entries_expire_even_if_few_notifications_are_stored,
    an_old_notification_outlives_the_entries_around_it,
    concurrent_appends_get_distinct_numbers_in_one_order,
    a_dropped_append_leaves_the_log_as_it_was_or_with_the_whole_of_it,
    everything_outlives_a_restart,
    a_closed_log_refuses,
);

/// Opens a log that is empty.
type Open<'a> = &'a (dyn Fn(Retention) -> BoxFuture<'static, Subject> + Sync);

async fn numbers_and_ids_rise_and_the_replica_has_an_entry_before_the_answer(open: Open<'_>) {
    let subject = open(keeping(10)).await;
    let mut newest = Uuid::nil();
    for (index, message) in ["a", "b", "c"].iter().enumerate() {
        let id = subject.publish(message).await;
        assert!(id > newest);
        newest = id;
        assert_eq!(subject.follower.commits.lock().expect("not poisoned").len(), index + 1);
    }
    assert_eq!(subject.told(0).await, ["+a", "+b", "+c"]);
    let seqs: Vec<_> = subject.read(0).await.expect("kept").iter().map(|entry| entry.seq).collect();
    assert!(seqs.is_sorted_by(|a, b| a < b));
    subject.assert_replica_and_log_agree().await;
}

async fn a_read_goes_on_after_a_position_and_ends_with_its_budget(open: Open<'_>) {
    let subject = open(keeping(10)).await;
    for message in ["a", "b", "c"] {
        subject.publish(message).await;
    }
    let all = subject.read(0).await.expect("kept");
    let b = all[all.len() - 2].seq;
    assert_eq!(subject.told(b.get()).await, ["+c"]);
    assert!(subject.told(b.get() + 1).await.is_empty());
    let one = subject.log.read_after(b.back(1), 1).await.expect("kept");
    assert_eq!((in_short(&one.entries), one.through), (vec!["+b".to_owned()], b));
    let none = subject.log.read_after(Seq::new(1000), 1).await.expect("kept");
    assert_eq!((none.entries.len(), none.through), (0, Seq::new(1000)));
}

async fn what_was_removed_is_there_no_more_and_its_removal_is_replayed(open: Open<'_>) {
    let subject = open(keeping(10)).await;
    let a = subject.publish("a").await;
    subject.publish("b").await;
    assert_eq!(subject.append(Command::Remove(vec![a])).await.removed, 1);
    assert_eq!(subject.told(0).await, ["+b", "-"]);
    assert_eq!(subject.read(0).await.expect("kept").last().expect("an entry").change, Change::Remove(a));
    subject.assert_replica_and_log_agree().await;
}

async fn a_clear_voids_everything_before_it(open: Open<'_>) {
    let subject = open(keeping(10)).await;
    let a = subject.publish("a").await;
    subject.publish("b").await;
    subject.append(Command::Read(a)).await;
    subject.append(Command::Remove(vec![a])).await;
    assert_eq!(subject.append(Command::Clear).await.removed, 1);
    subject.publish("c").await;
    assert_eq!(subject.told(0).await, ["r", "0", "+c"]);
    assert_eq!(subject.append(Command::Clear).await.removed, 1);
    assert_eq!(subject.told(0).await, ["r", "0"]);
    subject.assert_replica_and_log_agree().await;
}

async fn removing_nothing_makes_no_entry(open: Open<'_>) {
    let subject = open(keeping(10)).await;
    assert_eq!(subject.append(Command::Clear).await.removed, 0);
    let a = subject.publish("a").await;
    assert_eq!(subject.append(Command::Remove(vec![a, a, Uuid::nil()])).await.removed, 1);
    assert_eq!(subject.append(Command::Remove(vec![a])).await.removed, 0);
    assert_eq!(subject.append(Command::Withdraw("k".into())).await.removed, 0);
    assert_eq!(subject.append(Command::Clear).await.removed, 0);
    assert_eq!(subject.append(Command::Revise(a, Revision::default())).await, Appended::default());
    assert_eq!(subject.told(0).await, ["-"]);
}

async fn a_repeated_key_gives_the_first_answer_and_makes_no_entry(open: Open<'_>) {
    let subject = open(keeping(10)).await;
    let first = subject.append(post(new("first"), Some("key"))).await;
    assert!(!first.replayed);
    let again = subject.append(post(new("first"), Some("key"))).await;
    assert_eq!(again, Appended { replayed: true, ..first.clone() });
    subject.append(post(new("other"), Some("other key"))).await;
    subject.append(Command::Clear).await;
    let subject = subject.restart().await;
    let after_a_clear = subject.append(post(new("first"), Some("key"))).await;
    assert!(after_a_clear.replayed);
    let (then, now) = (first.notification.expect("the first"), after_a_clear.notification.expect("rebuilt"));
    assert_eq!(
        (then.notification.id, &*then.notification.message),
        (now.notification.id, &*now.notification.message)
    );
    assert_eq!(then.notification.timestamp, now.notification.timestamp);
    assert_eq!(subject.told(0).await, ["0"]);
}

async fn a_key_is_not_used_for_another_content(open: Open<'_>) {
    let subject = open(keeping(10)).await;
    subject.append(post(new("first"), Some("key"))).await;
    let refused = subject.log.append(post(new("second"), Some("key"))).await;
    assert_eq!(refused, Err(AppendError::KeyReused));
    assert_eq!(subject.told(0).await, ["+first"]);
}

async fn a_newer_post_of_a_key_overtakes_the_open_ones(open: Open<'_>) {
    let subject = open(keeping(10)).await;
    let first = subject.append(post(about("runs", "k", State::Running), None)).await;
    let since = first.notification.expect("published").notification.since;
    subject.post(about("elsewhere", "l", State::Running)).await;
    let still = subject.append(post(about("still runs", "k", State::Running), None)).await;
    let still = still.notification.expect("published");
    assert_eq!(still.notification.since, since, "inherited");
    subject.post(about("done", "k", State::Done)).await;
    subject.post(about("runs again", "k", State::Running)).await;
    assert_eq!(subject.told(0).await, ["+elsewhere", "-", "-", "+done", "+runs again"]);
    // All of one post is one commit.
    let commits: Vec<_> =
        subject.follower.commits.lock().expect("not poisoned").iter().map(|c| in_short(&c.entries)).collect();
    assert_eq!(commits[2], ["-", "+still runs"]);
    subject.assert_replica_and_log_agree().await;
}

async fn a_key_is_withdrawn(open: Open<'_>) {
    let subject = open(keeping(10)).await;
    subject.post(about("done", "k", State::Done)).await;
    subject.post(about("waits", "k", State::Waiting)).await;
    assert_eq!(subject.append(Command::Withdraw("k".into())).await.removed, 1);
    assert_eq!(subject.told(0).await, ["+done", "-"]);
}

async fn a_revision_takes_the_place_of_what_it_revises(open: Open<'_>) {
    let subject = open(keeping(10)).await;
    let a = subject.post(about("waits", "k", State::Waiting)).await;
    subject.publish("b").await;
    let resolve = Revision { resolved: Some(true), ..Revision::default() };
    let revised = subject.append(Command::Revise(a, resolve)).await.notification.expect("stored");
    assert!(revised.notification.resolved_at.is_some());
    assert_eq!(subject.told(0).await, ["+b", "+waits"]);
    subject.append(Command::Revise(a, resolve)).await;
    assert_eq!(subject.told(0).await, ["+b", "+waits"], "what changes nothing is no entry");
    subject.post(about("next", "k", State::Running)).await;
    assert_eq!(subject.told(0).await, ["+b", "+waits", "+next"], "what is resolved is not overtaken");
    subject.assert_replica_and_log_agree().await;
}

async fn the_read_mark_never_goes_back(open: Open<'_>) {
    let subject = open(keeping(10)).await;
    let a = subject.publish("a").await;
    let b = subject.publish("b").await;
    assert_eq!(subject.append(Command::Read(a)).await.read_through, Some(a));
    assert_eq!(subject.append(Command::Read(b)).await.read_through, Some(b));
    assert_eq!(subject.append(Command::Read(a)).await.read_through, Some(b));
    assert_eq!(subject.told(0).await, ["+a", "+b", "r"]);
    subject.assert_replica_and_log_agree().await;
    let subject = subject.restart().await;
    assert_eq!(subject.append(Command::Read(a)).await.read_through, Some(b));
}

async fn retention_drops_the_oldest_and_says_so(open: Open<'_>) {
    let subject = open(keeping(2)).await;
    for message in ["a", "b", "c", "d"] {
        subject.publish(message).await;
    }
    let point = subject.oldest_resume_point();
    assert_eq!(subject.read(point.get() - 1).await, Err(ReadError::Expired));
    assert_eq!(subject.told(point.get()).await, ["+c", "+d"]);
    let dropped: Vec<_> =
        subject.follower.commits.lock().expect("not poisoned").iter().map(|c| c.dropped.len()).collect();
    assert_eq!(dropped, [0, 0, 1, 1]);
    subject.assert_replica_and_log_agree().await;
}

async fn retention_spares_the_open_ones(open: Open<'_>) {
    let subject = open(keeping(2)).await;
    subject.post(about("waits", "k", State::Waiting)).await;
    for message in ["a", "b", "c"] {
        subject.publish(message).await;
    }
    let held = subject.follower.held.lock().expect("not poisoned").clone();
    assert_eq!(in_short(&held), ["+waits", "+b", "+c"]);
    let subject = subject.restart().await;
    let held = subject.follower.held.lock().expect("not poisoned").clone();
    assert_eq!(in_short(&held), ["+waits", "+b", "+c"]);
}

async fn what_was_dropped_does_not_come_back_where_there_is_room_again(open: Open<'_>) {
    let subject = open(keeping(2)).await;
    subject.publish("a").await;
    let b = subject.publish("b").await;
    subject.publish("c").await;
    subject.append(Command::Remove(vec![b])).await;
    let subject = subject.restart().await;
    let held = subject.follower.held.lock().expect("not poisoned").clone();
    let stored: Vec<_> = in_short(&held).into_iter().filter(|entry| entry.starts_with('+')).collect();
    assert_eq!(stored, ["+c"]);
}

async fn retention_drops_what_is_too_old(open: Open<'_>) {
    let subject = open(keeping(10).and_max_age(Some(Duration::from_millis(1)))).await;
    subject.publish("a").await;
    subject.post(about("waits", "k", State::Waiting)).await;
    tokio::time::sleep(Duration::from_millis(5)).await;
    subject.append(Command::Retain).await;
    let held = subject.follower.held.lock().expect("not poisoned").clone();
    assert_eq!(in_short(&held), ["+waits"]);
    subject.assert_replica_and_log_agree().await;
}

async fn a_dropped_revision_is_replayed_as_a_removal(open: Open<'_>) {
    let subject = open(keeping(2)).await;
    let a = subject.post(about("failed", "k", State::Failed)).await;
    subject.publish("b").await;
    let before = subject.read(0).await.expect("kept").last().expect("b").seq;
    subject.append(Command::Revise(a, Revision { resolved: Some(true), ..Revision::default() })).await;
    subject.publish("c").await;
    // `failed` was published before `b` and revised after it: whoever has `b` has it, and has to be told.
    assert_eq!(subject.told(before.get()).await, ["-", "+c"]);
    subject.assert_replica_and_log_agree().await;
    let subject = subject.restart().await;
    assert_eq!(subject.told(before.get()).await, ["-", "+c"]);
}

async fn old_entries_expire_even_if_few_notifications_are_stored(open: Open<'_>) {
    let subject = open(Retention { max_entries: 4, ..keeping(10) }).await;
    for _ in 0..5 {
        let id = subject.publish("x").await;
        subject.append(Command::Remove(vec![id])).await;
    }
    let point = subject.oldest_resume_point();
    assert!(point > Seq::START);
    assert_eq!(subject.read(point.get() - 1).await, Err(ReadError::Expired));
    // Of the four numbers some may be the back end's own.
    let told = subject.told(point.get()).await;
    assert!(
        ["-", "-"].ends_with(&told.iter().map(String::as_str).collect::<Vec<_>>()) && !told.is_empty(),
        "{told:?}"
    );
    subject.assert_replica_and_log_agree().await;
}

async fn an_old_notification_outlives_the_entries_around_it(open: Open<'_>) {
    let subject = open(Retention { max_entries: 4, ..keeping(10) }).await;
    let old = subject.publish("old").await;
    for _ in 0..5 {
        let id = subject.publish("x").await;
        subject.append(Command::Remove(vec![id])).await;
    }
    let held = || subject.follower.held.lock().expect("not poisoned").clone();
    assert!(in_short(&held()).contains(&"+old".to_owned()));
    assert_eq!(subject.append(Command::Remove(vec![old])).await.removed, 1);
    assert!(!in_short(&held()).contains(&"+old".to_owned()));
    subject.assert_replica_and_log_agree().await;
}

async fn concurrent_appends_get_distinct_numbers_in_one_order(open: Open<'_>) {
    let subject = Arc::new(open(keeping(1000)).await);
    let tasks: Vec<_> = (0..20)
        .map(|n| {
            let subject = Arc::clone(&subject);
            tokio::spawn(async move { subject.publish(&n.to_string()).await })
        })
        .collect();
    let mut ids = Vec::new();
    for task in tasks {
        ids.push(task.await.expect("no panic"));
    }
    let entries = subject.read(0).await.expect("kept");
    assert!(entries.is_sorted_by(|a, b| a.seq < b.seq));
    let stored: Vec<_> = entries
        .iter()
        .filter_map(|entry| match &entry.change {
            Change::Put(encoded) => Some(encoded.notification.id),
            _ => None,
        })
        .collect();
    assert!(stored.is_sorted(), "ids are in the order of the log");
    ids.sort_unstable();
    assert_eq!(stored, ids);
    subject.assert_replica_and_log_agree().await;
}

async fn a_dropped_append_leaves_the_log_as_it_was_or_with_the_whole_of_it(open: Open<'_>) {
    let subject = open(keeping(100)).await;
    for _ in 0..20 {
        drop(subject.log.append(post(new("nobody waits"), None)));
    }
    subject.publish("a").await;
    let told = subject.told(0).await;
    assert_eq!(told.last().map(String::as_str), Some("+a"));
    subject.assert_replica_and_log_agree().await;
}

async fn everything_outlives_a_restart(open: Open<'_>) {
    let subject = open(keeping(10)).await;
    let a = subject.publish("a").await;
    let waits = subject.post(about("waits", "k", State::Waiting)).await;
    subject.append(Command::Revise(a, Revision { resolved: Some(true), ..Revision::default() })).await;
    subject.append(Command::Read(a)).await;
    let before = subject.follower.held.lock().expect("not poisoned").clone();
    let is_kept = !matches!(subject.place, Place::Nowhere);
    let subject = subject.restart().await;
    if !is_kept {
        return;
    }
    assert_eq!(*subject.follower.held.lock().expect("not poisoned"), before);
    let next = subject.post(about("next", "k", State::Running)).await;
    assert!(next > waits);
    assert_eq!(subject.told(0).await, ["+a", "r", "-", "+next"], "`waits` was overtaken");
    subject.assert_replica_and_log_agree().await;
}

async fn a_closed_log_refuses(open: Open<'_>) {
    let subject = open(keeping(10)).await;
    subject.publish("a").await;
    subject.log.close();
    subject.log.ended().await;
    assert_eq!(subject.log.append(post(new("b"), None)).await, Err(AppendError::Closed));
    assert!(!matches!(*subject.log.condition().borrow(), Condition::Degraded(_)));
}
