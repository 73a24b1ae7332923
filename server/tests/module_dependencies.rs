//! Holds the server's modules to their order: each may use only those named here, all of which lie below it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// What each module may use.
const ALLOWED: &[(&str, &[&str])] = &[
    ("main", &["app", "config", "health", "http", "maintenance"]),
    (
        "app",
        &[
            "config",
            "connection",
            "feed",
            "file_watch",
            "http",
            "log",
            "metrics",
            "shutdown",
            "storage",
            "web_push",
        ],
    ),
    ("maintenance", &["config", "log", "notification", "storage"]),
    ("storage", &["config", "log"]),
    (
        "connection",
        &["clock", "error_body", "event_id", "feed", "metrics", "security_headers", "shutdown", "sse"],
    ),
    (
        "http",
        &[
            "clock",
            "feed",
            "metrics",
            "notification",
            "security_headers",
            "shutdown",
            "sse",
            "throttle",
            "web_push",
        ],
    ),
    ("web_push", &["clock", "feed", "metrics", "notification", "shutdown", "sse", "throttle"]),
    ("feed", &["clock", "event_id", "log", "metrics", "notification", "sse", "throttle"]),
    ("log", &["any_certificate", "clock", "event_id", "notification"]),
    ("sse", &["event_id", "notification"]),
    ("config", &["health", "http", "log", "web_push"]),
    ("notification", &[]),
    ("any_certificate", &[]),
    ("clock", &[]),
    ("event_id", &[]),
    ("error_body", &["security_headers"]),
    ("file_watch", &[]),
    ("health", &["any_certificate"]),
    ("metrics", &[]),
    ("security_headers", &[]),
    ("shutdown", &[]),
    ("throttle", &[]),
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

#[test]
fn no_files_of_a_folder_use_each_other_in_a_circle() {
    check_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
}

/// Settles the files of a folder in an order in which each uses settled ones only; the folder's own `mod.rs` lists them
/// and may use all of them.
fn check_folder(folder: &Path) {
    let mut uses_by_file: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let entries: Vec<_> =
        fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()).collect();
    let name_of = |path: &Path| path.file_stem().and_then(|stem| stem.to_str()).expect("a name").to_owned();
    let names: BTreeSet<String> = entries.iter().map(|path| name_of(path)).collect();
    for path in &entries {
        if path.is_dir() {
            check_folder(path);
        }
        let name = name_of(path);
        if matches!(name.as_str(), "mod" | "lib" | "main" | "tests" | "contract") {
            continue;
        }
        let depth = if path.is_dir() { "super::super::" } else { "super::" };
        let mut used = used_by(path, &[depth]);
        used.retain(|used| *used != name && names.contains(used));
        uses_by_file.insert(name, used);
    }
    let mut settled: BTreeSet<String> = BTreeSet::new();
    while settled.len() < uses_by_file.len() {
        let ready: Vec<String> = uses_by_file
            .iter()
            .filter(|(name, used)| !settled.contains(*name) && used.iter().all(|used| settled.contains(used)))
            .map(|(name, _)| name.clone())
            .collect();
        let left: Vec<_> = uses_by_file.iter().filter(|(name, _)| !settled.contains(*name)).collect();
        assert!(!ready.is_empty(), "in {}: these use each other in a circle: {left:?}", folder.display());
        settled.extend(ready);
    }
}

/// The modules of this crate that a file, or all files of a folder, name outside their unit tests.
fn used_modules(path: &Path) -> BTreeSet<String> {
    used_by(path, &["crate::", "notifyhub_server::"])
}

/// The first names behind these roots.
fn used_by(path: &Path, roots: &[&str]) -> BTreeSet<String> {
    if path.is_dir() {
        return fs::read_dir(path)
            .expect("a folder")
            .flatten()
            .flat_map(|entry| used_by(&entry.path(), roots))
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
    for root in roots {
        for (start, _) in code.match_indices(root) {
            // `super::super::x` is no `super::x`, and `super::` inside of it neither.
            let before = &code[..start];
            let rest = &code[start + root.len()..];
            if before.ends_with("super::") || rest.starts_with("super::") {
                continue;
            }
            used.extend(first_segments(rest));
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
