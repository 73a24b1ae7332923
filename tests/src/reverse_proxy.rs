//! nginx, Caddy and HAProxy as processes in front of a hub, with the very files of `deploy/`. All of them are encrypted,
//! ask for a password, and have the hub under `/hub/`.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use notifyhub_sdk::{Client, ConnectOptions};
use tempfile::TempDir;

use crate::{eventually_blocking, repository, server::free_port, tls::shakes_hands};

/// Which program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// nginx.
    Nginx,
    /// Caddy.
    Caddy,
    /// HAProxy.
    HaProxy,
}

/// The user and the password that are asked for.
pub const LOGIN: (&str, &str) = ("desk", "secret");
/// The password as crypt(5) and as bcrypt hash it.
const SHA256_CRYPT: &str = "$5$notifyhub$52NCiKv1BKtIFTD9oOVWBOnob/7Ypt6sxY2KA4hMlr3";
const BCRYPT: &str = "$2y$04$eh.NkQpMOzXa0fZ.U9KWMOniQmKYU6FPGtv/jRnITPjV.AhvTkZSG";

/// The configurations' own values; each must be there to be replaced.
const HUB: &str = "127.0.0.1:9080";
const NAME: &str = "hub.example.com";
const HASH: &str = "PASSWORD_HASH";
const TIMEOUT: &str = "60s";

/// A running reverse proxy.
pub struct ReverseProxy {
    kind: Kind,
    scheme: &'static str,
    address: SocketAddr,
    directory: TempDir,
    child: Child,
}

impl ReverseProxy {
    /// Starts one in front of the hub at this address.
    pub fn start(kind: Kind, hub: SocketAddr) -> Self {
        ReverseProxy::start_with_timeout(kind, hub, TIMEOUT)
    }

    /// HAProxy in front of the hub at this address, for clients that do not encrypt: behind something that does, say.
    pub fn start_unencrypted_haproxy(hub: SocketAddr) -> Self {
        let (directory, address) = place();
        write_configuration(Kind::HaProxy, directory.path(), address, hub, TIMEOUT);
        let path = directory.path().join("configuration");
        let text = fs::read_to_string(&path).expect("it is there");
        let is_bind = |line: &&str| line.trim_start().starts_with("bind ");
        let bind = text.lines().find(is_bind).expect("HAProxy listens").to_owned();
        fs::write(&path, replaced(text, &[(&bind, &format!("    bind {address}"))])).expect("written");
        let child = spawn(Kind::HaProxy, directory.path(), address);
        ReverseProxy { kind: Kind::HaProxy, scheme: "http", address, directory, child }
    }

    /// The balancer of `deploy/several-hubs` in front of two hubs.
    pub fn start_balancer(hubs: [SocketAddr; 2]) -> Self {
        let (directory, address) = place();
        let text = fs::read_to_string(repository("deploy/several-hubs/haproxy.cfg")).expect("it is there");
        let [first, second] = hubs.map(|hub| hub.to_string());
        let values = [
            ("bind :9080", format!("bind {address}")),
            (" hub-1:9080", format!(" {first}")),
            (" hub-2:9080", format!(" {second}")),
        ];
        let text = replaced(text, &values.each_ref().map(|(from, to)| (*from, to.as_str())));
        fs::write(directory.path().join("configuration"), text).expect("written");
        let child = spawn(Kind::HaProxy, directory.path(), address);
        ReverseProxy { kind: Kind::HaProxy, scheme: "http", address, directory, child }
    }

    /// nginx that holds answers back, whatever the hub says: where somebody has made it so.
    pub fn start_buffering_nginx(hub: SocketAddr) -> Self {
        let (directory, address) = place();
        write_configuration(Kind::Nginx, directory.path(), address, hub, TIMEOUT);
        let path = directory.path().join("site.conf");
        let text = fs::read_to_string(&path).expect("it is there");
        let pass = "proxy_pass ";
        let on = "proxy_buffering on; proxy_ignore_headers X-Accel-Buffering;";
        fs::write(&path, replaced(text, &[(pass, &format!("{on}\n{pass}"))])).expect("written");
        let child = spawn(Kind::Nginx, directory.path(), address);
        ReverseProxy { kind: Kind::Nginx, scheme: "https", address, directory, child }
    }

