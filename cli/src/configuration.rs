//! What is always the same for whoever posts from this machine: the configuration file, and the environment over it. Each
//! value knows where it came from.

use std::{
    ffi::OsString,
    fmt,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use toml::Spanned;

/// Names another file than the usual one.
const VARIABLE: &str = "NOTIFYHUB_CONFIG";

/// Where the hub is, if nobody says.
pub(crate) const DEFAULT_URL: &str = "http://localhost:9080";

/// What the environment and the file say.
#[derive(Debug, Default)]
pub(crate) struct Configuration {
    /// The hub's address.
    pub(crate) url: Option<Setting<String>>,
    /// Its publish token.
    pub(crate) token: Option<Setting<String>>,
    /// A file with its certificate.
    pub(crate) ca_cert: Option<Setting<PathBuf>>,
    /// What notifications are about, if they do not say.
    pub(crate) source: Option<Setting<String>>,
    /// Who speaks, if they do not say.
    pub(crate) actor: Option<Setting<String>>,
}

/// A value, and where it came from.
#[derive(Debug)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) set_in: SetIn,
}

/// Where a value came from.
#[derive(Debug)]
pub(crate) enum SetIn {
    /// A variable of the environment.
    Variable(&'static str),
    /// A line of the file.
    File(PathBuf, usize),
    /// The repository that the directory belongs to.
    Repository,
}

impl fmt::Display for SetIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SetIn::Variable(name) => f.write_str(name),
            SetIn::File(path, line) => write!(f, "{}:{line}", path.display()),
            SetIn::Repository => f.write_str("the repository"),
        }
    }
}

impl<T> Setting<T> {
    /// As it is named in an error: `NOTIFYHUB_SOURCE`, `source in config.toml:3`.
    pub(crate) fn told(&self, name: &str) -> String {
        match &self.set_in {
            SetIn::File(..) => format!("{name} in {}", self.set_in),
            set_in => set_in.to_string(),
        }
    }
}

/// A text, and what says it, as it is named in an error: `--source`, `NOTIFYHUB_SOURCE`, `source in config.toml:3`.
pub(crate) struct Said<'a> {
    pub(crate) text: &'a str,
    pub(crate) by: String,
}

/// What the option `--name` says, or else the configuration. What is empty says nothing.
pub(crate) fn first_set<'a>(
    name: &str,
    option: Option<&'a String>,
    setting: Option<&'a Setting<String>>,
) -> Option<Said<'a>> {
    let setting = setting.filter(|setting| !setting.value.is_empty());
    // The option's value is the variable's, if there is one.
    let is_variable = |setting: &Setting<String>| {
        matches!(setting.set_in, SetIn::Variable(_)) && option == Some(&setting.value)
    };
    match option.filter(|text| !text.is_empty()) {
        Some(text) if !setting.is_some_and(is_variable) => Some(Said { text, by: format!("--{name}") }),
        _ => setting.map(|setting| Said { text: &setting.value, by: setting.told(name) }),
    }
}

/// What the file may say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    url: Option<Spanned<String>>,
    token: Option<Spanned<String>>,
    ca_cert: Option<Spanned<PathBuf>>,
    source: Option<Spanned<String>>,
    actor: Option<Spanned<String>>,
}

impl Configuration {
    /// Reads both. A missing file says nothing, unless it was named.
    pub(crate) fn read() -> Result<Self, String> {
        let file = match Self::path() {
            Some((path, is_named)) => Self::read_file(&path, is_named)?,
            None => Configuration::default(),
        };
        Ok(Configuration {
            url: text("NOTIFYHUB_URL").or(file.url),
            token: text("NOTIFYHUB_TOKEN").or(file.token),
            ca_cert: variable("NOTIFYHUB_CA_CERT", |path| Some(path.into())).or(file.ca_cert),
            source: text("NOTIFYHUB_SOURCE").or(file.source),
            actor: text("NOTIFYHUB_ACTOR").or(file.actor),
        })
    }

    /// Where the file is, and whether it was named.
    pub(crate) fn path() -> Option<(PathBuf, bool)> {
        match std::env::var_os(VARIABLE).filter(|path| !path.is_empty()) {
            Some(path) => Some((path.into(), true)),
            None => Some((dirs::config_dir()?.join("notifyhub/config.toml"), false)),
        }
    }

    fn read_file(path: &Path, must_exist: bool) -> Result<Self, String> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound && !must_exist => {
                return Ok(Configuration::default());
            }
            Err(error) => {
                return Err(format!("cannot read the configuration in {}: {error}", path.display()));
            }
        };
        let line_at = |position: usize| 1 + text[..position].matches('\n').count();
        // Not the error's whole text, which repeats the line, and the line may be the token's.
        let file: File = toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_at(span.start));
            format!("line {line} of {}: {}", path.display(), error.message())
        })?;
        let set_in = |position| SetIn::File(path.to_owned(), line_at(position));
        Ok(Configuration {
            url: file.url.map(|value| located(value, set_in)),
            token: file.token.map(|value| located(value, set_in)),
            ca_cert: file.ca_cert.map(|value| located(value, set_in)),
            source: file.source.map(|value| located(value, set_in)),
            actor: file.actor.map(|value| located(value, set_in)),
        })
    }
}

fn located<T>(value: Spanned<T>, set_in: impl Fn(usize) -> SetIn) -> Setting<T> {
    let set_in = set_in(value.span().start);
    Setting { value: value.into_inner(), set_in }
}

/// What a variable says that is set to something.
fn variable<T>(name: &'static str, read: impl Fn(OsString) -> Option<T>) -> Option<Setting<T>> {
    let value = std::env::var_os(name).filter(|value| !value.is_empty())?;
    Some(Setting { value: read(value)?, set_in: SetIn::Variable(name) })
}

/// What is no text says nothing.
fn text(name: &'static str) -> Option<Setting<String>> {
    variable(name, |value| value.into_string().ok())
}
