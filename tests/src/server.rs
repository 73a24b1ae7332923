//! The hub as a process of its own, with a port and a data directory of its own. It ends with the test,
//! whatever way the test ends.

use std::{
    io::{BufRead as _, BufReader},
    net::{IpAddr, SocketAddr, TcpListener},
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{Arc, Mutex, mpsc},
};

use command_fds::{CommandFdExt as _, FdMapping};
use notifyhub_sdk::{Client, connect};
use rustix::process::{Pid, Signal};
use tempfile::TempDir;

use crate::{PATIENCE, eventually_blocking, program, settings_from_outside};

/// How to start a server, where it is not the usual way.
#[derive(Clone, Copy, Debug)]
pub struct Launch<'a> {
    /// The address to listen on.
    pub host: &'a str,
    /// A program that runs the server, such as `prlimit --nofile=64`; it must become the server (`exec`), for
    /// signals go to its process.
    pub under: &'a [&'a str],
    /// The server's options.
    pub options: &'a [&'a str],
    /// A socket that the server finds as file descriptor 3.
    pub inherited: Option<&'a TcpListener>,
}

impl Default for Launch<'_> {
    fn default() -> Self {
        Launch { host: "127.0.0.1", under: &[], options: &[], inherited: None }
    }
}

/// A running server.
pub struct TestServer {
    child: Child,
    address: SocketAddr,
    scheme: &'static str,
    data: TempDir,
    said: Arc<Mutex<String>>,
}

impl TestServer {
    /// Starts a server with an empty data directory.
    pub fn start(options: &[&str]) -> Self {
        TestServer::launch(Launch { options, ..Launch::default() })
    }

    /// Starts a server in an unusual way.
    pub fn launch(launch: Launch<'_>) -> Self {
        let data = TempDir::new().expect("a directory for temporary files");
        eventually_blocking("a server finds a free port", || {
            spawn(launch, data.path(), free_port(launch.host)).ok()
        })
        .into_server(data)
    }

    /// Starts the server again after it has stopped or was killed: with the same port and data directory.
    pub fn start_again(&mut self, options: &[&str]) {
        self.relaunch(Launch { options, ..Launch::default() });
    }

    /// As [`TestServer::start_again`], in an unusual way.
    pub fn relaunch(&mut self, launch: Launch<'_>) {
        (self.child, self.said, self.address, self.scheme) =
            eventually_blocking("the server has its port again", || {
                spawn(launch, self.data.path(), self.address.port()).ok()
            });
    }

    /// Where it listens.
    pub fn socket_address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, as users write it.
    pub fn address(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// A client made by the SDK.
    pub fn client(&self) -> Client {
        connect(&self.address()).expect("the address of a server is valid")
    }

    /// Where its database is.
    pub fn data_directory(&self) -> &Path {
        self.data.path()
    }

    /// What it has written to standard error.
    pub fn said(&self) -> String {
        self.said.lock().expect("no one panics with the text in hand").clone()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The processor time it has used, in clock ticks: hundredths of a second.
    pub fn cpu_ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).expect("the server runs");
        // The second field is a name in parentheses; user and system time are fields 14 and 15 (proc(5)).
        let after_name = stat.rsplit_once(')').expect("a name").1;
        let fields: Vec<&str> = after_name.split_whitespace().collect();
        fields[11..=12].iter().map(|ticks| ticks.parse::<u64>().expect("a number")).sum()
    }

    /// Asks it to stop, without waiting.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw).expect("a process has an id");
        rustix::process::kill_process(pid, signal).expect("the server runs");
    }

    /// Waits until it has ended.
    pub fn wait(&mut self) -> ExitStatus {
        eventually_blocking("the server ends", || self.child.try_wait().expect("it is our child"))
    }

    /// Stops it in good order (SIGTERM).
    pub fn stop(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.wait()
    }

    /// Ends it without a chance to tidy up (SIGKILL).
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.wait();
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- the server said:\n{}---", self.said());
        }
    }
}

/// Runs the server program to its end, which is to come at once.
pub fn run_to_end(arguments: &[&str]) -> Output {
    let seconds = PATIENCE.as_secs().to_string();
    let mut command = Command::new("timeout");
    command.args(["--signal=KILL", &seconds]).arg(program("notifyhub-server")).args(arguments);
    forget_settings(&mut command).output().expect("`timeout` can be run")
}

