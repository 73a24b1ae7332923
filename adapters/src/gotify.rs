//! Gotify: `POST /message`, as JSON, as either kind of form, or in the query alone.

use serde_json::Value;

use crate::{Foreign, Format, Level, Note, Outcome, Refusal, foreign::object_of, look::Look as _};

/// A message as Gotify has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The text.
    pub message: String,
    /// A heading.
    pub title: Option<String>,
    /// 0 to 10, if it was given.
    pub priority: Option<i64>,
    /// What some clients understand besides.
    pub extras: Option<Value>,
}

/// Reads a request.
pub fn read(request: &Foreign) -> Result<Message, Refusal> {
    let fields = if request.media_type() == "application/json" {
        request.json()?
    } else {
        // The query counts as fields of the form.
        object_of(request.form().into_iter().chain(request.query_pairs()))
    };
    let message = fields.text("message").ok_or(Refusal::NoText)?.to_owned();
    let priority = fields.at("priority");
    Ok(Message {
        message,
        title: fields.text("title").map(str::to_owned),
        priority: priority.as_i64().or_else(|| priority.as_str()?.trim().parse().ok()),
        extras: fields.get("extras").filter(|extras| extras.is_object()).cloned(),
    })
}

impl Message {
    /// What it comes to here.
    pub fn outcome(self) -> Result<Outcome, Refusal> {
        // The names have colons, but no dots: they are no paths.
        let extras = self.extras.unwrap_or_default();
        let click = extras["client::notification"]["click"].text("url").map(str::to_owned);
        let is_markdown = extras["client::display"].text("contentType") == Some("text/markdown");
        // Uptime Kuma sends everything with priority 8.
        let is_good =
            ["✅", "🟢"].iter().any(|mark| self.message.contains(mark)) || self.message.contains("Up]");
        let level = match self.priority {
            _ if is_good => Some(Level::Success),
            Some(8..) => Some(Level::Error),
            Some(4..) => Some(Level::Warning),
            Some(_) => Some(Level::Info),
            None => None,
        };
        let note = Note {
            message: self.message,
            title: self.title,
            level,
            link: click,
            format: is_markdown.then_some(Format::Markdown),
            ..Note::default()
        };
        Outcome::from(note).tidy()
    }
}
