//! Runs a command as if it were run without us, and tells how it went: what is told goes beside it, and neither delays nor
//! fails it.
//!
//! # Layout
//! - this file: the arguments, and the course of it.
//! - `process`: the command: its streams, its signals, its end.
//! - `tail`: the last lines of its output.
//! - `card`: what is told of it.

mod card;
mod process;
mod tail;

use std::{
    ffi::OsString,
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Args;

use self::{
    card::{About, Card},
    process::{Ended, Process},
};
use crate::{
    Misuse,
    configuration::Configuration,
    context::Context,
    hub::{
        Hub, HubOptions,
        delivery::{Deed, Delivery},
        request::{Patience, deliver},
    },
    spool::{Sent, Spool},
    terminal::{MISUSE, fail, hint, say},
    values::{duration, exit_status, lines},
};

/// How long the hub may take to be told that a command runs. Nothing waits for it.
const FOR_THE_BEGINNING: Duration = Duration::from_secs(10);
/// How long its end may be held up by what is still being told of its beginning, and then by telling the end.
const FOR_THE_END: Duration = Duration::from_secs(1);

/// Run a command, and tell how it went.
///
/// The command has the terminal, the streams and the signals to itself, and its exit status becomes this one's: 128 and
/// the signal's number if one killed it, 127 if it is not found, 126 if it cannot be run. What is told: that it runs,
/// and then, in the same place, that it is done or has failed, and after how long. If the hub cannot be reached, the
/// command does not wait; its end is kept and sent by the next call.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Tell the last lines of the output too. What goes to a terminal is left alone, for programs behave differently
    /// elsewhere; what goes into a file or a pipe is read on its way there.
    #[arg(long, value_name = "LINES", value_parser = lines)]
    tail: Option<u16>,

    /// Say nothing of a command that takes less time than this.
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = duration)]
    min: Duration,

    /// Say nothing of a command that succeeds; that it runs is withdrawn.
    #[arg(long)]
    quiet_success: bool,

    /// The command has run already, with this exit status, which is told and returned: make; notifyhub run
    /// --exit-code $? -- make
    #[arg(long, value_name = "CODE", conflicts_with_all = ["tail"], value_parser = exit_status)]
    exit_code: Option<u8>,

    /// How long that took.
    #[arg(long, value_name = "TIME", requires = "exit_code", value_parser = duration)]
    duration: Option<Duration>,

    #[command(flatten)]
    labels: About,

    #[command(flatten)]
    hub: HubOptions,

    /// The command and its arguments.
    #[arg(required_unless_present = "exit_code", trailing_var_arg = true)]
    command: Vec<OsString>,
}

const AFTER_HELP: &str = "\
Examples:
  notifyhub run make -j4
  notifyhub run --min 30s --quiet-success -- cargo test
  notifyhub run --tail 20 -- ./nightly-backup >>backup.log 2>&1

The title is the command with its arguments, the project and its branch. Values that look like passwords, tokens and keys
are left out of it; where anything else is secret, give a --title.";

impl Arguments {
    /// `notifyhub run`.
    pub(crate) async fn run(self, _context: &Context) -> ExitCode {
        let teller = match self.teller() {
            Ok(teller) => Some(teller),
            Err(misuse) if self.exit_code.is_some() => return fail(&misuse, MISUSE),
            // The command is run all the same.
            Err(misuse) => {
                fail(&format!("nothing will be told: {misuse}"), MISUSE);
                None
            }
        };
        let ended = match self.exit_code {
            Some(code) => {
                if let Some(teller) = teller {
                    teller.tell_end(&Ended::with_code(code), self.duration, "", true).await;
                }
                return ExitCode::from(code);
            }
            None => self.run_command(teller).await,
        };
        ended.exit_code()
    }

