//! `notifyhub-push`: posts one notification, or withdraws what is open under a key, and says how that went.

use std::process::ExitCode;

fn main() -> ExitCode {
    notifyhub_cli::notifyhub_push()
}
