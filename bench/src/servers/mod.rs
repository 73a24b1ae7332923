//! The servers that are compared: how each is found, started, subscribed to and posted to.

mod nchan;
mod starlette;

use std::{
    fmt, fs, io,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use clap::ValueEnum;
use tempfile::TempDir;

use crate::{message, process::Process, publisher::Posting};

/// How long a server may take until it accepts connections.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// One of the servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Kind {
    /// The bare-socket limit: nothing but `send()`, on two threads.
    Bare,
    /// This hub.
    Hub,
    /// nginx with the nchan module, two workers.
    Nchan,
    /// sse-starlette on uvicorn, one process.
    SseStarlette,
    /// Mercure, if it is on PATH.
    Mercure,
    /// ntfy, if it is on PATH.
    Ntfy,
    /// Gotify, if it is on PATH.
    Gotify,
}

/// How a server is to be set up.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    /// How often it sends a heartbeat on each stream, in whole seconds.
    pub(crate) heartbeat: Duration,
    /// Where our hub keeps its notifications, as `--store` says it; `None`: in SQLite, in a directory of its own.
    pub(crate) store: Option<String>,
    /// How many notifications our hub keeps.
    pub(crate) max_notifications: u32,
}

impl Default for Setup {
    fn default() -> Self {
        Setup { heartbeat: Duration::from_secs(15), store: None, max_notifications: 1_000 }
    }
}

/// A server that can be started.
#[derive(Clone, Debug)]
pub(crate) struct Installed {
    /// Which it is.
    pub(crate) kind: Kind,
    /// What it says of its version.
    pub(crate) version: String,
    program: PathBuf,
}

/// A server that runs; it ends when this is dropped.
pub(crate) struct Server {
    /// Which it is.
    pub(crate) kind: Kind,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Its processes.
    pub(crate) process: Process,
    installed: Installed,
    setup: Setup,
    directory: TempDir,
}

struct Program {
    path: PathBuf,
    arguments: Vec<String>,
}

