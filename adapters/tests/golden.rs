//! Recorded requests of other programs, and what they come to: `golden/<dialect>/<case>.request.json` and
//! `.expected.json` beside it. To write the latter anew, after a change that is meant, and look through the difference:
//! `NOTIFYHUB_GOLDEN=record cargo test -p notifyhub-adapters`.
#![allow(clippy::unwrap_used, reason = "in a test a panic is the report")]

use std::{fs, path::Path, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use notifyhub_adapters::{
    Dialect, Foreign, Outcome,
    agents::{Agent, Sessions},
};
use serde_json::{Map, Value, json};

fn folder(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

fn files(folder: &Path, ending: &str) -> Vec<std::path::PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = paths.filter(|path| path.to_str().unwrap().ends_with(ending)).collect();
    files.sort();
    files
}

fn read(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn is_recording() -> bool {
    std::env::var("NOTIFYHUB_GOLDEN").is_ok_and(|what| what == "record")
}

/// Compares, or writes down what is.
fn check(expected: &Path, actual: &Value) {
    if is_recording() {
        fs::write(expected, serde_json::to_string_pretty(actual).unwrap() + "\n").unwrap();
    }
    assert_eq!(&read(expected), actual, "{}", expected.display());
}

fn request(recorded: &Value) -> Foreign {
    let text = |name: &str| recorded[name].as_str().unwrap_or_default().to_owned();
    let body = match (&recorded["json"], recorded["base64"].as_str()) {
        (Value::Null, Some(encoded)) => STANDARD.decode(encoded).unwrap(),
        (Value::Null, None) => text("body").into_bytes(),
        (json, _) => json.to_string().into_bytes(),
    };
    let headers = recorded["headers"].as_object().cloned().unwrap_or_else(Map::new);
    Foreign {
        method: recorded["method"].as_str().unwrap_or("POST").to_owned(),
        path: recorded["path"].as_str().unwrap_or("/").to_owned(),
        query: text("query"),
        headers: headers
            .into_iter()
            .map(|(name, value)| (name, value.as_str().unwrap().to_owned()))
            .collect(),
        body,
    }
}

#[test]
fn recorded_requests_come_to_what_is_expected() {
    let mut cases = 0;
    for dialect_folder in files(&folder("golden"), "") {
        let name = dialect_folder.file_name().unwrap().to_str().unwrap().to_owned();
        let dialect = Dialect::from_name(&name).unwrap_or_else(|| panic!("no dialect is called {name}"));
        for path in files(&dialect_folder, ".request.json") {
            let request = request(&read(&path));
            let actual = match dialect.map(&request) {
                Ok(outcome) => serde_json::to_value(outcome).unwrap(),
                Err(refusal) => json!({ "refused": refusal.to_string() }),
            };
            let expected = path.to_str().unwrap().replace(".request.json", ".expected.json");
            check(Path::new(&expected), &actual);
            cases += 1;
        }
    }
    assert!(cases >= 80, "{cases} recorded requests");
}

/// What `POST /hooks` sees of them. Those that do not show whose they are say so in their address.
#[test]
fn recorded_requests_are_recognised() {
    for name in [
        "alertmanager",
        "discord",
        "gitea",
        "github",
        "gitlab",
        "grafana",
        "slack",
        "uptime-kuma",
        "claude-code",
    ] {
        for path in files(&folder("golden").join(name), ".request.json") {
            let request = request(&read(&path));
            // What comes in the query alone, or is not what it says, is not to be recognised.
            if request.method == "GET" || path.to_str().unwrap().contains("unreadable") {
                continue;
            }
            let found = Dialect::recognise(&request);
            // A text alone reads the same in both.
            if name == "slack" && found == Dialect::Plain {
                assert!(path.to_str().unwrap().contains("text"), "{}", path.display());
                continue;
            }
            assert_eq!(Some(found), Dialect::from_name(name), "{}", path.display());
        }
    }
}

/// `sessions/<agent>/<case>.json`: events and when they came; what was to be done, and when, stands beside it.
#[test]
fn recorded_sessions_are_told_as_expected() {
    let mut cases = 0;
    for agent_folder in files(&folder("sessions"), "") {
        let agent = Agent::from_name(agent_folder.file_name().unwrap().to_str().unwrap()).unwrap();
        for path in files(&agent_folder, ".events.json") {
            let mut sessions = Sessions::default();
            let mut told = Vec::new();
            let mut tell = |at: Duration, outcomes: Vec<Outcome>| {
                for outcome in outcomes {
                    told.push(json!({ "at_ms": u64::try_from(at.as_millis()).unwrap(), "outcome": outcome }));
                }
            };
            for event in read(&path).as_array().unwrap() {
                let now = Duration::from_millis(event["at_ms"].as_u64().unwrap());
                while let Some(due) = sessions.next_due().filter(|due| *due <= now) {
                    tell(due, sessions.due(due));
                }
                let query = event["query"].as_str().unwrap_or_default().to_owned();
                let request = Foreign { query, ..Foreign::of_json(event["event"].to_string()) };
                let event = agent.read(&request).unwrap();
                tell(now, sessions.take(event, now));
            }
            while let Some(due) = sessions.next_due() {
                tell(due, sessions.due(due));
            }
            let expected = path.to_str().unwrap().replace(".events.json", ".expected.json");
            check(Path::new(&expected), &Value::Array(told));
            cases += 1;
        }
    }
    assert!(cases >= 7, "{cases} recorded sessions");
}
