//! The command line: what it takes, and what it comes to. Nothing is sent here.

use std::{
    io::{IsTerminal as _, Read as _},
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use clap::{Parser, ValueEnum};
use notifyhub_sdk::{Client, ConnectOptions, types, vocabulary};

use crate::configuration::Configuration;

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
    /// count more than NOTIFYHUB_URL. Where a proxy before the hub asks for a user and password:
    /// https://USER:PASSWORD@example.com/hub.
    #[arg(long, value_name = "URL")]
    url: Option<String>,

    /// The hub's publish token, where it asks for one. Other users of this machine see the command line: prefer
    /// NOTIFYHUB_TOKEN, or `token` in the configuration file.
    #[arg(long, env = "NOTIFYHUB_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    token: Option<String>,

    /// A file with the certificate of a hub that made its own (PEM).
    #[arg(long, env = "NOTIFYHUB_CA_CERT", value_name = "FILE")]
    ca_cert: Option<PathBuf>,

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

    /// The project or system it is about, up to 64 characters. The page groups by it.
    #[arg(long, env = "NOTIFYHUB_SOURCE", value_name = "NAME")]
    source: Option<String>,

    /// Who speaks, up to 32 characters: ci, cron, an agent's name.
    #[arg(long, env = "NOTIFYHUB_ACTOR", value_name = "NAME")]
    actor: Option<String>,

    /// The run, session or thing it is about, up to 128 characters. What waits or runs under the same key is
    /// removed when this is stored.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,

    /// Where that stands: waiting (for a person) and running are open, done and failed close.
    #[arg(long, value_enum)]
    state: Option<State>,

    /// Something to open with one click, such as "Open=vscode://file/tmp/a.rs"; may be given up to 3 times.
    #[arg(long = "action", value_name = "LABEL=URL")]
    actions: Vec<String>,

    /// How the message is to be read.
    #[arg(long, value_enum)]
    format: Option<Format>,

    /// Post nothing; remove what waits or runs under this key.
    #[arg(long, value_name = "KEY", conflicts_with_all = ["message", "title", "level", "tags", "link", "source",
        "actor", "key", "state", "actions", "format", "json"])]
    pub(crate) withdraw: Option<String>,

    /// Print the stored notification as JSON.
    #[arg(long, conflicts_with = "quiet")]
    pub(crate) json: bool,

    /// Print nothing unless it fails.
    #[arg(long, short)]
    pub(crate) quiet: bool,

    /// How long to keep trying while the hub cannot be reached. A notification is never posted twice.
    #[arg(long, env = "NOTIFYHUB_TIMEOUT", value_name = "TIME", default_value = "10s", value_parser = humantime::parse_duration)]
    pub(crate) timeout: Duration,

    /// Print the script that completes this command line in a shell.
    #[arg(long, value_name = "SHELL", conflicts_with = "message")]
    pub(crate) completions: Option<clap_complete::Shell>,

    /// Print the manual page, as man reads it.
    #[arg(long, conflicts_with = "message")]
    pub(crate) man: bool,

    /// The address in the configuration file.
    #[arg(skip)]
    configured_url: Option<String>,
}

/// More than any message has.
const MAX_INPUT_BYTES: u64 = 64 << 10;

const AFTER_HELP: &str = "\
Examples:
  notifyhub-push Tests passed
  make 2>&1 | tail -3 | notifyhub-push --title Build
  cargo test && notifyhub-push -l success \"Tests passed\" || notifyhub-push -l error \"Tests failed\"

A message that begins with a dash goes after `--`.
What is always the same goes into the configuration file, ~/.config/notifyhub/config.toml:
  url = \"https://hub.example.com\"
  token = \"…\"
Options count more than the environment, and that more than the file.
Exit codes: 0 sent; 1 not delivered; 2 wrong use (nothing was sent).";

/// As in the API.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Level {
    Info,
    Success,
    Warning,
    Error,
}

impl From<Level> for vocabulary::Level {
    fn from(level: Level) -> Self {
        match level {
            Level::Info => vocabulary::Level::Info,
            Level::Success => vocabulary::Level::Success,
            Level::Warning => vocabulary::Level::Warning,
            Level::Error => vocabulary::Level::Error,
        }
    }
}

/// As in the API.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum State {
    Waiting,
    Running,
    Done,
    Failed,
}

impl From<State> for vocabulary::State {
    fn from(state: State) -> Self {
        match state {
            State::Waiting => vocabulary::State::Waiting,
            State::Running => vocabulary::State::Running,
            State::Done => vocabulary::State::Done,
            State::Failed => vocabulary::State::Failed,
        }
    }
}

