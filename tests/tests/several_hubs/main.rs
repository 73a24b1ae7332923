//! Several hubs on one PostgreSQL: what one has acknowledged holds at all of them, whatever dies.
//!
//! A binary of its own: each test has a database server of its own besides the hubs.
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod changing;
mod chaos;
mod clients;
mod encrypted;
mod failover;
mod losing_touch;
mod moving;
mod pooler;
mod posting;
mod sharing;
mod starting;

use notifyhub_test_engines::Postgres;
use notifyhub_tests::server::TestServer;

/// A server with an empty database, and where that is.
fn database() -> (Postgres, String) {
    let postgres = Postgres::start();
    let url = postgres.database("feed");
    (postgres, url)
}

fn hub(url: &str) -> TestServer {
    TestServer::start(&["--store", url])
}

/// The id of what an answer holds.
fn id_of(answer: &notifyhub_tests::http::Answer) -> String {
    assert!(matches!(answer.status(), 200 | 201), "{answer:?}");
    answer.json()["id"].as_str().unwrap().to_owned()
}
