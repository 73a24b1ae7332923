//! Slack's answers, which are plain words: Alertmanager and Grafana compare them byte for byte.

use poem::{Response, http::StatusCode};

const PLAIN: &str = "text/plain; charset=utf-8";

pub(super) fn success() -> Response {
    Response::builder().content_type(PLAIN).body("ok")
}

pub(super) fn failure(status: StatusCode, code: &str) -> (StatusCode, &'static str, String) {
    let (status, word) = match code {
        "no_text" => (status, "no_text"),
        "invalid_body" => (status, "invalid_payload"),
        "token_required" | "token_unknown" => (StatusCode::FORBIDDEN, "invalid_token"),
        other => (status, other),
    };
    (status, PLAIN, word.to_owned())
}
