//! A hub that cannot run says why in one line that tells what to do, and exits with an error.

use std::path::Path;

use notifyhub_tests::{
    http::{get, post},
    server::{TestServer, run_to_end},
};
use tempfile::TempDir;

/// Runs it to its end, which must be an error told in one line.
fn failure(arguments: &[&str], expected: &[&str]) -> String {
    let output = run_to_end(arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
    assert_eq!(output.stdout, b"", "{arguments:?}");
    assert_eq!(said.lines().count(), 1, "{arguments:?}: {said}");
    assert!(said.starts_with("notifyhub-server: "), "{said}");
    for expected in expected {
        assert!(said.contains(expected), "{expected:?} is not in {said:?}");
    }
    said
}

fn with_data(directory: &Path) -> [&str; 4] {
    ["--port", "0", "--data-dir", directory.to_str().unwrap()]
}

#[tokio::test]
async fn a_port_in_use_is_told() {
    let server = TestServer::start(&[]);
    let port = server.socket_address().port().to_string();
    failure(
        &["--port", &port, "--store", "memory"],
        &[&format!("port {port} on 127.0.0.1 is in use"), "choose another --port"],
    );
    assert_eq!(get(server.socket_address(), "/healthz").await.status(), 200);
}

#[tokio::test]
async fn two_hubs_do_not_share_a_data_directory() {
    let server = TestServer::start(&[]);
    failure(
        &with_data(server.data_directory()),
        &["another notifyhub-server is using the data directory", "choose another --data-dir"],
    );
    assert_eq!(post(server.socket_address(), "/api/notify", r#"{"message":"x"}"#).await.status(), 200);
}

#[test]
fn a_data_directory_that_cannot_be_made_is_told() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "not a directory").unwrap();
    failure(&with_data(&file.join("data")), &["cannot write to the data directory", "file/data"]);
    failure(&with_data(&file), &["cannot write to the data directory", "/file"]);
    failure(&with_data(Path::new("/proc/nowhere")), &["cannot write to the data directory /proc/nowhere"]);
    // A directory where the database should be.
    let taken = directory.path().join("taken");
    std::fs::create_dir_all(taken.join("notifyhub.db")).unwrap();
    failure(&with_data(&taken), &["cannot open the database", "taken/notifyhub.db"]);
}

#[test]
fn what_is_no_database_is_refused_and_left_alone() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("notifyhub.db");
    let text = "My shopping list: ".repeat(1000);
    std::fs::write(&path, &text).unwrap();
    failure(&with_data(directory.path()), &["is not a NotifyHub database", "choose another --data-dir"]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn another_programs_database_is_refused_and_left_alone() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("notifyhub.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection
        .execute_batch("CREATE TABLE invoice (number INTEGER); INSERT INTO invoice VALUES (7)")
        .unwrap();
    drop(connection);
    let before = std::fs::read(&path).unwrap();
    failure(&with_data(directory.path()), &["is not a NotifyHub database"]);
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_database_from_a_newer_version_is_refused_and_left_alone() {
    let mut server = TestServer::start(&[]);
    post(server.socket_address(), "/api/notify", r#"{"message":"x"}"#).await;
    assert!(server.stop().success());
    let path = server.data_directory().join("notifyhub.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 1000).unwrap();
    drop(connection);
    let before = std::fs::read(&path).unwrap();
    failure(
        &with_data(server.data_directory()),
        &["is from a newer version of NotifyHub", "its schema is version 1000", "update notifyhub-server"],
    );
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_damaged_database_is_told_and_no_reason_to_start_afresh() {
    let mut server = TestServer::start(&[]);
    post(server.socket_address(), "/api/notify", r#"{"message":"x"}"#).await;
    assert!(server.stop().success());
    let path = server.data_directory().join("notifyhub.db");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[100..].fill(0xaa);
    std::fs::write(&path, &bytes).unwrap();
    failure(&with_data(server.data_directory()), &["notifyhub.db"]);
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_host_that_is_none_is_told() {
    failure(
        &["--port", "0", "--store", "memory", "--host", "no.such.host.invalid"],
        &["cannot find an address for the host \"no.such.host.invalid\""],
    );
    failure(&["--port", "0", "--store", "memory", "--host", "192.0.2.1"], &["cannot listen on 192.0.2.1"]);
}

/// Checked before a database is opened or a port is bound.
#[test]
fn options_that_mean_nothing_are_refused() {
    for (arguments, expected) in [
        (&["--port", "99999"][..], "--port"),
        (&["--heartbeat", "0s"], "--heartbeat"),
        (&["--heartbeat", "soon"], "--heartbeat"),
        (&["--stall-timeout", "0ms"], "--stall-timeout"),
        (&["--drain=-1s"], "--drain"),
        (&["--max-notifications", "0"], "--max-notifications"),
        (&["--max-connections", "0"], "--max-connections"),
        (&["--max-connections-per-ip", "0"], "--max-connections-per-ip"),
        (&["--store", "tape"], "--store"),
        (&["--prot", "1"], "--prot"),
        (&["serve"], "serve"),
        // No level, and not taken for a module's name.
        (&["--log", "warning"], "--log"),
        (&["--stall-timeout", "25d"], "at most 24days"),
        (&["--drain", "584542046090y"], "--drain"),
    ] {
        let output = run_to_end(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(String::from_utf8(output.stderr).unwrap().contains(expected), "{arguments:?}");
    }
}

/// With port 0 the system picks one, and the hub says which.
#[test]
fn a_free_port_is_found_on_request() {
    use std::io::BufRead as _;
    let mut child = std::process::Command::new("setpriv")
        .args(["--pdeathsig", "KILL"])
        .arg(notifyhub_tests::server::server_program())
        .args(["--port", "0", "--store", "memory"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
    let said: Vec<String> = lines.map_while(Result::ok).take(5).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    let port = said[1].trim().strip_prefix("Page    http://127.0.0.1:").unwrap();
    let port: u16 = port.split('/').next().unwrap().parse().unwrap();
    assert_ne!(port, 0);
    assert_eq!(said[0], format!("NotifyHub {}", env!("CARGO_PKG_VERSION")));
    assert_eq!(said[2], format!("  Stream  http://127.0.0.1:{port}/events"));
    assert_eq!(said[3], format!("  API     http://127.0.0.1:{port}/docs"));
    assert_eq!(said[4], "  Data    in memory: nothing is left after a stop");
}
