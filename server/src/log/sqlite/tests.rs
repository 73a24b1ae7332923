//! What a log in a file does that no other does: its file may be older, a copy, damaged, locked or full.

use std::num::NonZeroU64;

use futures_util::FutureExt as _;

use super::*;
use crate::{
    log::{Change, Commit, Entry, IdempotencyKey, MAX_IDEMPOTENCY_KEYS},
    notification::NewNotification,
};

/// Keeps what it is handed.
#[derive(Default)]
struct Follower(Mutex<Vec<Entry>>);

impl Replica for Follower {
    fn load(&self, stored: Stored) {
        *self.entries() = stored.entries;
    }

    fn apply(&self, commit: Commit) {
        self.entries().extend(commit.entries);
    }
}

impl Follower {
    fn entries(&self) -> std::sync::MutexGuard<'_, Vec<Entry>> {
        self.0.lock().expect("not poisoned")
    }

    fn messages(&self) -> Vec<String> {
        let message = |entry: &Entry| match &entry.change {
            Change::Put(encoded) => Some(encoded.notification.message.clone()),
            _ => None,
        };
        self.entries().iter().filter_map(message).collect()
    }

    fn epochs(&self) -> Vec<(u64, Epoch)> {
        let epoch = |entry: &Entry| match &entry.change {
            Change::Epoch(epoch) => Some((entry.seq.get(), *epoch)),
            _ => None,
        };
        self.entries().iter().filter_map(epoch).collect()
    }
}

fn try_open(directory: &Path, max_notifications: u64) -> Result<(SqliteLog, Arc<Follower>), OpenError> {
    let retention = Retention::keeping(NonZeroU64::new(max_notifications).expect("not zero"));
    let follower = Arc::<Follower>::default();
    let replica = Arc::<Follower>::clone(&follower);
    Ok((SqliteLog::open(directory, retention, Durability::Relaxed, replica)?, follower))
}

fn open(directory: &Path) -> (SqliteLog, Arc<Follower>) {
    try_open(directory, 100).expect("opens")
}

async fn close(log: SqliteLog) {
    log.close();
    log.ended().await;
}

fn publish(message: &str) -> Command {
    let new = NewNotification { message: message.into(), ..NewNotification::default() };
    Command::Publish { draft: Box::new(new.check().expect("valid")), idempotency: None }
}

/// Waits for a condition, at most 10 s.
async fn until(what: &str, is_met: impl Fn() -> bool) {
    for _ in 0..500 {
        if is_met() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("{what}");
}

#[tokio::test]
async fn a_lower_limit_counts_from_the_next_start() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (log, _) = open(directory.path());
    for message in ["a", "b", "c"] {
        log.append(publish(message)).await.expect("stored");
    }
    close(log).await;
    let (log, follower) = try_open(directory.path(), 1).expect("opens");
    assert_eq!(follower.messages(), ["c"]);
    close(log).await;
    assert_eq!(open(directory.path()).1.messages(), ["c"]);
}

#[tokio::test]
async fn each_run_that_stores_something_has_an_epoch_of_its_own() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (log, follower) = open(directory.path());
    let made = follower.epochs();
    assert_eq!(made.len(), 1, "a new log has a name");
    log.append(publish("a")).await.expect("stored");
    close(log).await;
    close(open(directory.path()).0).await;
    let (log, follower) = open(directory.path());
    assert_eq!(follower.epochs().len(), 1, "a run that stores nothing leaves no trace");
    log.append(publish("b")).await.expect("stored");
    assert_eq!(follower.epochs().len(), 2);
    close(log).await;
    let (log, follower) = open(directory.path());
    log.append(publish("c")).await.expect("stored");
    let epochs = follower.epochs();
    assert_eq!(epochs.len(), 3);
    assert!(epochs.is_sorted_by(|a, b| a.0 < b.0 && a.1 != b.1), "{epochs:?}");
    // The numbers of the run before are not named by the epoch of this one.
    assert_eq!(
        follower.entries().iter().find(|e| e.seq.get() == epochs[2].0).map(|e| e.change.subject()),
        Some(crate::log::Subject::Log)
    );
    close(log).await;
}

