//! The command line and the environment, parsed and checked before anything is opened. Every option can also
//! be set as `NOTIFYHUB_…`.

mod store;

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    num::{NonZeroU64, NonZeroUsize},
    path::PathBuf,
    time::Duration,
};

use clap::{Parser, Subcommand, ValueEnum, builder::BoolishValueParser};
use url::Url;

pub use self::store::{MoveOptions, Store, StoreUrl};
use crate::{
    health::hub_url,
    http::middleware::{
        client_address::network, host::host_name, origin::Origin, rate_limit::Rate, token::Secret,
    },
    log::sqlite::Durability,
    web_push::{Contact, PrivateService},
};

/// One self-hosted feed of notifications, pushed to every open browser and subscriber the moment they are
/// posted.
///
/// Without any option the hub listens on this machine only, port 9080, and keeps its notifications in your
/// data directory. Open `http://localhost:9080` in a browser, then run: notifyhub-push "Hello"
#[derive(Clone, Debug, Parser)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
#[command(name = "notifyhub-server", version, max_term_width = 100, after_help = AFTER_HELP)]
pub struct Config {
    /// What to do instead of running the hub.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// The address to listen on: an IP address or a host name. `0.0.0.0` or `::` lets other machines in: whoever
    /// reaches the hub can read it, and without --publish-token post and delete too.
    #[arg(long, env = "NOTIFYHUB_HOST", default_value = "127.0.0.1", value_name = "ADDRESS")]
    pub host: String,

    /// The port to listen on; 0 picks a free one.
    #[arg(long, short, env = "NOTIFYHUB_PORT", default_value_t = 9080, value_name = "PORT")]
    pub port: u16,

