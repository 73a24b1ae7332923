//! What a process holds of the system: descriptors, threads, memory.

use std::{fmt, path::PathBuf};

use crate::eventually;

/// At one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Footprint {
    /// Open file descriptors.
    pub descriptors: usize,
    /// Threads.
    pub threads: usize,
    /// Resident memory, in KiB.
    pub memory_kib: usize,
}

impl Footprint {
    /// Of a process of this user's.
    pub fn of(pid: u32) -> Self {
        Self::unless_gone(pid).expect("it runs, and proc(5) has it")
    }

    /// Of a process of this user's that may have ended.
    pub fn unless_gone(pid: u32) -> Option<Self> {
        let process = PathBuf::from(format!("/proc/{pid}"));
        let entries = |directory| Some(std::fs::read_dir(process.join(directory)).ok()?.count());
        let status = std::fs::read_to_string(process.join("status")).ok()?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next());
        Some(Footprint {
            descriptors: entries("fd")?,
            threads: entries("task")?,
            memory_kib: resident?.parse().ok()?,
        })
    }

    /// Waits until the process holds no more than this again, and at most `memory_kib` more memory; says what it holds.
    pub async fn returns(self, pid: u32, memory_kib: usize) -> Self {
        eventually(&format!("what it holds is what it held: {self}"), async || {
            let now = Footprint::of(pid);
            let is_back = now.descriptors <= self.descriptors
                && now.threads <= self.threads
                && now.memory_kib <= self.memory_kib + memory_kib;
            is_back.then_some(now)
        })
        .await
    }
}

impl fmt::Display for Footprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Footprint { descriptors, threads, memory_kib } = self;
        write!(f, "{descriptors} descriptors, {threads} threads, {memory_kib} KiB")
    }
}
