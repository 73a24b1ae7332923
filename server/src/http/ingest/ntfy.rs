//! ntfy's answers. Its clients ask for status 200, for JSON, and in errors for `code` and `error`.

use chrono::Utc;
use notifyhub_adapters::{
    Foreign,
    ntfy::{Call, Message, Sequence, read},
};
use poem::{Response, http::StatusCode};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::http::outcome::Done;

/// What a client asks before it uses a server. Home Assistant asks who it is.
pub(super) fn about(path: &str) -> Option<Response> {
    let body = match path {
        "/v1/health" => json!({ "healthy": true }),
        "/v1/account" => json!({ "username": "*", "role": "anonymous" }),
        _ => return None,
    };
    Some(response(&body))
}

pub(super) fn success(done: &Done, asked: &Foreign) -> Response {
    let id = match done {
        Done::Posted(published, _) => published.id,
        _ => Uuid::now_v7(),
    };
    let mut body = Map::new();
    body.insert("id".into(), id_of(id).into());
    body.insert("time".into(), Utc::now().timestamp().into());
    match read(asked) {
        Ok(Call::Publish(message)) => describe(*message, &mut body),
        Ok(Call::Clear(sequence)) => describe_event("message_clear", sequence, &mut body),
        Ok(Call::Delete(sequence)) => describe_event("message_delete", sequence, &mut body),
        Err(_) => {}
    }
    response(&Value::Object(body))
}

fn describe(message: Message, body: &mut Map<String, Value>) {
    body.insert("event".into(), "message".into());
    body.insert("topic".into(), message.topic.into());
    body.insert("message".into(), message.message.into());
    for (name, text) in
        [("title", message.title), ("click", message.click), ("sequence_id", message.sequence)]
    {
        if let Some(text) = text {
            body.insert(name.into(), text.into());
        }
    }
    if let Some(priority) = message.priority {
        body.insert("priority".into(), priority.into());
    }
    if !message.tags.is_empty() {
        body.insert("tags".into(), message.tags.into());
    }
}

fn describe_event(event: &str, sequence: Sequence, body: &mut Map<String, Value>) {
    body.insert("event".into(), event.into());
    body.insert("topic".into(), sequence.topic.into());
    body.insert("sequence_id".into(), sequence.id.into());
}

/// ntfy's ids have 12 letters and digits. These are the last ones of ours, which are random.
fn id_of(id: Uuid) -> String {
    id.simple().to_string()[20..].to_owned()
}

fn response(body: &Value) -> Response {
    Response::builder().content_type("application/json").body(body.to_string())
}

pub(super) fn failure(status: StatusCode, code: &str, message: &str) -> (StatusCode, &'static str, String) {
    let number = match code {
        "no_email" => 40001,
        "no_delay" => 40004,
        "invalid_priority" => 40007,
        "invalid_topic" => 40009,
        "invalid_body" => 40017,
        "no_call" => 40032,
        _ if status == StatusCode::PAYLOAD_TOO_LARGE => 41303,
        _ => u32::from(status.as_u16()) * 100 + 1,
    };
    let body = json!({ "code": number, "http": status.as_u16(), "error": message });
    (status, "application/json", body.to_string())
}
