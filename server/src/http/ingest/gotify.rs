//! Gotify's answers. Its clients ask for status 200 and read a message with a number as its id.

use chrono::Utc;
use notifyhub_adapters::{Foreign, gotify};
use poem::{Response, http::StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{http::outcome::Done, notification::rfc3339_millis};

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

pub(super) fn success(done: &Done, asked: &Foreign) -> Response {
    let id = match done {
        Done::Posted(published, _) => number_of(published.id),
        _ => 0,
    };
    let mut body = json!({ "id": id, "appid": 1, "date": rfc3339_millis(Utc::now()) });
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

/// The time in the id and the 12 bits that follow it (RFC 9562, section 5.7): a number that every JSON parser can hold
/// until the year 2039, and then as an integer of 64 bits.
fn number_of(id: Uuid) -> u64 {
    let (high, _) = id.as_u64_pair();
    (high >> 16 << 12) | (high & 0xfff)
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
    fn an_id_is_a_number_that_rises_and_fits_into_53_bits() {
        let numbers: Vec<u64> = [
            "019a5c00-0000-7000-8000-000000000000",
            "019a5c00-0000-7001-8000-000000000000",
            "019a5c00-0001-7000-8000-000000000000",
        ]
        .iter()
        .map(|id| number_of(id.parse().expect("a UUID")))
        .collect();
        assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
        assert!(numbers.iter().all(|number| *number < 1 << 53), "{numbers:?}");
    }
}
