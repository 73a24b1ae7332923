//! The adapters' recorded requests and sessions, as what the targets are called with. They are read from where they
//! are: `corpus/` holds what nobody has recorded.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use notifyhub_adapters::Foreign;
use serde_json::Value;

use crate::foreign::write;

/// What a target is to begin with besides its corpus.
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    match target {
        "adapters" | "inlets" => requests().iter().map(|(name, request)| write(name, request)).collect(),
        "agent_sessions" => sessions(),
        _ => Vec::new(),
    }
}

/// All requests, and the names of their formats.
pub fn requests() -> Vec<(String, Foreign)> {
    let files = files("golden", ".request.json");
    files.into_iter().map(|(name, recorded)| (name, request(&recorded))).collect()
}

fn request(recorded: &Value) -> Foreign {
    let text = |name: &str, default: &str| recorded[name].as_str().unwrap_or(default).to_owned();
    let body = match (&recorded["json"], recorded["base64"].as_str()) {
        (Value::Null, Some(encoded)) => STANDARD.decode(encoded).unwrap(),
        (Value::Null, None) => text("body", "").into_bytes(),
        (json, _) => json.to_string().into_bytes(),
    };
    let headers = recorded["headers"].as_object().into_iter().flatten();
    Foreign {
        method: text("method", "POST"),
        path: text("path", "/"),
        query: text("query", ""),
        headers: headers.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect(),
        body,
    }
}

/// Events of agents: each session in the lines that `adapters::agent_sessions` takes.
fn sessions() -> Vec<Vec<u8>> {
    let session = |(agent, events): (String, Value)| {
        let mut lines = String::new();
        let mut last = 0;
        for event in events.as_array().unwrap() {
            let at = event["at_ms"].as_u64().unwrap();
            let _ = writeln!(lines, "{agent} {} {}", at - last, event["event"]);
            last = at;
        }
        lines.into_bytes()
    };
    files("sessions", ".events.json").into_iter().map(session).collect()
}

/// What is recorded, and the names of the folders that it is in.
fn files(of: &str, ending: &str) -> Vec<(String, Value)> {
    let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("../adapters/tests").join(of);
    let mut found = Vec::new();
    for folder in entries(&recorded) {
        let name = folder.file_name().unwrap().to_str().unwrap();
        for file in entries(&folder).iter().filter(|file| file.to_str().unwrap().ends_with(ending)) {
            found.push((name.to_owned(), serde_json::from_slice(&fs::read(file).unwrap()).unwrap()));
        }
    }
    found
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}
