//! What the values of options are read with: an error says what would be right.

use std::{error::Error, str::FromStr, time::Duration};

use clap::builder::{PossibleValuesParser, TypedValueParser};

/// One of these words.
pub(crate) fn word<T>(words: &'static [&'static str]) -> impl TypedValueParser<Value = T>
where
    T: FromStr<Err: Error + Send + Sync + 'static> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(words).try_map(|word| word.parse())
}

/// `10s`, `1m 30s`.
pub(crate) fn duration(text: &str) -> Result<Duration, &'static str> {
    humantime::parse_duration(text)
        .map_err(|_| "it must be a number with its unit, such as 500ms, 10s or 1h 30m")
}

/// The port of a hub.
pub(crate) fn port(text: &str) -> Result<u16, &'static str> {
    text.parse().ok().filter(|port| *port != 0).ok_or("it must be a number from 1 to 65535")
}

/// The number of something that waits.
pub(crate) fn spool_number(text: &str) -> Result<u64, &'static str> {
    text.parse().map_err(|_| "it must be a number that `notifyhub spool list` shows")
}

/// An exit status.
pub(crate) fn exit_status(text: &str) -> Result<u8, &'static str> {
    text.parse().map_err(|_| "it must be a number from 0 to 255, as the shell's $? is")
}

/// How many lines of its output are told of a command.
pub(crate) fn lines(text: &str) -> Result<u16, &'static str> {
    text.parse().ok().filter(|lines| (1..=200).contains(lines)).ok_or("it must be a number from 1 to 200")
}
