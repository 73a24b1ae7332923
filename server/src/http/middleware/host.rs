//! The names this hub answers to. A page of another site whose name is made to point here (DNS rebinding) passes the
//! browser's same-origin rule, but its requests name that site in `Host`.

use std::{collections::HashSet, net::IpAddr};

use poem::{
    Request,
    http::{header::HOST, uri::Authority},
};

/// See the module.
#[derive(Clone, Debug)]
pub struct AllowedHosts(HashSet<String>);

impl AllowedHosts {
    /// `localhost` and IP addresses are always allowed: nobody can make those names their own. `bound` is the name that
    /// the hub listens on; `more` are those it goes by besides (`--allowed-host`).
    pub fn new<'a>(bound: &'a str, more: impl IntoIterator<Item = &'a String>) -> Self {
        AllowedHosts(
            more.into_iter().map(String::as_str).chain([bound]).map(str::to_ascii_lowercase).collect(),
        )
    }

    /// Whether a request is for this hub; an error names the host it is for. One without any host (HTTP/1.0) is from no
    /// browser. In HTTP/2 and in the absolute form the host is in the address, and counts besides a `Host` header.
    pub(in crate::http) fn check(&self, request: &Request) -> Result<(), String> {
        let in_address = request.uri().authority().map(Authority::as_str);
        let in_header = request.headers().get(HOST).map(|host| String::from_utf8_lossy(host.as_bytes()));
        for host in in_address.into_iter().chain(in_header.as_deref()) {
            if !self.allows(host) {
                return Err(host.to_owned());
            }
        }
        Ok(())
    }

    /// `host` as in the header: with or without a port.
    fn allows(&self, host: &str) -> bool {
        let Ok(authority) = host.parse::<Authority>() else { return false };
        let after_host = authority.as_str().strip_prefix(authority.host());
        let is_port =
            |text: &str| text.strip_prefix(':').is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()));
        // With a user, it does not begin with the host.
        if !after_host.is_some_and(|rest| rest.is_empty() || is_port(rest)) {
            return false;
        }
        let name = authority.host().to_ascii_lowercase();
        // The name's absolute form means the same (RFC 1034, section 3.1).
        let name = name.strip_suffix('.').unwrap_or(&name);
        let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
        address.parse::<IpAddr>().is_ok()
            || name == "localhost"
            // Not what ends in `.localhost`: some browsers ask the network's name server for it.
            || self.0.contains(name)
    }
}

/// A host name for `--allowed-host`.
pub fn host_name(text: &str) -> Result<String, String> {
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    let is_name = !name.is_empty()
        && name.len() <= 253
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'));
    if is_name { Ok(name) } else { Err("must be a host name without a port, such as hub.example.com".into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_names_are_allowed_and_no_others() {
        let hosts = AllowedHosts::new("hub", &["Desk.Example.com".to_owned()]);
        for host in [
            "localhost",
            "LOCALHOST:9080",
            "127.0.0.1",
            "127.0.0.1:9080",
            "[::1]:9080",
            "10.1.2.3",
            "hub",
            "hub:80",
            "desk.example.com",
            "desk.example.com.:9080",
        ] {
            assert!(hosts.allows(host), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:9080",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "notlocalhost",
            "",
            "desk.example.com.evil",
            "user@localhost",
            "localhost@localhost",
            "local host",
            "localhost:port",
            "xlocalhost",
            "a.localhost",
            "[::1",
            "1.2.3.4.5",
        ] {
            assert!(!hosts.allows(host), "{host}");
        }
    }

    #[test]
    fn an_allowed_host_is_a_name_alone() {
        assert_eq!(host_name("Hub.Example.com."), Ok("hub.example.com".into()));
        for wrong in ["", "hub:80", "https://hub", "hub/path", "*"] {
            assert!(host_name(wrong).is_err(), "{wrong}");
        }
    }
}
