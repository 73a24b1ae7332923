//! Holds the server's modules to their order: each may use only those named here, all of which lie below it.

use std::{collections::BTreeSet, fs, path::Path};

/// What each module may use.
const ALLOWED: &[(&str, &[&str])] = &[
    ("main", &["api", "config", "connection", "serve"]),
    ("serve", &["api", "config", "connection", "feed", "hub", "log", "metrics", "page", "shutdown"]),
    ("connection", &["api", "event_id", "feed", "frame", "metrics", "shutdown"]),
    ("api", &["event_id", "feed", "frame", "history", "log", "metrics", "notification", "page", "shutdown"]),
    ("feed", &["event_id", "frame", "history", "hub", "log", "notification"]),
    ("history", &["event_id", "frame", "log", "notification"]),
    ("hub", &["event_id", "frame"]),
    ("log", &["event_id", "notification"]),
    ("frame", &["event_id", "notification"]),
    ("config", &["log"]),
    ("page", &[]),
    ("notification", &[]),
    ("event_id", &[]),
    ("metrics", &[]),
    ("shutdown", &[]),
];

#[test]
fn no_module_uses_one_above_it() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut modules = BTreeSet::new();
    for entry in fs::read_dir(&source).expect("the source folder").flatten() {
        let path = entry.path();
        let module = path.file_stem().and_then(|stem| stem.to_str()).expect("a name").to_owned();
        if module == "lib" {
            continue;
        }
        let allowed = ALLOWED.iter().find(|(name, _)| *name == module);
        let allowed =
            allowed.unwrap_or_else(|| panic!("say in ALLOWED what the module `{module}` may use")).1;
        for used in used_modules(&path).iter().filter(|used| **used != module) {
            assert!(allowed.contains(&used.as_str()), "`{module}` must not use `{used}`");
        }
        modules.insert(module);
    }
    assert_eq!(modules.len(), ALLOWED.len(), "ALLOWED names modules that are not there");
}

#[test]
fn the_order_has_no_cycle() {
    let mut settled: BTreeSet<&str> = BTreeSet::new();
    while settled.len() < ALLOWED.len() {
        let before = settled.len();
        let ready = ALLOWED.iter().filter(|(_, uses)| uses.iter().all(|used| settled.contains(used)));
        let ready: Vec<_> = ready.map(|(name, _)| *name).collect();
        settled.extend(ready);
        assert_ne!(settled.len(), before, "the modules that are left use each other");
    }
}

/// The modules of this crate that a file, or all files of a folder, name outside their unit tests.
fn used_modules(path: &Path) -> BTreeSet<String> {
    if path.is_dir() {
        return fs::read_dir(path)
            .expect("a folder")
            .flatten()
            .flat_map(|entry| used_modules(&entry.path()))
            .collect();
    }
    let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
    if matches!(name, "tests.rs" | "contract.rs") {
        return BTreeSet::new();
    }
    let text = fs::read_to_string(path).expect("a source file");
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    // The binary names the crate; `use crate::{…}` lists its modules in braces.
    let mut used = BTreeSet::new();
    for root in ["crate::", "notifyhub_server::"] {
        for (start, _) in code.match_indices(root) {
            used.extend(first_segments(&code[start + root.len()..]));
        }
    }
    used
}

/// `log::Log` → log; `{log::{A, B}, hub}` → log, hub.
fn first_segments(path: &str) -> Vec<String> {
    let Some(list) = path.strip_prefix('{') else {
        return vec![path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()];
    };
    let mut segments = Vec::new();
    let mut depth = 0;
    let mut item = String::new();
    for c in list.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => segments.push(std::mem::take(&mut item)),
            _ if depth == 0 => item.push(c),
            _ => {}
        }
    }
    segments.push(item);
    let first = |item: &String| item.trim().split("::").next().unwrap_or_default().trim().to_owned();
    segments.iter().map(first).filter(|segment| !segment.is_empty()).collect()
}
