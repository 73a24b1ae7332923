//! Apprise: the body of its API (`title`, `body`, `type`, `format`, `tag`), and what its `json://` and `form://` send
//! (`version`, `title`, `message`, `type`).

use crate::{
    Foreign, Format, Level, Note, Outcome, Refusal,
    look::{Look as _, words},
};

pub(crate) fn read(request: &Foreign) -> Result<Outcome, Refusal> {
    let body = request.object()?;
    let message = body.first_text(&["body", "message"]).unwrap_or_default();
    let tags = body.get("tag").or_else(|| body.get("tags"));
    Ok(Note {
        message,
        title: body.text("title").map(str::to_owned),
        level: body.text("type").and_then(Level::from_word),
        tags: tags.map(words).unwrap_or_default(),
        format: (body.text("format") == Some("markdown")).then_some(Format::Markdown),
        ..Note::default()
    }
    .into())
}
