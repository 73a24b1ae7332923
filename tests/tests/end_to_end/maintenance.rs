//! `notifyhub-server backup`, `check` and `restore`, beside a hub and without one.

use std::{
    fs,
    os::unix::fs::{FileExt as _, MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};

use notifyhub_tests::{
    events::RawEvents,
    http::{get, messages, post, request},
    server::{TestServer, run_to_end},
};
use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinSet;

/// Runs a command; whether it succeeded, and what it said.
fn run(arguments: &[&str], data: &Path) -> (bool, String) {
    let data = data.to_str().unwrap();
    let output = run_to_end(&[arguments, &["--data-dir", data]].concat());
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{arguments:?}: {said}");
    (output.status.success(), said)
}

fn succeeds(arguments: &[&str], data: &Path) -> String {
    let (success, said) = run(arguments, data);
    assert!(success, "{arguments:?}: {said}");
    said
}

fn fails(arguments: &[&str], data: &Path, expected: &str) {
    let (success, said) = run(arguments, data);
    assert!(!success && said.contains(expected), "{arguments:?}: {expected:?} is not in {said:?}");
}

async fn publish(server: &TestServer, message: &str) {
    let body = json!({"message": message}).to_string();
    assert_eq!(post(server.socket_address(), "/api/notifications", body).await.status(), 201);
}

async fn stored(server: &TestServer) -> Vec<String> {
    messages(server.socket_address()).await
}

fn names_in(directory: &Path) -> Vec<String> {
    let names = fs::read_dir(directory).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

struct Backup {
    directory: TempDir,
}

impl Backup {
    fn place() -> Self {
        Backup { directory: TempDir::new().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("copy.db")
    }

    fn name(&self) -> String {
        self.path().to_str().unwrap().to_owned()
    }
}

/// Posts, backs up, loses what came later, and goes on: who had seen that is told, who had not resumes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_backup_is_what_was_stored_and_subscribers_are_told() {
    let mut server = TestServer::start(&["--drain", "100ms"]);
    let address = server.socket_address();
    for n in 0..20 {
        publish(&server, &n.to_string()).await;
    }
    let at_backup = latest_id(&server).await;
    let backup = Backup::place();
    let said = succeeds(&["backup", &backup.name()], server.data_directory());
    assert!(said.contains("20 notifications"), "{said}");
    assert_eq!(names_in(backup.directory.path()), ["copy.db"], "one file, and nothing beside it");
    assert_eq!(fs::metadata(backup.path()).unwrap().permissions().mode() & 0o777, 0o600);
    for n in 20..25 {
        publish(&server, &n.to_string()).await;
    }
    let lost = latest_id(&server).await;
    let polled = get(address, "/api/notifications").await;
    let etag = polled.head.header("etag").unwrap().to_owned();
    fails(&["restore", &backup.name()], server.data_directory(), "another notifyhub-server is using");
    server.kill();
    let wal = server.data_directory().join("notifyhub.db-wal");
    assert!(fs::metadata(&wal).unwrap().len() > 0, "a write-ahead log is left behind");
    let said = succeeds(&["restore", &backup.name()], server.data_directory());
    assert!(said.contains("20 notifications") && said.contains("is kept as"), "{said}");
    assert!(!wal.exists());
    let kept = said.split("is kept as ").nth(1).unwrap().split(": delete").next().unwrap();
    assert!(succeeds(&["check", kept], server.data_directory()).contains("25 notifications"));

    server.start_again(&["--drain", "100ms"]);
    assert_eq!(stored(&server).await.len(), 20);
    assert_eq!(
        fs::metadata(server.data_directory().join("notifyhub.db")).unwrap().permissions().mode() & 0o777,
        0o600
    );
    for n in 0..5 {
        publish(&server, &format!("anew {n}")).await;
    }
    for (id, reason) in [(&lost, "unknown"), (&at_backup, "resumed")] {
        let mut events = RawEvents::open(address, "/events", &[("Last-Event-ID", id)]).await;
        assert_eq!(events.next().await.data()["reason"], reason);
    }
    let polled = request(address, "GET", "/api/notifications", &[("If-None-Match", &etag)], "").await;
    assert_eq!(polled.status(), 200, "as many as before, and others");
}

async fn latest_id(server: &TestServer) -> String {
    let mut events = RawEvents::open(server.socket_address(), "/events?limit=0", &[]).await;
    events.next().await.data()["latest_id"].as_str().unwrap().to_owned()
}

/// The hub works on meanwhile, and each copy is one moment's state: of what each poster was answered, a beginning.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn backups_under_load_are_whole_and_disturb_nobody() {
    let server = TestServer::start(&["--max-notifications", "100000"]);
    let is_enough = Arc::<AtomicBool>::default();
    let mut posting = JoinSet::new();
    for poster in 0..4 {
        let (client, is_enough) = (server.client(), Arc::clone(&is_enough));
        posting.spawn(async move {
            let mut count = 0;
            while !is_enough.load(SeqCst) {
                notifyhub_tests::reader::publish(&client, &format!("{poster} {count}")).await;
                count += 1;
            }
            count
        });
    }
    let backup = Backup::place();
    let mut sizes = Vec::new();
    for _ in 0..6 {
        succeeds(&["backup", &backup.name(), "--force"], server.data_directory());
        succeeds(&["check"], server.data_directory());
        let connection = rusqlite::Connection::open(backup.path()).unwrap();
        let mut statement = connection
            .prepare("SELECT content ->> 'message' FROM entry WHERE kind = 'put' ORDER BY seq")
            .unwrap();
        let messages: Vec<String> =
            statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        for poster in 0..4 {
            let prefix = format!("{poster} ");
            let own = messages.iter().filter_map(|message| message.strip_prefix(&prefix));
            assert!(own.enumerate().all(|(n, found)| found == n.to_string()), "{messages:?}");
        }
        sizes.push(messages.len());
    }
    is_enough.store(true, SeqCst);
    let posted: usize = posting.join_all().await.into_iter().sum();
    assert!(sizes.is_sorted() && sizes[0] < sizes[5], "{sizes:?}");
    assert_eq!(get(server.socket_address(), "/readyz").await.status(), 200);
    assert_eq!(get(server.socket_address(), "/api/status").await.json()["stored"], posted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_overwritten_that_was_not_meant_to_be() {
    let server = TestServer::start(&[]);
    publish(&server, "x").await;
    let data = server.data_directory();
    let backup = Backup::place();
    fs::write(backup.path(), "precious").unwrap();
    fails(&["backup", &backup.name()], data, "exists; choose another name, or replace it with --force");
    assert_eq!(fs::read(backup.path()).unwrap(), b"precious");
    succeeds(&["backup", &backup.name(), "--force"], data);
    let database = data.join("notifyhub.db");
    fails(&["backup", database.to_str().unwrap(), "--force"], data, "is the database itself");
    fails(&["restore", database.to_str().unwrap()], data, "is the database itself");
    fails(&["backup", "/nonexistent/copy.db"], data, "cannot write /nonexistent");
    fails(&["restore", "/nonexistent/copy.db"], data, "cannot read the database /nonexistent/copy.db");
    fails(&["check"], Path::new("/nonexistent"), "cannot read the database /nonexistent/notifyhub.db");
    assert_eq!(names_in(backup.directory.path()), ["copy.db"]);
    publish(&server, "y").await;
}

/// A copy that is not in order is told in detail, and not put in the place of what works.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_copy_is_told_and_refused() {
    let mut server = TestServer::start(&["--drain", "100ms"]);
    for n in 0..50 {
        publish(&server, &n.to_string()).await;
    }
    let backup = Backup::place();
    succeeds(&["backup", &backup.name()], server.data_directory());
    assert!(server.stop().success());
    let data = server.data_directory();
    let well = fs::read(backup.path()).unwrap();
    let change = |sql: &str| {
        fs::write(backup.path(), &well).unwrap();
        rusqlite::Connection::open(backup.path()).unwrap().execute_batch(sql).unwrap();
    };
    for (sql, expected) in [
        ("UPDATE entry SET content = 'nonsense' WHERE seq = 7", "entry 7: expected"),
        ("UPDATE entry SET kind = 'riddle' WHERE seq = 7", "unknown kind \"riddle\""),
        (
            "UPDATE entry SET notification_id = zeroblob(16) WHERE seq = 7",
            "entry 7 holds a notification of another id",
        ),
        ("UPDATE entry SET published = 9 WHERE seq = 7", "entry 7 revises what was published later"),
        (
            "INSERT INTO entry (seq, kind, notification_id) SELECT 99, 'remove', notification_id FROM entry WHERE seq = 7",
            "entry 99 voids an earlier one",
        ),
        ("INSERT INTO entry (seq, kind) VALUES (99, 'clear')", "entry 99 deletes all notifications"),
        ("DELETE FROM entry WHERE kind = 'epoch'", "the name of its oldest event ids is missing"),
        ("DROP TABLE log", "no such table: log"),
        ("PRAGMA application_id = 1", "is not a NotifyHub database"),
        ("PRAGMA user_version = 1000", "is from a newer version"),
    ] {
        change(sql);
        fails(&["check", &backup.name()], data, expected);
        fails(&["restore", &backup.name()], data, "copy.db");
    }
    fs::write(backup.path(), &well).unwrap();
    let file = fs::OpenOptions::new().write(true).open(backup.path()).unwrap();
    for page in 1..well.len() as u64 / 4096 {
        file.write_all_at(&[0xaa; 100], page * 4096).unwrap();
    }
    fails(&["check", &backup.name()], data, "is not in order");
    fails(&["restore", &backup.name()], data, "nothing was changed");
    fs::write(backup.path(), "").unwrap();
    fails(&["check", &backup.name()], data, "is empty");
    assert!(succeeds(&["check"], data).contains("50 notifications"));
    assert!(
        names_in(data).iter().all(|name| !name.contains("copy") && !name.contains("before")),
        "{:?}",
        names_in(data)
    );
    server.start_again(&[]);
    assert_eq!(stored(&server).await.len(), 50);
}

/// A damaged database is kept as it is, with its write-ahead log; a new machine has none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_takes_the_place_of_a_damaged_database_and_of_none() {
    let mut server = TestServer::start(&["--drain", "100ms"]);
    publish(&server, "x").await;
    let backup = Backup::place();
    succeeds(&["backup", &backup.name()], server.data_directory());
    publish(&server, "y").await;
    assert!(server.stop().success());
    for name in ["notifyhub.db", "notifyhub.db-wal", "notifyhub.db-shm"] {
        fs::write(server.data_directory().join(name), "rubbish ".repeat(2000)).unwrap();
    }
    fails(&["check"], server.data_directory(), "is not a NotifyHub database");
    succeeds(&["restore", &backup.name()], server.data_directory());
    let names = names_in(server.data_directory());
    assert!(names.iter().any(|name| name.starts_with("notifyhub.before-restore-")), "{names:?}");
    assert!(names.iter().all(|name| name != "notifyhub.db-wal" && name != "notifyhub.db-shm"), "{names:?}");
    server.start_again(&[]);
    assert_eq!(stored(&server).await, ["x"]);

    let elsewhere = TempDir::new().unwrap();
    let data = elsewhere.path().join("new");
    assert!(!succeeds(&["restore", &backup.name()], &data).contains("is kept as"));
    assert!(succeeds(&["check"], &data).contains("1 notification,"));
    assert_eq!(fs::metadata(&data).unwrap().permissions().mode() & 0o777, 0o700);
}

/// Another program reads the old database at that moment, so that its write-ahead log cannot be emptied: it goes with it,
/// and not with the copy.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_leaves_no_write_ahead_log_beside_the_copy() {
    let mut server = TestServer::start(&[]);
    publish(&server, "x").await;
    let backup = Backup::place();
    succeeds(&["backup", &backup.name()], server.data_directory());
    publish(&server, "y").await;
    server.kill();
    let reader = rusqlite::Connection::open(server.data_directory().join("notifyhub.db")).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM entry").unwrap();
    let said = succeeds(&["restore", &backup.name()], server.data_directory());
    drop(reader);
    let kept = said.split("is kept as ").nth(1).unwrap().split(": delete").next().unwrap();
    assert!(succeeds(&["check", kept], server.data_directory()).contains("2 notifications"));
    assert!(succeeds(&["check"], server.data_directory()).contains("1 notification,"));
    server.start_again(&[]);
    assert_eq!(stored(&server).await, ["x"]);
}

/// `sudo notifyhub-server restore`: the hub's own user can open what it finds.
#[tokio::test]
async fn what_root_restores_belongs_to_the_owner_of_the_directory() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let server = TestServer::start(&[]);
    publish(&server, "x").await;
    let backup = Backup::place();
    succeeds(&["backup", &backup.name()], server.data_directory());
    let service = TempDir::new().unwrap();
    std::os::unix::fs::chown(service.path(), Some(12_345), Some(12_345)).unwrap();
    succeeds(&["restore", &backup.name()], service.path());
    for name in ["notifyhub.db", "notifyhub.lock"] {
        assert_eq!(fs::metadata(service.path().join(name)).unwrap().uid(), 12_345, "{name}");
    }
}

#[test]
fn a_hub_that_keeps_nothing_has_nothing_to_back_up() {
    let output = run_to_end(&["--store", "memory", "backup", "/nonexistent/copy"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("with --store memory nothing is kept"), "{said}");
}