    /// Where notifications are kept between runs: `sqlite`, one file in the data directory, or in another one
    /// (`sqlite:DIR`); `memory`, nothing is left after a stop; `postgres://USER@HOST/DATABASE` or `nats://HOST,HOST,HOST`
    /// (JetStream), which several hubs may share. Other users of this machine see the command line: for an address with a
    /// password prefer the environment, or --store-file.
    #[arg(
        long,
        env = "NOTIFYHUB_STORE",
        default_value = "sqlite",
        value_name = "STORE",
        hide_env_values = true
    )]
    pub store: Store,

    /// A file that says in one line what --store would.
    #[arg(long, env = "NOTIFYHUB_STORE_FILE", value_name = "FILE", conflicts_with = "store")]
    pub store_file: Option<PathBuf>,

    /// The directory of the database [default: notifyhub in your data directory, e.g.
    /// ~/.local/share/notifyhub].
    #[arg(long, env = "NOTIFYHUB_DATA_DIR", value_name = "DIR", global = true)]
    pub data_dir: Option<PathBuf>,

    /// How safe an acknowledged notification is in the SQLite file [default: full].
    #[arg(long, env = "NOTIFYHUB_DURABILITY", value_enum)]
    pub durability: Option<Durability>,

    /// How many notifications are kept; the oldest beyond that are dropped. Open ones are kept besides.
    #[arg(long, env = "NOTIFYHUB_MAX_NOTIFICATIONS", default_value = "1000", value_name = "N")]
    pub max_notifications: NonZeroU64,

    /// Drop notifications that are older than this, for example 30d; open ones stay [default: no such limit].
    #[arg(long, env = "NOTIFYHUB_MAX_AGE", value_name = "TIME", value_parser = positive_duration)]
    pub max_age: Option<Duration>,

    /// How often each event stream shows that it is alive.
    #[arg(long, env = "NOTIFYHUB_HEARTBEAT", default_value = "15s", value_name = "TIME", value_parser = timeout)]
    pub heartbeat: Duration,

    /// Switch streaming off: clients then poll.
    #[arg(long, env = "NOTIFYHUB_NO_SSE", value_parser = BoolishValueParser::new())]
    pub no_sse: bool,

    /// The most connections at a time; more are asked to come back later.
    #[arg(long, env = "NOTIFYHUB_MAX_CONNECTIONS", default_value = "16000", value_name = "N")]
    pub max_connections: NonZeroUsize,

    /// The most connections from one address at a time [default: no such limit].
    #[arg(long, env = "NOTIFYHUB_MAX_CONNECTIONS_PER_IP", value_name = "N")]
    pub max_connections_per_ip: Option<NonZeroUsize>,

    /// Close an event stream whose reader accepts nothing for this long.
    #[arg(long, env = "NOTIFYHUB_STALL_TIMEOUT", default_value = "10s", value_name = "TIME", value_parser = timeout)]
    pub stall_timeout: Duration,

    /// How long a stop may take: event streams are ended spread over it.
    #[arg(long, env = "NOTIFYHUB_DRAIN", default_value = "5s", value_name = "TIME", value_parser = drain)]
    pub drain: Duration,

    /// A token that publishers have to show, as NAME:TOKEN or TOKEN; may be given several times. Without any, whoever
    /// reaches the hub may post, change and delete. Other users of this machine see the command line: prefer the
    /// environment, or --publish-token-file.
    #[arg(long = "publish-token", env = "NOTIFYHUB_PUBLISH_TOKEN", value_name = "[NAME:]TOKEN", value_delimiter = ',',
        hide_env_values = true, help_heading = GUARDS)]
    pub publish_tokens: Vec<Secret>,

    /// A file with more of them, one a line. It is read again when it changes.
    #[arg(long, env = "NOTIFYHUB_PUBLISH_TOKEN_FILE", value_name = "FILE", help_heading = GUARDS)]
    pub publish_token_file: Option<PathBuf>,

    /// How often one address may post, change or delete, such as 10/s, 60/m or 1000/h [default: no such limit].
    #[arg(long, env = "NOTIFYHUB_PUBLISH_RATE", value_name = "N/UNIT", help_heading = GUARDS)]
    pub publish_rate: Option<Rate>,

    /// The secret that GitHub, Gitea and Forgejo sign their webhooks with. What is not signed with it needs a publish
    /// token.
    #[arg(long, env = "NOTIFYHUB_GITHUB_SECRET", value_name = "SECRET", hide_env_values = true, help_heading = GUARDS)]
    pub github_secret: Option<Secret>,

    /// Let GET publish without a token, as ntfy's `GET /<topic>/publish` does: then an image in any page or mail that is
    /// opened on this machine can post. With --publish-token GET needs the token, and not this.
    #[arg(long, env = "NOTIFYHUB_ALLOW_GET", value_parser = BoolishValueParser::new(), help_heading = GUARDS)]
    pub allow_get: bool,

    /// A name that the hub goes by besides localhost, its addresses and --host; may be given several times.
    #[arg(long = "allowed-host", env = "NOTIFYHUB_ALLOWED_HOST", value_name = "NAME", value_delimiter = ',',
        value_parser = host_name, help_heading = GUARDS)]
    pub allowed_hosts: Vec<String>,

    /// A page of another site that may use the hub, such as https://desk.example.com, or * for all; may be given
    /// several times.
    #[arg(long = "cors-origin", env = "NOTIFYHUB_CORS_ORIGIN", value_name = "ORIGIN", value_delimiter = ',',
        help_heading = GUARDS)]
    pub cors_origins: Vec<Origin>,

    /// The address or network of a proxy before the hub, whose X-Forwarded-For says where a request comes from; may be
    /// given several times.
    #[arg(long = "trusted-proxy", env = "NOTIFYHUB_TRUSTED_PROXY", value_name = "ADDRESS", value_delimiter = ',',
        value_parser = network, help_heading = GUARDS)]
    pub trusted_proxies: Vec<ipnet::IpNet>,

    /// Speak HTTPS with this certificate, and those that vouch for it, in PEM. Taken anew when the file changes.
    #[arg(long, env = "NOTIFYHUB_TLS_CERT", value_name = "FILE", requires = "tls_key", help_heading = ENCRYPTION)]
    pub tls_cert: Option<PathBuf>,

    /// The private key of --tls-cert, in PEM.
    #[arg(long, env = "NOTIFYHUB_TLS_KEY", value_name = "FILE", requires = "tls_cert", help_heading = ENCRYPTION)]
    pub tls_key: Option<PathBuf>,

    /// Speak HTTPS with a certificate that the hub makes and keeps in its data directory. Browsers ask once whether to
    /// trust it: compare the fingerprint that the hub prints.
    #[arg(long, env = "NOTIFYHUB_TLS_SELF_SIGNED", value_parser = BoolishValueParser::new(),
        conflicts_with = "tls_cert", help_heading = ENCRYPTION)]
    pub tls_self_signed: bool,

    /// Switch Web Push off: no device can subscribe, and the hub talks to no push service. It does so only for devices
    /// whose user has asked for it on the page.
    #[arg(long, env = "NOTIFYHUB_NO_WEB_PUSH", value_parser = BoolishValueParser::new(), help_heading = WEB_PUSH)]
    pub no_web_push: bool,

    /// Whom the makers of push services may write to if something is wrong with what the hub sends.
    #[arg(long, env = "NOTIFYHUB_WEB_PUSH_CONTACT", value_name = "URL", default_value = "mailto:notifyhub@example.com",
        help_heading = WEB_PUSH)]
    pub web_push_contact: Contact,

    /// A push service on this machine or a private network that may be sent to, as scheme, host and port, such as
    /// http://push.lan:8090; may be given several times. Others are sent to only over https, on public addresses.
    #[arg(long = "allow-push-service", env = "NOTIFYHUB_ALLOW_PUSH_SERVICE", value_name = "ORIGIN", value_delimiter = ',',
        help_heading = WEB_PUSH)]
    pub allowed_push_services: Vec<PrivateService>,

    /// Switch the page's service worker off: the page does not open while the hub is away, and there is no Web Push.
    /// Browsers that have it get rid of it when the page is opened.
    #[arg(long, env = "NOTIFYHUB_NO_SERVICE_WORKER", value_parser = BoolishValueParser::new(), help_heading = WEB_PUSH)]
    pub no_service_worker: bool,

    /// What is written to standard error.
    #[arg(long, env = "NOTIFYHUB_LOG", value_enum, default_value_t = LogLevel::Info, value_name = "LEVEL")]
    pub log: LogLevel,

    /// How it is written there. `json`: one object a line, and nothing on standard output.
    #[arg(long, env = "NOTIFYHUB_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text, value_name = "FORMAT")]
    pub log_format: LogFormat,
}

