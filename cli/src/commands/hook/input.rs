//! What an agent hands over: JSON, made short enough to be sent. What was read or written by a tool can be megabytes long,
//! and only its beginning is ever told.

use std::{
    io::{IsTerminal as _, Read as _},
    path::PathBuf,
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

/// How long to wait for the end of the input. Some agents leave it open.
const PATIENCE: Duration = Duration::from_millis(400);
/// What is longer is no event.
const MAX_INPUT_BYTES: usize = 64 << 20;
/// What is longer is made shorter.
const MAX_EVENT_BYTES: usize = 64 << 10;
/// How long a text in a long event may be, in bytes.
const MAX_TEXT_BYTES: usize = 4 << 10;
/// How many items a list in a long event may have.
const MAX_ITEMS: usize = 32;
/// What the hub takes at most.
const MAX_SENT_BYTES: usize = 1 << 20;

/// An event.
#[derive(Debug)]
pub(super) struct Input {
    text: String,
    json: Value,
}

impl Input {
    /// Reads standard input, unless somebody would have to type it.
    pub(super) fn read() -> Option<Self> {
        if std::io::stdin().is_terminal() {
            return None;
        }
        let (sender, parts) = mpsc::channel();
        // Nobody waits for its end: the program's ends it.
        thread::spawn(move || {
            let mut input = std::io::stdin().lock();
            let mut part = vec![0; 64 << 10];
            while let Ok(length @ 1..) = input.read(&mut part) {
                let _ = sender.send(part[..length].to_vec());
            }
        });
        let deadline = Instant::now() + PATIENCE;
        let mut bytes: Vec<u8> = Vec::new();
        loop {
            match parts.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                // It is read to its end all the same: the agent is not to fail over it.
                Ok(part) if bytes.len() <= MAX_INPUT_BYTES => bytes.extend(part),
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
        Input::of(String::from_utf8(bytes).ok()?)
    }

    /// An event from its text.
    pub(super) fn of(text: String) -> Option<Self> {
        let mut json: Value = serde_json::from_str(&text).ok().filter(Value::is_object)?;
        if text.len() <= MAX_EVENT_BYTES {
            return Some(Input { text, json });
        }
        shorten(&mut json);
        let text = json.to_string();
        (text.len() <= MAX_SENT_BYTES).then_some(Input { text, json })
    }

    /// An event that says nothing.
    pub(super) fn nothing() -> Self {
        Input { text: "{}".into(), json: Value::Object(serde_json::Map::new()) }
    }

    /// Where the agent works, if it says.
    pub(super) fn directory(&self) -> Option<PathBuf> {
        let text = |name: &str| self.json.get(name).and_then(Value::as_str).filter(|path| !path.is_empty());
        let first = |name: &str| self.json.get(name)?.get(0)?.as_str();
        ["cwd", "working_dir", "directory", "workingDirectory"]
            .into_iter()
            .find_map(text)
            .or_else(|| ["workspace_roots", "workspaceRoots"].into_iter().find_map(first))
            .map(PathBuf::from)
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}

/// Cuts long texts and lists, however deep they lie.
fn shorten(value: &mut Value) {
    match value {
        Value::String(text) if text.len() > MAX_TEXT_BYTES => {
            text.truncate(text.floor_char_boundary(MAX_TEXT_BYTES));
            text.push('…');
        }
        Value::Array(items) => {
            items.truncate(MAX_ITEMS);
            items.iter_mut().for_each(shorten);
        }
        Value::Object(fields) => fields.values_mut().for_each(shorten),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_event_is_cut_and_stays_what_it_is() {
        let long = "é".repeat(1 << 20);
        let event = serde_json::json!({
            "hook_event_name": "PostToolUse", "cwd": "/srv/shop", "tool_input": { "command": "make", "content": long },
            "tool_response": [{ "text": long }, 1, 2]
        });
        let input = Input::of(event.to_string()).expect("it is an event");
        assert!(input.text.len() < MAX_EVENT_BYTES, "{}", input.text.len());
        let sent: Value = serde_json::from_str(&input.text).expect("it is JSON");
        assert_eq!(sent["tool_input"]["command"], "make");
        assert!(sent["tool_response"][0]["text"].as_str().is_some_and(|text| text.ends_with("é…")));
        assert_eq!(input.directory(), Some(PathBuf::from("/srv/shop")));
    }

    #[test]
    fn what_is_no_event_is_none() {
        for text in ["", "[]", "null", "{", "\"text\""] {
            assert!(Input::of(text.to_owned()).is_none(), "{text}");
        }
        let short = r#"{"workspace_roots":["/srv/shop"], "x":1}"#;
        let input = Input::of(short.to_owned()).expect("it is an event");
        assert_eq!(input.directory(), Some(PathBuf::from("/srv/shop")));
        assert_eq!(input.into_text(), short);
    }
}
