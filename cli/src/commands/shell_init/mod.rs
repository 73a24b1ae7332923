//! `notifyhub shell-init`: has a shell's long commands report themselves; and the report that those scripts make.
//!
//! # Layout
//! - `bash.sh`, `zsh.zsh`, `fish.fish`: what a shell evaluates. Whether a command took long is decided there, so that short
//!   ones cost nothing.
//! - `command_text`: what of a command may be told.

mod command_text;

use std::{env, process::ExitCode, time::Duration};

use clap::{Args, ValueEnum};
use notifyhub_sdk::{State, types};

use self::command_text::{Ignored, shown};
use crate::{
    configuration::Configuration,
    context::Context,
    hub::{
        HubOptions,
        delivery::{Deed, Delivery},
        request::{Patience, deliver},
    },
    origin::Origin,
    spool::Spool,
    terminal::print,
};

/// Have the long commands of a shell report themselves.
///
/// Prints what the shell is to evaluate when it starts; see the examples. From then on a command that takes 30 s or longer is
/// told when it has ended, with its exit status; in the background, without a word. Of the command its name and what looks
/// like a subcommand are told (`cargo test`), never its other arguments: there may be secrets in them.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

const AFTER_HELP: &str = "\
bash (4.4 or newer), in ~/.bashrc, near its end:
  eval \"$(notifyhub shell-init bash)\"
zsh, in ~/.zshrc:
  eval \"$(notifyhub shell-init zsh)\"
fish, in ~/.config/fish/config.fish:
  notifyhub shell-init fish | source

In the shell's environment:
  NOTIFYHUB_MIN=60                   from how many seconds on
  NOTIFYHUB_IGNORE=\"+slow git.log\"   commands that are not told, besides the usual ones (editors, pagers, ssh, tmux,
                                     agents …); without the + instead of them. Two words with a dot: git.log
What was stopped with Ctrl-C or Ctrl-Z is not told: whoever did that knows.";

/// A shell that there is a script for.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl Arguments {
    /// `notifyhub shell-init`.
    #[expect(clippy::unused_async, reason = "all commands are alike")]
    pub(crate) async fn run(self, _context: &Context) -> ExitCode {
        print(match self.shell {
            Shell::Bash => include_str!("bash.sh").trim_end(),
            Shell::Zsh => include_str!("zsh.zsh").trim_end(),
            Shell::Fish => include_str!("fish.fish").trim_end(),
        })
    }
}

/// How long the hub has; then it is kept for the next call.
const PATIENCE: Duration = Duration::from_secs(5);

/// Tell of a command that took long; for the scripts of `shell-init`.
#[derive(Debug, Args)]
#[command(hide = true)]
pub(crate) struct Report {
    /// Its exit status.
    #[arg(long)]
    status: i32,

    /// How long it took.
    #[arg(long)]
    seconds: u64,

    /// Its text, as it was typed; empty, if it is nobody's business.
    command: String,

    #[command(flatten)]
    hub: HubOptions,
}

impl Report {
    /// `notifyhub shell-report`.
    pub(crate) async fn run(self, _context: &Context) -> ExitCode {
        let Some(notification) = self.notification() else { return ExitCode::SUCCESS };
        match self.send(notification).await {
            Ok(()) => ExitCode::SUCCESS,
            // There is nobody to tell.
            Err(_) => ExitCode::FAILURE,
        }
    }

    async fn send(&self, notification: types::NewNotification) -> Result<(), String> {
        let hub = self.hub.connect(&Configuration::read()?)?;
        let delivery = Delivery::new(Deed::Post(Box::new(notification)));
        let spool = Spool::of(&hub.address)?;
        if spool.is_empty()
            && deliver(&hub.client, &delivery, Patience::for_as_long_as(PATIENCE), |_| ()).await.is_ok()
        {
            return Ok(());
        }
        // Behind what waits already.
        spool.put(delivery)?;
        spool.flush(&hub.client, Patience::once(PATIENCE)).await;
        Ok(())
    }

    /// What to tell; nothing of a command that somebody stopped, or that is not told.
    fn notification(&self) -> Option<types::NewNotification> {
        /// SIGINT, SIGTSTP.
        const STOPPED: [i32; 2] = [130, 148];
        let ignored = Ignored::read(env::var("NOTIFYHUB_IGNORE").ok().as_deref());
        if STOPPED.contains(&self.status) || ignored.has(&self.command) {
            return None;
        }
        let command = shown(&self.command).unwrap_or_else(|| "A command".into());
        let took = humantime::format_duration(Duration::from_secs(self.seconds));
        let (state, message) = match self.status {
            0 => (State::Done, format!("{command}: done after {took}")),
            status => (State::Failed, format!("{command}: failed ({status}) after {took}")),
        };
        let origin = env::current_dir().map(|directory| Origin::of(&directory)).unwrap_or_default();
        Some(types::NewNotification {
            message: message.parse().ok()?,
            title: origin.title().and_then(|title| title.parse().ok()),
            source: origin.project.and_then(|project| project.parse().ok()),
            actor: "shell".parse().ok(),
            state: Some(state),
            tags: origin.host.and_then(|host| host.parse().ok()).into_iter().collect(),
            level: None,
            link: None,
            timestamp: None,
            key: None,
            actions: Vec::new(),
            format: None,
        })
    }
}
