//! A push service (RFC 8030) and the browsers that are subscribed to it: it checks who sends (RFC 8292), decrypts what
//! came as the browser would (RFC 8291), and answers as the test says. By other libraries than the hub's.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime},
};

use aes_gcm::{Aes128Gcm, KeyInit as _, Nonce, aead::Aead as _};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use hkdf::Hkdf;
use p256::{
    PublicKey, SecretKey,
    ecdh::diffie_hellman,
    ecdsa::{Signature, VerifyingKey, signature::Verifier as _},
    elliptic_curve::sec1::ToSec1Point as _,
};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinHandle,
};

use crate::within;

/// What a browser has for one subscription.
#[derive(Clone)]
pub struct Browser {
    endpoint: String,
    secret: SecretKey,
    auth: [u8; 16],
}

impl Browser {
    /// Where it is sent to.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// As a page tells the hub.
    pub fn subscription(&self) -> Value {
        let point = self.secret.public_key().to_sec1_point(false);
        json!({
            "endpoint": self.endpoint,
            "keys": { "p256dh": BASE64.encode(point.as_bytes()), "auth": BASE64.encode(self.auth) },
            "withdrawals": true,
        })
    }

    /// RFC 8291, section 4, and RFC 8188, section 2.
    fn decrypt(&self, body: &[u8]) -> Value {
        let (salt, rest) = body.split_at(16);
        let (record_size, rest) = rest.split_at(4);
        assert!(body.len() <= 4096 && record_size == 4096_u32.to_be_bytes());
        let (point, record) = rest[1..].split_at(usize::from(rest[0]));
        let sender = PublicKey::from_sec1_bytes(point).expect("a point");
        let shared = diffie_hellman(self.secret.to_nonzero_scalar(), sender.as_affine());
        let own_point = self.secret.public_key().to_sec1_point(false);
        let info = [b"WebPush: info\0", own_point.as_bytes(), point].concat();
        let input: [u8; 32] = expand(&self.auth, shared.raw_secret_bytes(), &info);
        let key: [u8; 16] = expand(salt, &input, b"Content-Encoding: aes128gcm\0");
        let nonce: [u8; 12] = expand(salt, &input, b"Content-Encoding: nonce\0");
        let text = Aes128Gcm::new(&key.into()).decrypt(&Nonce::from(nonce), record).expect("it is authentic");
        let end = text.iter().rposition(|byte| *byte != 0).expect("there is a delimiter");
        assert_eq!(text[end], 2, "it is the last record");
        serde_json::from_slice(&text[..end]).expect("JSON")
    }
}

fn expand<const N: usize>(salt: &[u8], input: &[u8], info: &[u8]) -> [u8; N] {
    let mut output = [0; N];
    Hkdf::<Sha256>::new(Some(salt), input).expand(info, &mut output).expect("short enough");
    output
}

/// What came for a browser.
#[derive(Debug)]
pub struct Push {
    /// Which one.
    pub endpoint: String,
    /// What was said.
    pub text: Value,
    /// How long the body was.
    pub body_bytes: usize,
    /// The public key that signed for it.
    pub key: String,
    /// When it came.
    pub at: Instant,
    headers: HashMap<String, String>,
}

impl Push {
    /// A header.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// How to answer.
#[derive(Clone, Debug)]
enum Mood {
    /// Status and headers.
    Answer(String),
    /// Not at all.
    Silent,
}

/// A running one; it ends with the test.
pub struct PushService {
    address: SocketAddr,
    mood: Arc<Mutex<Mood>>,
    browsers: Arc<Mutex<HashMap<String, Browser>>>,
    received: mpsc::UnboundedReceiver<Push>,
    accepting: JoinHandle<()>,
}

impl PushService {
    /// Starts one.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let address = listener.local_addr().expect("it is bound");
        let mood = Arc::new(Mutex::new(Mood::Answer("201 Created".into())));
        let browsers = Arc::<Mutex<HashMap<String, Browser>>>::default();
        let (sender, received) = mpsc::unbounded_channel();
        let (its_mood, its_browsers) = (Arc::clone(&mood), Arc::clone(&browsers));
        let accepting = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(
                    socket,
                    address,
                    Arc::clone(&its_mood),
                    Arc::clone(&its_browsers),
                    sender.clone(),
                ));
            }
        });
        PushService { address, mood, browsers, received, accepting }
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Another browser.
    pub fn browser(&self) -> Browser {
        let path = format!("/wpush/{:x}", fastrand::u128(..));
        let mut bytes = [0; 32];
        fastrand::fill(&mut bytes[1..]);
        let secret = SecretKey::from_slice(&bytes).expect("it is small enough for the curve");
        let browser =
            Browser { endpoint: self.origin() + &path, secret, auth: fastrand::u128(..).to_be_bytes() };
        self.browsers.lock().expect("no one panics with it").insert(path, browser.clone());
        browser
    }

    /// Answers like this from now on: a status, and headers on lines of their own.
    pub fn answers(&self, head: &str) {
        *self.mood.lock().expect("no one panics with it") = Mood::Answer(head.to_owned());
    }

    /// Answers nothing from now on.
    pub fn is_silent(&self) {
        *self.mood.lock().expect("no one panics with it") = Mood::Silent;
    }

    /// The next push.
    pub async fn next(&mut self) -> Push {
        within("something is pushed", self.received.recv()).await.expect("the service runs")
    }

    /// Whether nothing else has come.
    pub fn has_no_more(&mut self) -> bool {
        self.received.try_recv().is_err()
    }
}

