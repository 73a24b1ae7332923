//! What documents a program: completions for shells, and manual pages.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Command};
use clap_complete::Shell;

use crate::{
    Misuse,
    context::Context,
    terminal::{FAILED, MISUSE, fail, print},
};

/// Print the script that completes the command line in a shell.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// For which shell.
    shell: Shell,
}

impl Completions {
    /// `notifyhub completions`.
    #[expect(clippy::unused_async, reason = "all commands are alike")]
    pub(crate) async fn run(self, context: &Context) -> ExitCode {
        print(&completions(self.shell, (context.command_line)()))
    }
}

/// Print a manual page, as man reads it.
#[derive(Debug, Args)]
pub(crate) struct Manual {
    /// The command whose page it is, such as `run` [default: the program's own].
    command: Vec<String>,

    /// Write the pages of all commands into this directory.
    #[arg(long, value_name = "DIRECTORY", conflicts_with = "command")]
    write: Option<PathBuf>,
}

impl Manual {
    /// `notifyhub man`.
    #[expect(clippy::unused_async, reason = "all commands are alike")]
    pub(crate) async fn run(self, context: &Context) -> ExitCode {
        let whole = (context.command_line)().disable_help_subcommand(true);
        if let Some(directory) = self.write {
            return match clap_mangen::generate_to(whole, &directory) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => fail(&format!("cannot write into {}: {error}", directory.display()), FAILED),
            };
        }
        match find(whole, &self.command) {
            Ok(command) => print(&manual(command)),
            Err(misuse) => fail(&misuse, MISUSE),
        }
    }
}

fn find(mut command: Command, words: &[String]) -> Result<Command, Misuse> {
    // Names them after what they are part of.
    command.build();
    for word in words {
        let Some(found) = command.find_subcommand(word) else {
            let shown = command.get_subcommands().filter(|command| !command.is_hide_set());
            let names: Vec<_> = shown.map(Command::get_name).collect();
            let others = match names.as_slice() {
                [] => format!("`{}` has none", command.get_bin_name().unwrap_or(command.get_name())),
                names => format!("there are {}", names.join(", ")),
            };
            return Err(format!("there is no command {word:?}; {others}"));
        };
        command = found.clone();
    }
    Ok(command)
}

/// The script that completes a program's command line in a shell.
pub(crate) fn completions(shell: Shell, mut command: Command) -> String {
    let (name, mut text) = (command.get_name().to_owned(), Vec::new());
    clap_complete::generate(shell, &mut command, name, &mut text);
    as_text(text)
}

/// A manual page, as man reads it.
pub(crate) fn manual(command: Command) -> String {
    let mut text = Vec::new();
    clap_mangen::Man::new(command).render(&mut text).expect("memory takes all that is written");
    as_text(text)
}

fn as_text(text: Vec<u8>) -> String {
    String::from_utf8(text).expect("the command line is text").trim_end().to_owned()
}
