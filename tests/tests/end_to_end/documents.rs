//! What the documents say of the tests and of the options.

use std::{collections::BTreeMap, fs, path::Path};

use notifyhub_tests::{repository, server::run_to_end};

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
    for folder in ["server", "adapters", "sdk", "cli", "tests", "fuzz"] {
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

/// What one option is like.
#[derive(Debug, Default, PartialEq)]
struct Described {
    default: String,
    /// What it can be set to, where only some words are taken.
    values: Vec<String>,
}

/// What `--help` says: options with the name of their value, such as `--port PORT`.
fn options_in_help() -> BTreeMap<String, Described> {
    let output = run_to_end(&["--help"]);
    let help = String::from_utf8(output.stdout).unwrap();
    let mut blocks: Vec<Vec<&str>> = Vec::new();
    for line in help.lines().map(str::trim) {
        match line.find("--").filter(|start| line.starts_with('-') && [0, "-p, ".len()].contains(start)) {
            Some(start) => blocks.push(vec![&line[start..]]),
            None => blocks.last_mut().into_iter().for_each(|block| block.push(line)),
        }
    }
    blocks.retain(|block| !["--help", "--version"].contains(&block[0]));
    let described = blocks.into_iter().map(|block| {
        let takes_a_value = block[0].contains('<');
        let text = block.join(" ");
        let shown = text.split_once("[default: ").and_then(|(_, rest)| rest.split_once(']'));
        let default = match shown {
            Some((default, _)) => default,
            None if takes_a_value => "none",
            None => "off",
        };
        let values = block.iter().filter_map(|line| line.strip_prefix("- ")?.split_once(':'));
        let values = values.map(|(value, _)| format!("`{value}`")).collect();
        (block[0].replace(['<', '>'], ""), Described { default: default.to_owned(), values })
    });
    described.collect()
}

#[test]
fn the_table_of_options_is_what_the_help_says() {
    let document = fs::read_to_string(repository("docs/OPERATIONS.md")).unwrap();
    let rows = document.lines().filter_map(|line| line.strip_prefix("| `--")?.strip_suffix(" |"));
    let in_help = options_in_help();
    assert!(in_help.len() > 20, "{in_help:?}");
    let mut in_table = BTreeMap::new();
    for row in rows {
        let [option, default, text] = row.splitn(3, " | ").collect::<Vec<_>>()[..] else { continue };
        let option = format!("--{}", option.trim_end_matches('`'));
        let known = in_help.get(&option).map(|help| help.values.clone()).unwrap_or_default();
        let values = known.into_iter().filter(|value| text.contains(value)).collect();
        let twice = in_table.insert(option, Described { default: default.replace('`', ""), values });
        assert_eq!(twice, None, "{row}");
    }
    for (option, described) in &in_help {
        assert_eq!(in_table.get(option), Some(described), "docs/OPERATIONS.md, {option}");
    }
    assert_eq!(in_table.keys().collect::<Vec<_>>(), in_help.keys().collect::<Vec<_>>());
}
