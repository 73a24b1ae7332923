//! NATS servers with JetStream as processes of the test's own: one, or three that replicate. They can be killed, frozen and
//! started again, and end with the test.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    io::{self, Read as _},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use base64::Engine as _;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    PATIENCE, eventually,
    setup::{Setup, free_address},
};

/// Servers that know each other. Each is meant by its index.
pub struct Brokers {
    processes: Vec<Broker>,
    program: PathBuf,
    directory: TempDir,
}

struct Broker {
    process: Child,
    clients: SocketAddr,
    monitor: SocketAddr,
    is_frozen: bool,
}

/// How long a server's monitor may take to answer.
const MONITOR_TIMEOUT: Duration = Duration::from_secs(1);

impl Brokers {
    /// Whether there is such a server here; if not, that is said aloud.
    pub fn are_available() -> bool {
        program().is_some()
    }

    /// Starts one or three servers. `None`, said aloud: there is no such program here.
    pub fn start(count: usize) -> Option<Self> {
        Brokers::start_as(&Setup::of(count))
    }

    /// As [`Brokers::start`], in another way.
    pub fn start_as(setup: &Setup) -> Option<Self> {
        let program = program()?;
        let directory = TempDir::new().expect("a directory for temporary files");
        let sync = setup.sync.interval();
        let mut processes = Vec::new();
        for (index, listen) in setup.listen.iter().enumerate() {
            let (clients, monitor) = (free_address(), free_address());
            let store = directory.path().join(index.to_string());
            let mut text = format!(
                "server_name: broker-{index}\nlisten: \"{clients}\"\nhttp: \"{monitor}\"\n\
                 jetstream {{ store_dir: \"{}\", sync_interval: {sync}, {} }}\n{}\n",
                store.display(),
                setup.jetstream,
                setup.settings,
            );
            if setup.listen.len() > 1 {
                let others: Vec<_> =
                    setup.routes[index].iter().map(|route| format!("\"nats://{route}\"")).collect();
                // What they tell clients and each other of their addresses would lead around a proxy.
                let is_proxied = setup.routes[index] != setup.listen;
                let advertised = if is_proxied { "advertise: \"127.0.0.1:1\", " } else { "" };
                let _ = writeln!(
                    text,
                    "cluster {{ name: test, listen: \"{listen}\", no_advertise: true, {advertised}routes: [{}] }}",
                    others.join(", ")
                );
            }
            fs::write(config(&directory, index), text).expect("the configuration is written");
            let process = spawn(&program, &directory, index);
            processes.push(Broker { process, clients, monitor, is_frozen: false });
        }
        let brokers = Brokers { processes, program, directory };
        brokers.wait_until_ready();
        Some(brokers)
    }

    /// The value of `--store` for this stream, in as many copies as there are servers.
    pub fn store(&self, stream: &str) -> String {
        let hosts: Vec<_> = self.processes.iter().map(|broker| broker.clients.to_string()).collect();
        format!("nats://{}?stream={stream}&replicas={}", hosts.join(","), self.processes.len())
    }

    /// Where one takes clients.
    pub fn client_address(&self, index: usize) -> SocketAddr {
        self.processes[index].clients
    }

    /// Their processes.
    pub fn process_ids(&self) -> impl Iterator<Item = u32> {
        self.processes.iter().map(|broker| broker.process.id())
    }

    /// How many there are.
    #[expect(clippy::len_without_is_empty, reason = "there is always one")]
    pub fn len(&self) -> usize {
        self.processes.len()
    }

    /// Whether this one runs, and is not frozen.
    pub fn is_up(&self, index: usize) -> bool {
        let broker = &self.processes[index];
        !broker.is_frozen && TcpStream::connect_timeout(&broker.monitor, MONITOR_TIMEOUT).is_ok()
    }

    /// Which one leads the stream, if one says so.
    pub fn leader_of(&self, stream: &str) -> Option<usize> {
        (0..self.len()).find_map(|index| {
            let report = self.ask(index, "/jsz?accounts=true&streams=true")?;
            let streams = report["account_details"].as_array()?.iter();
            let mut details = streams.filter_map(|account| account["stream_detail"].as_array()).flatten();
            let leader = details.find(|detail| detail["name"] == stream)?["cluster"]["leader"].as_str()?;
            leader.strip_prefix("broker-")?.parse().ok().filter(|leader| self.is_up(*leader))
        })
    }

    /// Which one leads all of them, if one says so: without it nobody makes consumers.
    pub fn leader_of_all(&self) -> Option<usize> {
        (0..self.len()).find_map(|index| {
            let report = self.ask(index, "/jsz")?;
            let leader = report["meta_cluster"]["leader"].as_str()?.strip_prefix("broker-")?.parse().ok()?;
            Some(leader).filter(|leader| self.is_up(*leader))
        })
    }