    fn teller(&self) -> Result<Teller, Misuse> {
        if self.command.is_empty() && !self.labels.has_title() {
            return Err("say what has run: notifyhub run --exit-code $? -- make; or give it a --title".into());
        }
        let configuration = Configuration::read()?;
        let hub = self.hub.connect(&configuration)?;
        let card = Card::new(&self.labels, &self.command, &configuration)?;
        Ok(Teller { hub, card, is_quiet_of_success: self.quiet_success })
    }

    async fn run_command(&self, teller: Option<Teller>) -> Ended {
        let started = Instant::now();
        let (ended, last_lines, begun) = match Process::start(&self.command, self.tail) {
            Ok(mut process) => {
                let (ended, begun) = self.accompany(&mut process, teller.as_ref()).await;
                (ended, process.last_lines(), begun)
            }
            Err(ended) => {
                fail(&ended.reason(), ended.code());
                (ended, String::new(), false)
            }
        };
        let took = started.elapsed();
        if let Some(teller) = teller.filter(|_| took >= self.min) {
            teller.tell_end(&ended, Some(took), &last_lines, begun).await;
        }
        ended
    }

    /// Tells, while the command runs, that it does. Says how it ended, and whether the hub may have been told before.
    async fn accompany(&self, process: &mut Process, teller: Option<&Teller>) -> (Ended, bool) {
        let Some(teller) = teller else { return (process.end().await, false) };
        let started = Instant::now();
        let beginning = async {
            tokio::time::sleep(self.min).await;
            teller.tell_beginning().await
        };
        tokio::pin!(beginning);
        tokio::select! {
            ended = process.end() => {
                // What is under way is to arrive before the end does.
                let is_told = started.elapsed() >= self.min;
                let told = async { if is_told { beginning.await } else { false } };
                let may_be_told = tokio::time::timeout(FOR_THE_END, told).await.unwrap_or(true);
                (ended, may_be_told)
            }
            begun = &mut beginning => (process.end().await, begun),
        }
    }
}

/// Tells of one command.
struct Teller {
    hub: Hub,
    card: Card,
    is_quiet_of_success: bool,
}

impl Teller {
    /// Says whether the hub may have it now.
    async fn tell_beginning(&self) -> bool {
        let delivery = Delivery::new(Deed::Post(Box::new(self.card.running())));
        match deliver(&self.hub.client, &delivery, Patience::once(FOR_THE_BEGINNING), |_| ()).await {
            Ok(_) => true,
            Err(error) => error.may_be_done(),
        }
    }

    async fn tell_end(&self, ended: &Ended, took: Option<Duration>, last_lines: &str, begun: bool) {
        let deed = match (ended.is_success() && self.is_quiet_of_success, begun) {
            (true, false) => return,
            (true, true) => Deed::Withdraw(self.card.key()),
            (false, _) => Deed::Post(Box::new(self.card.ended(ended, took, last_lines))),
        };
        match Spool::send(&self.hub, Delivery::new(deed), FOR_THE_END).await {
            Sent::Delivered => {}
            Sent::Kept(reason) => hint(&format!("how it went is kept, and sent by the next call: {reason}")),
            // Nobody will ever know otherwise, in a log of cron least of all.
            Sent::Lost(reason) => say(&format!("how it went is not told: {reason}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Program {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn command(line: &[&str]) -> Option<Vec<OsString>> {
        Program::try_parse_from([&["run"], line].concat()).ok().map(|program| program.arguments.command)
    }

    #[test]
    fn options_behind_the_command_are_its_own_and_before_it_ours() {
        assert_eq!(
            command(&["make", "-j4", "--tail"]),
            Some(vec!["make".into(), "-j4".into(), "--tail".into()])
        );
        assert_eq!(command(&["--min", "1s", "--", "-x", "--"]), Some(vec!["-x".into(), "--".into()]));
        assert_eq!(command(&["make", "--", "-x"]), Some(vec!["make".into(), "--".into(), "-x".into()]));
        assert_eq!(command(&["--tial", "5", "--", "make"]), None);
    }
}
