//! From the name to the hub: each step rests on the one before, so that the first that fails is the reason.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use notifyhub_sdk::{ClientInfo as _, foreign::asks_for_password, types::Status};
use reqwest::{Response, StatusCode, Url, header::DATE};
use tokio::net::{TcpStream, lookup_host};

use super::report::{Finding, Report};
use crate::hub::Hub;

/// How long each step may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// By how much two clocks may differ.
const MAX_SKEW_S: i64 = 5;
/// What of round trips is slow.
const SLOW: Duration = Duration::from_millis(500);

/// Whether there is a hub to look at further.
pub(super) async fn look(hub: &Hub, report: &mut Report) -> bool {
    let Ok(url) = Url::parse(hub.client.baseurl()) else { return false };
    let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(80));
    let host = host.trim_matches(['[', ']']);
    let Some(addresses) = resolve(host, port, report).await else { return false };
    if !connect(&addresses, report).await {
        return false;
    }
    let asked = Instant::now();
    let answer = get(hub, "/api/status").await;
    let answer = match answer {
        Ok(answer) => answer,
        Err(finding) => {
            report.add(if url.scheme() == "https" { "encryption" } else { "answer" }, finding);
            return false;
        }
    };
    if url.scheme() == "https" {
        report.add("encryption", Finding::ok("the certificate is trusted"));
    }
    let clock = skew(&answer, asked.elapsed());
    if !is_hub(answer, report).await {
        return false;
    }
    report.add("clock", clock);
    token(hub, report).await;
    round_trip(hub, report).await;
    true
}

async fn resolve(host: &str, port: u16, report: &mut Report) -> Option<Vec<SocketAddr>> {
    let found = tokio::time::timeout(PATIENCE, lookup_host((host, port))).await;
    let reason = match found {
        Ok(Ok(addresses)) => {
            let addresses: Vec<_> = addresses.collect();
            if !addresses.is_empty() {
                let shown: Vec<_> = addresses.iter().map(|address| address.ip().to_string()).collect();
                report.add("name", Finding::ok(format!("{host} is {}", shown.join(", "))));
                return Some(addresses);
            }
            "it has no address".to_owned()
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => "the name server does not answer".to_owned(),
    };
    report.add(
        "name",
        Finding::failed(
            format!("{host} cannot be found: {reason}"),
            "Is it spelled right (notifyhub config show)? Is this machine online, or in the VPN that knows the name?",
        ),
    );
    None
}

async fn connect(addresses: &[SocketAddr], report: &mut Report) -> bool {
    let mut reason = String::new();
    let mut is_refused = false;
    for address in addresses {
        match tokio::time::timeout(PATIENCE, TcpStream::connect(address)).await {
            Ok(Ok(_)) => {
                report.add("connection", Finding::ok(format!("{address} takes connections")));
                return true;
            }
            Ok(Err(error)) => {
                is_refused |= error.kind() == std::io::ErrorKind::ConnectionRefused;
                reason = format!("{address}: {error}");
            }
            Err(_) => reason = format!("{address}: no answer in {} s", PATIENCE.as_secs()),
        }
    }
    let advice = if is_refused {
        "The machine is there, and nothing listens at that port. Is the hub running (notifyhub-server)? Is the port right? A \
         hub that listens on localhost only takes nobody else's connections."
    } else {
        "Is the address right? Does a firewall between let the port through? Does the machine run?"
    };
    report.add("connection", Finding::failed(reason, advice));
    false
}

/// What is at this path of the hub.
async fn get(hub: &Hub, path: &str) -> Result<Response, Finding> {
    let request = hub.client.client().get(format!("{}{path}", hub.client.baseurl()));
    match tokio::time::timeout(PATIENCE, request.send()).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => {
            let mut cause: &dyn std::error::Error = &error;
            while let Some(source) = cause.source() {
                cause = source;
            }
            let reason = cause.to_string();
            let advice = if reason.contains("certificate") {
                "If the hub made its own certificate, name that: --ca-cert, NOTIFYHUB_CA_CERT or `ca_cert` in the \
                 configuration file. It is notifyhub.tls.pem in the hub's data directory."
            } else if error.is_connect() {
                "Does what listens there encrypt? Then it is https://, else http://."
            } else {
                "The connection broke before the answer. Is it a hub? Does what stands before it reach it?"
            };
            Err(Finding::failed(reason, advice))
        }
        Err(_) => Err(Finding::failed(
            format!("it takes connections, and does not answer within {} s", PATIENCE.as_secs()),
            "Is it a hub? If it is, its machine or what stands before it is overloaded or hangs.",
        )),
    }
}

