//! PgBouncer, a pooler in front of PostgreSQL, with a directory of its own, on a free port of this machine. It ends with
//! the test.

use std::{
    net::TcpStream,
    process::{Child, Stdio},
};

use tempfile::TempDir;

use crate::{
    Postgres, eventually, free_port,
    postgres::{as_its_user, give_to_its_user},
};

/// See the module.
pub struct PgBouncer {
    directory: TempDir,
    port: u16,
    child: Option<Child>,
}

impl PgBouncer {
    /// Starts it in front of a server; everyone may connect as anyone. `mode` says for how long it lends a connection:
    /// `session`, `transaction`, `statement`.
    pub fn start(postgres: &Postgres, mode: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory for temporary files");
        give_to_its_user(directory.path());
        let place = directory.path().display();
        let port = free_port();
        let configuration = format!(
            "[databases]\n* = host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr=127.0.0.1\nlisten_port={port}\n\
             unix_socket_dir=\nauth_type=trust\nauth_file={place}/users\npool_mode={mode}\n",
            postgres.port()
        );
        std::fs::write(directory.path().join("pgbouncer.ini"), configuration).expect("written");
        std::fs::write(directory.path().join("users"), "\"hub\" \"\"\n").expect("written");
        let mut pooler = PgBouncer { directory, port, child: None };
        pooler.start_again();
        pooler
    }

    /// Starts it again after it has ended, on the same port.
    pub fn start_again(&mut self) {
        assert!(self.child.is_none(), "it runs");
        let log = std::fs::File::options().create(true).append(true).open(self.directory.path().join("log"));
        let log = log.expect("the log can be written");
        let mut command = as_its_user(&program());
        command.arg(self.directory.path().join("pgbouncer.ini"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let mut child = command.spawn().expect("`setpriv` can be run");
        eventually("PgBouncer takes connections", || {
            let ended = child.try_wait().expect("it is our child");
            assert!(ended.is_none(), "pgbouncer ended; is it installed? {}", self.said());
            TcpStream::connect(("127.0.0.1", self.port)).ok()
        });
        self.child = Some(child);
    }

    /// Where a database is through it, as `--store` takes it.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://hub@127.0.0.1:{}/{database}", self.port)
    }

    /// Ends it at once (SIGKILL).
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    fn said(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("--- PgBouncer said:\n{}---", self.said());
        }
    }
}

/// It may lie where users have no programs.
fn program() -> std::path::PathBuf {
    let usual = std::path::PathBuf::from("/usr/sbin/pgbouncer");
    if usual.exists() { usual } else { "pgbouncer".into() }
}
