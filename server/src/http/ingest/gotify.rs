//! Gotify's answers. Its clients ask for status 200 and read a message with a number as its id.

use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use notifyhub_adapters::{Foreign, gotify};
use poem::{Response, http::StatusCode};
use serde_json::{Value, json};

use crate::notification::rfc3339_millis;

/// What a client asks before it uses a server.
pub(super) fn about(path: &str) -> Option<Response> {
    let version = env!("CARGO_PKG_VERSION");
    let body = match path {
        "/version" => json!({ "version": version, "commit": "notifyhub", "buildDate": "" }),
        "/health" => json!({ "health": "green", "database": "green" }),
        "/gotifyinfo" => json!({ "version": version, "register": false, "oidc": false }),
        _ => return None,
    };
    Some(response(&body))
}

/// Numbers messages, as Gotify's clients expect it: by the time in milliseconds, and each above the one before.
#[derive(Default)]
pub(super) struct Numbers(AtomicU64);

impl Numbers {
    fn next(&self, now: DateTime<Utc>) -> u64 {
        let now = u64::try_from(now.timestamp_millis()).unwrap_or_default();
        let next = |last: u64| now.max(last + 1);
        let last = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(next(last)));
        last.map_or(now, next)
    }
}

pub(super) fn success(asked: &Foreign, numbers: &Numbers) -> Response {
    let now = Utc::now();
    let mut body = json!({ "id": numbers.next(now), "appid": 1, "date": rfc3339_millis(now) });
    if let Ok(message) = gotify::read(asked) {
        body["message"] = message.message.into();
        body["title"] = message.title.unwrap_or_else(|| "NotifyHub".into()).into();
        body["priority"] = message.priority.unwrap_or_default().into();
        if let Some(extras) = message.extras {
            body["extras"] = extras;
        }
    }
    response(&body)
}

fn response(body: &Value) -> Response {
    Response::builder().content_type("application/json").body(body.to_string())
}

pub(super) fn failure(status: StatusCode, code: &str, message: &str) -> (StatusCode, &'static str, String) {
    let description = match code {
        "no_text" => "Field 'message' is required",
        "token_required" | "token_unknown" => {
            "you need to provide a valid access token or user credentials to access this api"
        }
        _ => message,
    };
    let body = json!({
        "error": status.canonical_reason().unwrap_or_default(),
        "errorCode": status.as_u16(),
        "errorDescription": description,
    });
    (status, "application/json", body.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_rise_whatever_the_clock_does() {
        let numbers = Numbers::default();
        let at = |ms| DateTime::from_timestamp_millis(ms).expect("a valid time");
        let made: Vec<u64> = [1000, 1000, 999, 2000].map(|ms| numbers.next(at(ms))).into();
        assert_eq!(made, [1000, 1001, 1002, 2000]);
    }
}
