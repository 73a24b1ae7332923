//! Discord's webhook: `content` and `embeds`.

use crate::{Foreign, Format, Note, Outcome, Refusal, look::Look as _, slack::level_of_rgb};

pub(crate) fn read(request: &Foreign) -> Result<Outcome, Refusal> {
    let body = request.object()?;
    let embeds = body.items("embeds");
    let mut parts: Vec<String> = body.text("content").map(str::to_owned).into_iter().collect();
    let mut title = None;
    for embed in embeds {
        match embed.first_text(&["title", "author.name"]) {
            Some(heading) if title.is_none() => title = Some(heading),
            heading => parts.extend(heading),
        }
        parts.extend(embed.text("description").map(str::to_owned));
        for field in embed.items("fields") {
            let name = field.text("name").unwrap_or_default();
            parts.push(format!("{name}: {}", field.word("value").unwrap_or_default()));
        }
    }
    let color = embeds.iter().find_map(|embed| embed.at("color").as_u64());
    Ok(Note {
        message: parts.join("\n"),
        title,
        level: color.and_then(|color| u32::try_from(color).ok()).and_then(level_of_rgb),
        link: embeds.iter().find_map(|embed| embed.text("url")).map(str::to_owned),
        actor: body.text("username").map(str::to_owned),
        format: Some(Format::Markdown),
        ..Note::default()
    }
    .into())
}
