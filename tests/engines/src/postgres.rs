//! PostgreSQL with a data directory of its own, on a free port of this machine. It ends with the test.

use std::{
    fs::Permissions,
    os::unix::fs::{PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;

use crate::{eventually, free_port};

/// The user and group `nobody` of every Linux: PostgreSQL refuses to be run by root.
const NOBODY: u32 = 65534;

/// See the module.
pub struct Postgres {
    directory: TempDir,
    data: PathBuf,
    options: Vec<String>,
    port: u16,
    child: Option<Child>,
}

impl Postgres {
    /// Whether there is such a server here; if not, that is said aloud.
    pub fn is_available() -> bool {
        let is_there = program("postgres").arg("--version").output().is_ok_and(|said| said.status.success());
        if !is_there {
            eprintln!("SKIPPED: there is no PostgreSQL; `make test-rust` installs it");
        }
        is_there
    }

    /// Makes a cluster and starts it; everyone may connect as anyone.
    pub fn start() -> Self {
        Postgres::start_with(&[])
    }

    /// As [`Postgres::start`], with settings such as `max_connections=20`.
    pub fn start_with(settings: &[&str]) -> Self {
        let directory = tempfile::tempdir().expect("a directory for temporary files");
        give_to_its_user(directory.path());
        let data = directory.path().join("data");
        let made = program("initdb")
            .arg("--pgdata")
            .arg(&data)
            .args(["--auth=trust", "--username=hub", "--encoding=UTF8", "--locale=C"])
            .args(["--no-sync", "--no-instructions"])
            .output()
            .expect("initdb can be run");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let options = settings.iter().map(|setting| format!("-c{setting}")).collect();
        let mut postgres = Postgres { directory, data, options, port: free_port(), child: None };
        postgres.start_again();
        postgres
    }

    /// A server that has everything this one has, as of now, on a port of its own: restored from a copy that was made while
    /// this one runs.
    #[must_use]
    pub fn copy(&self) -> Self {
        self.copy_with(&[])
    }

    /// Puts a copy's files in the place of its own, and starts on them.
    pub fn restore(&mut self, mut copy: Postgres) {
        self.kill();
        copy.stop();
        std::mem::swap(&mut self.data, &mut copy.data);
        std::mem::swap(&mut self.directory, &mut copy.directory);
        self.start_again();
    }

    /// A server that follows this one, under a name that it is known by, and takes no writes until it is promoted.
    #[must_use]
    pub fn standby(&self, name: &str) -> Self {
        self.copy_with(&["--write-recovery-conf", name])
    }

    fn copy_with(&self, following: &[&str]) -> Self {
        let directory = tempfile::tempdir().expect("a directory for temporary files");
        give_to_its_user(directory.path());
        let data = directory.path().join("data");
        let name = following.get(1).unwrap_or(&"copy");
        let source = format!("host=127.0.0.1 port={} user=hub application_name={name}", self.port);
        let mut command = program("pg_basebackup");
        command.args(["--checkpoint=fast", "--no-sync", "--dbname", &source]).arg("--pgdata").arg(&data);
        let made = command.args(following.first()).output().expect("pg_basebackup can be run");
        assert!(made.status.success(), "pg_basebackup: {}", String::from_utf8_lossy(&made.stderr));
        let mut options = self.options.clone();
        if !following.is_empty() {
            // As in deploy/: a commit waits for it.
            options.push("-cwal_retrieve_retry_interval=500ms".into());
        }
        let mut copy = Postgres { directory, data, options, port: free_port(), child: None };
        copy.start_again();
        copy
    }

    /// Makes a primary of a standby.
    pub fn promote(&self) {
        assert_eq!(self.sql("postgres", "SELECT pg_promote()"), "t");
    }

    /// Has it take up a setting without a restart.
    pub fn set(&self, name: &str, value: &str) {
        self.sql("postgres", &format!("ALTER SYSTEM SET {name} = '{value}'"));
        self.reload();
        eventually(name, || (self.sql("postgres", &format!("SHOW {name}")) == value).then_some(()));
    }

    /// Puts the rules for who may connect, and how, before those that it has (`pg_hba.conf`).
    pub fn put_rules(&self, rules: &str) {
        let path = self.data.join("pg_hba.conf");
        let known = std::fs::read_to_string(&path).expect("it has rules");
        std::fs::write(&path, format!("{rules}\n{known}")).expect("written");
        self.reload();
    }

    /// Takes encrypted connections from now on, with this certificate and its key (PEM).
    pub fn encrypt(&self, certificate: &str, key: &str) {
        for (name, text) in [("server.crt", certificate), ("server.key", key)] {
            let path = self.data.join(name);
            std::fs::write(&path, text).expect("written");
            std::fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("set");
            give_to_its_user(&path);
        }
        self.set("ssl", "on");
    }

    fn reload(&self) {
        self.sql("postgres", "SELECT pg_reload_conf()");
    }

    /// Starts it again after it has ended, with the same port and data.
    pub fn start_again(&mut self) {
        assert!(self.child.is_none(), "it runs");
        eventually("PostgreSQL takes connections", || {
            let mut command = server_command(self);
            let child = self.child.get_or_insert_with(|| command.spawn().expect("postgres can be run"));
            // The processes of one that was killed may still hold its memory.
            if child.try_wait().expect("it is our child").is_some() {
                self.child = None;
                return None;
            }
            self.try_sql("postgres", "SELECT 1").ok()
        });
    }

    /// Where a database is, as `--store` takes it.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://hub@127.0.0.1:{}/{database}", self.port)
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its first process; the others are children of it.
    pub fn process_id(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// Where its configuration is.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Makes an empty database; says where it is.
    pub fn database(&self, name: &str) -> String {
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        self.url(name)
    }

    /// What statements answer: values separated by `|`, rows by line ends.
    pub fn sql(&self, database: &str, statements: &str) -> String {
        self.try_sql(database, statements).unwrap_or_else(|error| panic!("{statements}: {error}"))
    }

    fn try_sql(&self, database: &str, statements: &str) -> Result<String, String> {
        let mut psql = self.client("psql", database);
        let output = psql
            .args(["-XAtq", "--set=ON_ERROR_STOP=1", "-c", statements])
            .output()
            .expect("psql can be run");
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    }

    /// One of its own programs, about one of its databases.
    pub fn client(&self, name: &str, database: &str) -> Command {
        let mut command = program(name);
        command.args(["-h", "127.0.0.1", "-U", "hub", "-d", database, "-p", &self.port.to_string()]);
        command.env("PGCONNECT_TIMEOUT", "5").stdin(Stdio::null());
        command
    }

    /// Ends it at once, without a chance to tidy up (SIGKILL), as a crash would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Stops it, cutting its connections in good order (SIGINT).
    pub fn stop(&mut self) {
        self.signal(Signal::INT);
        if let Some(mut child) = self.child.take() {
            eventually("PostgreSQL ends", || child.try_wait().expect("it is our child"));
        }
    }

    /// Sends its first process a signal.
    pub fn signal(&self, signal: Signal) {
        let child = self.child.as_ref().expect("it runs");
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a process has an id");
        kill_process(pid, signal).expect("it runs");
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let said = std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default();
            eprintln!("--- PostgreSQL said:\n{said}---");
        }
    }
}

fn server_command(postgres: &Postgres) -> Command {
    let directory = postgres.directory.path();
    let log = std::fs::File::options().create(true).append(true).open(directory.join("log"));
    let log = log.expect("the log can be written");
    let mut command = program("postgres");
    command
        .arg("-D")
        .arg(&postgres.data)
        .args(["-p", &postgres.port.to_string()])
        // Processes are killed here, and no machine: what the system has is kept.
        .args([
            "-clisten_addresses=127.0.0.1",
            "-cfsync=off",
            "-cshared_buffers=16MB",
            "-cmax_connections=50",
        ])
        .arg(format!("-cunix_socket_directories={}", directory.display()))
        .args(&postgres.options)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log);
    command
}

/// One of PostgreSQL's programs, the newest that is installed; as root it is run by another user. It dies with the thread
/// that starts it: the test's own.
fn program(name: &str) -> Command {
    as_its_user(&find(name))
}

/// See [`program`].
pub(crate) fn as_its_user(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if geteuid().is_root() {
        command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]);
    }
    command.args(["--pdeathsig", "KILL"]).arg(program).current_dir("/");
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PG")) {
        command.env_remove(name);
    }
    command
}

fn find(name: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|version| Some((version.file_name().to_str()?.parse::<u32>().ok()?, version.path())))
        .max();
    match newest {
        Some((_, path)) => path.join("bin").join(name),
        // On the PATH, if anywhere.
        None => PathBuf::from(name),
    }
}

pub(crate) fn give_to_its_user(path: &Path) {
    if geteuid().is_root() {
        chown(path, Some(NOBODY), Some(NOBODY)).expect("root may give a directory away");
    }
}
