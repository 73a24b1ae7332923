//! A hub that cannot use its database says why in one line, and exits with an error.

use std::fs;

use notifyhub_test_engines::Postgres;
use notifyhub_tests::server::{TestServer, run_to_end};

use super::{database, hub};

fn failure(arguments: &[&str], expected: &[&str]) {
    let output = run_to_end(arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
    assert_eq!(said.lines().count(), 1, "{arguments:?}: {said}");
    for expected in expected {
        assert!(said.contains(expected), "{expected:?} is not in {said:?}");
    }
    assert!(!said.contains("secret"), "{said}");
}

fn store(url: &str) -> [&str; 4] {
    ["--port", "0", "--store", url]
}

#[test]
fn what_cannot_be_used_is_told() {
    let postgres = Postgres::start();
    postgres.sql("postgres", "CREATE ROLE guest LOGIN PASSWORD 'right'");
    postgres.sql("postgres", "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0");
    let feed = postgres.database("feed");
    let port = postgres.port();
    let at = format!("database feed at 127.0.0.1:{port}");

    let rules = fs::read_to_string(postgres.data().join("pg_hba.conf")).unwrap();
    let rules = format!("host all guest 127.0.0.1/32 scram-sha-256\n{rules}");
    fs::write(postgres.data().join("pg_hba.conf"), rules).unwrap();
    postgres.sql("postgres", "SELECT pg_reload_conf()");
    let wrong = format!("postgres://guest:secret@127.0.0.1:{port}/feed");
    failure(&store(&wrong), &[&at, "password authentication failed", "check the user and the password"]);
    let right = format!("postgres://guest:right@127.0.0.1:{port}/feed");
    failure(&store(&right), &[&at, "permission denied", "CREATE SCHEMA notifyhub AUTHORIZATION"]);

    failure(&store(&postgres.url("nowhere")), &["\"nowhere\" does not exist", "createdb"]);
    failure(&store(&postgres.url("latin")), &["LATIN1", "ENCODING 'UTF8'"]);

    postgres.sql("feed", "CREATE SCHEMA theirs; CREATE TABLE theirs.invoice (number int)");
    failure(&store(&format!("{feed}?schema=theirs")), &["theirs", "another program", "?schema=NAME"]);
    assert_eq!(postgres.sql("feed", "SELECT count(*) FROM theirs.invoice"), "0");

    drop(hub(&format!("{feed}?schema=newer")));
    postgres.sql("feed", "UPDATE newer.version SET number = 99");
    failure(&store(&format!("{feed}?schema=newer")), &["version 99", "newer notifyhub-server"]);

    postgres.sql("postgres", "ALTER DATABASE feed SET default_transaction_read_only = on");
    failure(&store(&feed), &[&at, "takes no writes"]);
}

#[test]
fn what_is_not_postgresql_is_told() {
    let other = TestServer::start(&[]);
    let address = other.socket_address();
    failure(
        &store(&format!("postgres://hub:secret@{address}/feed")),
        &[&address.to_string(), "does not seem to be PostgreSQL"],
    );
}

#[test]
fn what_does_not_go_with_it_is_told() {
    let url = "postgres://hub:secret@127.0.0.1:1/feed";
    failure(&["--store", url, "--durability", "full"], &["--durability is about the SQLite file"]);
    failure(&["--store", &format!("{url}?schema=My")], &["schema=My"]);
    for command in [&["backup", "/nowhere/copy"][..], &["check"], &["restore", "/nowhere/copy"]] {
        let output = std::process::Command::new(notifyhub_tests::server::server_program())
            .args(command)
            .env("NOTIFYHUB_STORE", url)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("with its own programs") && !said.contains("secret"), "{said}");
    }
}

#[test]
fn hubs_that_start_at_the_same_time_make_one_schema() {
    let (postgres, url) = database();
    let starting = (0..3).map(|_| {
        let url = url.clone();
        // The hub ends with the thread that has started it.
        std::thread::spawn(move || drop(hub(&url)))
    });
    for started in starting.collect::<Vec<_>>() {
        started.join().unwrap();
    }
    assert_eq!(postgres.sql("feed", "SELECT count(*) FROM notifyhub.entry WHERE kind = 'epoch'"), "1");
}

#[test]
fn a_server_that_does_not_run_yet_is_waited_for() {
    let (mut postgres, url) = database();
    postgres.stop();
    std::thread::scope(|scope| {
        let started = scope.spawn(|| hub(&url).said());
        // Long enough for a first attempt; what matters is that there is a second one.
        std::thread::sleep(std::time::Duration::from_millis(500));
        postgres.start_again();
        let said = started.join().unwrap();
        assert!(said.contains("waiting for the log"), "{said}");
    });
}
