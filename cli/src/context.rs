//! What a command knows of the program that it is part of.

/// What a command knows of its surroundings.
pub(crate) struct Context {
    /// What the user typed to get here, such as `notifyhub push`.
    pub(crate) program: &'static str,
    /// The program's whole command line, for what documents it.
    pub(crate) command_line: fn() -> clap::Command,
}
