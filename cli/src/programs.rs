//! The two programs' command lines, and which command they lead to.

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::{
    commands::{config, doctor, documentation, hook, push, run, shell_init, spool, tail},
    context::Context,
    terminal,
};

/// One line a command: its name, its arguments, which have a `run`, and what is typed to get there.
macro_rules! commands {
    ($($name:ident($arguments:ty) as $typed:literal),* $(,)?) => {
        #[derive(Debug, Subcommand)]
        enum Command {
            $($name(Box<$arguments>),)*
        }

        impl Command {
            async fn run(self) -> ExitCode {
                match self {
                    $(Command::$name(arguments) => {
                        arguments.run(&Context { program: $typed, command_line: Program::command }).await
                    })*
                }
            }
        }
    };
}

commands! {
    Push(push::Arguments) as "notifyhub push",
    Run(run::Arguments) as "notifyhub run",
    Hook(hook::Arguments) as "notifyhub hook",
    Spool(spool::Arguments) as "notifyhub spool",
    Tail(tail::Arguments) as "notifyhub tail",
    ShellInit(shell_init::Arguments) as "notifyhub shell-init",
    ShellReport(shell_init::Report) as "notifyhub shell-report",
    Doctor(doctor::Arguments) as "notifyhub doctor",
    Config(config::Arguments) as "notifyhub config",
    Completions(documentation::Completions) as "notifyhub completions",
    Man(documentation::Manual) as "notifyhub man",
}

/// NotifyHub from the command line.
///
/// Posts to one self-hosted feed of notifications: whoever has the hub's page open, or is subscribed to it, has them at
/// once.
#[derive(Debug, Parser)]
#[command(
    name = "notifyhub",
    version,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true
)]
struct Program {
    #[command(subcommand)]
    command: Command,
}

/// Posts a notification to a NotifyHub server.
///
/// Whoever has the hub's page open, or is subscribed to it, has the notification at once.
#[derive(Debug, Parser)]
#[command(name = "notifyhub-push", version, max_term_width = 100, after_help = push::after_help("notifyhub-push"))]
struct PushProgram {
    #[command(flatten)]
    fields: push::Fields,

    /// Print the script that completes this command line in a shell.
    #[arg(long, value_name = "SHELL", conflicts_with = "message")]
    completions: Option<clap_complete::Shell>,

    /// Print the manual page, as man reads it.
    #[arg(long, conflicts_with = "message")]
    man: bool,
}

/// The program `notifyhub`.
pub fn notifyhub() -> ExitCode {
    if hook::is_report(&Program::command()) {
        return hook::in_silence(|| Program::try_parse().map(|program| block_on(program.command.run())));
    }
    let program = Program::parse();
    block_on(program.command.run())
}

/// The program `notifyhub-push`.
pub fn notifyhub_push() -> ExitCode {
    let program = PushProgram::parse();
    if let Some(shell) = program.completions {
        terminal::print(&documentation::completions(shell, PushProgram::command()))
    } else if program.man {
        terminal::print(&documentation::manual(PushProgram::command()))
    } else {
        block_on(push::send(
            &program.fields,
            &Context { program: "notifyhub-push", command_line: PushProgram::command },
        ))
    }
}

/// Runs a command to its end.
fn block_on(command: impl Future<Output = ExitCode>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(command),
        Err(error) => terminal::fail(&format!("cannot begin: {error}"), terminal::FAILED),
    }
}
