//! The engines that several hubs may share, as processes of their own: for the tests of the server's crate and for the
//! end-to-end tests alike. No test is in here.

mod nats;
mod pgbouncer;
mod postgres;
mod setup;

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

pub use self::{
    nats::Brokers,
    pgbouncer::PgBouncer,
    postgres::Postgres,
    setup::{Setup, Sync},
};

/// How long an engine may take for anything.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks until there is an answer; fails when it takes too long.
fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = ask() {
            return value;
        }
        assert!(Instant::now() < deadline, "in {PATIENCE:?} it did not happen that {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A free port below those that the system gives to outgoing connections.
fn free_port() -> u16 {
    eventually("there is a free port", || {
        let port = fastrand::u16(10_000..30_000);
        TcpListener::bind(("127.0.0.1", port)).is_ok().then_some(port)
    })
}