    /// As [`ReverseProxy::start`]; an answer may be silent for `timeout`. Caddy knows no such limit.
    pub fn start_with_timeout(kind: Kind, hub: SocketAddr, timeout: &str) -> Self {
        let (directory, address) = place();
        write_configuration(kind, directory.path(), address, hub, timeout);
        let child = spawn(kind, directory.path(), address);
        ReverseProxy { kind, scheme: "https", address, directory, child }
    }

    /// Where it listens.
    pub fn socket_address(&self) -> SocketAddr {
        self.address
    }

    /// The hub's address through it, without the password.
    pub fn plain_address(&self) -> String {
        format!("{}://localhost:{}/hub", self.scheme, self.address.port())
    }

    /// The hub's address through it.
    pub fn hub_address(&self) -> String {
        let (user, password) = LOGIN;
        format!("{}://{user}:{password}@localhost:{}/hub", self.scheme, self.address.port())
    }

    /// A client of the hub, through it.
    pub fn client(&self) -> Client {
        self.client_of(&self.hub_address())
    }

    /// A client of the hub at this address, which trusts the proxy's certificate.
    pub fn client_of(&self, address: &str) -> Client {
        let pem = fs::read(self.certificate()).expect("the certificate can be read");
        let options = ConnectOptions::default().trust_certificates(&pem).expect("a certificate");
        options.connect(address).expect("an address")
    }

    /// An HTTP client that connects from this address.
    pub fn http_client_from(&self, address: IpAddr) -> reqwest::Client {
        let pem = fs::read(self.certificate()).expect("the certificate can be read");
        let certificates = reqwest::Certificate::from_pem_bundle(&pem).expect("a certificate");
        let builder = reqwest::Client::builder().no_proxy().local_address(address);
        builder.tls_certs_merge(certificates).build().expect("a client")
    }

    /// The certificate to trust.
    pub fn certificate(&self) -> PathBuf {
        self.directory.path().join(match self.kind {
            Kind::Nginx | Kind::HaProxy => CERTIFICATE,
            Kind::Caddy => CADDYS_ROOT,
        })
    }

    /// What it has written, about itself and the hubs behind it.
    pub fn said(&self) -> String {
        said(self.directory.path())
    }

    /// Ends it at once: all connections break.
    pub fn kill(&mut self) {
        self.child.kill().expect("it is our child");
        self.child.wait().expect("it is our child");
    }

    /// Starts it again where it was.
    pub fn start_again(&mut self) {
        self.child = spawn(self.kind, self.directory.path(), self.address);
    }
}

impl Drop for ReverseProxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- {:?} said:\n{}---", self.kind, said(self.directory.path()));
        }
    }
}

/// A directory, and an address where nobody listens.
fn place() -> (TempDir, SocketAddr) {
    let directory = TempDir::new().expect("a directory for temporary files");
    (directory, SocketAddr::new(Ipv4Addr::LOCALHOST.into(), free_port("127.0.0.1")))
}

const CERTIFICATE: &str = "certificate.pem";
const CADDYS_ROOT: &str = "pki/authorities/local/root.crt";
const KEY: &str = "key.pem";
/// Both, one after the other.
const BOTH: &str = "both.pem";
const PASSWORDS: &str = "passwords";
const OUTPUT: &str = "output";