#[tokio::test]
async fn a_database_of_version_1_opens_and_keeps_everything() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    schema::tests::version_1(
        &directory.path().join(FILE_NAME),
        r#"
        INSERT INTO meta VALUES ('k3f9a2', 2);
        INSERT INTO entry VALUES (1, 'published', x'00000000000070008000000000000001', '{"id":"00000000-0000-7000-8000-000000000001","message":"old","timestamp":"2026-08-20T14:26:40.123Z"}');
        INSERT INTO entry VALUES (3, 'deleted', x'00000000000070008000000000000003', NULL);
        INSERT INTO entry VALUES (4, 'published', x'00000000000070008000000000000004', '{"id":"00000000-0000-7000-8000-000000000004","message":"new","timestamp":"2026-08-20T14:26:40.123Z","level":"error"}');
        INSERT INTO entry VALUES (5, 'deleted', x'00000000000070008000000000000003', NULL);
        INSERT INTO idempotency_key VALUES ('key', '{"id":"00000000-0000-7000-8000-000000000004","message":"new"}', unixepoch() * 1000);
        "#,
    );
    let (log, follower) = open(directory.path());
    assert_eq!(follower.messages(), ["old", "new"]);
    assert_eq!(follower.epochs(), [(0, "k3f9a2".parse().expect("valid"))], "the old ids still resume");
    let entries = log.read_after(Seq::new(2), usize::MAX).await.expect("kept").entries;
    assert_eq!(entries.iter().map(|entry| entry.seq.get()).collect::<Vec<_>>(), [4, 5]);
    assert_eq!(log.read_after(Seq::new(1), 1).await, Err(ReadError::Expired));
    let Command::Publish { draft, .. } = publish("new") else { unreachable!() };
    let idempotency = Some(IdempotencyKey { key: "key".into(), fingerprint: draft.fingerprint() });
    let again = log.append(Command::Publish { draft, idempotency }).await.expect("answered");
    assert!(again.replayed);
    close(log).await;
}

#[test]
fn two_hubs_cannot_share_a_directory() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let _first = open(directory.path());
    assert!(matches!(try_open(directory.path(), 100).map(drop), Err(OpenError::InUse(_))));
}

#[tokio::test]
async fn an_empty_file_is_not_taken_for_a_new_database() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    std::fs::write(directory.path().join(FILE_NAME), "").expect("writes");
    assert!(matches!(try_open(directory.path(), 100).map(drop), Err(OpenError::Empty(_))));
}

#[tokio::test]
async fn no_file_holds_what_was_removed() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (log, _) = open(directory.path());
    let holds = |text: &str| {
        std::fs::read_dir(directory.path()).expect("a directory").flatten().any(|file| {
            let bytes = std::fs::read(file.path()).expect("a file");
            bytes.windows(text.len()).any(|window| window == text.as_bytes())
        })
    };
    let new = NewNotification { message: "a password: hunter2".into(), ..NewNotification::default() };
    let draft = new.check().expect("valid");
    let idempotency = Some(IdempotencyKey { key: "key".into(), fingerprint: draft.fingerprint() });
    let posted = log.append(Command::Publish { draft: Box::new(draft), idempotency }).await.expect("stored");
    for n in 0..50 {
        log.append(publish(&format!("other {n}"))).await.expect("stored");
    }
    assert!(holds("hunter2"));
    let id = posted.notification.expect("published").notification.id;
    log.append(Command::Remove(vec![id])).await.expect("removed");
    until("it is in no file", || !holds("hunter2")).await;
    assert!(holds("other 7"));
    log.append(Command::Clear).await.expect("cleared");
    until("none is in a file", || !holds("other 7")).await;
    close(log).await;
}

/// Emptying the write-ahead log looks to the writer as if somebody else had written.
#[tokio::test]
async fn its_own_checkpoints_are_not_taken_for_another_program() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (log, _) = open(directory.path());
    let wal = directory.path().join("notifyhub.db-wal");
    let length = || std::fs::metadata(&wal).map_or(0, |file| file.len());
    let (mut longest, mut emptied) = (0, 0);
    while emptied < 3 {
        let posted = log.append(publish("x")).await.expect("stored");
        let id = posted.notification.expect("published").notification.id;
        log.append(Command::Remove(vec![id])).await.expect("removed");
        if length() < longest {
            emptied += 1;
            longest = 0;
        }
        longest = longest.max(length());
    }
    close(log).await;
}

