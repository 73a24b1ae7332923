//! A command: its streams are ours, it gets the signals that we get, and it stays in our process group, so that the
//! terminal and the shell treat it as if we were not there.

use std::{
    ffi::OsString,
    io::ErrorKind,
    os::unix::process::ExitStatusExt as _,
    process::{Child, Command, ExitCode, ExitStatus},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2},
    iterator::{SignalsInfo, exfiltrator::WithOrigin},
    low_level::{
        siginfo::{Cause, Origin},
        signal_name,
    },
};
use tokio::sync::oneshot;

use super::tail::Capture;
use crate::signals;

/// What is passed on. Stopping and continuing needs nobody: the shell does it to the whole group.
const PASSED_ON: [i32; 6] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2];

/// How long the output is read after the command's end: what it has started may hold it open for long.
const FOR_THE_OUTPUT: Duration = Duration::from_secs(1);

/// A command that runs.
pub(super) struct Process {
    ended: oneshot::Receiver<Ended>,
    capture: Option<Capture>,
}

/// How a command ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// With this exit status.
    Exited(u8),
    /// By this signal.
    Killed(i32),
    /// It did not begin.
    NotStarted {
        /// As shells have it.
        code: u8,
        reason: String,
    },
}

impl Process {
    /// Starts a command; `tail`: how many lines of its output to remember.
    pub(super) fn start(words: &[OsString], tail: Option<u16>) -> Result<Self, Ended> {
        let Some((program, arguments)) = words.split_first() else {
            return Err(Ended::NotStarted { code: 127, reason: "there is no command".into() });
        };
        let not_started = |error: std::io::Error| {
            let (code, reason) = match error.kind() {
                ErrorKind::NotFound => (127, "command not found".to_owned()),
                _ => (126, error.to_string()),
            };
            Ended::NotStarted { code, reason: format!("{}: {reason}", program.display()) }
        };
        let mut command = Command::new(program);
        command.args(arguments);
        let capture = tail.map(|lines| Capture::begin(&mut command, lines.into())).transpose();
        let (capture, end_of_output) = capture.map_err(not_started)?.unzip();
        // Before it is there: from then on a signal must not end us alone.
        let signals =
            SignalsInfo::<WithOrigin>::new(PASSED_ON.iter().filter(|signal| !signals::is_ignored(**signal)))
                .map_err(not_started)?;
        let child = command.spawn().map_err(not_started)?;
        // The other ends of the pipes are the child's alone now.
        drop(command);
        let running = Arc::new(Mutex::new(pid_of(&child)));
        let (sender, ended) = oneshot::channel();
        thread::spawn({
            let running = Arc::clone(&running);
            move || pass_on(signals, &running)
        });
        thread::spawn(move || {
            let ended = wait_for(child, &running);
            if let Some(end) = end_of_output {
                end.wait(FOR_THE_OUTPUT);
            }
            let _ = sender.send(ended);
        });
        Ok(Process { ended, capture })
    }

    /// Waits for its end. To be asked once.
    pub(super) async fn end(&mut self) -> Ended {
        match (&mut self.ended).await {
            Ok(ended) => ended,
            Err(_) => Ended::NotStarted { code: 126, reason: "it cannot be waited for".into() },
        }
    }

    /// The last lines of its output, if they were to be remembered.
    pub(super) fn last_lines(&self) -> String {
        self.capture.as_ref().map(Capture::last_lines).unwrap_or_default()
    }
}

/// The process, unless it is gone: then its number may be another's.
type Running = Mutex<Option<Pid>>;

fn pid_of(child: &Child) -> Option<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw)
}

fn wait_for(mut child: Child, running: &Running) -> Ended {
    if let Some(pid) = pid_of(&child) {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while matches!(waitid(WaitId::Pid(pid), options), Err(error) if error == rustix::io::Errno::INTR) {}
    }
    let mut running = running.lock().unwrap_or_else(PoisonError::into_inner);
    *running = None;
    child.wait().map_or_else(
        |error| Ended::NotStarted { code: 126, reason: format!("it cannot be waited for: {error}") },
        Ended::of,
    )
}

fn pass_on(mut signals: SignalsInfo<WithOrigin>, running: &Running) {
    for Origin { signal, cause, .. } in signals.forever() {
        // What the terminal sends, it sends to the whole group.
        if cause == Cause::Kernel {
            continue;
        }
        let running = running.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(pid), Some(signal)) = (*running, Signal::from_named_raw(signal)) {
            let _ = kill_process(pid, signal);
        }
    }
}

impl Ended {
    fn of(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (_, Some(signal)) => Ended::Killed(signal),
            (code, None) => Ended::Exited(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)),
        }
    }

    /// What a shell's `$?` says.
    pub(super) fn with_code(code: u8) -> Self {
        match code {
            129..=159 => Ended::Killed(i32::from(code) - 128),
            code => Ended::Exited(code),
        }
    }

    /// As a shell would say it.
    pub(super) fn code(&self) -> u8 {
        match self {
            Ended::Exited(code) | Ended::NotStarted { code, .. } => *code,
            Ended::Killed(signal) => u8::try_from(128 + signal).unwrap_or(u8::MAX),
        }
    }

    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code())
    }

    pub(super) fn is_success(&self) -> bool {
        matches!(self, Ended::Exited(0))
    }

    /// Whether who started it ended it.
    pub(super) fn is_interrupted(&self) -> bool {
        matches!(self, Ended::Killed(SIGINT))
    }

    /// What happened, in words.
    pub(super) fn reason(&self) -> String {
        match self {
            Ended::Exited(0) => "Done".to_owned(),
            Ended::Exited(code) => format!("Failed with exit status {code}"),
            Ended::Killed(signal) => match signal_name(*signal) {
                Some(name) => format!("Killed by {name}"),
                None => format!("Killed by signal {signal}"),
            },
            Ended::NotStarted { reason, .. } => reason.clone(),
        }
    }
}
