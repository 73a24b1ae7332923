//! `notifyhub-push` as a process.

use std::process::{Output, Stdio};

use tokio::{io::AsyncWriteExt as _, process::Command};

use crate::{program, settings_from_outside, within};

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// The exit code.
    pub code: i32,
    /// What it printed.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
}

impl From<Output> for Pushed {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("it prints UTF-8");
        Pushed {
            code: output.status.code().expect("it exits by itself"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

/// A command to be completed: nothing is set, and its input is empty.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(program("notifyhub-push"));
    prepare(&mut command);
    command.args(arguments);
    command
}

/// Nothing is set, the user's own configuration is none of the tests' business, and its input is empty.
pub(crate) fn prepare(command: &mut Command) {
    settings_from_outside().for_each(|name| {
        command.env_remove(name);
    });
    command
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
}

/// Runs it with these arguments.
pub async fn push(arguments: &[&str]) -> Pushed {
    run(&mut command(arguments)).await
}

/// Runs it with this on its standard input.
pub async fn push_input(arguments: &[&str], input: &[u8]) -> Pushed {
    let mut child = command(arguments).stdin(Stdio::piped()).spawn().expect("it can be run");
    // It may end without having read all.
    let _ = child.stdin.take().expect("it is a pipe").write_all(input).await;
    within("notifyhub-push ends", child.wait_with_output()).await.expect("it can be waited for").into()
}

/// Runs a completed command.
pub async fn run(command: &mut Command) -> Pushed {
    within("notifyhub-push ends", command.output()).await.expect("it can be run").into()
}
