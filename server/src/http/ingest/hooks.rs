//! The answers to those who only look at the status: the hooks, the agents, plain text and forms.

use poem::{
    Response,
    http::{StatusCode, header},
};
use serde_json::json;

use crate::http::outcome::Done;

/// 200 with a little JSON; 204 where there was nothing to tell.
pub(super) fn success(done: &Done) -> Response {
    let body = match done {
        Done::Posted(published, _) => json!({ "success": true, "id": published.id }),
        Done::Removed(removed) => json!({ "success": true, "removed": removed }),
        Done::Nothing => return nothing(),
    };
    Response::builder().content_type("application/json").body(body.to_string())
}

/// The notification, as it is answered to our own JSON.
pub(super) fn created(done: &Done) -> Response {
    let Done::Posted(published, _) = done else { return success(done) };
    let mut response = Response::builder()
        .status(StatusCode::CREATED)
        .content_type("application/json")
        .header(header::LOCATION, format!("notifications/{}", published.id));
    if published.replayed {
        response = response.header("Idempotency-Replayed", "true");
    }
    response.body(published.json.clone())
}

/// 204 without a body: an agent takes anything else for instructions, or for an error to show.
pub(super) fn nothing() -> Response {
    Response::builder().status(StatusCode::NO_CONTENT).finish()
}
