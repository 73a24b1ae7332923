//! What the documents say of the tests.

use std::{fs, path::Path};

/// The text of every Rust source below a folder, in one.
fn sources(folder: &Path, all: &mut String) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() && name != "target" && name != "node_modules" {
            sources(&path, all);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            all.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_test_that_is_named_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let document = fs::read_to_string(root.join("docs/SECURITY.md")).unwrap();
    let mut code = String::new();
    for folder in ["server", "sdk", "cli", "tests", "fuzz"] {
        sources(&root.join(folder), &mut code);
    }
    let last_columns = document.lines().filter_map(|line| line.strip_suffix('|')?.rsplit_once('|'));
    let named = last_columns.flat_map(|(_, column)| column.split('`').skip(1).step_by(2));
    let mut count = 0;
    for name in named {
        count += 1;
        let is_there = match name.strip_suffix(".spec.ts") {
            Some(_) => root.join("tests/browser").join(name).exists(),
            None => code.contains(&format!("fn {name}(")),
        };
        assert!(is_there, "docs/SECURITY.md names `{name}`, which is no test");
    }
    assert!(count > 30, "{count}");
}
