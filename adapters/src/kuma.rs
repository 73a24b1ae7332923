//! Uptime Kuma's webhook: `heartbeat`, `monitor` and `msg`.

use serde_json::Value;

use crate::{Foreign, Level, Note, Outcome, Refusal, State, foreign::object_of, look::Look as _};

pub(crate) fn read(request: &Foreign) -> Result<Outcome, Refusal> {
    let body = match request.method.as_str() {
        "GET" => of_query(request),
        _ => request.object()?,
    };
    let (level, state) = match body.at("heartbeat.status").as_u64() {
        Some(1) => (Some(Level::Success), Some(State::Done)),
        Some(0) => (Some(Level::Error), Some(State::Waiting)),
        Some(2) => (Some(Level::Warning), None),
        // 3 is maintenance; the test of a notification and a certificate that expires have no heartbeat.
        _ => (Some(Level::Info), None),
    };
    let monitor = body.at("monitor");
    Ok(Note {
        message: body.first_text(&["msg", "heartbeat.msg"]).unwrap_or_default(),
        title: monitor.text("name").map(str::to_owned),
        level,
        state,
        tags: vec!["uptime-kuma".into()],
        // A monitor that asks no page has this there.
        link: monitor.text("url").filter(|url| !matches!(*url, "https://" | "http://")).map(str::to_owned),
        source: monitor.text("name").map(str::to_owned),
        actor: Some("uptime-kuma".into()),
        key: monitor.word("id").map(|id| format!("uptime-kuma:{id}")),
        ..Note::default()
    }
    .into())
}

/// `?msg=…&monitor={…}&heartbeat={…}`
fn of_query(request: &Foreign) -> Value {
    let mut body = object_of(request.query_pairs());
    for name in ["monitor", "heartbeat"] {
        if let Some(inner) = body.text(name).and_then(|text| serde_json::from_str(text).ok()) {
            body[name] = inner;
        }
    }
    body
}
