//! The event stream as it comes through: what stands between may hold it back, compress it, or cut it where it is quiet.

use std::time::{Duration, Instant};

use notifyhub_sdk::{ClientInfo as _, types::Hello};
use reqwest::{
    Response, StatusCode,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};

use super::report::{Finding, Report};
use crate::hub::Hub;

/// How long the stream may take to begin.
const PATIENCE: Duration = Duration::from_secs(5);
/// What of a beginning is late: the first bytes leave the hub at once.
const LATE: Duration = Duration::from_secs(1);
/// By how much a heartbeat may be late.
const GRACE: Duration = Duration::from_secs(3);
/// For a heartbeat that comes less often than this nobody waits.
const LONGEST_HEARTBEAT: Duration = Duration::from_mins(1);
/// More than the beginning of a stream has, which brings one notification at most.
const MAX_BYTES: usize = 1 << 20;

const BUFFERED: &str = "Something between holds answers back. nginx: `proxy_buffering off;` for /events; Apache: `flushpackets=on`; \
                        also switch compression and caching off for it. deploy/ has configurations that work.";

/// Looks at the stream's beginning and, unless it is to be quick, at its first heartbeat.
pub(super) async fn look(hub: &Hub, is_quick: bool, report: &mut Report) {
    let asked = Instant::now();
    let request = hub.client.client().get(format!("{}/events?limit=0", hub.client.baseurl()));
    let request = request.header("Accept", "text/event-stream");
    let mut answer = match tokio::time::timeout(PATIENCE, request.send()).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => {
            report.add(
                "stream",
                Finding::failed(
                    format!("it breaks: {error}"),
                    "Does what stands between let /events through?",
                ),
            );
            return;
        }
        Err(_) => {
            report.add(
                "stream",
                Finding::failed(format!("it has not begun after {} s", PATIENCE.as_secs()), BUFFERED),
            );
            return;
        }
    };
    if let Some(finding) = wrong_head(&answer) {
        report.add("stream", finding);
        return;
    }
    let mut text = String::new();
    let begun = read_until(&mut answer, &mut text, PATIENCE, |text| hello(text).is_some()).await;
    let took = asked.elapsed();
    let Some(hello) = hello(&text).filter(|_| begun) else {
        report.add(
            "stream",
            Finding::failed(
                format!("its head is there, its first event is not after {} s", PATIENCE.as_secs()),
                BUFFERED,
            ),
        );
        return;
    };
    let shown = format!("its first event was here after {} ms", took.as_millis());
    report.add("stream", if took < LATE { Finding::ok(shown) } else { Finding::warning(shown, BUFFERED) });
    heartbeat(&mut answer, text, &hello, is_quick, report).await;
}

/// What is wrong with the answer, before its body.
fn wrong_head(answer: &Response) -> Option<Finding> {
    let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let content_type = header(CONTENT_TYPE);
    match answer.status() {
        StatusCode::OK if !content_type.starts_with("text/event-stream") => Some(Finding::failed(
            format!("/events answers with {content_type:?}"),
            "Something between answers instead of the hub: does it pass /events on?",
        )),
        StatusCode::OK if !matches!(header(CONTENT_ENCODING), "" | "identity") => {
            Some(Finding::failed(format!("it is compressed ({})", header(CONTENT_ENCODING)), BUFFERED))
        }
        StatusCode::OK => None,
        StatusCode::NO_CONTENT => Some(Finding::warning(
            "it is switched off at this hub",
            "The hub was started with --no-sse: pages and `tail` have nothing live.",
        )),
        StatusCode::SERVICE_UNAVAILABLE => Some(Finding::failed(
            "the hub takes no more streams for now",
            "It stops, or has as many as it may: see --max-connections of the hub.",
        )),
        status => Some(Finding::failed(
            format!("/events answers with status {status}"),
            "Does what stands between let /events through?",
        )),
    }
}

async fn heartbeat(
    answer: &mut Response,
    mut text: String,
    hello: &Hello,
    is_quick: bool,
    report: &mut Report,
) {
    let interval = Duration::from_millis(hello.heartbeat_ms);
    if interval.is_zero() {
        report.add(
            "heartbeat",
            Finding::warning(
                "the hub sends none",
                "A connection that dies is then noticed late: see --heartbeat of the hub.",
            ),
        );
        return;
    }
    if is_quick || interval > LONGEST_HEARTBEAT {
        return;
    }
    let shown = humantime::format_duration(interval);
    report.say_waiting(&format!("waiting for a heartbeat, which comes every {shown}"));
    let came =
        read_until(answer, &mut text, interval + GRACE, |text| text.contains("event: heartbeat")).await;
    report.add(
        "heartbeat",
        if came {
            Finding::ok(format!("it comes every {shown}"))
        } else {
            Finding::failed(
                format!(
                    "none came in {}, and the hub sends one every {shown}",
                    humantime::format_duration(interval + GRACE)
                ),
                format!("{BUFFERED} If it ends connections that are quiet: give it more than {shown}."),
            )
        },
    );
}

/// Reads on until what has come is as wanted; false if it does not come to that in time.
async fn read_until(
    answer: &mut Response,
    text: &mut String,
    limit: Duration,
    is_enough: impl Fn(&str) -> bool,
) -> bool {
    let read = async {
        while !is_enough(text) && text.len() < MAX_BYTES {
            match answer.chunk().await {
                Ok(Some(bytes)) => text.push_str(&String::from_utf8_lossy(&bytes)),
                Ok(None) | Err(_) => break,
            }
        }
    };
    let _ = tokio::time::timeout(limit, read).await;
    is_enough(text)
}

/// The first event, if it is here as a whole.
fn hello(text: &str) -> Option<Hello> {
    let (_, event) = text.split_once("event: hello")?;
    let (event, _) = event.split_once("\n\n")?;
    let data = event.lines().find_map(|line| line.strip_prefix("data:"))?;
    serde_json::from_str(data.trim()).ok()
}