/// The one place that says how what runs here differs from what is in `deploy/`: addresses, files, the password, and for
/// how long an answer may be silent.
fn write_configuration(kind: Kind, directory: &Path, address: SocketAddr, hub: SocketAddr, timeout: &str) {
    let file = |name: &str| directory.join(name).to_str().expect("UTF-8").to_owned();
    make_certificate(directory);
    let (user, _) = LOGIN;
    fs::write(file(PASSWORDS), format!("{user}:{SHA256_CRYPT}\n")).expect("written");
    let text = |name: &str| fs::read_to_string(repository("deploy").join(name)).expect("it is there");
    let hub = hub.to_string();
    match kind {
        Kind::Nginx => {
            let site = replaced(
                text("nginx.conf"),
                &[
                    (HUB, &hub),
                    ("listen 443 ", &format!("listen {address} ")),
                    ("/etc/ssl/certs/hub.example.com.pem", &file(CERTIFICATE)),
                    ("/etc/ssl/private/hub.example.com.key", &file(KEY)),
                    ("/etc/nginx/notifyhub.htpasswd;", &format!("{};", file(PASSWORDS))),
                    (TIMEOUT, timeout),
                ],
            );
            fs::write(file("site.conf"), site).expect("written");
            // What Debian's own nginx.conf has around it, with files that are the test's.
            let around = format!(
                "daemon off; master_process off; pid {0}/pid; error_log stderr;\nevents {{}}\nhttp {{\n\
                 access_log off; client_body_temp_path {0}/1; proxy_temp_path {0}/2; fastcgi_temp_path {0}/3;\n\
                 uwsgi_temp_path {0}/4; scgi_temp_path {0}/5;\ninclude {0}/site.conf;\n}}\n",
                directory.display()
            );
            fs::write(file("configuration"), around).expect("written");
        }
        Kind::Caddy => {
            let site = replaced(
                text("Caddyfile"),
                &[(HUB, &hub), (&format!("\n{NAME} {{"), &format!("\n{NAME}, localhost {{")), (HASH, BCRYPT)],
            );
            let options = format!(
                "{{\nadmin off\nlocal_certs\nskip_install_trust\nauto_https disable_redirects\nstorage file_system {}\n\
                 default_bind 127.0.0.1\nhttps_port {}\n}}\n",
                directory.display(),
                address.port()
            );
            fs::write(file("configuration"), options + &site).expect("written");
        }
        Kind::HaProxy => {
            let whole = replaced(
                text("haproxy.cfg"),
                &[
                    (HUB, &hub),
                    ("bind :443 ", &format!("bind {address} ")),
                    ("/etc/haproxy/hub.example.com.pem", &file(BOTH)),
                    (HASH, SHA256_CRYPT),
                    (TIMEOUT, timeout),
                ],
            );
            fs::write(file("configuration"), whole).expect("written");
        }
    }
}

fn replaced(text: String, values: &[(&str, &str)]) -> String {
    values.iter().fold(text, |text, (from, to)| {
        assert!(text.contains(from), "the configuration no longer has {from:?}: {text}");
        text.replace(from, to)
    })
}

fn make_certificate(directory: &Path) {
    let names = [NAME.to_owned(), "localhost".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).expect("a certificate is made");
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    fs::write(directory.join(BOTH), format!("{certificate}{key}")).expect("written");
    fs::write(directory.join(CERTIFICATE), certificate).expect("written");
    fs::write(directory.join(KEY), key).expect("written");
}

/// Starts the program, and waits until it takes connections.
fn spawn(kind: Kind, directory: &Path, address: SocketAddr) -> Child {
    let configuration = directory.join("configuration");
    let output = fs::File::options().create(true).append(true).open(directory.join(OUTPUT)).expect("opened");
    // It dies with the thread that started it: the test's own. It may lie where users have no programs.
    let mut command = Command::new("setpriv");
    command
        .args(["--pdeathsig", "KILL"])
        .env("PATH", format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default()))
        .env("HOME", directory)
        .stdin(Stdio::null())
        .stdout(output.try_clone().expect("a file can be shared"))
        .stderr(output);
    match kind {
        Kind::Nginx => command.args(["nginx", "-c"]).arg(&configuration),
        Kind::Caddy => {
            command.args(["caddy", "run", "--adapter", "caddyfile", "--config"]).arg(&configuration)
        }
        Kind::HaProxy => command.args(["haproxy", "-db", "-f"]).arg(&configuration),
    };
    let mut child = command.spawn().expect("`setpriv` can be run");
    eventually_blocking(&format!("{kind:?} listens"), || {
        let ended = child.try_wait().expect("it is our child");
        assert!(
            ended.is_none(),
            "{kind:?} ended ({ended:?}); is it installed (scripts/install-test-programs)? {}",
            said(directory)
        );
        let is_ready = match kind {
            // It makes its certificate when it listens already.
            Kind::Caddy => shakes_hands(address, &directory.join(CADDYS_ROOT)),
            Kind::Nginx | Kind::HaProxy => TcpStream::connect(address).is_ok(),
        };
        is_ready.then_some(())
    });
    child
}

fn said(directory: &Path) -> String {
    fs::read_to_string(directory.join(OUTPUT)).unwrap_or_default()
}
