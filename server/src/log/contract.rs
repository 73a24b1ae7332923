//! What every log must do, whatever stores it. A new back end adds one line to the list of modules below.

use std::{
    num::NonZeroU64,
    sync::{Arc, Mutex},
};

use chrono::Utc;
use uuid::Uuid;

use super::{
    Change, Command, Commit, Entry, Log, LogError, Outcome, ReadError, Retention,
    memory::MemoryLog,
    sqlite::{Durability, OpenedSqlite},
};
use crate::{
    event_id::Seq,
    notification::{EncodedNotification, NewNotification},
};

/// A log under test and what it handed to its sink.
struct Subject {
    log: Box<dyn Log>,
    commits: Arc<Mutex<Vec<Commit>>>,
    _directory: Option<tempfile::TempDir>,
}

fn memory(retention: Retention) -> Subject {
    let commits = Arc::<Mutex<Vec<Commit>>>::default();
    let log = MemoryLog::new(retention, collect(&commits));
    Subject { log: Box::new(log), commits, _directory: None }
}

fn sqlite(retention: Retention) -> Subject {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let commits = Arc::<Mutex<Vec<Commit>>>::default();
    let opened =
        OpenedSqlite::open(directory.path(), retention, Durability::Relaxed).expect("a new database");
    let log = opened.start(collect(&commits));
    Subject { log: Box::new(log), commits, _directory: Some(directory) }
}

fn collect(commits: &Arc<Mutex<Vec<Commit>>>) -> super::CommitSink {
    let commits = Arc::clone(commits);
    Box::new(move |commit| commits.lock().expect("not poisoned").push(commit))
}

impl Subject {
    async fn append(&self, command: Command) -> Outcome {
        self.log.append(command).await.expect("the log takes it")
    }

    async fn publish(&self, message: &str) -> Uuid {
        let notification = notification(message);
        let id = notification.notification.id;
        let outcome = self.append(Command::Publish { notification, key: None }).await;
        assert!(matches!(outcome, Outcome::Appended(_)));
        id
    }

    async fn read(&self, after: u64) -> Result<Vec<Entry>, ReadError> {
        self.log.read_after(Seq::new(after), 1000).await
    }

    /// The entries after a position in short: `+message`, `-` for a delete, `0` for a clear.
    async fn told(&self, after: u64) -> Vec<String> {
        self.read(after).await.expect("still kept").iter().map(short).collect()
    }

    /// The entries that the sink had, in the same short form.
    fn sunk(&self) -> Vec<String> {
        self.commits
            .lock()
            .expect("not poisoned")
            .iter()
            .flat_map(|commit| &commit.entries)
            .map(short)
            .collect()
    }
}

fn short(entry: &Entry) -> String {
    match &entry.change {
        Change::Published(encoded) => format!("{}+{}", entry.seq, encoded.notification.message),
        Change::Deleted(_) => format!("{}-", entry.seq),
        Change::Cleared => format!("{}0", entry.seq),
    }
}

fn notification(message: &str) -> Arc<EncodedNotification> {
    let new = NewNotification { message: message.into(), ..NewNotification::default() };
    Arc::new(EncodedNotification::new(new.accept(Utc::now()).expect("valid")))
}

fn keeping(max_notifications: u64) -> Retention {
    Retention::keeping(NonZeroU64::new(max_notifications).expect("not zero"))
}

/// Makes one test of each function below for each back end.
macro_rules! contract {
    ($($test:ident),* $(,)?) => {
        contract!(@back_end memory: $($test),*);
        contract!(@back_end sqlite: $($test),*);
    };
    (@back_end $back_end:ident: $($test:ident),*) => {
        mod $back_end {
            $(#[tokio::test]
            async fn $test() {
                super::$test(super::$back_end).await;
            })*
        }
    };
}

contract!(
    entries_are_numbered_in_order_and_reach_the_sink_before_the_answer,
    a_read_goes_on_after_a_position,
    what_was_deleted_is_replayed_as_deleted,
    what_was_cleared_is_replayed_as_deleted,
    deleting_or_clearing_nothing_makes_no_entry,
    a_repeated_key_gives_the_first_answer_and_makes_no_entry,
    retention_drops_the_oldest_and_says_so,
    old_entries_expire_even_if_few_notifications_are_stored,
    an_old_notification_outlives_the_entries_around_it,
    concurrent_appends_get_distinct_numbers_in_one_order,
    a_closed_log_refuses,
);

type Open = fn(Retention) -> Subject;

async fn entries_are_numbered_in_order_and_reach_the_sink_before_the_answer(open: Open) {
    let subject = open(keeping(10));
    for (index, message) in ["a", "b", "c"].iter().enumerate() {
        subject.publish(message).await;
        assert_eq!(subject.sunk().len(), index + 1);
    }
    assert_eq!(subject.told(0).await, ["1+a", "2+b", "3+c"]);
    assert_eq!(subject.sunk(), ["1+a", "2+b", "3+c"]);
}

async fn a_read_goes_on_after_a_position(open: Open) {
    let subject = open(keeping(10));
    for message in ["a", "b", "c"] {
        subject.publish(message).await;
    }
    assert_eq!(subject.told(2).await, ["3+c"]);
    assert!(subject.told(3).await.is_empty());
    let two = subject.log.read_after(Seq::START, 2).await.expect("kept");
    assert_eq!(two.iter().map(short).collect::<Vec<_>>(), ["1+a", "2+b"]);
}

