//! The configuration file: what is always the same for whoever posts from this machine.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use serde::Deserialize;

/// Names another file than the usual one.
const VARIABLE: &str = "NOTIFYHUB_CONFIG";

/// What the file says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Configuration {
    /// The hub's address.
    pub(crate) url: Option<String>,
    /// Its publish token.
    pub(crate) token: Option<String>,
    /// A file with its certificate.
    pub(crate) ca_cert: Option<PathBuf>,
    /// What notifications are about, if they do not say.
    pub(crate) source: Option<String>,
}

impl Configuration {
    /// Reads the file. A missing one says nothing, unless it was named.
    pub(crate) fn read() -> Result<Self, String> {
        match std::env::var_os(VARIABLE).filter(|path| !path.is_empty()) {
            Some(path) => Self::read_file(Path::new(&path), true),
            None => match dirs::config_dir() {
                Some(directory) => Self::read_file(&directory.join("notifyhub/config.toml"), false),
                None => Ok(Configuration::default()),
            },
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
        // Not the error's whole text, which repeats the line, and the line may be the token's.
        toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(1, |span| 1 + text[..span.start].matches('\n').count());
            format!("line {line} of {}: {}", path.display(), error.message())
        })
    }
}
