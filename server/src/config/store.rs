//! Where notifications are kept, as `--store` says it.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use clap::Args;

#[cfg(feature = "nats")]
use crate::log::jetstream::{Address, InvalidAddress};

/// Where notifications are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Store {
    /// In one SQLite file, in this directory or, without one, in the data directory.
    Sqlite(Option<PathBuf>),
    /// In memory: nothing is left after a stop.
    Memory,
    /// In PostgreSQL, which several hubs may share.
    Postgres(StoreUrl),
    /// In a stream of NATS JetStream, which several hubs may share.
    #[cfg(feature = "nats")]
    JetStream(Address),
}

/// The address of an engine that several hubs may share. It is not shown: there may be a password in it.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreUrl(String);

impl StoreUrl {
    /// The address, with the password.
    pub fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreUrl(…)")
    }
}

/// From where to where a feed is copied.
#[derive(Clone, Debug, Args)]
pub struct MoveOptions {
    /// The store that holds the feed, as --store says it. It is left as it is.
    #[arg(
        long,
        env = "NOTIFYHUB_MOVE_FROM",
        value_name = "STORE",
        hide_env_values = true,
        required_unless_present = "from_file"
    )]
    from: Option<Store>,

    /// A file that says in one line what --from would.
    #[arg(long, env = "NOTIFYHUB_MOVE_FROM_FILE", value_name = "FILE", conflicts_with = "from")]
    from_file: Option<PathBuf>,

    /// The store to copy it to.
    #[arg(
        long,
        env = "NOTIFYHUB_MOVE_TO",
        value_name = "STORE",
        hide_env_values = true,
        required_unless_present = "to_file"
    )]
    to: Option<Store>,

    /// A file that says in one line what --to would.
    #[arg(long, env = "NOTIFYHUB_MOVE_TO_FILE", value_name = "FILE", conflicts_with = "to")]
    to_file: Option<PathBuf>,
}

impl MoveOptions {
    /// The source and the target.
    pub fn ends(&self) -> Result<(Store, Store), String> {
        let end = |store: &Option<Store>, file: &Option<PathBuf>, option| match (store, file) {
            (Some(store), _) => Ok(store.clone()),
            (None, Some(path)) => {
                Store::read(path).map_err(|reason| format!("{option} {}: {reason}", path.display()))
            }
            (None, None) => Err(format!("{option} is missing")),
        };
        Ok((end(&self.from, &self.from_file, "--from-file")?, end(&self.to, &self.to_file, "--to-file")?))
    }
}

impl Store {
    /// The one that a file names in one line.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        std::fs::read_to_string(path).map_err(|error| error.to_string())?.trim().parse()
    }

    /// In a word.
    pub fn name(&self) -> &'static str {
        match self {
            Store::Sqlite(_) => "sqlite",
            Store::Memory => "memory",
            Store::Postgres(_) => "postgres",
            #[cfg(feature = "nats")]
            Store::JetStream(_) => "jetstream",
        }
    }

    /// Whether several hubs may use it at a time.
    pub fn is_shared(&self) -> bool {
        !matches!(self, Store::Sqlite(_) | Store::Memory)
    }
}

impl FromStr for Store {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const KNOWN: &str =
            "sqlite, sqlite:DIR, memory, postgres://USER@HOST/DATABASE or nats://HOST,HOST,HOST";
        let (scheme, rest) = text.split_once(':').map_or((text, None), |(scheme, rest)| (scheme, Some(rest)));
        match (scheme, rest) {
            ("sqlite", None) => Ok(Store::Sqlite(None)),
            ("sqlite", Some("")) => {
                Err("name the directory of the database, as in sqlite:/var/lib/notifyhub".into())
            }
            ("sqlite", Some(directory)) => Ok(Store::Sqlite(Some(directory.into()))),
            ("memory", None) => Ok(Store::Memory),
            ("postgres" | "postgresql", Some(rest)) if rest.starts_with("//") => {
                if cfg!(feature = "postgres") {
                    Ok(Store::Postgres(StoreUrl(text.to_owned())))
                } else {
                    Err("this notifyhub-server was built without PostgreSQL (cargo feature `postgres`)"
                        .into())
                }
            }
            #[cfg(feature = "nats")]
            ("nats" | "tls", Some(rest)) if rest.starts_with("//") => text
                .parse()
                .map(Store::JetStream)
                .map_err(|error: InvalidAddress| format!("the address of a JetStream store {error}")),
            #[cfg(not(feature = "nats"))]
            ("nats" | "tls", Some(_)) => {
                Err("this notifyhub-server was built without NATS JetStream (cargo feature `nats`)".into())
            }
            // Not what was said: it may be an address with a password.
            _ => Err(format!("there is no such store; it is {KNOWN}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_store_has_its_words_and_nonsense_is_refused() {
        assert_eq!("sqlite".parse(), Ok(Store::Sqlite(None)));
        assert_eq!("sqlite:/x".parse(), Ok(Store::Sqlite(Some("/x".into()))));
        assert_eq!("memory".parse(), Ok(Store::Memory));
        for nonsense in ["", "sqlite:", "postgres", "postgres:x", "redis://x", "Memory"] {
            assert!(nonsense.parse::<Store>().is_err(), "{nonsense}");
        }
    }

    #[cfg(feature = "nats")]
    #[test]
    fn several_brokers_are_one_address() {
        let store: Store = "nats://hub:secret@a,b:5000?stream=feed".parse().expect("valid");
        assert!(!format!("{store:?}").contains("secret"));
        assert_eq!((store.name(), store.is_shared()), ("jetstream", true));
        let error = "nats://a?stream=a.b".parse::<Store>().expect_err("no name of a stream");
        assert!(error.contains("use letters, digits"), "{error}");
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn an_address_is_not_shown_with_its_password() {
        let store: Store = "postgres://hub:secret@db/feed".parse().expect("valid");
        assert!(!format!("{store:?}").contains("secret"));
        assert_eq!(store.name(), "postgres");
    }
}