const GUARDS: &str = "Who may do what";
const ENCRYPTION: &str = "Encryption";
const WEB_PUSH: &str = "While the page is closed";

const AFTER_HELP: &str = "Times are written as 500ms, 15s or 2m. Under systemd socket activation (LISTEN_FDS) the \
    inherited sockets are used instead of --host and --port.";

/// Instead of running the hub.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Print the OpenAPI specification of the hub's API and exit.
    Openapi,
    /// Copy the database to FILE, also while a hub uses it. The copy is checked before it takes its name.
    Backup {
        /// Where to put the copy.
        file: PathBuf,
        /// Replace FILE if it is there.
        #[arg(long)]
        force: bool,
    },
    /// Say whether the database is in order, also while a hub uses it. Exits with 1 if it is not.
    Check {
        /// A copy to look at [default: the database in the data directory].
        file: Option<PathBuf>,
    },
    /// Put a copy in the place of the database, which is kept under another name. The hub must be stopped.
    Restore {
        /// The copy.
        file: PathBuf,
    },
    /// Copy a feed from one store to another that holds nothing: to several hubs, and back. Stop the hubs first. Ids, the
    /// order, what is open and the read mark are kept; event ids and idempotency keys are not, so subscribers begin afresh.
    /// --max-notifications and --max-age are the target's.
    Move(Box<MoveOptions>),
    /// Ask a running hub whether it stores what is posted: exits with 0 if so, else with 1 and the reason.
    Health {
        /// The hub's address, such as http://localhost:9081; its certificate is not checked [default: that of a hub
        /// started with the same --host, --port and --tls options].
        #[arg(long, value_name = "URL", value_parser = hub_url)]
        url: Option<Url>,
    },
    /// Print the script that completes the command line in a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page, as man reads it.
    Man,
}