impl Kind {
    /// Its name in tables.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Kind::Bare => "bare `send()` (the limit)",
            Kind::Hub => "NotifyHub",
            Kind::Nchan => "nchan",
            Kind::SseStarlette => "sse-starlette",
            Kind::Mercure => "Mercure",
            Kind::Ntfy => "ntfy",
            Kind::Gotify => "Gotify",
        }
    }

    /// The most streams it is tried with.
    pub(crate) const fn most_streams(self) -> usize {
        match self {
            Kind::SseStarlette => 5_000,
            _ => usize::MAX,
        }
    }

    /// Where its stream is.
    pub(crate) const fn stream_path(self) -> &'static str {
        match self {
            Kind::Mercure => "/.well-known/mercure?topic=feed",
            Kind::Ntfy => "/feed/sse",
            _ => "/events",
        }
    }

    /// How it is posted a message.
    pub(crate) fn posting(self) -> Posting {
        const JSON: &str = "Content-Type: application/json\r\n";
        match self {
            Kind::Hub => Posting { path: "/api/notifications", headers: JSON, body: message::post },
            Kind::Mercure => Posting {
                path: "/.well-known/mercure",
                headers: MERCURE_HEADERS,
                body: |number| {
                    format!("topic=feed&data={}", message::notification(number).replace('#', "%23"))
                },
            },
            Kind::Ntfy => Posting { path: "/feed", headers: "", body: message::text },
            _ => Posting { path: "/publish", headers: JSON, body: message::notification },
        }
    }

    /// Looks for the server; says why it cannot be measured.
    pub(crate) fn find(self, hub: &Path) -> Result<Installed, String> {
        let executable = || std::env::current_exe().map_err(|error| error.to_string());
        let program = match self {
            Kind::Bare => executable()?,
            Kind::Hub if hub.exists() => hub.to_owned(),
            Kind::Hub => return Err(format!("{} is missing: build it first", hub.display())),
            Kind::Nchan => nchan::find()?,
            Kind::SseStarlette => {
                let executable = executable()?;
                let target = executable.ancestors().nth(2).ok_or("there is no target directory")?;
                starlette::find(target)?
            }
            Kind::Mercure => on_path("mercure")?,
            Kind::Ntfy => on_path("ntfy")?,
            Kind::Gotify => {
                on_path("gotify-server").or_else(|_| on_path("gotify"))?;
                return Err("it streams over WebSocket only, which this load generator does not speak".into());
            }
        };
        let version = match self {
            Kind::Bare => format!("notifyhub-bench {}, 2 threads", env!("CARGO_PKG_VERSION")),
            Kind::Nchan => nchan::version(&program),
            Kind::SseStarlette => starlette::version(&program),
            Kind::Mercure => version_line(&program, &["version"]),
            _ => version_line(&program, &["--version"]),
        };
        Ok(Installed { kind: self, version, program })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Installed {
    /// Starts it on a free port, with an empty data directory, and waits until it accepts connections.
    pub(crate) fn start(&self, setup: &Setup) -> io::Result<Server> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let directory = tempfile::Builder::new().prefix("notifyhub-bench-").tempdir()?;
        let process = self.launch(address, setup, directory.path())?;
        Ok(Server {
            kind: self.kind,
            address,
            process,
            installed: self.clone(),
            setup: setup.clone(),
            directory,
        })
    }

    /// Its program.
    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    fn launch(&self, address: SocketAddr, setup: &Setup, directory: &Path) -> io::Result<Process> {
        let Program { path, arguments } = self.command(address, setup, directory)?;
        // nginx' master takes its workers along only if it may end in its own way.
        let on_parent_death = if self.kind == Kind::Nchan { "TERM" } else { "KILL" };
        let mut process = Process::start(&path, &arguments, directory, on_parent_death)?;
        let deadline = Instant::now() + START_TIMEOUT;
        while TcpStream::connect(address).is_err() {
            if process.has_ended() || Instant::now() > deadline {
                let output = fs::read_to_string(directory.join("output.txt")).unwrap_or_default();
                return Err(io::Error::other(format!("{} does not start: {output}", self.kind)));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(process)
    }

    fn command(&self, address: SocketAddr, setup: &Setup, directory: &Path) -> io::Result<Program> {
        let arguments = match self.kind {
            Kind::Bare => format!("bare --port {}", address.port()),
            Kind::Hub => format!(
                "--port {} --heartbeat {}ms --log warn --max-notifications {} {}",
                address.port(),
                setup.heartbeat.as_millis(),
                setup.max_notifications,
                places(setup, directory)
            ),
            Kind::Nchan => return nchan::program(&self.program, address, setup, directory),
            Kind::SseStarlette => return starlette::program(&self.program, address, setup, directory),
            Kind::Mercure => {
                fs::write(directory.join("Caddyfile"), mercure_configuration(address, setup))?;
                "run --config Caddyfile --adapter caddyfile".into()
            }
            Kind::Ntfy => {
                fs::write(directory.join("server.yml"), ntfy_configuration(address, setup))?;
                "serve --config server.yml".into()
            }
            Kind::Gotify => return Err(io::ErrorKind::Unsupported.into()),
        };
        let arguments = arguments.split_ascii_whitespace().map(String::from).collect();
        Ok(Program { path: self.program.clone(), arguments })
    }
}

impl Server {
    /// Stops it as an administrator would, starts it again on the same port with the same data, and waits
    /// until it accepts connections. Gives the instant at which it does.
    pub(crate) fn restart(&mut self) -> io::Result<Instant> {
        self.stop()?;
        self.start_again()
    }

    /// Stops it as an administrator would.
    pub(crate) fn stop(&mut self) -> io::Result<()> {
        let status = self.process.stop()?;
        if status.success() {
            return Ok(());
        }
        Err(io::Error::other(format!("{} ended with {status}", self.kind)))
    }

    /// Starts it after it has ended, on the same port with the same data, and waits until it accepts connections. Gives
    /// the instant at which it does.
    pub(crate) fn start_again(&mut self) -> io::Result<Instant> {
        self.process = self.installed.launch(self.address, &self.setup, self.directory.path())?;
        Ok(Instant::now())
    }
}

/// Where our hub keeps its notifications, and what else it keeps.
fn places(setup: &Setup, directory: &Path) -> String {
    let directory = directory.display();
    match &setup.store {
        None => format!("--data-dir {directory}"),
        // The file's directory is the one for everything.
        Some(store) if store.starts_with("sqlite:") => format!("--store {store}"),
        Some(store) => format!("--store {store} --data-dir {directory}"),
    }
}

/// Where a program is.
fn on_path(name: &str) -> Result<PathBuf, String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found =
        std::env::split_paths(&path).map(|directory| directory.join(name)).find(|file| file.is_file());
    found.ok_or_else(|| "not on PATH".to_owned())
}

/// The first line a program prints.
fn version_line(program: &Path, arguments: &[&str]) -> String {
    let Ok(output) = Command::new(program).args(arguments).output() else { return "unknown".into() };
    let text = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    let text = String::from_utf8_lossy(&text);
    text.lines().next().unwrap_or("unknown").trim_start_matches("nginx version: ").to_owned()
}

/// The token lets its bearer publish to every topic: HS256 over `{"mercure":{"publish":["*"]}}` with the key
/// that stands in [`mercure_configuration`].
const MERCURE_HEADERS: &str = "Content-Type: application/x-www-form-urlencoded\r\n\
    Authorization: Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJtZXJjdXJlIjp7InB1Ymxpc2giOlsiKiJdfX0.b9h4zeQhaDPuZ9WoUQ2rZwsauJIz4bZBzriYiV0s5_g\r\n";

fn mercure_configuration(address: SocketAddr, setup: &Setup) -> String {
    format!(
        "{{\n  auto_https off\n  admin off\n}}\nhttp://{address} {{\n  mercure {{\n    transport local\n    \
         publisher_jwt notifyhub-bench-notifyhub-bench-key\n    anonymous\n    heartbeat {}s\n  }}\n}}\n",
        setup.heartbeat.as_secs()
    )
}

fn ntfy_configuration(address: SocketAddr, setup: &Setup) -> String {
    format!(
        "listen-http: \"{address}\"\nkeepalive-interval: \"{}s\"\nvisitor-request-limit-exempt-hosts: \
         \"127.0.0.0/8\"\nvisitor-subscription-limit: 20000\nglobal-topic-limit: 15000\n\
         visitor-message-daily-limit: 100000000\n",
        setup.heartbeat.as_secs()
    )
}
