//! `notifyhub`: everything that reaches a hub from the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    notifyhub_cli::notifyhub()
}
