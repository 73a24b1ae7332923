//! What coding agents call when something happens. It hands the event to the hub as it is, which understands it in its
//! session, and keeps it for later if the hub does not take it. An agent takes an exit code and what is printed for
//! instructions: there is never either.

mod input;

use std::{
    env,
    io::IsTerminal as _,
    panic,
    path::PathBuf,
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use clap::{Args, Command};

use self::input::Input;
use crate::{
    commands::hook_setup::Setup,
    configuration::Configuration,
    context::Context,
    hub::{
        HubOptions,
        delivery::{AgentEvent, Deed, Delivery},
    },
    origin::Origin,
    spool::Spool,
};

/// When it ends, whatever has not been done.
const DEADLINE: Duration = Duration::from_millis(1900);
/// How long the hub has to take the event; what is left is for keeping it.
const FOR_THE_HUB: Duration = Duration::from_millis(1200);

/// Report what a coding agent does; for the agent's own settings.
///
/// Reads the event as JSON from standard input or the last argument, and hands it to the hub at once. If the hub does not
/// take it, it is kept and sent by the next call. Always exits with 0 within 2 seconds, and prints nothing.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    setup: Option<Setup>,

    /// The agent: claude-code, codex, copilot, cursor, gemini, goose, kiro, opencode or qwen.
    #[arg(required = true)]
    agent: Option<String>,

    /// What happened, where the event does not say; and the event itself, where it is not on standard input.
    #[arg(value_name = "EVENT|JSON", num_args = 0..=2)]
    event: Vec<String>,

    #[command(flatten)]
    hub: HubOptions,
}

/// Whether an agent calls, so that nothing may be said, not even that it is called wrongly. A person asks for help, or for
/// one of the subcommands.
pub(crate) fn is_report(program: &Command) -> bool {
    let words: Vec<_> = env::args_os().skip(1).collect();
    if words.first().is_none_or(|word| word != "hook") {
        return false;
    }
    // An agent names itself: this is somebody who wants to see what there is.
    if words.len() == 1 && std::io::stdin().is_terminal() {
        return false;
    }
    let is_subcommand = |word: &std::ffi::OsString| {
        let hook = program.find_subcommand("hook").expect("this is its module");
        word == "help" || hook.get_subcommands().any(|subcommand| word == subcommand.get_name())
    };
    !words.get(1).is_some_and(is_subcommand) && !words.iter().any(|word| word == "--help" || word == "-h")
}

/// Runs it so that nothing shows, whatever happens.
pub(crate) fn in_silence<T>(report: impl FnOnce() -> T + panic::UnwindSafe) -> ExitCode {
    panic::set_hook(Box::new(|_| ()));
    // Without it a disk that hangs, say, would hold the agent up.
    let watch = thread::Builder::new().spawn(|| {
        thread::sleep(DEADLINE);
        std::process::exit(0);
    });
    if watch.is_ok() {
        let _ = panic::catch_unwind(report);
    }
    // Not by returning: a thread may still wait for input that never ends.
    std::process::exit(0);
}

impl Arguments {
    /// `notifyhub hook`.
    pub(crate) async fn run(self, _context: &Context) -> ExitCode {
        if let Some(setup) = &self.setup {
            return setup.run();
        }
        // There is nobody to tell.
        let _ = self.report().await;
        ExitCode::SUCCESS
    }

    async fn report(&self) -> Result<(), String> {
        let started = Instant::now();
        let hub = self.hub.connect(&Configuration::read()?)?;
        let delivery = Delivery::new(Deed::Event(self.event()?));
        Spool::send(&hub, delivery, FOR_THE_HUB.saturating_sub(started.elapsed())).await;
        Ok(())
    }

    fn event(&self) -> Result<AgentEvent, String> {
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let agent = self.agent.clone().unwrap_or_default();
        if agent.is_empty() || !agent.chars().all(is_name) {
            return Err("this is no agent's name".into());
        }
        let (json, names): (Vec<_>, Vec<_>) =
            self.event.iter().partition(|word| word.trim_start().starts_with('{'));
        let input = match json.last() {
            Some(json) => Input::of((*json).clone()),
            None => Input::read(),
        };
        let input = match (input, names.first()) {
            (Some(input), _) => input,
            // Some say nothing but that something happened.
            (None, Some(_)) => Input::nothing(),
            (None, None) => return Err("there is no event".into()),
        };
        let mut query: Vec<(String, String)> = Vec::new();
        let mut say = |name: &str, value: Option<&String>| {
            query.extend(value.map(|value| (name.to_owned(), value.clone())));
        };
        let origin = directory(&input).map(|directory| Origin::of(&directory)).unwrap_or_default();
        say("event", names.first().copied());
        say("project", origin.project.as_ref());
        say("branch", origin.branch.as_ref());
        say("host", origin.host.as_ref());
        Ok(AgentEvent { agent, query, body: input.into_text() })
    }
}

/// The project's directory: the agent's own word for it stays when the agent goes elsewhere.
fn directory(input: &Input) -> Option<PathBuf> {
    let of_claude = env::var_os("CLAUDE_PROJECT_DIR").filter(|path| !path.is_empty()).map(PathBuf::from);
    of_claude.or_else(|| input.directory()).or_else(|| env::current_dir().ok())
}