    /// Which ones the consumers of a stream are on, by their names.
    pub fn consumers_of(&self, index: usize, stream: &str) -> BTreeMap<String, usize> {
        let list = self.ask_jetstream(index, &format!("CONSUMER.LIST.{stream}"), "");
        let consumers = list["consumers"].as_array().into_iter().flatten();
        consumers
            .filter_map(|consumer| {
                let leader = consumer["cluster"]["leader"].as_str()?.strip_prefix("broker-")?;
                Some((consumer["name"].as_str()?.to_owned(), leader.parse().ok()?))
            })
            .collect()
    }

    /// Ends one in good order: another may lead before it is gone.
    pub fn stop(&mut self, index: usize) {
        self.signal(index, Signal::TERM);
        let process = &mut self.processes[index].process;
        eventually("a NATS server ends", || process.try_wait().expect("it is our child"));
    }

    /// Ends one without a chance to tidy up.
    pub fn kill(&mut self, index: usize) {
        let broker = &mut self.processes[index];
        broker.is_frozen = false;
        let _ = broker.process.kill();
        let _ = broker.process.wait();
    }

    /// Starts one again that was killed, with what it had stored.
    pub fn start_again(&mut self, index: usize) {
        self.processes[index].process = spawn(&self.program, &self.directory, index);
    }

    /// Writes something else into the configuration of one: it holds when that is started again.
    pub fn configure(&self, index: usize, old: &str, new: &str) {
        let file = config(&self.directory, index);
        let text = fs::read_to_string(&file).expect("the configuration can be read");
        assert!(text.contains(old), "{old} is not in the configuration");
        fs::write(&file, text.replace(old, new)).expect("the configuration is written");
    }

    /// Stops one in the middle of what it does; its connections stay open.
    pub fn freeze(&mut self, index: usize) {
        self.signal(index, Signal::STOP);
        self.processes[index].is_frozen = true;
    }

    /// Lets a frozen one go on.
    pub fn thaw(&mut self, index: usize) {
        self.signal(index, Signal::CONT);
        self.processes[index].is_frozen = false;
    }

    /// What JetStream answers to a request of its API.
    pub fn ask_jetstream(&self, index: usize, api: &str, request: &str) -> Value {
        let mut socket = TcpStream::connect(self.client_address(index)).expect("it runs");
        socket.set_read_timeout(Some(PATIENCE)).expect("a socket takes it");
        let commands = format!(
            "CONNECT {{\"verbose\":false}}\r\nSUB answer 1\r\nPUB $JS.API.{api} answer {}\r\n{request}\r\n",
            request.len()
        );
        io::Write::write_all(&mut socket, commands.as_bytes()).expect("it takes a request");
        let mut received = Vec::new();
        let mut buffer = [0; 16 << 10];
        loop {
            let count = socket.read(&mut buffer).expect("JetStream answers");
            assert_ne!(count, 0, "the broker has gone");
            received.extend_from_slice(&buffer[..count]);
            let text = String::from_utf8_lossy(&received);
            let Some((_, message)) = text.split_once("MSG answer 1 ") else { continue };
            let Some((length, body)) = message.split_once("\r\n") else { continue };
            let length: usize = length.trim().parse().expect("a length");
            if body.len() >= length {
                return serde_json::from_str(&body[..length]).expect("JSON");
            }
        }
    }

    /// How many messages a stream has on these subjects behind its name.
    pub fn messages_of(&self, index: usize, stream: &str, subjects: &str) -> usize {
        let request = format!("{{\"subjects_filter\":\"{stream}.{subjects}\"}}");
        let info = self.ask_jetstream(index, &format!("STREAM.INFO.{stream}"), &request);
        info["state"]["subjects"].as_object().map_or(0, serde_json::Map::len)
    }

    /// How many messages a stream has, as the server's monitor tells it.
    pub fn messages_in_store(&self, index: usize, stream: &str) -> u64 {
        let report = self.ask(index, "/jsz?accounts=true&streams=true").expect("it answers");
        let accounts = report["account_details"].as_array().into_iter().flatten();
        let mut streams = accounts.filter_map(|account| account["stream_detail"].as_array()).flatten();
        let found = streams.find(|detail| detail["name"] == stream).expect("there is such a stream");
        found["state"]["messages"].as_u64().expect("a number")
    }