async fn is_hub(answer: Response, report: &mut Report) -> bool {
    let status = answer.status();
    let needs_password = asks_for_password(answer.headers());
    let read: Option<Status> = answer.json().await.ok();
    let finding = match read.filter(|_| status == StatusCode::OK) {
        Some(found) => version(&found.version),
        None if needs_password => Finding::failed(
            "a user and a password are asked for before the hub is reached",
            "Write the right ones into the address: https://USER:PASSWORD@…",
        ),
        None if status.is_server_error() => Finding::failed(
            format!("it answers with status {status}"),
            "If a proxy stands before the hub: is the hub behind it running, and is its address right there?",
        ),
        None => Finding::failed(
            format!("this is no hub: /api/status answers with status {status}, and not as a hub does"),
            "Name the right address: --url, --port, NOTIFYHUB_URL, or `url` in the configuration file. Behind a proxy the path \
             belongs to it: https://example.com/hub",
        ),
    };
    let is_hub = !finding.is_failed();
    report.add("hub", finding);
    is_hub
}

/// Within a minor version nothing is taken away.
fn version(found: &str) -> Finding {
    const OWN: &str = env!("CARGO_PKG_VERSION");
    let minor = |version: &str| {
        let mut numbers = version.split('.').map(|number| number.parse::<u64>().ok());
        Some((numbers.next()??, numbers.next()??))
    };
    let said = format!("version {found}");
    match (minor(found), minor(OWN)) {
        (Some(hub), Some(own)) if hub < own => Finding::warning(
            format!("{said}, older than this program ({OWN})"),
            "Mostly that works. What is new in this program may need a newer hub.",
        ),
        (Some(hub), Some(own)) if hub > own => Finding::warning(
            format!("{said}, newer than this program ({OWN})"),
            "Mostly that works. For what is new in the hub, update this program.",
        ),
        _ => Finding::ok(said),
    }
}

/// The hub's clock against this machine's, by its answer.
fn skew(answer: &Response, round_trip: Duration) -> Finding {
    let date = answer.headers().get(DATE).and_then(|date| date.to_str().ok());
    let Some(date) = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok()) else {
        return Finding::warning(
            "the answer has no date",
            "Something between takes it out; clocks cannot be compared.",
        );
    };
    // A date has whole seconds.
    let ahead = date.with_timezone(&Utc).signed_duration_since(Utc::now() - round_trip / 2).num_seconds();
    if ahead.abs() <= MAX_SKEW_S {
        return Finding::ok("this machine's and the hub's agree");
    }
    let (amount, side) = (
        humantime::format_duration(Duration::from_secs(ahead.unsigned_abs())),
        if ahead > 0 { "behind" } else { "ahead of" },
    );
    Finding::warning(
        format!("this machine's is {amount} {side} the hub's"),
        "Times of notifications will look wrong. Have both set by NTP (timedatectl set-ntp true).",
    )
}

/// Shows the token with a post that is none: who may post is told what is wrong with it.
async fn token(hub: &Hub, report: &mut Report) {
    let request = hub
        .client
        .client()
        .post(format!("{}/api/notifications", hub.client.baseurl()))
        .header("Content-Type", "application/json")
        .body("{}");
    let answered = tokio::time::timeout(PATIENCE, request.send()).await;
    let finding = match answered.ok().and_then(Result::ok).map(|answer| answer.status()) {
        Some(StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY) => {
            Finding::ok("this machine may post")
        }
        Some(StatusCode::UNAUTHORIZED) => Finding::failed(
            "the hub takes posts with a token only, and this one it does not take",
            "Set the right one: `token` in the configuration file or NOTIFYHUB_TOKEN; notifyhub config show says where it comes \
             from.",
        ),
        Some(StatusCode::FORBIDDEN) => Finding::failed(
            "the hub refuses posts from here",
            "Its operator limits who may post: see the hub's options.",
        ),
        Some(StatusCode::TOO_MANY_REQUESTS) => Finding::warning(
            "the hub takes no more requests from here for now",
            "Something posts too fast, or a wrong token was tried too often. Try again in a minute.",
        ),
        Some(status) => Finding::failed(
            format!("a post would be answered with status {status}"),
            "Does what stands before the hub let POST through? The hub's /readyz says whether it takes any.",
        ),
        None => Finding::failed("a post gets no answer", "Does what stands before the hub let POST through?"),
    };
    report.add("token", finding);
}

async fn round_trip(hub: &Hub, report: &mut Report) {
    let mut times = Vec::new();
    for _ in 0..5 {
        let asked = Instant::now();
        let is_whole = match get(hub, "/api/status").await {
            Ok(answer) => answer.bytes().await.is_ok(),
            Err(_) => false,
        };
        if !is_whole {
            let advice = "Is the network lossy, or the hub overloaded?";
            report.add("round trip", Finding::failed("not every request is answered", advice));
            return;
        }
        times.push(asked.elapsed());
    }
    times.sort();
    let median = times[times.len() / 2];
    let shown = format!("{:.1} ms", median.as_secs_f64() * 1000.0);
    report.add(
        "round trip",
        if median < SLOW {
            Finding::ok(shown)
        } else {
            Finding::warning(shown, "That is slow: a hook may not be done in time, and is then sent later.")
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hub_of_another_minor_version_is_told() {
        assert!(!version(env!("CARGO_PKG_VERSION")).is_warning());
        assert!(!version("0.1.99").is_warning());
        assert!(version("0.0.9").is_warning());
        assert!(version("99.0.0").is_warning());
        assert!(!version("unknown").is_warning());
    }
}
