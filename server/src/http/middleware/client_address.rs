//! Which address a request comes from: the connection's, or, where that is a proxy of ours, the one the proxy names.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;
use poem::{Request, http::HeaderMap};

/// The proxies whose word counts (`--trusted-proxy`).
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Exactly these.
    pub fn new(networks: &[IpNet]) -> Self {
        TrustedProxies(networks.to_vec())
    }

    /// Whether an address is one of theirs.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Where a request comes from.
    pub(in crate::http) fn client_of(&self, request: &Request) -> Option<IpAddr> {
        let peer = request.remote_addr().as_socket_addr()?.ip().to_canonical();
        Some(self.client(peer, request.headers()))
    }

    /// Where a request with these headers comes from that `peer` sent.
    ///
    /// Each proxy adds the address it was asked by at the end of `X-Forwarded-For`. What stands before the last one
    /// that a trusted proxy wrote may be anybody's invention.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer;
        let forwarded = headers.get_all("X-Forwarded-For").iter().rev();
        // A value that is no text is no address either, and is not skipped: what stands before it is nobody's word.
        let mut addresses = forwarded.flat_map(|value| value.to_str().unwrap_or_default().rsplit(','));
        while self.contains(client) {
            let Some(Ok(before)) = addresses.next().map(|address| address.trim().parse::<IpAddr>()) else {
                break;
            };
            client = before.to_canonical();
        }
        client
    }
}

/// Whoever has one IPv6 address has the 2^64 of its network.
pub(super) fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// An address or a network for `--trusted-proxy`.
pub fn network(text: &str) -> Result<IpNet, String> {
    let wrong = |_| "must be an address or a network, such as 127.0.0.1 or 10.0.0.0/8".to_owned();
    match text.parse::<IpAddr>() {
        Ok(address) => Ok(address.into()),
        Err(_) => text.parse().map_err(wrong),
    }
}

#[cfg(test)]
mod tests {
    use poem::http::HeaderValue;

    use super::*;

    #[test]
    fn only_what_a_trusted_proxy_wrote_counts() {
        let proxies = TrustedProxies::new(&[
            network("127.0.0.1").expect("valid"),
            network("10.0.0.0/8").expect("valid"),
        ]);
        let cases: [(&str, &[&str], &str); 9] = [
            ("192.0.2.1", &["198.51.100.7"], "192.0.2.1"),
            ("127.0.0.1", &["198.51.100.7"], "198.51.100.7"),
            ("::ffff:127.0.0.1", &["198.51.100.7"], "198.51.100.7"),
            ("127.0.0.1", &["203.0.113.9, 198.51.100.7, 10.1.1.1"], "198.51.100.7"),
            ("127.0.0.1", &["203.0.113.9", "198.51.100.7"], "198.51.100.7"),
            ("127.0.0.1", &["198.51.100.7, nonsense"], "127.0.0.1"),
            ("127.0.0.1", &["198.51.100.7", "\u{ff}"], "127.0.0.1"),
            ("127.0.0.1", &["198.51.100.7, "], "127.0.0.1"),
            ("127.0.0.1", &[], "127.0.0.1"),
        ];
        for (peer, forwarded, expected) in cases {
            let mut headers = HeaderMap::new();
            for value in forwarded {
                headers.append("X-Forwarded-For", HeaderValue::from_bytes(value.as_bytes()).expect("valid"));
            }
            let client = proxies.client(peer.parse().expect("an address"), &headers);
            assert_eq!(client.to_string(), expected, "{peer} {forwarded:?}");
        }
    }
}
