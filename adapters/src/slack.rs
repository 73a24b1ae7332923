//! Slack's incoming webhook, and Mattermost's and Rocket.Chat's, which are made after it: `text`, `attachments`, `blocks`.

use serde_json::Value;

use crate::{Action, Foreign, Level, Note, Outcome, Refusal, look::Look as _};

pub(crate) fn read(request: &Foreign) -> Result<Outcome, Refusal> {
    let body = request.object()?;
    let attachments = body.items("attachments");
    let mut parts: Vec<String> = Vec::new();
    let mut title = None;
    // Slack shows `text` above the attachments; many send the same in both.
    let mut add = |text: Option<String>| {
        let text = text.filter(|text| !text.trim().is_empty());
        if let Some(text) = text.filter(|text| !parts.iter().any(|part| part.contains(text))) {
            parts.push(text);
        }
    };
    add(body.text("text").map(plain));
    for attachment in attachments {
        if title.is_none() {
            title = attachment.text("title").map(plain);
        } else {
            add(attachment.text("title").map(plain));
        }
        add(attachment.text("pretext").map(plain));
        let has_text = attachment.text("text").is_some();
        add(attachment.text("text").map(plain));
        for field in attachment.items("fields") {
            let value = field.word("value").unwrap_or_default();
            add(Some(match field.text("title") {
                Some(name) => format!("{}: {}", plain(name), plain(&value)),
                None => plain(&value),
            }));
        }
        let blocks = attachment.items("blocks");
        block_texts(blocks, &mut title, &mut add);
        if !has_text && blocks.is_empty() && attachment.items("fields").is_empty() {
            add(attachment.text("fallback").map(plain));
        }
    }
    block_texts(body.items("blocks"), &mut title, &mut add);
    let link = attachments.iter().find_map(|attachment| attachment.text("title_link")).map(str::to_owned);
    let channel = body.text("channel").map(|channel| channel.trim_start_matches(['#', '@']).to_owned());
    Ok(Note {
        link: link.or_else(|| first_link(&body)),
        message: parts.join("\n"),
        title,
        level: attachments.iter().find_map(|attachment| attachment.text("color")).and_then(level_of_color),
        tags: channel.into_iter().collect(),
        actor: body.text("username").map(str::to_owned),
        actions: buttons(&body),
        ..Note::default()
    }
    .into())
}

fn block_texts(blocks: &[Value], title: &mut Option<String>, add: &mut impl FnMut(Option<String>)) {
    for block in blocks.iter().filter(|block| block.text("type") != Some("actions")) {
        let text = block.text("text.text").map(plain);
        if block.text("type") == Some("header") && title.is_none() {
            *title = text;
        } else {
            add(text);
        }
        for part in block.items("fields").iter().chain(block.items("elements")) {
            add(part.first_text(&["text.text", "text"]).as_deref().map(plain));
            // Rich text: sections of pieces.
            let pieces = part.items("elements").iter().filter_map(|piece| piece.first_text(&["text", "url"]));
            add(Some(pieces.collect::<String>()));
        }
    }
}

/// What its buttons open.
fn buttons(body: &Value) -> Vec<Action> {
    let in_attachments = body.items("attachments").iter().flat_map(|attachment| attachment.items("blocks"));
    let blocks = body.items("blocks").iter().chain(in_attachments);
    let elements = blocks
        .filter(|block| block.text("type") == Some("actions"))
        .flat_map(|block| block.items("elements"));
    elements
        .filter_map(|button| {
            let label = button.first_text(&["text.text", "text"])?;
            Some(Action { label, url: button.text("url")?.to_owned() })
        })
        .collect()
}

/// `<https://…|text>` anywhere in the texts.
fn first_link(body: &Value) -> Option<String> {
    let texts = [body.text("text")].into_iter().chain(
        body.items("attachments")
            .iter()
            .flat_map(|attachment| [attachment.text("text"), attachment.text("pretext")]),
    );
    let blocks = body.items("blocks").iter().map(|block| block.text("text.text"));
    texts.chain(blocks).flatten().find_map(|text| {
        let start = text.find("<http")?;
        let inside = text[start + 1..].split('>').next()?;
        inside.split('|').next().map(str::to_owned)
    })
}

