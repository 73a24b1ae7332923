//! `notifyhub-push`: posts one notification, or withdraws what is open under a key, and says how that went.

mod arguments;
mod configuration;
mod request;

use std::{
    io::{ErrorKind, IsTerminal as _, Write as _},
    process::ExitCode,
};

use arguments::Arguments;
use clap::{CommandFactory as _, Parser as _};
use configuration::Configuration;
use notifyhub_sdk::{Client, without_password};
use request::RequestError;

/// Not delivered.
const NOT_SENT: u8 = 1;
/// Wrong use; clap exits with the same code.
const MISUSE: u8 = 2;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut arguments = Arguments::parse();
    if let Some(text) = documentation(&arguments) {
        return print(&text);
    }
    match Configuration::read() {
        Ok(configuration) => arguments.fill_in(configuration),
        Err(misuse) => return fail(&misuse, MISUSE),
    }
    let address = arguments.address();
    let hub = match arguments.connect(&address) {
        Ok(hub) => hub,
        Err(misuse) => return fail(&misuse, MISUSE),
    };
    let address = without_password(&address);
    let done = match &arguments.withdraw {
        Some(key) => withdraw(&hub, key, &arguments).await,
        None => match arguments.notification() {
            Ok(notification) => post(&hub, &notification, &arguments).await,
            Err(misuse) => return fail(&misuse, MISUSE),
        },
    };
    match done {
        Ok(line) => line.map_or(ExitCode::SUCCESS, |line| print(&line)),
        Err(RequestError::Refused(reason)) => {
            fail(&format!("the hub refused the notification: {reason}"), MISUSE)
        }
        Err(RequestError::Unauthorized(reason)) => fail(
            &format!("the hub at {address} refused it: {reason} (here: --token, or NOTIFYHUB_TOKEN)"),
            NOT_SENT,
        ),
        Err(RequestError::LoginRequired) => fail(
            &format!(
                "not sent: at {address} a user and a password are asked for before the hub is reached. Write the right \
                 ones into the address: --url https://USER:PASSWORD@…, or NOTIFYHUB_URL"
            ),
            NOT_SENT,
        ),
        Err(RequestError::Untrusted(reason)) => fail(
            &format!(
                "not sent: the certificate of {address} is not trusted ({reason}). If the hub made its own, name that \
                 with --ca-cert: notifyhub.tls.pem in its data directory"
            ),
            NOT_SENT,
        ),
        Err(RequestError::NotAHub(found)) => fail(
            &format!(
                "{address} does not look like a NotifyHub: {found}. Name the right one with --url or --port"
            ),
            NOT_SENT,
        ),
        Err(RequestError::Unreachable(reason)) => fail(
            &format!(
                "not sent: {reason} at {address}. Is the hub running? Start it with `notifyhub-server`, or name \
                 another with --url, --host or --port"
            ),
            NOT_SENT,
        ),
        Err(RequestError::Failing(reason)) => {
            fail(&format!("not sent: the hub at {address} has trouble: {reason}"), NOT_SENT)
        }
    }
}

/// What documents this program, where that was asked for.
fn documentation(arguments: &Arguments) -> Option<String> {
    let mut text = Vec::new();
    if let Some(shell) = arguments.completions {
        clap_complete::generate(shell, &mut Arguments::command(), "notifyhub-push", &mut text);
    } else if arguments.man {
        clap_mangen::Man::new(Arguments::command())
            .render(&mut text)
            .expect("memory takes all that is written");
    } else {
        return None;
    }
    Some(String::from_utf8(text).expect("the command line is text").trim_end().to_owned())
}

/// Posts, and gives what to print.
async fn post(
    hub: &Client,
    notification: &notifyhub_sdk::types::NewNotification,
    arguments: &Arguments,
) -> Result<Option<String>, RequestError> {
    let stored =
        request::post(hub, notification, arguments.timeout, |reason| say_waiting(arguments, reason)).await?;
    let success = || format!("{} Notification sent successfully", check_mark());
    Ok(if arguments.json {
        Some(serde_json::to_string(&stored).expect("a notification always encodes"))
    } else {
        (!arguments.quiet).then(success)
    })
}

/// Withdraws, and gives what to print.
async fn withdraw(hub: &Client, key: &str, arguments: &Arguments) -> Result<Option<String>, RequestError> {
    let removed =
        request::withdraw(hub, key, arguments.timeout, |reason| say_waiting(arguments, reason)).await?;
    let text = match removed {
        0 => format!("nothing waits or runs under {key:?}"),
        1 => "1 notification withdrawn".into(),
        many => format!("{many} notifications withdrawn"),
    };
    Ok((!arguments.quiet).then(|| format!("{} {text}", check_mark())))
}

fn say_waiting(arguments: &Arguments, reason: &str) {
    if !arguments.quiet && std::io::stderr().is_terminal() {
        let patience = humantime::format_duration(arguments.timeout);
        eprintln!("… {}; trying again for {patience}", escaped(reason));
    }
}

/// A closed pipe at the other end is a normal end; a full disk is not.
fn print(line: &str) -> ExitCode {
    let mut output = std::io::stdout();
    match writeln!(output, "{line}").and_then(|()| output.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            fail(&format!("sent, but this could not be written: {error}"), NOT_SENT)
        }
        _ => ExitCode::SUCCESS,
    }
}

fn fail(message: &str, code: u8) -> ExitCode {
    let cross = coloured("✗", "31", std::io::stderr().is_terminal());
    let _ = writeln!(std::io::stderr(), "{cross} {}", escaped(message));
    ExitCode::from(code)
}

fn check_mark() -> String {
    coloured("✓", "32", std::io::stdout().is_terminal())
}

/// What another program said must not steer the terminal.
fn escaped(text: &str) -> String {
    let escape =
        |c: char| if c.is_control() && c != '\n' { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(escape).collect()
}

fn coloured(text: &str, colour: &str, is_terminal: bool) -> String {
    // https://no-color.org
    let plain = !is_terminal || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if plain { text.to_owned() } else { format!("\u{1b}[{colour}m{text}\u{1b}[0m") }
}
