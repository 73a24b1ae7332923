//! Which push services the hub sends to. Whoever may subscribe names an address that the hub then talks to, from where
//! it stands: so it talks to https on public addresses only, and to what its operator names.

use std::{
    collections::HashSet,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
};

use url::{Host, Url};

/// The longest address of a subscription, in bytes. Those of browsers have 200 to 700.
const MAX_ENDPOINT_BYTES: usize = 2048;

/// A push service on this machine or a private network, for `--allow-push-service`: scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PrivateService(String);

impl FromStr for PrivateService {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong =
            "must be http:// or https://, a host and, if need be, a port, such as http://push.lan:8090";
        let url = Url::parse(text).map_err(|_| wrong)?;
        let is_origin = matches!(url.scheme(), "http" | "https")
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if is_origin { Ok(PrivateService(url.origin().ascii_serialization())) } else { Err(wrong) }
    }
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct Services {
    private: HashSet<String>,
}

impl Services {
    pub(super) fn new(private: &[PrivateService]) -> Self {
        Services { private: private.iter().map(|PrivateService(origin)| origin.clone()).collect() }
    }

    /// The address of a subscription, if the hub sends there; else what is wrong with it.
    pub(super) fn check(&self, endpoint: &str) -> Result<Url, String> {
        if endpoint.len() > MAX_ENDPOINT_BYTES {
            return Err(format!("`endpoint` must have at most {MAX_ENDPOINT_BYTES} bytes"));
        }
        let url = Url::parse(endpoint)
            .map_err(|error| format!("`endpoint` must be the address that the browser gave: {error}"))?;
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err("`endpoint` must be an address without user, password and fragment".into());
        }
        if self.is_private(&url) {
            return Ok(url);
        }
        let unless = "unless the hub was started with --allow-push-service and its scheme, host and port";
        if url.scheme() != "https" {
            return Err(format!("`endpoint` must begin with https://, {unless}"));
        }
        if url.port().is_some() {
            return Err(format!("`endpoint` must have the port of https, {unless}"));
        }
        match url.host() {
            Some(Host::Domain(_)) => Ok(url),
            _ => Err(format!("`endpoint` must name its host, and not by a number, {unless}")),
        }
    }

    /// Where to connect to. A name is looked up each time, and what it stands for is looked at: whoever owns a name can
    /// have it point anywhere.
    pub(super) async fn addresses(&self, endpoint: &Url) -> io::Result<Vec<SocketAddr>> {
        let port = endpoint.port_or_known_default().unwrap_or_default();
        let found: Vec<SocketAddr> = match endpoint.host() {
            Some(Host::Domain(name)) => tokio::net::lookup_host((name, port)).await?.collect(),
            Some(Host::Ipv4(address)) => vec![SocketAddr::new(address.into(), port)],
            Some(Host::Ipv6(address)) => vec![SocketAddr::new(address.into(), port)],
            None => Vec::new(),
        };
        if self.is_private(endpoint) {
            return Ok(found);
        }
        let public: Vec<_> = found.into_iter().filter(|address| is_public(address.ip())).collect();
        if public.is_empty() {
            return Err(io::Error::other("its name stands for no public address"));
        }
        Ok(public)
    }

    fn is_private(&self, endpoint: &Url) -> bool {
        self.private.contains(&endpoint.origin().ascii_serialization())
    }
}

/// Whether an address is one of the public Internet (the IANA special-purpose registries, RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        // This network; shared by the customers of a provider; protocol assignments; benchmarks; multicast, reserved.
        || a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (18..20).contains(&b))
        || a >= 224;
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let parts = address.segments();
    let embedded = |at: usize| {
        let ([a, b], [c, d]) = (parts[at].to_be_bytes(), parts[at + 1].to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match parts[0] {
        // Translated to IPv4 (RFC 6052), and 6to4 (RFC 3056).
        0x64 if parts[1] == 0xff9b && parts[2..4] == [0, 0] => embedded(6),
        0x2002 => embedded(1),
        // Protocol assignments and Teredo; documentation.
        0x2001 => parts[1] >= 0x0200 && parts[1] != 0x0db8,
        0x3fff => parts[1] >= 0x1000,
        first => (0x2000..0x4000).contains(&first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_on_a_named_host_is_sent_to_and_what_the_operator_names() {
        let services = Services::new(&[
            "http://127.0.0.1:8090".parse().expect("valid"),
            "https://push.lan".parse().expect("valid"),
        ]);
        for right in [
            "https://fcm.googleapis.com/fcm/send/abc",
            "https://updates.push.services.mozilla.com/wpush/v2/abc",
            "http://127.0.0.1:8090/one",
            "https://push.lan/two",
        ] {
            assert!(services.check(right).is_ok(), "{right}");
        }
        for (wrong, why) in [
            ("file:///etc/passwd", "https://"),
            ("http://push.example/x", "https://"),
            ("http://127.0.0.1:8091/x", "https://"),
            ("https://push.example:8443/x", "port"),
            ("https://127.0.0.1/x", "by a number"),
            ("https://[::1]/x", "by a number"),
            ("https://0x7f000001/x", "by a number"),
            ("https://user@push.example/x", "without user"),
            ("https://push.example/x#y", "without user"),
            ("not an address", "that the browser gave"),
            ("", "that the browser gave"),
        ] {
            let refused = services.check(wrong).expect_err(wrong);
            assert!(refused.contains(why), "{wrong}: {refused}");
        }
        assert!(services.check(&format!("https://push.example/{}", "x".repeat(2048))).is_err());
    }

    #[tokio::test]
    async fn a_name_that_stands_for_this_machine_is_not_connected_to() {
        let endpoint = Url::parse("https://localhost/x").expect("valid");
        assert!(Services::default().addresses(&endpoint).await.is_err());
        let services = Services::new(&["https://localhost".parse().expect("valid")]);
        assert!(services.addresses(&endpoint).await.is_ok_and(|found| !found.is_empty()));
    }

    #[test]
    fn addresses_of_private_networks_are_not_public() {
        for public in ["1.1.1.1", "142.250.74.110", "2a00:1450:4001:829::200a", "64:ff9b::101:101"] {
            assert!(is_public(public.parse().expect("an address")), "{public}");
        }
        for other in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.1",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "2002:a00:1::",
            "2001::1",
            "2001:db8::1",
        ] {
            assert!(!is_public(other.parse().expect("an address")), "{other}");
        }
    }

    #[test]
    fn a_private_service_is_an_origin() {
        assert!("http://push.lan:8090/".parse::<PrivateService>().is_ok());
        for wrong in
            ["push.lan", "ftp://push.lan", "http://push.lan/x", "http://user@push.lan", "http://push.lan?x"]
        {
            assert!(wrong.parse::<PrivateService>().is_err(), "{wrong}");
        }
    }
}
