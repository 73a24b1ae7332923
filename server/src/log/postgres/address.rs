//! Where the database is, as `--store postgres://…` says it: what libpq takes, and the name of our schema.

use std::{path::PathBuf, time::Duration};

use tokio_postgres::{
    Config,
    config::{Host, SslMode, TargetSessionAttrs},
};

/// The schema of a feed, where the address names none.
const DEFAULT_SCHEMA: &str = "notifyhub";

/// The longest one server may take to be connected to; several may be named.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// The longest that what was sent may stay without an acknowledgement by the other machine.
const USER_TIMEOUT: Duration = Duration::from_secs(5);

/// See the module.
#[derive(Clone)]
pub(super) struct Address {
    /// At least one.
    pub(super) servers: Vec<Server>,
    pub(super) schema: String,
    pub(super) verification: Verification,
    /// For messages: without the password.
    pub(super) place: String,
}

/// One of the servers that an address names.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) config: Config,
    /// For messages, as `db.example.com:5432`.
    pub(super) place: String,
}

/// How far the server's certificate is checked, where the connection is encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verification {
    /// Not at all: `sslmode=prefer` and `require`, as for libpq.
    None,
    /// It must be vouched for by a certificate in this file, and name the host: `verify-full`.
    Full(PathBuf),
}

/// The address cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("--store postgres://…: {0}")]
pub struct InvalidAddress(String);

impl Address {
    /// Parses it. No error holds the password.
    pub(super) fn parse(url: &str) -> Result<Self, InvalidAddress> {
        let invalid = |reason: String| InvalidAddress(reason);
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let mut schema = DEFAULT_SCHEMA.to_owned();
        let mut verifies = false;
        let mut root_certificates = None;
        let mut passed_on = Vec::new();
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let value = percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned();
            match (name, value.as_str()) {
                ("schema", _) => schema = value,
                ("sslrootcert", _) => root_certificates = Some(PathBuf::from(value)),
                ("sslmode", "verify-full") => verifies = true,
                ("sslmode", "verify-ca") => {
                    return Err(invalid("sslmode=verify-ca is not known here; use verify-full".into()));
                }
                _ => passed_on.push(parameter),
            }
        }
        if !is_plain_name(&schema) {
            return Err(invalid(format!(
                "schema={schema} is not a name of lower-case letters, digits and _, such as notifyhub"
            )));
        }
        let verification = match (verifies, root_certificates) {
            (true, Some(file)) => Verification::Full(file),
            (false, None) => Verification::None,
            (true, None) => {
                return Err(invalid(
                    "sslmode=verify-full needs sslrootcert=FILE, such as /etc/ssl/certs/ca-certificates.crt"
                        .into(),
                ));
            }
            (false, Some(_)) => {
                return Err(invalid("sslrootcert=FILE is used with sslmode=verify-full only".into()));
            }
        };
        let url =
            if passed_on.is_empty() { base.to_owned() } else { format!("{base}?{}", passed_on.join("&")) };
        let mut config: Config = url.parse().map_err(|error: tokio_postgres::Error| {
            let cause =
                std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            invalid(format!("{error}{cause}; write for example postgres://USER@HOST:5432/DATABASE"))
        })?;
        if config.get_hosts().is_empty() {
            return Err(invalid(
                "name a host: postgres://USER@HOST/DATABASE, or ?host=/run/postgresql".into(),
            ));
        }
        if config.get_user().is_none() {
            return Err(invalid("name a user: postgres://USER@HOST/DATABASE".into()));
        }
        if verifies {
            config.ssl_mode(SslMode::Require);
        }
        if config.get_application_name().is_none() {
            config.application_name("notifyhub");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(USER_TIMEOUT);
        }
        // Of several servers the one that takes writes.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        let servers = servers(&config);
        let places: Vec<_> = servers.iter().map(|server| server.place.as_str()).collect();
        let database = config.get_dbname().or(config.get_user()).unwrap_or_default();
        let place = format!("database {database} at {}", places.join(", "));
        Ok(Address { servers, schema, verification, place })
    }
}

fn is_plain_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    !name.is_empty()
        && name.len() <= 48
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && !name.starts_with("pg_")
        && name.bytes().all(is_plain)
}

