//! What of a long answer or of a tool's input is worth a line.

use serde_json::Value;

use crate::{
    look::Look as _,
    note::one_line,
    secrets::{hidden_in_command, hidden_in_text, hidden_in_words},
};

/// The longest excerpt, in characters.
const MAX_EXCERPT_CHARS: usize = 300;

/// The first paragraph of an answer, without the marks of Markdown.
pub(super) fn first_paragraph(text: &str) -> Option<String> {
    let mut is_code = false;
    let mut paragraph = String::new();
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with("```") {
            is_code = !is_code;
            continue;
        }
        if is_code || line.trim_matches(['-', '*', '_', '=']).is_empty() {
            if !paragraph.is_empty() {
                break;
            }
            continue;
        }
        paragraph.push_str(without_marks(line).trim());
        paragraph.push(' ');
    }
    excerpt(&paragraph)
}

/// The first line that is not empty, without the marks of Markdown.
pub(super) fn first_line(text: &str) -> Option<String> {
    text.lines().find_map(|line| excerpt(&without_marks(line.trim())))
}

/// Secrets are hidden before it is cut: half of one would not be recognised.
fn excerpt(text: &str) -> Option<String> {
    one_line(&hidden_in_text(text), MAX_EXCERPT_CHARS)
}

fn without_marks(line: &str) -> String {
    let line = line.trim_start_matches(['#', '>']).trim_start();
    let line = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")).unwrap_or(line);
    line.replace("**", "").replace('`', "")
}

/// `Bash: git push origin main`: a tool, and the part of its input that tells most, without what looks secret.
pub(super) fn tool_call(name: &str, input: &Value) -> String {
    const TELLING: [&str; 10] = [
        "command",
        "cmd",
        "file_path",
        "filePath",
        "path",
        "notebook_path",
        "url",
        "pattern",
        "query",
        "description",
    ];
    let telling = input.first_text(&TELLING).or_else(|| match input {
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => {
            let words = items.iter().filter_map(Value::as_str).map(str::to_owned);
            Some(hidden_in_words(words).join(" "))
        }
        Value::Object(fields) => fields.values().find_map(Value::as_str).map(str::to_owned),
        _ => None,
    });
    let telling = telling.map(|text| hidden_in_command(&text));
    match telling.and_then(|text| one_line(&text, MAX_EXCERPT_CHARS)) {
        Some(text) => format!("{name}: {text}"),
        None => name.to_owned(),
    }
}

/// The name of a directory, on any system.
pub(super) fn base_name(directory: &str) -> Option<String> {
    let name = directory.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next()?;
    (!name.is_empty() && !name.ends_with(':')).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_is_told_by_its_first_paragraph() {
        for (text, expected) in [
            ("Pushed. CI is running.\n\nDetails …", Some("Pushed. CI is running.")),
            ("## Done\n\n- **a** `b`", Some("Done")),
            ("\n\n```rust\nfn main() {}\n```\nThat is it.", Some("That is it.")),
            ("one\ntwo\n\nthree", Some("one two")),
            ("---", None),
            ("", None),
        ] {
            assert_eq!(first_paragraph(text).as_deref(), expected, "{text:?}");
        }
        assert_eq!(first_paragraph(&"x".repeat(999)).map(|text| text.chars().count()), Some(300));
    }

    #[test]
    fn a_call_is_told_by_what_it_does() {
        assert_eq!(
            tool_call("Bash", &json!({"description": "Push", "command": "git push"})),
            "Bash: git push"
        );
        assert_eq!(tool_call("Edit", &json!({"file_path": "/a/b.rs", "old": "x"})), "Edit: /a/b.rs");
        assert_eq!(tool_call("shell", &json!({"command": ["ls", "-l"]})), "shell");
        assert_eq!(tool_call("Other", &json!({"n": 1})), "Other");
    }

    #[test]
    fn a_directory_has_a_name_on_any_system() {
        assert_eq!(base_name("/srv/shop/").as_deref(), Some("shop"));
        assert_eq!(base_name(r"C:\work\shop").as_deref(), Some("shop"));
        assert_eq!(base_name("/"), None);
        assert_eq!(base_name("C:\\"), None);
    }
}
