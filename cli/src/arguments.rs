//! The command line: what it takes, and what it comes to. Nothing is sent here.

use std::{
    io::{IsTerminal as _, Read as _},
    time::Duration,
};

use clap::{Parser, ValueEnum};
use notifyhub_sdk::types;

/// Posts a notification to a NotifyHub server.
///
/// Whoever has the hub's page open, or is subscribed to it, has the notification at once.
#[derive(Debug, Parser)]
#[command(name = "notifyhub-push", version, max_term_width = 100, after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The text, up to 4096 characters. Several words are joined with spaces. `-`, or no text at all behind a
    /// pipe, reads standard input.
    #[arg(value_name = "MESSAGE")]
    message: Vec<String>,

    /// The hub's port.
    #[arg(long, short, value_name = "PORT", conflicts_with = "url")]
    port: Option<u16>,

    /// The hub's host name or address.
    #[arg(long, value_name = "HOST", conflicts_with = "url")]
    host: Option<String>,

    /// The hub's address, such as https://example.com/hub [default: http://localhost:9080]. --port and --host
    /// count more than NOTIFYHUB_URL.
    #[arg(long, value_name = "URL")]
    url: Option<String>,

    /// A short heading, up to 256 characters.
    #[arg(long, short, value_name = "TEXT")]
    title: Option<String>,

    /// How much it matters: it decides colour and sound.
    #[arg(long, short, value_enum)]
    level: Option<Level>,

    /// A word to filter by; may be given up to 16 times.
    #[arg(long = "tag", value_name = "WORD")]
    tags: Vec<String>,

    /// An http or https address where there is more to read.
    #[arg(long, value_name = "URL")]
    link: Option<String>,

    /// Print the stored notification as JSON.
    #[arg(long, conflicts_with = "quiet")]
    pub(crate) json: bool,

    /// Print nothing unless it fails.
    #[arg(long, short)]
    pub(crate) quiet: bool,

    /// How long to keep trying while the hub cannot be reached. A notification is never posted twice.
    #[arg(long, env = "NOTIFYHUB_TIMEOUT", value_name = "TIME", default_value = "10s", value_parser = humantime::parse_duration)]
    pub(crate) timeout: Duration,
}

const AFTER_HELP: &str = "\
Examples:
  notifyhub-push Tests passed
  make 2>&1 | tail -3 | notifyhub-push --title Build
  cargo test && notifyhub-push -l success \"Tests passed\" || notifyhub-push -l error \"Tests failed\"

A message that begins with a dash goes after `--`.
Exit codes: 0 sent; 1 not delivered; 2 wrong use (nothing was sent).";

/// As in the API.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Level {
    Info,
    Success,
    Warning,
    Error,
}

impl From<Level> for types::Level {
    fn from(level: Level) -> Self {
        match level {
            Level::Info => types::Level::Info,
            Level::Success => types::Level::Success,
            Level::Warning => types::Level::Warning,
            Level::Error => types::Level::Error,
        }
    }
}

/// What was wrong with the command line, and what would be right.
pub(crate) type Misuse = String;

impl Arguments {
    /// The hub's address.
    pub(crate) fn address(&self) -> String {
        if let Some(url) = &self.url {
            return url.clone();
        }
        match (&self.host, self.port, std::env::var("NOTIFYHUB_URL")) {
            (None, None, Ok(url)) if !url.is_empty() => url,
            (host, port, _) => {
                let host = host.as_deref().unwrap_or("localhost");
                // An IPv6 address stands in brackets in a URL (RFC 3986, section 3.2.2).
                let host = if host.contains(':') && !host.starts_with('[') {
                    format!("[{host}]")
                } else {
                    host.to_owned()
                };
                format!("http://{host}:{}", port.unwrap_or(9080))
            }
        }
    }

    /// The notification to post.
    pub(crate) fn notification(&self) -> Result<types::NewNotification, Misuse> {
        let field = |name: &str, limit: &str| {
            let (name, limit) = (name.to_owned(), limit.to_owned());
            move |_| format!("{name} must have {limit}")
        };
        let text = self.text()?;
        let length = text.chars().count();
        let tags = self.tags.iter().map(|tag| tag.parse().map_err(field("--tag", "1 to 64 characters")));
        Ok(types::NewNotification {
            message: text
                .parse()
                .map_err(|_| format!("the message must have 1 to 4096 characters, this one has {length}"))?,
            title: self
                .title
                .as_deref()
                .map(str::parse)
                .transpose()
                .map_err(field("--title", "1 to 256 characters"))?,
            level: self.level.map(types::Level::from),
            tags: tags.collect::<Result<_, _>>()?,
            link: self
                .link
                .as_deref()
                .map(str::parse)
                .transpose()
                .map_err(field("--link", "up to 2048 characters"))?,
            timestamp: None,
        })
    }

    fn text(&self) -> Result<String, Misuse> {
        let from_input = match self.message.as_slice() {
            [] if std::io::stdin().is_terminal() => {
                return Err("no message was given; for example: notifyhub-push \"Tests passed\"".into());
            }
            [] => true,
            [only] => only == "-",
            _ => false,
        };
        if !from_input {
            return Ok(self.message.join(" "));
        }
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .map_err(|error| format!("cannot read the message from standard input: {error}"))?;
        // The line break that ends the last line is the terminal's, not the message's.
        let text = text.strip_suffix('\n').map_or(&*text, |text| text.strip_suffix('\r').unwrap_or(text));
        if text.is_empty() {
            Err("no message was given: standard input is empty".into())
        } else {
            Ok(text.to_owned())
        }
    }
}