/// As in the API.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Text,
    Code,
    Markdown,
}

impl From<Format> for vocabulary::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Text => vocabulary::Format::Text,
            Format::Code => vocabulary::Format::Code,
            Format::Markdown => vocabulary::Format::Markdown,
        }
    }
}

/// What was wrong with the command line, and what would be right.
pub(crate) type Misuse = String;

impl Arguments {
    /// Takes from the configuration file what neither the command line nor the environment says.
    pub(crate) fn fill_in(&mut self, configuration: Configuration) {
        let Configuration { url, token, ca_cert, source } = configuration;
        let is_set = |value: &Option<String>| value.as_ref().is_some_and(|value| !value.is_empty());
        if !is_set(&self.token) {
            self.token = token;
        }
        if !is_set(&self.source) {
            self.source = source;
        }
        self.ca_cert = self.ca_cert.take().filter(|path| !path.as_os_str().is_empty()).or(ca_cert);
        self.configured_url = url;
    }

    /// A client of the hub at this address.
    pub(crate) fn connect(&self, address: &str) -> Result<Client, Misuse> {
        let mut options = ConnectOptions::default();
        if let Some(token) = self.token.as_deref().filter(|token| !token.is_empty()) {
            options = options.publish_token(token);
        }
        if let Some(path) = &self.ca_cert {
            let pem = std::fs::read(path)
                .map_err(|error| format!("cannot read the certificate in {}: {error}", path.display()))?;
            options =
                options.trust_certificates(&pem).map_err(|error| format!("{}: {error}", path.display()))?;
        }
        options.connect(address).map_err(|error| error.to_string())
    }

    /// The hub's address.
    pub(crate) fn address(&self) -> String {
        if let Some(url) = &self.url {
            return url.clone();
        }
        let from_environment = std::env::var("NOTIFYHUB_URL").ok().filter(|url| !url.is_empty());
        match (&self.host, self.port, from_environment.or_else(|| self.configured_url.clone())) {
            (None, None, Some(url)) => url,
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
        let text = self.text()?;
        let length = text.chars().count();
        Ok(types::NewNotification {
            message: text
                .parse()
                .map_err(|_| format!("the message must have 1 to 4096 characters, this one has {length}"))?,
            title: limited("--title", 256, self.title.as_deref())?,
            level: self.level.map(vocabulary::Level::from),
            tags: self.tags.iter().map(|tag| one("--tag", 64, tag)).collect::<Result<_, _>>()?,
            link: limited("--link", 2048, self.link.as_deref())?,
            timestamp: None,
            source: limited("--source", 64, self.source.as_deref().filter(|name| !name.is_empty()))?,
            actor: limited("--actor", 32, self.actor.as_deref().filter(|name| !name.is_empty()))?,
            key: limited("--key", 128, self.key.as_deref())?,
            state: self.state.map(vocabulary::State::from),
            actions: self.actions.iter().map(|action| parse_action(action)).collect::<Result<_, _>>()?,
            format: self.format.map(vocabulary::Format::from),
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
            .take(MAX_INPUT_BYTES + 1)
            .read_to_string(&mut text)
            .map_err(|error| format!("cannot read the message from standard input: {error}"))?;
        if text.len() as u64 > MAX_INPUT_BYTES {
            return Err(format!(
                "standard input is longer than {MAX_INPUT_BYTES} bytes; a message has up to 4096 characters. Send the \
                 end of it: … | tail -n 20 | notifyhub-push"
            ));
        }
        // The line break that ends the last line is the terminal's, not the message's.
        let text = text.strip_suffix('\n').map_or(&*text, |text| text.strip_suffix('\r').unwrap_or(text));
        if text.is_empty() {
            Err("no message was given: standard input is empty".into())
        } else {
            Ok(text.to_owned())
        }
    }
}

fn one<T: FromStr>(option: &str, max: usize, text: &str) -> Result<T, Misuse> {
    text.parse().map_err(|_| {
        format!("{option} must have 1 to {max} characters, this one has {}", text.chars().count())
    })
}

fn limited<T: FromStr>(option: &str, max: usize, text: Option<&str>) -> Result<Option<T>, Misuse> {
    text.map(|text| one(option, max, text)).transpose()
}

fn parse_action(text: &str) -> Result<types::Action, Misuse> {
    let Some((label, url)) = text.split_once('=').filter(|(_, url)| url.contains(':')) else {
        return Err(format!("--action {text:?} must be LABEL=URL, such as \"Open=vscode://file/tmp/a.rs\""));
    };
    Ok(types::Action {
        label: one("the label of --action", 32, label)?,
        url: one("the URL of --action", 2048, url)?,
    })
}
