//! Discord's answers: 204, or with `?wait=true` the message.

use notifyhub_adapters::Foreign;
use poem::{Response, http::StatusCode};
use serde_json::json;

use crate::http::outcome::Done;

pub(super) fn success(done: &Done, asked: &Foreign) -> Response {
    match done {
        Done::Posted(published, note) if asked.query("wait").as_deref() == Some("true") => {
            let (high, _) = published.id.as_u64_pair();
            let body = json!({ "id": high.to_string(), "type": 0, "content": note.message });
            Response::builder().content_type("application/json").body(body.to_string())
        }
        _ => Response::builder().status(StatusCode::NO_CONTENT).finish(),
    }
}

pub(super) fn failure(status: StatusCode, code: &str, message: &str) -> (StatusCode, &'static str, String) {
    let body = match code {
        "no_text" => json!({ "message": "Cannot send an empty message", "code": 50006 }),
        "invalid_body" => json!({ "message": "The request body contains invalid JSON.", "code": 50109 }),
        _ => json!({ "message": message, "code": 0 }),
    };
    (status, "application/json", body.to_string())
}