async fn what_was_deleted_is_replayed_as_deleted(open: Open) {
    let subject = open(keeping(10));
    let a = subject.publish("a").await;
    subject.publish("b").await;
    assert_eq!(subject.append(Command::Delete(a)).await, Outcome::Appended(Seq::new(3)));
    assert_eq!(subject.told(0).await, ["1-", "2+b", "3-"]);
    let deleted = subject.read(0).await.expect("kept");
    assert_eq!(deleted[0].change, Change::Deleted(a));
    assert_eq!(deleted[2].change, Change::Deleted(a));
}

async fn what_was_cleared_is_replayed_as_deleted(open: Open) {
    let subject = open(keeping(10));
    subject.publish("a").await;
    subject.publish("b").await;
    subject.append(Command::Clear).await;
    subject.publish("c").await;
    assert_eq!(subject.told(0).await, ["1-", "2-", "30", "4+c"]);
}

async fn deleting_or_clearing_nothing_makes_no_entry(open: Open) {
    let subject = open(keeping(10));
    assert_eq!(subject.append(Command::Clear).await, Outcome::Nothing);
    let a = subject.publish("a").await;
    subject.append(Command::Delete(a)).await;
    assert_eq!(subject.append(Command::Delete(a)).await, Outcome::Nothing);
    assert_eq!(subject.append(Command::Clear).await, Outcome::Nothing);
    assert_eq!(subject.told(0).await, ["1-", "2-"]);
}

async fn a_repeated_key_gives_the_first_answer_and_makes_no_entry(open: Open) {
    let subject = open(keeping(10));
    let publish =
        |message, key: &str| Command::Publish { notification: notification(message), key: Some(key.into()) };
    let first = publish("first", "key");
    let Command::Publish { notification, .. } = &first else { unreachable!() };
    let json = notification.json.clone();
    assert_eq!(subject.append(first).await, Outcome::Appended(Seq::new(1)));
    assert_eq!(subject.append(publish("second", "key")).await, Outcome::Repeated(json.clone()));
    assert_eq!(subject.append(publish("other", "other key")).await, Outcome::Appended(Seq::new(2)));
    subject.append(Command::Clear).await;
    assert_eq!(subject.append(publish("third", "key")).await, Outcome::Repeated(json), "also after a clear");
    assert_eq!(subject.sunk(), ["1+first", "2+other", "30"]);
}

async fn retention_drops_the_oldest_and_says_so(open: Open) {
    let subject = open(keeping(2));
    for message in ["a", "b", "c", "d"] {
        subject.publish(message).await;
    }
    assert!(matches!(subject.read(0).await, Err(ReadError::Expired)));
    assert!(matches!(subject.read(1).await, Err(ReadError::Expired)));
    assert_eq!(subject.log.oldest_resume_point(), Seq::new(2));
    assert_eq!(subject.told(2).await, ["3+c", "4+d"]);
    let dropped: Vec<_> = subject
        .commits
        .lock()
        .expect("not poisoned")
        .iter()
        .map(|commit| commit.dropped_through.get())
        .collect();
    assert_eq!(dropped, [0, 0, 1, 2]);
}

async fn old_entries_expire_even_if_few_notifications_are_stored(open: Open) {
    let subject = open(Retention { max_entries: 4, ..keeping(10) });
    for _ in 0..3 {
        let id = subject.publish("x").await;
        subject.append(Command::Delete(id)).await;
    }
    assert_eq!(subject.log.oldest_resume_point(), Seq::new(2));
    assert!(matches!(subject.read(1).await, Err(ReadError::Expired)));
    assert_eq!(subject.told(2).await, ["3-", "4-", "5-", "6-"]);
}

async fn an_old_notification_outlives_the_entries_around_it(open: Open) {
    let subject = open(Retention { max_entries: 3, ..keeping(2) });
    let old = subject.publish("old").await;
    for _ in 0..3 {
        let id = subject.publish("x").await;
        subject.append(Command::Delete(id)).await;
    }
    // It is stored, although nobody can resume from before it, and can be deleted and cleared like any other.
    assert_eq!(subject.told(4).await, ["5-", "6-", "7-"]);
    assert_eq!(subject.append(Command::Delete(old)).await, Outcome::Appended(Seq::new(8)));
    assert_eq!(subject.append(Command::Delete(old)).await, Outcome::Nothing);
    assert_eq!(subject.told(5).await, ["6-", "7-", "8-"]);
    assert_eq!(subject.append(Command::Clear).await, Outcome::Nothing);
}

async fn concurrent_appends_get_distinct_numbers_in_one_order(open: Open) {
    let subject = open(keeping(1000));
    let appends = (0..200).map(|n| {
        let command = Command::Publish { notification: notification(&n.to_string()), key: None };
        subject.log.append(command)
    });
    let outcomes = futures_util::future::join_all(appends).await;
    let mut seqs: Vec<_> = outcomes
        .into_iter()
        .map(|outcome| match outcome.expect("the log takes it") {
            Outcome::Appended(seq) => seq.get(),
            other => panic!("{other:?}"),
        })
        .collect();
    seqs.sort_unstable();
    assert_eq!(seqs, (1..=200).collect::<Vec<_>>());
    assert_eq!(subject.told(0).await, subject.sunk());
}

async fn a_closed_log_refuses(open: Open) {
    let subject = open(keeping(10));
    subject.publish("a").await;
    subject.log.close().await;
    assert!(matches!(subject.log.append(Command::Clear).await, Err(LogError::Closed)));
    assert_eq!(subject.sunk(), ["1+a"]);
}