/// What is written to standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// What went wrong.
    Error,
    /// And what may go wrong.
    Warn,
    /// And what happens rarely.
    Info,
    /// And what happens to each connection.
    Debug,
    /// Everything.
    Trace,
}

/// How lines of the log are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs: one JSON object a line.
    Json,
}

/// There is no place for the data.
#[derive(Debug, thiserror::Error)]
#[error("this user has no data directory; name one with --data-dir, or keep nothing with --store memory")]
pub struct NoDataDirectory;

/// Options that do not go together, or a file of options that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InvalidConfig(String);

impl Config {
    /// Takes `--store` from its file, and refuses what does not go together; before anything is opened.
    pub fn settle(&mut self) -> Result<(), InvalidConfig> {
        if let Some(path) = &self.store_file {
            self.store = Store::read(path)
                .map_err(|reason| InvalidConfig(format!("--store-file {}: {reason}", path.display())))?;
        }
        if let (Store::Sqlite(Some(directory)), Some(other)) = (&self.store, &self.data_dir)
            && directory != other
        {
            let (directory, other) = (directory.display(), other.display());
            return Err(InvalidConfig(format!(
                "--store sqlite:{directory} and --data-dir {other} name two places for the database; leave one out"
            )));
        }
        #[cfg(feature = "postgres")]
        if let Store::Postgres(url) = &self.store {
            crate::log::postgres::PostgresLog::check_address(url.secret())
                .map_err(|error| InvalidConfig(error.to_string()))?;
        }
        if self.store.is_shared() && self.durability.is_some() {
            return Err(InvalidConfig(format!(
                "--durability is about the SQLite file; how safe an acknowledged notification is in {} is set there, \
                 by whoever runs it",
                self.store.name()
            )));
        }
        Ok(())
    }

    /// Where the database is, and what else the hub keeps.
    pub fn data_directory(&self) -> Result<PathBuf, NoDataDirectory> {
        self.directory_of(&self.store)
    }

    /// Where the database of this store is: in the data directory, if it names none.
    pub fn directory_of(&self, store: &Store) -> Result<PathBuf, NoDataDirectory> {
        if let Store::Sqlite(Some(directory)) = store {
            return Ok(directory.clone());
        }
        let default = || dirs::data_local_dir().map(|directory| directory.join("notifyhub"));
        self.data_dir.clone().or_else(default).ok_or(NoDataDirectory)
    }

    /// Where a hub that was started with these options is reached on this machine.
    pub fn own_url(&self) -> Result<Url, String> {
        let scheme = if self.tls_cert.is_some() || self.tls_self_signed { "https" } else { "http" };
        let host = self.host.trim_matches(['[', ']']);
        // An address that stands for all of them is none to connect to.
        let host = match host.parse() {
            Ok(IpAddr::V4(Ipv4Addr::UNSPECIFIED)) => "127.0.0.1".to_owned(),
            Ok(IpAddr::V6(Ipv6Addr::UNSPECIFIED)) => "[::1]".to_owned(),
            Ok(IpAddr::V6(address)) => format!("[{address}]"),
            _ => host.to_owned(),
        };
        hub_url(&format!("{scheme}://{host}:{}", self.port))
    }
}

