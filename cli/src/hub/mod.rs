//! Reaching the hub: where it is, and with what. `delivery` is what is sent; `request` sends it, with patience.

pub(crate) mod delivery;
pub(crate) mod request;

use std::path::PathBuf;

use clap::Args;
use notifyhub_sdk::{Client, ClientInfo as _, ConnectOptions, addresses, without_password};

use crate::{
    Misuse,
    configuration::{Configuration, DEFAULT_URL, first_set},
};

/// How a command finds the hub.
#[derive(Debug, Default, Args)]
pub(crate) struct HubOptions {
    /// The hub's port.
    #[arg(long, short, value_name = "PORT", conflicts_with = "url")]
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

impl Hub {
    fn at(options: &ConnectOptions, address: &str) -> Result<Self, Misuse> {
        let client = options.connect(address).map_err(|error| error.to_string())?;
        Ok(Hub { client, address: without_password(address) })
    }
}

/// Which of several hubs has answered, as it is shown to people; none, if there is one.
pub(crate) fn answering(client: &Client) -> Option<String> {
    client.inner().current().map(without_password)
}

impl HubOptions {
    /// The hub that is meant.
    pub(crate) fn connect(&self, configuration: &Configuration) -> Result<Hub, Misuse> {
        Hub::at(&self.options(configuration)?, &self.address(configuration))
    }

    /// Each of the hubs that are meant by itself.
    pub(crate) fn connect_each(&self, configuration: &Configuration) -> Result<Vec<Hub>, Misuse> {
        let options = self.options(configuration)?;
        addresses(&self.address(configuration))
            .into_iter()
            .map(|address| Hub::at(&options, address))
            .collect()
    }

    fn options(&self, configuration: &Configuration) -> Result<ConnectOptions, Misuse> {
        let mut options = ConnectOptions::default();
        if let Some(token) = first_set(self.token.as_ref(), configuration.token.as_ref()) {
            options = options.publish_token(token);
        }
        let named = self.ca_cert.as_ref().filter(|path| !path.as_os_str().is_empty());
        if let Some(path) = named.or(configuration.ca_cert.as_ref().map(|setting| &setting.value)) {
            let pem = std::fs::read(path)
                .map_err(|error| format!("cannot read the certificate in {}: {error}", path.display()))?;
            options =
                options.trust_certificates(&pem).map_err(|error| format!("{}: {error}", path.display()))?;
        }
        Ok(options)
    }

    /// The hub's address.
    fn address(&self, configuration: &Configuration) -> String {
        if let Some(url) = &self.url {
            return url.clone();
        }
        match (&self.host, self.port, &configuration.url) {
            (None, None, Some(url)) => url.value.clone(),
            (None, None, None) => DEFAULT_URL.to_owned(),
            (host, port, _) => {
                let host = host.as_deref().unwrap_or("localhost");
                // An IPv6 address stands in brackets in a URL (RFC 3986, section 3.2.2).
                let host = if host.contains(':') && !host.starts_with('[') {
                    format!("[{host}]")
                } else {
                    host.to_owned()
                };
                format!("http://{host}:{}", port.unwrap_or(9080))
            }
        }
    }
}
