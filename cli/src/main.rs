//! `notifyhub-push`: posts one notification and says how that went.

mod arguments;
mod post;

use std::{
    io::{IsTerminal as _, Write as _},
    process::ExitCode,
};

use arguments::Arguments;
use clap::Parser as _;
use post::PostError;

/// Not delivered.
const NOT_SENT: u8 = 1;
/// Wrong use; clap exits with the same code.
const MISUSE: u8 = 2;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let address = arguments.address();
    let (hub, notification) = match (notifyhub_sdk::connect(&address), arguments.notification()) {
        (Ok(hub), Ok(notification)) => (hub, notification),
        (Err(error), _) => return fail(&error.to_string(), MISUSE),
        (_, Err(misuse)) => return fail(&misuse, MISUSE),
    };
    let say_waiting = |reason: &str| {
        if !arguments.quiet && std::io::stderr().is_terminal() {
            eprintln!("… {reason}; trying again for {}", humantime::format_duration(arguments.timeout));
        }
    };
    match post::post(&hub, &notification, arguments.timeout, say_waiting).await {
        Ok(stored) => {
            if arguments.json {
                print(&serde_json::to_string(&stored).expect("a notification always encodes"));
            } else if !arguments.quiet {
                print(&format!(
                    "{} Notification sent successfully",
                    coloured("✓", "32", std::io::stdout().is_terminal())
                ));
            }
            ExitCode::SUCCESS
        }
        Err(PostError::Refused(reason)) => {
            fail(&format!("the hub refused the notification: {reason}"), MISUSE)
        }
        Err(PostError::NotAHub(found)) => fail(
            &format!(
                "{address} does not look like a NotifyHub: {found}. Name the right one with --url or --port"
            ),
            NOT_SENT,
        ),
        Err(PostError::Unreachable(reason)) => fail(
            &format!(
                "not sent: {reason} at {address}. Is the hub running? Start it with `notifyhub-server`, or name \
                 another with --url, --host or --port"
            ),
            NOT_SENT,
        ),
        Err(PostError::Failing(reason)) => {
            fail(&format!("not sent: the hub at {address} has trouble: {reason}"), NOT_SENT)
        }
    }
}

/// A closed pipe at the other end is a normal end.
fn print(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn fail(message: &str, code: u8) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "{} {message}", coloured("✗", "31", std::io::stderr().is_terminal()));
    ExitCode::from(code)
}

fn coloured(text: &str, colour: &str, is_terminal: bool) -> String {
    // https://no-color.org
    let plain = !is_terminal || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if plain { text.to_owned() } else { format!("\u{1b}[{colour}m{text}\u{1b}[0m") }
}
