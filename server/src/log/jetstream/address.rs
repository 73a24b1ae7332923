//! Where the brokers are and which stream is meant, as `--store nats://…` says it.

use std::{fmt, num::NonZeroU8, path::PathBuf, str::FromStr};

use percent_encoding::percent_decode_str;

/// The port of a NATS server, where none is named.
const DEFAULT_PORT: u16 = 4222;

/// How many copies of the stream the brokers keep, where nothing else is said: as many as survive the loss of one.
const DEFAULT_REPLICAS: u8 = 3;

/// See the module.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// `nats://host:port` or `tls://host:port` of each broker.
    pub(super) servers: Vec<String>,
    pub(super) user: Option<(String, String)>,
    /// What all clients show, where the brokers know no users.
    pub(super) token: Option<String>,
    /// A file with a user's credentials, as `nsc` writes it.
    pub(super) credentials: Option<PathBuf>,
    /// The certificates that vouch for the brokers, in PEM, in the place of those of the system.
    pub(super) authority: Option<PathBuf>,
    pub(super) stream: String,
    pub(super) replicas: NonZeroU8,
    /// The log begins a new stretch: it was put back to what it was earlier.
    pub(super) is_restored: bool,
    /// It is being filled from another log; no hub uses it yet.
    pub(super) is_being_filled: bool,
}

/// Why an address is refused: what was wrong and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAddress {
    /// It is another kind of address.
    #[error("must begin with nats:// or tls://")]
    Scheme,
    /// A broker's name is missing.
    #[error("must name at least one broker, such as nats://broker-1:4222,broker-2:4222")]
    Host,
    /// A port is none.
    #[error("{0:?} is no port: write for example nats://broker-1:4222")]
    Port(String),
    /// The stream cannot have this name.
    #[error("{0:?} cannot be the name of a stream: use letters, digits, - and _")]
    Stream(String),
    /// A number of copies that no stream can have.
    #[error("{0:?} cannot be how many copies there are: write replicas=1, 3 or 5")]
    Replicas(String),
    /// Nobody knows this setting.
    #[error("{0:?} is no setting: there are stream, replicas, creds, ca and restored")]
    Setting(String),
}

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scheme, rest) = text.split_once("://").ok_or(InvalidAddress::Scheme)?;
        if !["nats", "tls"].contains(&scheme) {
            return Err(InvalidAddress::Scheme);
        }
        let (authority, settings) = rest.split_once('?').unwrap_or((rest, ""));
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        let (shown, hosts) = match authority.rsplit_once('@') {
            Some((shown, hosts)) => (Some(shown), hosts),
            None => (None, authority),
        };
        let user = shown.and_then(|shown| shown.split_once(':'));
        let token = shown.filter(|_| user.is_none()).map(decoded);
        let servers = hosts.split(',').map(|host| server(scheme, host)).collect::<Result<Vec<_>, _>>()?;
        let mut address = Address {
            servers,
            user: user.map(|(name, password)| (decoded(name), decoded(password))),
            token,
            credentials: None,
            authority: None,
            stream: "notifyhub".into(),
            replicas: NonZeroU8::new(DEFAULT_REPLICAS).expect("not zero"),
            is_restored: false,
            is_being_filled: false,
        };
        for setting in settings.split('&').filter(|setting| !setting.is_empty()) {
            let (name, value) = setting.split_once('=').unwrap_or((setting, ""));
            let value = decoded(value);
            match name {
                "stream" => {
                    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
                    if value.is_empty() || value.len() > 64 || !value.chars().all(is_plain) {
                        return Err(InvalidAddress::Stream(value));
                    }
                    address.stream = value;
                }
                "replicas" => {
                    let replicas =
                        value.parse().ok().filter(|replicas: &NonZeroU8| [1, 3, 5].contains(&replicas.get()));
                    address.replicas = replicas.ok_or(InvalidAddress::Replicas(value))?;
                }
                "creds" => address.credentials = Some(value.into()),
                "ca" => address.authority = Some(value.into()),
                "restored" if ["", "true", "false"].contains(&value.as_str()) => {
                    address.is_restored = value != "false";
                }
                _ => return Err(InvalidAddress::Setting(setting.to_owned())),
            }
        }
        Ok(address)
    }
}

impl Address {
    /// What is shown to the brokers, in words and without the secret.
    pub(super) fn shown(&self) -> String {
        if let Some(path) = &self.credentials {
            return format!("the credentials in {}", path.display());
        }
        match (&self.user, &self.token) {
            (Some((name, _)), _) => format!("the user {name:?} with this password"),
            (None, Some(_)) => "this token".into(),
            (None, None) => "whoever shows neither user and password, nor a token, nor credentials".into(),
        }
    }
}

/// Without the password.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (stream {}, {} replicas)", self.servers.join(", "), self.stream, self.replicas)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn server(scheme: &str, host: &str) -> Result<String, InvalidAddress> {
    // The colons of an IPv6 address are in brackets.
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => {
            (name, port.parse::<u16>().map_err(|_| InvalidAddress::Port(port.to_owned()))?)
        }
        _ => (host, DEFAULT_PORT),
    };
    if name.is_empty() {
        return Err(InvalidAddress::Host);
    }
    Ok(format!("{scheme}://{name}:{port}"))
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_users_and_settings_are_understood() {
        let address: Address = "nats://a,b:5000,[::1]:6000".parse().expect("valid");
        assert_eq!(address.servers, ["nats://a:4222", "nats://b:5000", "nats://[::1]:6000"]);
        assert_eq!((address.stream.as_str(), address.replicas.get()), ("notifyhub", 3));
        let address: Address =
            "tls://hub:p%40ss@a/?stream=feed-2&replicas=1&creds=/etc/hub.creds&ca=/etc/ca.pem&restored"
                .parse()
                .expect("valid");
        assert_eq!(address.servers, ["tls://a:4222"]);
        assert_eq!(address.user, Some(("hub".into(), "p@ss".into())));
        assert_eq!((address.stream.as_str(), address.replicas.get()), ("feed-2", 1));
        assert_eq!(address.credentials, Some("/etc/hub.creds".into()));
        assert_eq!(address.authority, Some("/etc/ca.pem".into()));
        assert!(address.is_restored);
        assert!(!format!("{address} {address:?}").contains("ss"), "no password is shown");
        let address: Address = "nats://a%40b@a".parse().expect("valid");
        assert_eq!((address.user.as_ref(), address.token.as_deref()), (None, Some("a@b")));
        assert!(!format!("{address} {address:?}").contains("a@b"), "no token is shown");
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, expected) in [
            ("postgres://a", InvalidAddress::Scheme),
            ("a:4222", InvalidAddress::Scheme),
            ("nats://", InvalidAddress::Host),
            ("nats://a,", InvalidAddress::Host),
            ("nats://a:port", InvalidAddress::Port("port".into())),
            ("nats://a?stream=a.b", InvalidAddress::Stream("a.b".into())),
            ("nats://a?replicas=2", InvalidAddress::Replicas("2".into())),
            ("nats://a?copies=3", InvalidAddress::Setting("copies=3".into())),
        ] {
            assert_eq!(text.parse::<Address>(), Err(expected), "{text}");
        }
    }
}