/// As [`run_to_end`], under a program that becomes the server, with a socket that it finds as file descriptor 3.
pub fn run_to_end_with(under: &[&str], inherited: OwnedFd) -> Output {
    let seconds = PATIENCE.as_secs().to_string();
    let mut command = Command::new("timeout");
    command.args(["--signal=KILL", &seconds]).args(under).arg(program("notifyhub-server"));
    command.args(["--store", "memory"]);
    command
        .fd_mappings(vec![FdMapping { parent_fd: inherited, child_fd: 3 }])
        .expect("one mapping does not collide");
    forget_settings(&mut command).output().expect("`timeout` can be run")
}

/// The path of the server's program, for tests that start it in their own way.
pub fn server_program() -> PathBuf {
    program("notifyhub-server")
}

type Started = (Child, Arc<Mutex<String>>, SocketAddr, &'static str);

trait IntoServer {
    fn into_server(self, data: TempDir) -> TestServer;
}

impl IntoServer for Started {
    fn into_server(self, data: TempDir) -> TestServer {
        let (child, said, address, scheme) = self;
        TestServer { child, address, scheme, data, said }
    }
}

/// The port was taken in between.
struct PortTaken;

fn spawn(launch: Launch<'_>, data: &Path, port: u16) -> Result<Started, PortTaken> {
    // The server dies with the thread that started it: the test's own.
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "KILL"])
        .args(launch.under)
        .arg(program("notifyhub-server"))
        .args(["--host", launch.host, "--port", &port.to_string()])
        .arg("--data-dir")
        .arg(data)
        .args(launch.options)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Some(listener) = launch.inherited {
        let parent_fd = listener.try_clone().expect("a socket can be shared").into();
        command
            .fd_mappings(vec![FdMapping { parent_fd, child_fd: 3 }])
            .expect("one mapping does not collide");
    }
    let mut child = forget_settings(&mut command).spawn().expect("`setpriv` can be run");
    let said = collect(child.stderr.take().expect("it is a pipe"));
    let page = page_line(child.stdout.take().expect("it is a pipe"));
    let Ok(page) = page.recv_timeout(PATIENCE) else {
        let _ = child.kill();
        let status = child.wait();
        // The text is complete once its reader has let go of it.
        eventually_blocking("all is read that the server said", || {
            (Arc::strong_count(&said) == 1).then_some(())
        });
        let said = said.lock().expect("no one panics with the text in hand");
        assert!(said.contains("is in use"), "the server did not start ({status:?}): {said}");
        return Err(PortTaken);
    };
    let page = page.replace("//localhost:", "//127.0.0.1:");
    let (scheme, rest) = match page.strip_prefix("https://") {
        Some(rest) => ("https", rest),
        None => ("http", page.trim_start_matches("http://")),
    };
    let address = rest.split('/').next().and_then(|text| text.parse().ok());
    let address: SocketAddr = address.unwrap_or_else(|| panic!("no address to connect to: {page}"));
    Ok((child, said, address, scheme))
}

fn forget_settings(command: &mut Command) -> &mut Command {
    settings_from_outside().for_each(|name| {
        command.env_remove(name);
    });
    command
}

/// The line that says where the page is; the rest is read and thrown away, so that nobody waits.
fn page_line(stdout: impl std::io::Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(page) = line.trim_start().strip_prefix("Page") {
                let _ = sender.send(page.trim_start().to_owned());
            }
        }
    });
    receiver
}

fn collect(mut stderr: impl std::io::Read + Send + 'static) -> Arc<Mutex<String>> {
    let said = Arc::<Mutex<String>>::default();
    let text = Arc::clone(&said);
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = stderr.read(&mut bytes) {
            let mut text = text.lock().expect("no one panics with the text in hand");
            text.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
    });
    said
}

/// A free port below those that the system gives to outgoing connections: nobody takes it by accident while a
/// test restarts its server.
pub(crate) fn free_port(host: &str) -> u16 {
    let host: IpAddr = host.parse().expect("tests name addresses");
    eventually_blocking("there is a free port", || {
        let port = fastrand::u16(10_000..30_000);
        TcpListener::bind((host, port)).is_ok().then_some(port)
    })
}
