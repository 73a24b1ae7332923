//! What is printed: colour for terminals only, and nothing that a stranger's text could steer them with.

use std::{
    io::{ErrorKind, IsTerminal as _, Write as _},
    process::ExitCode,
};

/// It was not done: not delivered, say.
pub(crate) const FAILED: u8 = 1;
/// Wrong use; clap exits with the same code.
pub(crate) const MISUSE: u8 = 2;

/// Prints a line. A closed pipe at the other end is a normal end; a full disk is not.
pub(crate) fn print(line: &str) -> ExitCode {
    print_or_say(line, "this could not be written")
}

/// Prints a line about something that was sent, which has been done whether it can be printed or not.
pub(crate) fn print_sent(line: &str) -> ExitCode {
    print_or_say(line, "sent, but this could not be written")
}

fn print_or_say(line: &str, failure: &str) -> ExitCode {
    let mut output = std::io::stdout();
    match writeln!(output, "{line}").and_then(|()| output.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => fail(&format!("{failure}: {error}"), FAILED),
        _ => ExitCode::SUCCESS,
    }
}

/// Says on standard error what went wrong; `code` becomes the exit code.
pub(crate) fn fail(message: &str, code: u8) -> ExitCode {
    let cross = coloured("✗", "31", std::io::stderr().is_terminal());
    let _ = writeln!(std::io::stderr(), "{cross} {}", escaped(message));
    ExitCode::from(code)
}

/// Says something besides, on standard error.
pub(crate) fn say(message: &str) {
    let _ = writeln!(std::io::stderr(), "… {}", escaped(message));
}

/// Tells who sits at the terminal what is going on.
pub(crate) fn hint(message: &str) {
    if std::io::stderr().is_terminal() {
        say(message);
    }
}

/// Says something on standard error.
pub(crate) fn note(message: &str) {
    let _ = writeln!(std::io::stderr(), "{}", escaped(message));
}

/// What stands before a line that tells of success.
pub(crate) fn check_mark() -> String {
    coloured("✓", "32", std::io::stdout().is_terminal())
}

/// What another program said must not steer the terminal.
pub(crate) fn escaped(text: &str) -> String {
    let escape =
        |c: char| if c.is_control() && c != '\n' { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(escape).collect()
}

/// As [`escaped`], and in one line: its breaks are shown, and what would turn the order of letters round is escaped too.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let mut characters = text.trim_end_matches(['\n', '\r']).chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\r' if characters.peek() == Some(&'\n') => {}
            '\n' => line += " ⏎ ",
            '\t' => line.push(' '),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => line.extend(c.escape_unicode()),
            c if c.is_control() => line.extend(c.escape_default()),
            c => line.push(c),
        }
    }
    line
}

/// With this colour (SGR parameter), if it is for a terminal and nobody wants none.
pub(crate) fn coloured(text: &str, colour: &str, is_terminal: bool) -> String {
    // https://no-color.org
    let plain = !is_terminal || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if plain { text.to_owned() } else { format!("\u{1b}[{colour}m{text}\u{1b}[0m") }
}
