//! Says what is set on this machine, and where.

use std::{fmt::Write as _, process::ExitCode};

use clap::{Args, Subcommand};
use notifyhub_sdk::without_password;

use crate::{
    configuration::{Configuration, DEFAULT_URL, Setting},
    context::Context,
    terminal::{MISUSE, escaped, fail, print},
};

/// Look at the configuration.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Say what is set, and where each value came from: a variable, a line of the file, or the default.
    ///
    /// Options of a command count more than the environment, and that more than the file. A token is not shown.
    Show,
}

impl Arguments {
    /// `notifyhub config`.
    #[expect(clippy::unused_async, reason = "all commands are alike")]
    pub(crate) async fn run(self, _context: &Context) -> ExitCode {
        let Action::Show = self.action;
        match Configuration::read() {
            Ok(configuration) => print(show(&configuration).trim_end()),
            Err(misuse) => fail(&misuse, MISUSE),
        }
    }
}

fn show(configuration: &Configuration) -> String {
    let default_url = || (DEFAULT_URL.to_owned(), "default".to_owned());
    let nothing = || ("–".to_owned(), "not set".to_owned());
    let url = told(configuration.url.as_ref(), |url| without_password(url)).unwrap_or_else(default_url);
    let lines = [
        ("url", url),
        ("token", told(configuration.token.as_ref(), |_| "(hidden)".into()).unwrap_or_else(nothing)),
        (
            "ca_cert",
            told(configuration.ca_cert.as_ref(), |path| path.display().to_string()).unwrap_or_else(nothing),
        ),
        ("source", told(configuration.source.as_ref(), Clone::clone).unwrap_or_else(nothing)),
        ("actor", told(configuration.actor.as_ref(), Clone::clone).unwrap_or_else(nothing)),
    ];
    let width = lines.iter().map(|(_, (value, _))| value.chars().count()).max().unwrap_or_default();
    let mut text = String::new();
    for (name, (value, origin)) in lines {
        let _ = writeln!(text, "{name:<8} {value:<width$}  {origin}");
    }
    let file = Configuration::path().map_or_else(
        || "none: there is no home directory".to_owned(),
        |(path, _)| {
            let missing = if path.exists() { "" } else { "  (missing)" };
            format!("{}{missing}", path.display())
        },
    );
    let _ = writeln!(text, "{:<8} {file}", "file");
    escaped(&text)
}

/// A value as it is shown, and where it came from.
fn told<T>(setting: Option<&Setting<T>>, shown: impl Fn(&T) -> String) -> Option<(String, String)> {
    setting.map(|setting| (shown(&setting.value), setting.set_in.to_string()))
}