/// A colour by name or as `#rrggbb`.
fn level_of_color(color: &str) -> Option<Level> {
    match color.to_lowercase().as_str() {
        "good" => Some(Level::Success),
        "warning" => Some(Level::Warning),
        "danger" => Some(Level::Error),
        hex => {
            let number = u32::from_str_radix(hex.trim_start_matches('#'), 16).ok()?;
            (hex.trim_start_matches('#').len() == 6).then(|| level_of_rgb(number)).flatten()
        }
    }
}

/// What a colour says: green, yellow or orange, red; nothing for the others.
pub(crate) fn level_of_rgb(rgb: u32) -> Option<Level> {
    let [_, red, green, blue] = rgb.to_be_bytes().map(i32::from);
    let (most, least) = (red.max(green).max(blue), red.min(green).min(blue));
    let spread = most - least;
    // Greys say nothing.
    if spread < 40 || most == blue {
        return None;
    }
    // The hue in degrees: red is 0, yellow 60, green 120.
    let hue = if most == red { 60 * (green - blue) / spread } else { 120 + 60 * (blue - red) / spread };
    match hue {
        -30..=16 => Some(Level::Error),
        17..=70 => Some(Level::Warning),
        71..=170 => Some(Level::Success),
        _ => None,
    }
}

/// Slack's mark-up as plain text: links by their text, mentions dropped, entities decoded, marks stripped.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        let Some(length) = rest[start..].find('>') else { break };
        out.push_str(&rest[..start]);
        let inside = &rest[start + 1..start + length];
        match inside.split_once('|') {
            Some((_, label)) => out.push_str(label),
            None if inside.starts_with(['!', '@', '#']) => {}
            None => out.push_str(inside.strip_prefix("mailto:").unwrap_or(inside)),
        }
        rest = &rest[start + length + 1..];
    }
    out.push_str(rest);
    let unescaped = without_marks(&out).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    unescaped.trim().to_owned()
}

/// Takes the marks of `*bold*`, `_italic_`, `~struck~` away where they stand around words; code keeps its own.
fn without_marks(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut is_code = false;
    let mut open: Vec<char> = Vec::new();
    for (index, &c) in characters.iter().enumerate() {
        let before = index.checked_sub(1).map(|index| characters[index]);
        let after = characters.get(index + 1).copied();
        if c == '`' {
            is_code = !is_code;
            continue;
        }
        if !is_code && matches!(c, '*' | '_' | '~') {
            let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
            let opens = is_edge(before)
                && after.is_some_and(|c| !c.is_whitespace())
                && characters[index + 1..].contains(&c);
            if open.last() == Some(&c) && is_edge(after) && before.is_some_and(|c| !c.is_whitespace()) {
                open.pop();
                continue;
            }
            if opens {
                open.push(c);
                continue;
            }
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mark_up_becomes_plain_text() {
        for (text, expected) in [
            ("<https://a.example/x|Build 7> failed", "Build 7 failed"),
            ("see <https://a.example>", "see https://a.example"),
            (
                "<!here> <@U123> *Deploy* of `web_shop_v2` &lt;prod&gt; &amp; _more_",
                "Deploy of web_shop_v2 <prod> & more",
            ),
            ("snake_case_name and 2*3*4", "snake_case_name and 2*3*4"),
            ("a < b", "a < b"),
            ("*unclosed", "*unclosed"),
        ] {
            assert_eq!(plain(text), expected, "{text}");
        }
    }

    #[test]
    fn colours_say_how_it_went() {
        for (color, expected) in [
            ("good", Some(Level::Success)),
            ("#36a64f", Some(Level::Success)),
            ("#2eb886", Some(Level::Success)),
            ("warning", Some(Level::Warning)),
            ("#daa038", Some(Level::Warning)),
            ("danger", Some(Level::Error)),
            ("#A30200", Some(Level::Error)),
            ("#D63232", Some(Level::Error)),
            ("#cccccc", None),
            ("#439FE0", None),
            ("#zzzzzz", None),
        ] {
            assert_eq!(level_of_color(color), expected, "{color}");
        }
    }
}