    /// What the server says of a configuration.
    pub fn check_configuration(&self, file: &Path) -> Output {
        Command::new(&self.program)
            .args(["-t", "--config"])
            .arg(file)
            .envs([("NATS_NAME", "nats-1"), ("HUB_PASSWORD", "of-the-hubs")])
            .output()
            .expect("the server can be run")
    }

    /// Everything that a stream's messages hold, as text.
    pub fn contents(&self, index: usize, stream: &str) -> String {
        let info = self.ask_jetstream(index, &format!("STREAM.INFO.{stream}"), "");
        let mut contents = String::new();
        for number in 1..=info["state"]["last_seq"].as_u64().expect("a number") {
            let api = format!("STREAM.MSG.GET.{stream}");
            let got = self.ask_jetstream(index, &api, &format!("{{\"seq\":{number}}}"));
            let data = got["message"]["data"].as_str().unwrap_or_default();
            let bytes = base64::engine::general_purpose::STANDARD.decode(data).expect("base64");
            contents += &String::from_utf8_lossy(&bytes);
            contents.push('\n');
        }
        contents
    }

    /// A copy of what one that does not run has stored.
    pub fn copy_store(&self, index: usize) -> TempDir {
        let copy = TempDir::new().expect("a directory for temporary files");
        copy_directory(&self.store_directory(index), copy.path());
        copy
    }

    /// Puts such a copy in the place of what it has stored.
    pub fn put_store_back(&self, index: usize, copy: &TempDir) {
        let directory = self.store_directory(index);
        fs::remove_dir_all(&directory).expect("it was there");
        copy_directory(copy.path(), &directory);
    }

    fn store_directory(&self, index: usize) -> PathBuf {
        self.directory.path().join(index.to_string())
    }

    /// Waits until all of them answer, and know who leads them.
    pub fn wait_until_ready(&self) {
        for index in 0..self.len() {
            eventually("a NATS server is ready", || {
                let is_healthy = self.ask(index, "/healthz")?["status"] == "ok";
                let has_leader = self.len() == 1
                    || self.ask(index, "/jsz")?["meta_cluster"]["leader"]
                        .as_str()
                        .is_some_and(|name| !name.is_empty());
                (is_healthy && has_leader).then_some(())
            });
        }
    }

    fn signal(&self, index: usize, signal: Signal) {
        let pid = i32::try_from(self.processes[index].process.id()).ok().and_then(Pid::from_raw);
        // It may have been killed.
        let _ = kill_process(pid.expect("a process has an id"), signal);
    }

    /// What its monitor answers; over a connection of its own, so that no runtime is needed.
    fn ask(&self, index: usize, path: &str) -> Option<Value> {
        let broker = &self.processes[index];
        if broker.is_frozen {
            return None;
        }
        let mut socket = TcpStream::connect_timeout(&broker.monitor, MONITOR_TIMEOUT).ok()?;
        socket.set_read_timeout(Some(MONITOR_TIMEOUT)).ok()?;
        io::Write::write_all(
            &mut socket,
            format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").as_bytes(),
        )
        .ok()?;
        let mut answer = String::new();
        socket.read_to_string(&mut answer).ok()?;
        serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
    }
}

impl Drop for Brokers {
    fn drop(&mut self) {
        for index in 0..self.len() {
            self.kill(index);
        }
        if std::thread::panicking() && std::env::var_os("TEST_NATS_LOGS").is_some() {
            for index in 0..self.len() {
                let log = fs::read_to_string(self.directory.path().join(format!("{index}.log")));
                eprintln!("--- broker {index} said:\n{}---", log.unwrap_or_default());
            }
        }
    }
}

fn copy_directory(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory can be made");
    let copied = Command::new("cp").arg("-a").arg(from.join(".")).arg(to).status();
    assert!(copied.is_ok_and(|status| status.success()), "a store is copied");
}

fn config(directory: &TempDir, index: usize) -> PathBuf {
    directory.path().join(format!("{index}.conf"))
}

fn spawn(program: &PathBuf, directory: &TempDir, index: usize) -> Child {
    let log = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(directory.path().join(format!("{index}.log")))
        .expect("its log can be written");
    // It dies with the thread that started it: the test's own.
    Command::new("setpriv")
        .args(["--pdeathsig", "KILL"])
        .arg(program)
        .arg("--config")
        .arg(config(directory, index))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("`setpriv` can be run")
}

/// The server's program: `make test` installs it, where it can be had.
fn program() -> Option<PathBuf> {
    let program = std::env::var_os("TEST_NATS_SERVER").map(PathBuf::from).filter(|program| program.exists());
    if program.is_none() {
        eprintln!("SKIPPED: there is no NATS server; `make test-rust` installs it and sets TEST_NATS_SERVER");
    }
    program
}