impl Drop for PushService {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(
    mut socket: TcpStream,
    address: SocketAddr,
    mood: Arc<Mutex<Mood>>,
    browsers: Arc<Mutex<HashMap<String, Browser>>>,
    received: mpsc::UnboundedSender<Push>,
) {
    let at = Instant::now();
    let Some((head, body)) = request(&mut socket).await else { return };
    let mut lines = head.lines();
    let path = lines.next().and_then(|line| line.strip_prefix("POST ")?.strip_suffix(" HTTP/1.1"));
    let path = path.expect("a request for a push (RFC 8030, section 5)").to_owned();
    let headers: HashMap<_, _> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let browser =
        browsers.lock().expect("no one panics with it").get(&path).cloned().expect("a known browser");
    let key = check_sender(&headers["authorization"], &format!("http://{address}"));
    let text = browser.decrypt(&body);
    let answer = mood.lock().expect("no one panics with it").clone();
    let push = Push { endpoint: browser.endpoint, text, body_bytes: body.len(), key, at, headers };
    // The test may be over.
    let _ = received.send(push);
    match answer {
        Mood::Answer(head) => {
            let head = head.replace('\n', "\r\n");
            let _ =
                socket.write_all(format!("HTTP/1.1 {head}\r\nContent-Length: 0\r\n\r\n").as_bytes()).await;
        }
        // Until the hub gives up.
        Mood::Silent => drop(socket.read(&mut [0]).await),
    }
}

async fn request(socket: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        (socket.read_buf(&mut bytes).await.ok()? > 0).then_some(())?;
    };
    let mut body = bytes.split_off(head_end + 4);
    let head = String::from_utf8(bytes).ok()?;
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())?;
    while body.len() < length {
        (socket.read_buf(&mut body).await.ok()? > 0).then_some(())?;
    }
    Some((head, body))
}

/// RFC 8292, sections 2 and 3; returns the key that signed.
fn check_sender(authorization: &str, audience: &str) -> String {
    let parameters = authorization.strip_prefix("vapid ").expect("the scheme is vapid");
    let (token, key) =
        parameters.strip_prefix("t=").and_then(|rest| rest.split_once(", k=")).expect("t and k");
    let (signed, signature) = token.rsplit_once('.').expect("a JWT");
    let verifying = VerifyingKey::from_sec1_bytes(&BASE64.decode(key).expect("base64url")).expect("a point");
    let signature =
        Signature::from_slice(&BASE64.decode(signature).expect("base64url")).expect("two numbers");
    verifying.verify(signed.as_bytes(), &signature).expect("the key has signed it");
    let [header, claims] = [0, 1].map(|part| -> Value {
        let text = BASE64.decode(signed.split('.').nth(part).expect("two parts")).expect("base64url");
        serde_json::from_slice(&text).expect("JSON")
    });
    assert_eq!(header, json!({ "typ": "JWT", "alg": "ES256" }));
    assert_eq!(claims["aud"], audience);
    assert!(claims["sub"].as_str().is_some_and(|contact| contact.starts_with("mailto:")), "{claims}");
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    let expires = Duration::from_secs(claims["exp"].as_u64().expect("a number"));
    assert!(expires > now && expires <= now + Duration::from_hours(24), "{claims}");
    key.to_owned()
}
