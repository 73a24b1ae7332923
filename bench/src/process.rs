//! A server in processes of its own: started so that it dies with us, measured through `/proc`, stopped by
//! its process ids.

use std::{
    fs, io,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

/// How long a process has to end before it is killed.
const END_TIMEOUT: Duration = Duration::from_secs(10);

/// See the module.
pub(crate) struct Process {
    child: Child,
}

/// How much memory processes have.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Memory {
    /// Resident set size, in bytes: pages shared by several processes count for each.
    pub(crate) rss: u64,
    /// Proportional set size, in bytes: shared pages count once.
    pub(crate) pss: u64,
}

impl Process {
    /// Starts a program whose output goes to the file `output.txt` in `directory`. When this thread ends, the
    /// program is sent `on_parent_death`.
    pub(crate) fn start(
        program: &Path,
        arguments: &[String],
        directory: &Path,
        on_parent_death: &str,
    ) -> io::Result<Self> {
        let output = fs::File::options().create(true).append(true).open(directory.join("output.txt"))?;
        let child = Command::new("setpriv")
            .args(["--pdeathsig", on_parent_death, "--"])
            .arg(program)
            .args(arguments)
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()?;
        Ok(Process { child })
    }

    fn pids(&self) -> Vec<u32> {
        family(self.child.id())
    }

    /// Whether the process has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// The processor time it has used, in its own code and in the kernel on its behalf.
    pub(crate) fn cpu(&self) -> Duration {
        cpu_with_children(self.child.id())
    }

    /// The memory it has.
    pub(crate) fn memory(&self) -> Memory {
        memory_with_children(self.child.id())
    }

    /// How many threads it has.
    pub(crate) fn threads(&self) -> usize {
        let count = |pid: u32| fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count);
        self.pids().into_iter().map(count).sum()
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn stop(&mut self) -> io::Result<ExitStatus> {
        send(self.child.id(), Signal::TERM);
        let deadline = Instant::now() + END_TIMEOUT;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if Instant::now() > deadline {
                self.kill();
                return self.child.wait();
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Ends it at once.
    pub(crate) fn kill(&mut self) {
        // Until its parent has waited for it, a pid is not given to anyone else.
        for pid in self.pids() {
            send(pid, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            self.kill();
        }
    }
}

/// A process and its children: nginx has workers, PostgreSQL has a process a connection.
fn family(parent: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
    let children = children.split_ascii_whitespace().filter_map(|pid| pid.parse().ok());
    std::iter::once(parent).chain(children).collect()
}

/// The processor time that a process and the children it has have used.
pub(crate) fn cpu_with_children(pid: u32) -> Duration {
    family(pid).into_iter().map(|pid| cpu_of(pid).unwrap_or_default()).sum()
}

/// The memory that a process and the children it has have.
pub(crate) fn memory_with_children(pid: u32) -> Memory {
    family(pid).into_iter().filter_map(|pid| memory_of(pid).ok()).fold(Memory::default(), |sum, memory| {
        Memory { rss: sum.rss + memory.rss, pss: sum.pss + memory.pss }
    })
}

/// The processor time this process has used.
pub(crate) fn own_cpu() -> Duration {
    cpu_of(std::process::id()).unwrap_or_default()
}

fn send(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        // It may have ended just now.
        let _ = kill_process(pid, signal);
    }
}

fn cpu_of(pid: u32) -> io::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name, in parentheses, may hold spaces; utime and stime are the 12th and 13th fields after it.
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 = after_name
        .split_ascii_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Ok(Duration::from_nanos(ticks * 1_000_000_000 / rustix::param::clock_ticks_per_second()))
}

fn memory_of(pid: u32) -> io::Result<Memory> {
    // `smaps_rollup` walks the pages; the counters in `statm` are approximate by many pages.
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let bytes = |name: &str| {
        let line = rollup.lines().find_map(|line| line.strip_prefix(name));
        let kib =
            line.and_then(|line| line.trim().strip_suffix(" kB")).and_then(|kib| kib.parse::<u64>().ok());
        kib.unwrap_or_default() * 1024
    };
    Ok(Memory { rss: bytes("Rss:"), pss: bytes("Pss:") })
}
