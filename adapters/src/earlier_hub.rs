//! The earlier hub's clients: `{"data":{"message","pwd"},"id"}`, or `{"message","timestamp"}`. They write tags into the
//! text: `[#build.failed] …`.

use crate::{Foreign, Note, Outcome, Refusal, look::Look as _};

pub(crate) fn read(request: &Foreign) -> Result<Outcome, Refusal> {
    let body = request.json()?;
    let data = if body.at("data").is_object() { body.at("data") } else { &body };
    let (tags, message) = leading_tags(data.text("message").unwrap_or_default());
    let directory = data.text("pwd").map(|pwd| pwd.trim_end_matches('/'));
    Ok(Note {
        message: message.to_owned(),
        tags,
        source: directory.and_then(|pwd| pwd.rsplit('/').next()).map(str::to_owned),
        key: body.text("id").map(str::to_owned),
        timestamp: data.text("timestamp").and_then(|time| time.parse().ok()),
        ..Note::default()
    }
    .into())
}

/// `[#a.b] [#c] text` → a.b, c and the text.
fn leading_tags(text: &str) -> (Vec<String>, &str) {
    let mut tags = Vec::new();
    let mut rest = text;
    while let Some((tag, after)) = rest.trim_start().strip_prefix("[#").and_then(|rest| rest.split_once(']'))
    {
        if tag.is_empty() || tag.contains(char::is_whitespace) {
            break;
        }
        tags.push(tag.to_owned());
        rest = after.trim_start();
    }
    // A text of nothing but tags is its own message.
    if rest.is_empty() { (tags, text) } else { (tags, rest) }
}