/// Each with all that is said of them together.
fn servers(config: &Config) -> Vec<Server> {
    let ports = config.get_ports();
    let hosts = config.get_hosts().iter().enumerate();
    hosts
        .map(|(number, host)| {
            let port = ports.get(number).or(ports.first()).copied().unwrap_or(5432);
            let mut one = without_host(config);
            one.port(port);
            if let Some(address) = config.get_hostaddrs().get(number) {
                one.hostaddr(*address);
            }
            let place = match host {
                Host::Tcp(name) => {
                    one.host(name);
                    format!("{name}:{port}")
                }
                Host::Unix(path) => {
                    one.host_path(path);
                    format!("{}/.s.PGSQL.{port}", path.display())
                }
            };
            Server { config: one, place }
        })
        .collect()
}

/// All but the hosts, which cannot be taken out.
fn without_host(config: &Config) -> Config {
    let mut copy = Config::new();
    copy.ssl_mode(config.get_ssl_mode())
        .ssl_negotiation(config.get_ssl_negotiation())
        .channel_binding(config.get_channel_binding())
        .target_session_attrs(config.get_target_session_attrs())
        .keepalives(config.get_keepalives())
        .keepalives_idle(config.get_keepalives_idle());
    config.get_user().map(|user| copy.user(user));
    config.get_password().map(|password| copy.password(password));
    config.get_dbname().map(|name| copy.dbname(name));
    config.get_options().map(|options| copy.options(options));
    config.get_application_name().map(|name| copy.application_name(name));
    config.get_connect_timeout().map(|timeout| copy.connect_timeout(*timeout));
    config.get_tcp_user_timeout().map(|timeout| copy.tcp_user_timeout(*timeout));
    config.get_keepalives_interval().map(|interval| copy.keepalives_interval(interval));
    config.get_keepalives_retries().map(|retries| copy.keepalives_retries(retries));
    copy
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(url: &str) -> String {
        match Address::parse(url) {
            Ok(address) => panic!("{url} is {}", address.place),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn an_address_is_libpqs_with_the_name_of_a_schema() {
        let address = Address::parse(
            "postgres://hub:secret@a:1,b:2/feed?schema=second&sslmode=verify-full&sslrootcert=%2Fx%20y",
        )
        .expect("valid");
        assert_eq!(
            (address.schema.as_str(), address.place.as_str()),
            ("second", "database feed at a:1, b:2")
        );
        assert_eq!(address.verification, Verification::Full("/x y".into()));
        let passwords = address.servers.iter().map(|server| server.config.get_password());
        assert!(passwords.eq([Some(&b"secret"[..]); 2]));
        let ports: Vec<_> = address.servers.iter().map(|server| server.config.get_ports()).collect();
        assert_eq!(ports, [[1], [2]]);
        assert_eq!(address.servers[1].config.get_ssl_mode(), SslMode::Require);
        let address = Address::parse("postgresql://hub@/feed?host=/run/postgresql").expect("valid");
        assert_eq!(address.place, "database feed at /run/postgresql/.s.PGSQL.5432");
        assert_eq!((address.schema.as_str(), address.verification), ("notifyhub", Verification::None));
    }

    #[test]
    fn what_is_wrong_is_told_without_the_password() {
        for (url, expected) in [
            ("postgres://", "name a host"),
            ("postgres://db/feed", "name a user"),
            ("postgres://hub:secret@db/feed?schema=My", "schema=My"),
            ("postgres://hub:secret@db/feed?schema=pg_x", "schema=pg_x"),
            ("postgres://hub:secret@db/feed?nonsense=1", "nonsense"),
            ("postgres://hub:secret@db:port/feed", "invalid"),
            ("postgres://hub:secret@db/feed?sslmode=verify-full", "sslrootcert"),
            ("postgres://hub:secret@db/feed?sslmode=verify-ca", "verify-full"),
            ("postgres://hub:secret@db/feed?sslrootcert=/x", "verify-full"),
        ] {
            let error = error(url);
            assert!(error.contains(expected) && !error.contains("secret"), "{url}: {error}");
        }
    }
}
