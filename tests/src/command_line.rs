//! `notifyhub` as a process, in a home of its own.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use tempfile::TempDir;
use tokio::{io::AsyncWriteExt as _, process::Command};

use crate::{
    program,
    push::{Pushed, prepare},
    within,
};

/// Somebody who uses `notifyhub`: with a home directory, and a directory to work in that lies in it.
pub struct User {
    home: TempDir,
    work: PathBuf,
}

impl User {
    /// Somebody who has set nothing.
    pub fn new() -> Self {
        let home = TempDir::new().expect("a directory for temporary files");
        let work = home.path().join("work");
        std::fs::create_dir(&work).expect("it can be made");
        User { home, work }
    }

    /// The home directory.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Where commands are run.
    pub fn work(&self) -> &Path {
        &self.work
    }

    /// Where the program is.
    pub fn program(&self) -> String {
        program("notifyhub").to_str().expect("its path is text").to_owned()
    }

    /// A command to be completed: nothing is set, and its input is empty.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.command_of(&self.program(), arguments)
    }

    /// As [`User::command`], of a program that runs `notifyhub`.
    pub fn command_of(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        prepare(&mut command);
        for from_outside in ["SSH_CONNECTION", "CLAUDE_PROJECT_DIR"] {
            command.env_remove(from_outside);
        }
        command
            .args(arguments)
            .current_dir(&self.work)
            .env("HOME", self.home())
            .env("XDG_CONFIG_HOME", self.home().join("config"))
            .env("XDG_STATE_HOME", self.home().join("state"));
        command
    }

    /// Another program in the same surroundings, to be completed: it finds `notifyhub` on its PATH.
    pub fn other_program(&self, name: &str, arguments: &[&str]) -> Command {
        let surroundings = self.command(&[]);
        let surroundings = surroundings.as_std();
        let mut command = Command::new(name);
        for (name, value) in surroundings.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let programs = Path::new(surroundings.get_program()).parent().expect("it lies in a directory");
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
        command
            .args(arguments)
            .current_dir(&self.work)
            .env("PATH", path)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Runs it to its end.
    pub async fn run(&self, arguments: &[&str]) -> Pushed {
        finish(&mut self.command(arguments)).await
    }

    /// Writes a file below the home directory, and the directories around it.
    pub fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.home().join(path);
        std::fs::create_dir_all(path.parent().expect("it lies in a directory")).expect("it can be made");
        std::fs::write(&path, text).expect("it can be written");
        path
    }
}

impl Default for User {
    fn default() -> Self {
        User::new()
    }
}

/// Runs a command to its end.
pub async fn finish(command: &mut Command) -> Pushed {
    within("notifyhub ends", command.output()).await.expect("it can be run").into()
}

/// Runs a command to its end, with this on its standard input.
pub async fn finish_with(command: &mut Command, input: &[u8]) -> Pushed {
    let mut child = command.stdin(Stdio::piped()).spawn().expect("it can be run");
    let mut stdin = child.stdin.take().expect("it is a pipe");
    // It may end without having read all.
    let _ = stdin.write_all(input).await;
    drop(stdin);
    within("notifyhub ends", child.wait_with_output()).await.expect("it can be waited for").into()
}
