//! Reaching the hub: where it is, and with what. `delivery` is what is sent; `request` sends it, with patience.

pub(crate) mod delivery;
pub(crate) mod request;

use std::{net::Ipv6Addr, path::PathBuf};

use clap::Args;
use notifyhub_sdk::{Client, ClientInfo as _, ConnectError, ConnectOptions, addresses, without_password};

use crate::{
    Misuse,
    configuration::{Configuration, DEFAULT_URL, first_set},
    values::port,
};

/// How a command finds the hub.
#[derive(Debug, Default, Args)]
pub(crate) struct HubOptions {
    /// The hub's port.
    #[arg(long, short, value_name = "PORT", conflicts_with = "url", value_parser = port)]
    port: Option<u16>,

    /// The hub's host name or address.
    #[arg(long, value_name = "HOST", conflicts_with = "url")]
    host: Option<String>,

    /// The hub's address, such as https://example.com/hub [default: http://localhost:9080]. --port and --host
    /// count more than NOTIFYHUB_URL. Hubs that share one feed are separated by commas: the next is asked when one does not
    /// answer. Where a proxy before the hub asks for a user and password:
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
}

/// A hub that can be asked, or several that share one feed. Nothing has been sent yet.
pub(crate) struct Hub {
    pub(crate) client: Client,
    /// As it is shown to people.
    pub(crate) address: String,
}

/// Which of several hubs has answered, as it is shown to people; none, if there is one.
pub(crate) fn answering(client: &Client) -> Option<String> {
    client.inner().current().map(without_password)
}

/// Where the hub is and how it is asked; and, of what no option says, what does.
struct Target {
    address: String,
    address_said_by: Option<String>,
    options: ConnectOptions,
    token_said_by: Option<String>,
}

impl HubOptions {
    /// The hub that is meant.
    pub(crate) fn connect(&self, configuration: &Configuration) -> Result<Hub, Misuse> {
        let target = self.target(configuration)?;
        target.hub_at(&target.address)
    }

    /// Each of the hubs that are meant by itself.
    pub(crate) fn connect_each(&self, configuration: &Configuration) -> Result<Vec<Hub>, Misuse> {
        let target = self.target(configuration)?;
        addresses(&target.address).into_iter().map(|address| target.hub_at(address)).collect()
    }

    fn target(&self, configuration: &Configuration) -> Result<Target, Misuse> {
        let mut options = ConnectOptions::default();
        let token = first_set("token", self.token.as_ref(), configuration.token.as_ref());
        if let Some(token) = &token {
            options = options.publish_token(token.text);
        }
        let named = self.ca_cert.as_ref().filter(|path| !path.as_os_str().is_empty());
        if let Some(path) = named.or(configuration.ca_cert.as_ref().map(|setting| &setting.value)) {
            let said_by = configuration
                .ca_cert
                .as_ref()
                .filter(|setting| setting.value == *path)
                .map_or_else(|| "--ca-cert".to_owned(), |setting| setting.told("ca_cert"));
            let told = |reason: String| format!("{}: {reason} ({said_by})", path.display());
            let pem = std::fs::read(path)
                .map_err(|error| told(format!("the certificate cannot be read: {error}")))?;
            options = options.trust_certificates(&pem).map_err(|error| told(error.to_string()))?;
        }
        let (address, address_said_by) = self.address(configuration)?;
        Ok(Target { address, address_said_by, options, token_said_by: token.map(|token| token.by) })
    }

    /// The hub's address, and what says it, if no option does.
    fn address(&self, configuration: &Configuration) -> Result<(String, Option<String>), Misuse> {
        if let Some(url) = &self.url {
            return Ok((url.clone(), None));
        }
        match (&self.host, self.port, &configuration.url) {
            (None, None, Some(url)) => Ok((url.value.clone(), Some(url.told("url")))),
            (None, None, None) => Ok((DEFAULT_URL.to_owned(), None)),
            (host, port, _) => {
                let host = host.as_deref().map_or_else(|| Ok("localhost".to_owned()), host_in_url)?;
                Ok((format!("http://{host}:{}", port.unwrap_or(9080)), None))
            }
        }
    }
}

/// An IPv6 address stands in brackets in a URL (RFC 3986, section 3.2.2).
fn host_in_url(host: &str) -> Result<String, Misuse> {
    if host.parse::<Ipv6Addr>().is_ok() {
        Ok(format!("[{host}]"))
    } else if host.starts_with('[') || !host.contains([':', '/']) {
        Ok(host.to_owned())
    } else {
        Err(format!(
            "--host {host:?} must be a name or an IP address alone: the port goes after --port, a whole address such as \
             http://localhost:9080 after --url"
        ))
    }
}

impl Target {
    fn hub_at(&self, address: &str) -> Result<Hub, Misuse> {
        let client = self.options.connect(address).map_err(|error| {
            let (address, token) = (self.address_said_by.as_deref(), self.token_said_by.as_deref());
            let said_by = match &error {
                ConnectError::Address(..) => [address, None],
                ConnectError::Token => [None, token],
                ConnectError::TwoCredentials(_) => [address, token],
                _ => [None, None],
            };
            let said_by: Vec<_> = said_by.into_iter().flatten().collect();
            if said_by.is_empty() { error.to_string() } else { format!("{error} ({})", said_by.join("; ")) }
        })?;
        Ok(Hub { client, address: without_password(address) })
    }
}