#[tokio::test]
async fn a_database_that_goes_away_is_noticed() {
    type Damage = fn(&Path);
    let damages: [Damage; 4] = [
        |directory| std::fs::remove_file(directory.join(FILE_NAME)).expect("removes"),
        |directory| std::fs::write(directory.join(FILE_NAME), "").expect("truncates"),
        |directory| {
            std::fs::write(directory.join("notifyhub.db-wal"), "").expect("truncates");
        },
        |directory| {
            let path = directory.join(FILE_NAME);
            let half = std::fs::metadata(&path).expect("is there").len() / 2;
            let file = std::fs::OpenOptions::new().write(true).open(&path).expect("opens");
            file.set_len(half).expect("cuts it off");
        },
    ];
    for damage in damages {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let (log, _) = open(directory.path());
        log.append(publish("a")).await.expect("stored");
        damage(directory.path());
        let condition = log.condition();
        until("the log stops", || matches!(*condition.borrow(), Condition::Stopped(_))).await;
        assert!(matches!(log.append(publish("b")).await, Err(AppendError::Unavailable { .. })));
        close(log).await;
    }
}

#[tokio::test]
async fn another_program_that_writes_is_noticed() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (log, _) = open(directory.path());
    log.append(publish("a")).await.expect("stored");
    let other = Connection::open(directory.path().join(FILE_NAME)).expect("opens");
    other.execute("INSERT INTO entry (seq, kind) VALUES (50, 'clear')", []).expect("inserts");
    assert!(matches!(log.append(publish("b")).await, Err(AppendError::Unavailable { .. })));
    assert!(matches!(*log.condition().borrow(), Condition::Stopped(_)));
    close(log).await;
}

#[tokio::test]
async fn a_database_that_another_program_holds_is_told_and_recovered_from() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (log, follower) = open(directory.path());
    log.append(publish("a")).await.expect("stored");
    let other = Connection::open(directory.path().join(FILE_NAME)).expect("opens");
    other.execute_batch("BEGIN IMMEDIATE").expect("locks");
    // One that nobody waits for any more is not stored later.
    let mut given_up = log.append(publish("b"));
    assert_eq!((&mut given_up).now_or_never(), None, "it waits");
    let refused = log.append(publish("c")).await;
    assert_eq!(refused, Err(AppendError::Rejected("another program holds the database".into())));
    assert!(matches!(*log.condition().borrow(), Condition::Degraded(_)));
    let mut late = log.append(publish("d"));
    assert_eq!((&mut late).now_or_never(), None, "it waits");
    drop(late);
    drop(given_up);
    other.execute_batch("ROLLBACK").expect("unlocks");
    let condition = log.condition();
    until("the log works again by itself", || *condition.borrow() == Condition::Ready).await;
    log.append(publish("e")).await.expect("stored");
    assert_eq!(follower.messages(), ["a", "e"]);
    close(log).await;
}

fn rows(directory: &Path) -> u64 {
    count(directory, "entry")
}

fn count(directory: &Path, table: &str) -> u64 {
    let connection = Connection::open(directory.join(FILE_NAME)).expect("opens");
    connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).expect("counts")
}

/// Keys are remembered for a day, and at most so many of them: the file does not grow with each post.
#[tokio::test]
async fn the_oldest_keys_are_forgotten() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    close(open(directory.path()).0).await;
    let other = Connection::open(directory.path().join(FILE_NAME)).expect("opens");
    let insert = |keys: std::ops::RangeInclusive<u64>, hours_ago: u64| {
        other
            .execute(
                "WITH RECURSIVE counted(n) AS (SELECT ?1 UNION ALL SELECT n + 1 FROM counted WHERE n < ?2)
                INSERT INTO idempotency_key (key, notification_id, time_ms)
                    SELECT 'key ' || n, zeroblob(16), (unixepoch() - ?3 * 3600) * 1000 FROM counted",
                [*keys.start(), *keys.end(), hours_ago],
            )
            .expect("inserts");
    };
    let is_repeated = async |log: &SqliteLog, key: u64| {
        let Command::Publish { draft, .. } = publish("x") else { unreachable!() };
        let idempotency =
            Some(IdempotencyKey { key: format!("key {key}"), fingerprint: draft.fingerprint() });
        log.append(Command::Publish { draft, idempotency }).await.expect("answered").replayed
    };
    insert(1..=5, 24);
    insert(6..=10, 23);
    let (log, _) = open(directory.path());
    assert!(!is_repeated(&log, 5).await);
    assert!(is_repeated(&log, 6).await);
    until("old keys are deleted", || count(directory.path(), "idempotency_key") == 6).await;
    close(log).await;

    insert(11..=MAX_IDEMPOTENCY_KEYS + 10, 0);
    let (log, _) = open(directory.path());
    let count = || count(directory.path(), "idempotency_key");
    until("the oldest keys are deleted", || count() == MAX_IDEMPOTENCY_KEYS).await;
    assert!(is_repeated(&log, 11).await);
    assert!(!is_repeated(&log, 10).await);
    until("and one more for each new one", || count() == MAX_IDEMPOTENCY_KEYS).await;
    assert!(!is_repeated(&log, 11).await);
    close(log).await;
}