/// The longest timeout: timers of the system count milliseconds in 31 bits.
const MAX_TIMEOUT: Duration = Duration::from_hours(24 * 24);

fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| format!("{error}; write for example 15s"))
}

fn positive_duration(text: &str) -> Result<Duration, String> {
    let duration = duration(text)?;
    if duration < Duration::from_millis(1) { Err("must be at least 1ms".into()) } else { Ok(duration) }
}

fn timeout(text: &str) -> Result<Duration, String> {
    positive_duration(text).and_then(at_most_max_timeout)
}

fn drain(text: &str) -> Result<Duration, String> {
    duration(text).and_then(at_most_max_timeout)
}

fn at_most_max_timeout(duration: Duration) -> Result<Duration, String> {
    if duration > MAX_TIMEOUT { Err("must be at most 24days".into()) } else { Ok(duration) }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn every_option_can_be_set_in_the_environment() {
        for argument in Config::command().get_arguments() {
            let Some(long) = argument.get_long().filter(|long| !["help", "version"].contains(long)) else {
                continue;
            };
            let expected = format!("NOTIFYHUB_{}", long.replace('-', "_").to_uppercase());
            assert_eq!(argument.get_env().and_then(|name| name.to_str()), Some(expected.as_str()));
        }
    }

    #[test]
    fn a_hub_is_asked_where_it_listens_on_this_machine() {
        for (arguments, url) in [
            (&["--port", "81"][..], "http://127.0.0.1:81/"),
            (&["--host", "0.0.0.0"], "http://127.0.0.1:9080/"),
            (&["--host", "::"], "http://[::1]:9080/"),
            (&["--host", "[::1]"], "http://[::1]:9080/"),
            (&["--host", "hub", "--tls-self-signed"], "https://hub:9080/"),
        ] {
            let config = Config::parse_from([&["notifyhub-server"], arguments].concat());
            assert_eq!(config.own_url().expect("valid").as_str(), url);
        }
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let settle = |arguments: &[&str]| {
            let mut config = Config::parse_from([&["notifyhub-server"], arguments].concat());
            config.settle().map(|()| config).map_err(|error| error.to_string())
        };
        let config = settle(&["--store", "sqlite:/a"]).expect("valid");
        assert_eq!(config.data_directory().expect("named").to_str(), Some("/a"));
        let error = settle(&["--store", "sqlite:/a", "--data-dir", "/b"]).expect_err("two places");
        assert!(error.contains("leave one out"), "{error}");
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(&file, "memory\n").expect("writes");
        let path = file.path().to_str().expect("a path is text");
        assert_eq!(settle(&["--store-file", path]).expect("valid").store, Store::Memory);
        std::fs::write(&file, "secret").expect("writes");
        let error = settle(&["--store-file", path]).expect_err("no store");
        assert!(error.contains("there is no such store") && !error.contains("secret"), "{error}");
        let both = ["notifyhub-server", "--store-file", path, "--store", "memory"];
        assert!(Config::try_parse_from(both).is_err());
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn the_durability_of_another_engine_is_not_ours_to_set() {
        let arguments = ["notifyhub-server", "--store", "postgres://hub@db/feed", "--durability", "full"];
        let error = Config::parse_from(arguments).settle().expect_err("refused").to_string();
        assert!(error.contains("--durability is about the SQLite file"), "{error}");
    }

    #[test]
    fn the_defaults_are_valid_and_nonsense_is_refused() {
        assert!(Config::try_parse_from(["notifyhub-server"]).is_ok());
        for arguments in [
            ["--port", "99999"],
            ["--heartbeat", "0s"],
            ["--heartbeat", "soon"],
            ["--max-notifications", "0"],
        ] {
            assert!(
                Config::try_parse_from(["notifyhub-server", arguments[0], arguments[1]]).is_err(),
                "{arguments:?}"
            );
        }
    }
}
