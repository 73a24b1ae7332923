//! What has no format of its own: plain text, forms with our own field names, and JSON of any shape.

use serde_json::Value;

use crate::{
    Action, Foreign, Format, Level, Note, Outcome, Refusal, State,
    foreign::object_of,
    look::{Look as _, words},
    rfc2047,
};

/// Where a message may stand in JSON of any shape.
const MESSAGE_NAMES: [&str; 9] =
    ["message", "text", "msg", "body", "content", "description", "summary", "status", "title"];

pub(crate) fn read(request: &Foreign) -> Result<Outcome, Refusal> {
    if request.is_form() {
        return request.object().map(|fields| of_object(&fields).into());
    }
    // `curl -d` and scripts often declare nothing, or not what it is.
    if let Ok(body @ (Value::Object(_) | Value::Array(_))) = request.json() {
        return Ok(of_object(&body).into());
    }
    let note = Note { message: request.text().into_owned(), ..Note::default() };
    Ok(note.into())
}

fn of_object(body: &Value) -> Note {
    let found = MESSAGE_NAMES.iter().find_map(|name| Some((*name, body.text(name)?.to_owned())));
    let (name, message) = found.unwrap_or_else(|| {
        let is_empty = body.as_object().is_some_and(serde_json::Map::is_empty)
            || body.as_array().is_some_and(Vec::is_empty);
        let all =
            if is_empty { String::new() } else { serde_json::to_string_pretty(body).unwrap_or_default() };
        ("", all)
    });
    let mut note = Note { message, ..Note::default() };
    if name.is_empty() {
        note.format = Some(Format::Code);
    }
    note.set_fields(body);
    if name == "title" {
        note.title = None;
    }
    note
}

impl Note {
    /// Takes over what goes by the names of our own fields, or by a usual one for them.
    pub(crate) fn set_fields(&mut self, fields: &Value) {
        let set = |field: &mut Option<String>, names: &[&str]| {
            if let Some(text) = fields.first_text(names) {
                *field = Some(text);
            }
        };
        set(&mut self.title, &["title", "subject"]);
        set(&mut self.link, &["link", "url"]);
        set(&mut self.source, &["source"]);
        set(&mut self.actor, &["actor"]);
        set(&mut self.key, &["key"]);
        if let Some(level) =
            fields.first_text(&["level", "type", "severity"]).as_deref().and_then(Level::from_word)
        {
            self.level = Some(level);
        }
        if let Some(state) = fields.text("state").and_then(State::from_word) {
            self.state = Some(state);
        }
        if let Some(time) = fields.text("timestamp").and_then(|time| time.parse().ok()) {
            self.timestamp = Some(time);
        }
        self.format = match fields.text("format") {
            Some("markdown") => Some(Format::Markdown),
            Some("code") => Some(Format::Code),
            Some("text") => Some(Format::Text),
            _ => self.format,
        };
        for name in ["tags", "tag"] {
            self.tags.extend(words(fields.at(name)));
        }
        // `action=Open=https://…`, as the command line has it.
        if let Some((label, url)) = fields.text("action").and_then(|action| action.split_once('=')) {
            self.actions.push(Action { label: label.into(), url: url.into() });
        }
    }

    /// What the address of a hook says about all that comes by it: `?title=…&level=…&tags=…&key=…`, or headers with an
    /// `X-` before the name.
    pub(crate) fn set_by_address(&mut self, request: &Foreign) {
        const NAMES: [&str; 11] =
            ["title", "level", "tags", "tag", "link", "source", "actor", "key", "state", "format", "action"];
        let in_headers = NAMES.iter().filter_map(|name| {
            let value = request.header(&format!("X-{name}")).filter(|value| !value.is_empty())?;
            Some(((*name).to_owned(), rfc2047::decode(value)))
        });
        let in_query = request.query_pairs().filter(|(name, _)| NAMES.contains(&name.as_str()));
        let fields = object_of(in_query.chain(in_headers));
        self.set_fields(&fields);
    }
}