/// What retention drops stays in the file for a moment; neither a restart nor a reader is handed it.
#[tokio::test]
async fn what_was_dropped_and_not_yet_deleted_is_dropped_again_at_the_start() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (log, _) = try_open(directory.path(), 3).expect("opens");
    for n in 1..=10 {
        log.append(publish(&n.to_string())).await.expect("stored");
    }
    assert_eq!(log.read_after(Seq::new(5), usize::MAX).await, Err(ReadError::Expired));
    let kept = log.read_after(Seq::new(7), usize::MAX).await.expect("kept").entries;
    assert_eq!(kept.len(), 3);
    close(log).await;
    let (log, follower) = try_open(directory.path(), 3).expect("opens");
    assert_eq!(follower.messages(), ["8", "9", "10"]);
    assert_eq!(log.read_after(Seq::new(5), usize::MAX).await, Err(ReadError::Expired));
    assert_eq!(log.read_after(Seq::new(7), usize::MAX).await.expect("kept").entries, kept);
    close(log).await;
    assert_eq!(rows(directory.path()), 4, "three notifications, one epoch");
}

/// Removals make the file grow too, also where no notification is dropped.
#[tokio::test]
async fn old_removals_are_deleted_although_nothing_is_dropped() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let retention = Retention { max_entries: 10, ..Retention::keeping(NonZeroU64::MAX) };
    let replica = Arc::<Follower>::default();
    let log = SqliteLog::open(directory.path(), retention, Durability::Relaxed, replica).expect("opens");
    for _ in 0..50 {
        let posted = log.append(publish("x")).await.expect("stored");
        let id = posted.notification.expect("published").notification.id;
        log.append(Command::Remove(vec![id])).await.expect("removed");
    }
    until("old removals are deleted", || rows(directory.path()) <= 11).await;
    close(log).await;
}

/// Notes on which thread it is handed each commit.
#[derive(Default)]
struct ThreadNames(Mutex<Vec<Option<String>>>);

impl Replica for ThreadNames {
    fn load(&self, _: Stored) {}

    fn apply(&self, commit: Commit) {
        let name = thread::current().name().map(str::to_owned);
        self.0.lock().expect("not poisoned").extend(commit.entries.iter().map(|_| name.clone()));
    }
}

/// Who appends alone is not kept waiting for another thread; where many do, one thread commits for all of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_that_comes_alone_is_committed_where_it_is_made() {
    const WRITER: Option<&str> = Some("log-writer");
    const EACH: u64 = 50;
    let directory = tempfile::tempdir().expect("a temporary directory");
    let threads = Arc::<ThreadNames>::default();
    let retention = Retention::keeping(NonZeroU64::new(1000).expect("not zero"));
    let replica = Arc::<ThreadNames>::clone(&threads);
    let log = SqliteLog::open(directory.path(), retention, Durability::Relaxed, replica).expect("opens");
    let log = Arc::new(log);
    let append_each = async |log: Arc<SqliteLog>| {
        let mut ids = Vec::new();
        for _ in 0..EACH {
            let appended = log.append(publish("x")).await.expect("stored");
            ids.push(appended.notification.expect("published").notification.id);
        }
        ids
    };
    let mut ids = append_each(Arc::clone(&log)).await;
    {
        let names = threads.0.lock().expect("not poisoned");
        assert_eq!(names[0].as_deref(), WRITER);
        assert_ne!(names.last().expect("there are some").as_deref(), WRITER);
    }
    let crowd: Vec<_> = (0..8).map(|_| tokio::spawn(append_each(Arc::clone(&log)))).collect();
    for one in crowd {
        let own = one.await.expect("does not panic");
        assert!(own.is_sorted());
        ids.extend(own);
    }
    ids.extend(append_each(Arc::clone(&log)).await);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len() as u64, EACH * 10, "each is stored once");
    let names = std::mem::take(&mut *threads.0.lock().expect("not poisoned"));
    let by_the_writer = names.iter().filter(|name| name.as_deref() == WRITER).count() as u64;
    assert!(by_the_writer >= 2 * 16, "{by_the_writer} of {} by the thread", names.len());
    log.close();
    log.ended().await;
    assert_eq!(log.append(publish("late")).await, Err(AppendError::Closed));
}
