//! What is put into files, and taken out of them, against files as people have them: see `tests/golden/hooks`. And for any
//! file: nothing of anybody else's is touched.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use clap::ValueEnum as _;
use proptest::prelude::*;
use serde::Serialize as _;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

const PROGRAM: &str = "/usr/local/bin/notifyhub";

fn files(agent: Agent, place: &Place) -> Vec<HookFile> {
    agent.files(place, Path::new(PROGRAM), |_| None)
}

/// An agent's files in this home directory.
fn user_files(agent: Agent, home: &TempDir) -> Vec<HookFile> {
    files(agent, &Place::User(home.path().to_owned()))
}

fn golden(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/hooks").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Compares with a golden file; with `NOTIFYHUB_GOLDEN=record` in the environment, writes it.
fn is_golden(name: &str, text: &str) {
    if std::env::var("NOTIFYHUB_GOLDEN").is_ok_and(|what| what == "record") {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/hooks").join(name);
        fs::write(path, text).expect("it can be written");
    }
    assert_eq!(text, golden(name), "{name}");
}

#[test]
fn each_agent_has_its_files() {
    for agent in Agent::value_variants() {
        for (place, name) in
            [(Place::User("/home/me".into()), "user"), (Place::Project("/srv/shop".into()), "project")]
        {
            let all: Vec<_> = files(*agent, &place)
                .iter()
                .map(|file| format!("=== {}\n{}", file.path.display(), file.fragment()))
                .collect();
            is_golden(&format!("{}.{name}.txt", agent.name()), &all.concat());
        }
    }
}

#[test]
fn what_stands_in_a_file_stays_as_it_is() {
    for (agent, name, extension) in [
        (Agent::ClaudeCode, "claude-code.crowded", "json"),
        (Agent::ClaudeCode, "claude-code.one-line", "json"),
        (Agent::Cursor, "cursor.tabs", "json"),
        (Agent::Codex, "codex.crowded", "toml"),
        (Agent::Codex, "codex.one-line", "toml"),
    ] {
        let home = TempDir::new().expect("a directory");
        let file = &user_files(agent, &home)[0];
        let before = golden(&format!("{name}.before.{extension}"));
        let after = file.with_hooks(Some(&before)).expect("it can be read");
        is_golden(&format!("{name}.after.{extension}"), &after);
        assert_eq!(file.with_hooks(Some(&after)).expect("it can be read"), after, "{name}: twice is once");
        is_golden(&format!("{name}.left.{extension}"), &file.without_hooks(&after).expect("it can be read"));
    }
}

#[test]
fn an_earlier_command_is_brought_up_to_date_where_it_stands() {
    let home = TempDir::new().expect("a directory");
    let file = &user_files(Agent::Cursor, &home)[0];
    let before = r#"{
  "version": 1,
  "hooks": {
    "stop": [
      // the first one
      {"timeout": 3, "command": "/opt/old/notifyhub hook cursor"},
      {"command": "notifyhub hook cursor"},
      {"command": "other"}
    ],
    "beforeShellExecution": [{"command": "notifyhub hook cursor"}]
  }
}"#;
    let after = file.with_hooks(Some(before)).expect("it can be read");
    let stop = r#"
      // the first one
      {"timeout": 3, "command": "/usr/local/bin/notifyhub hook cursor"},
      {"command": "other"}
"#;
    assert!(after.contains(stop), "{after}");
    assert!(!after.contains("beforeShellExecution"), "no event is left over: {after}");
    assert_eq!(after.matches("hook cursor").count(), 3);

    let toml = &user_files(Agent::Codex, &home)[0];
    let before =
        "[[hooks.Stop]]\n[[hooks.Stop.hooks]]\ntimeout = 3 # s\ncommand = \"notifyhub hook codex\"\n";
    let after = toml.with_hooks(Some(before)).expect("it can be read");
    assert!(after.contains("timeout = 3 # s\ncommand = \"/usr/local/bin/notifyhub hook codex\""), "{after}");
    assert_eq!(after.matches("[[hooks.Stop]]").count(), 1);
}

#[test]
fn what_cannot_be_read_is_told_with_its_line_and_left_alone() {
    for (agent, text, expected) in [
        (Agent::ClaudeCode, "{\n  \"a\": 1,\n  \"b\" 2\n}", "line 3: "),
        (Agent::ClaudeCode, "[]", "line 1: it must be an object"),
        (Agent::ClaudeCode, "{\n\"x\": {\n},\n\"hooks\": []}", "line 4: \"hooks\" must be an object"),
        (Agent::ClaudeCode, "{\"hooks\": {\n\n\"Stop\": {}}}", "line 3: \"Stop\" must be a list"),
        (
            Agent::ClaudeCode,
            "{\"hooks\": {},\n \"hooks\": {}}",
            "line 2: \"hooks\" stands here a second time",
        ),
        (Agent::Codex, "a = 1\nb = \n", "line 2: "),
        (Agent::Codex, "a = 1\nhooks = 3\n", "line 2: `hooks` must be a table"),
        (Agent::Codex, "[hooks]\nStop = true\n", "line 2: `hooks.Stop` must be a list of tables"),
    ] {
        let home = TempDir::new().expect("a directory");
        let file = &user_files(agent, &home)[0];
        fs::create_dir_all(file.path.parent().expect("a folder")).expect("made");
        fs::write(&file.path, text).expect("written");
        let refused = install(file).expect_err("it cannot be read").to_string();
        assert!(refused.contains(expected) && refused.contains("Nothing was changed"), "{text}: {refused}");
        assert_eq!(fs::read_to_string(&file.path).expect("read"), text);
        assert_eq!(fs::read_dir(file.path.parent().expect("a folder")).expect("listed").count(), 1);
    }
    let home = TempDir::new().expect("a directory");
    let file = &user_files(Agent::ClaudeCode, &home)[0];
    fs::create_dir_all(file.path.parent().expect("a folder")).expect("made");
    fs::write(&file.path, b"{\n\"a\": \"\xff\"}").expect("written");
    assert!(install(file).expect_err("not text").to_string().contains("line 2: it is not UTF-8"));
}

#[test]
fn what_was_made_is_removed_again() {
    for agent in Agent::value_variants() {
        let home = TempDir::new().expect("a directory");
        let files = user_files(*agent, &home);
        for file in &files {
            assert_eq!(install(file).expect("installed"), Change::Created);
            assert_eq!(install(file).expect("installed"), Change::None);
        }
        for file in &files {
            assert_eq!(uninstall(file).expect("uninstalled"), Change::Removed);
            assert_eq!(uninstall(file).expect("uninstalled"), Change::None);
        }
        let left = fs::read_dir(home.path().join(".agents/plugins"));
        assert!(left.is_err() || left.is_ok_and(|mut left| left.next().is_none()), "{agent:?}");
    }
}

#[test]
fn a_backup_is_what_it_was_before_the_first_change() {
    let home = TempDir::new().expect("a directory");
    let file = &user_files(Agent::ClaudeCode, &home)[0];
    let backup = file.path.with_file_name("settings.json.notifyhub-backup");
    fs::create_dir_all(file.path.parent().expect("a folder")).expect("made");
    fs::write(&file.path, "{\"theme\":  \"dark\"}").expect("written");
    assert_eq!(install(file).expect("installed"), Change::Changed { backup: Some(backup.clone()) });
    assert_eq!(fs::read_to_string(&backup).expect("read"), "{\"theme\":  \"dark\"}");

    // Somebody goes on working with it: what they did stays, also when ours is taken out.
    let changed = fs::read_to_string(&file.path).expect("read").replace("dark", "light");
    fs::write(&file.path, changed).expect("written");
    assert_eq!(uninstall(file).expect("uninstalled"), Change::Changed { backup: Some(backup.clone()) });
    let left: Value = serde_json::from_str(&fs::read_to_string(&file.path).expect("read")).expect("JSON");
    assert_eq!(left, json!({ "theme": "light" }));
    install(file).expect("installed");
    assert_eq!(fs::read_to_string(&backup).expect("read"), "{\"theme\":  \"dark\"}", "the first one");
}

#[test]
fn permissions_and_links_stay() {
    let home = TempDir::new().expect("a directory");
    let file = &user_files(Agent::ClaudeCode, &home)[0];
    let folder = file.path.parent().expect("a folder");
    fs::create_dir_all(folder).expect("made");
    let dotfiles = home.path().join("dotfiles");
    fs::create_dir(&dotfiles).expect("made");
    fs::write(dotfiles.join("claude.json"), "{}").expect("written");
    fs::set_permissions(dotfiles.join("claude.json"), fs::Permissions::from_mode(0o600)).expect("set");
    std::os::unix::fs::symlink("../dotfiles/claude.json", &file.path).expect("linked");
    install(file).expect("installed");
    assert!(file.path.is_symlink());
    let target = fs::metadata(dotfiles.join("claude.json")).expect("there");
    assert_eq!(target.permissions().mode() & 0o777, 0o600);
    assert!(fs::read_to_string(dotfiles.join("claude.json")).expect("read").contains("hook claude-code"));
    let backup = fs::metadata(folder.join("settings.json.notifyhub-backup")).expect("there");
    assert_eq!(backup.permissions().mode() & 0o777, 0o600);
    assert_eq!(uninstall(file).expect("uninstalled"), Change::Restored);
    assert_eq!(fs::read_to_string(dotfiles.join("claude.json")).expect("read"), "{}");
    assert!(file.path.is_symlink());
}

#[test]
fn codex_has_hooks_in_one_file() {
    let home = TempDir::new().expect("a directory");
    let toml = &user_files(Agent::Codex, &home)[0];
    install(toml).expect("installed");
    fs::write(home.path().join(".codex/hooks.json"), "{}").expect("written");
    for file in user_files(Agent::Codex, &home) {
        install(&file).expect("installed");
    }
    assert_eq!(fs::read_to_string(&toml.path).expect("read"), "");
    let hooks = fs::read_to_string(home.path().join(".codex/hooks.json")).expect("read");
    assert_eq!(hooks.matches("hook codex").count(), 5);
}

#[test]
fn somebody_elses_file_under_our_name_comes_back() {
    let home = TempDir::new().expect("a directory");
    let file = &user_files(Agent::OpenCode, &home)[0];
    fs::create_dir_all(file.path.parent().expect("a folder")).expect("made");
    fs::write(&file.path, "export const Mine = 1\n").expect("written");
    assert_eq!(uninstall(file).expect("looked at"), Change::None);
    assert!(matches!(install(file).expect("installed"), Change::Changed { backup: Some(_) }));
    assert_eq!(uninstall(file).expect("uninstalled"), Change::Restored);
    assert_eq!(fs::read_to_string(&file.path).expect("read"), "export const Mine = 1\n");
}

/// Any value, as settings have them.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[ -~äß\\n\"\\\\]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z.\"]{1,6}", inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Settings with hooks of other programs in them.
fn settings() -> impl Strategy<Value = Value> {
    let others = prop::collection::btree_map(
        prop_oneof![Just("Stop".to_owned()), Just("stop".to_owned()), Just("AfterAgent".to_owned())],
        prop::collection::vec("[a-z ]{1,12}", 1..3),
        0..3,
    );
    (prop::collection::btree_map("[a-g]{1,6}", value(), 0..5), others).prop_map(|(fields, others)| {
        let mut settings = Value::Object(fields.into_iter().collect());
        if !others.is_empty() {
            let entries = |commands: Vec<String>| {
                let entry = |command| json!({ "hooks": [{ "type": "command", "command": command }] });
                Value::from(commands.into_iter().map(entry).collect::<Vec<_>>())
            };
            settings["hooks"] =
                others.into_iter().map(|(event, commands)| (event, entries(commands))).collect();
        }
        settings
    })
}

/// How somebody wrote them.
fn written(settings: &Value, style: u8) -> String {
    let mut pretty = Vec::new();
    let indent: &[u8] = if style % 5 == 2 { b"\t" } else { b"  " };
    let formatter = serde_json::ser::PrettyFormatter::with_indent(indent);
    settings.serialize(&mut serde_json::Serializer::with_formatter(&mut pretty, formatter)).expect("JSON");
    let pretty = String::from_utf8(pretty).expect("JSON is text");
    match style % 5 {
        0 => settings.to_string(),
        1 => pretty.replace('\n', "\r\n"),
        3 => format!("// mine\n{pretty}\n/* the end */\n"),
        _ => pretty + "\n",
    }
}

fn read_back(text: &str) -> Value {
    let options = jsonc_parser::ParseOptions::default();
    let root = jsonc_parser::cst::CstRootNode::parse(text, &options).expect("it is still JSON");
    root.to_serde_value().expect("it is a value")
}

const JSON_AGENTS: [Agent; 4] = [Agent::ClaudeCode, Agent::Copilot, Agent::Cursor, Agent::Gemini];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whatever_the_settings_nothing_of_theirs_is_touched(
        mut settings in settings(), style in any::<u8>(), agent in prop::sample::select(&JSON_AGENTS[..])
    ) {
        // Where we put it ourselves, it goes with what is ours.
        if matches!(agent, Agent::Copilot | Agent::Cursor) {
            settings["version"] = 1.into();
            settings["other"] = 1.into();
        }
        let home = TempDir::new().expect("a directory");
        let file = &user_files(agent, &home)[0];
        let text = written(&settings, style);
        let after = file.with_hooks(Some(&text)).expect("it can be read");
        prop_assert_eq!(&file.with_hooks(Some(&after)).expect("it can be read"), &after);
        let left = file.without_hooks(&after).expect("it can be read");
        prop_assert_eq!(read_back(&left), settings.clone(), "{}", after);
        for comment in ["// mine", "/* the end */"] {
            prop_assert_eq!(left.contains(comment), text.contains(comment));
        }
        // What others have is there all the time.
        let during = read_back(&after);
        for (name, value) in settings.as_object().expect("an object") {
            prop_assert!(name == "hooks" || &during[name] == value);
        }

        // On the disk it comes back byte for byte.
        fs::create_dir_all(file.path.parent().expect("a folder")).expect("made");
        fs::write(&file.path, &text).expect("written");
        install(file).expect("installed");
        prop_assert_eq!(fs::read_to_string(&file.path).expect("read"), after);
        prop_assert_eq!(uninstall(file).expect("uninstalled"), Change::Restored);
        prop_assert_eq!(fs::read_to_string(&file.path).expect("read"), text);
        prop_assert_eq!(fs::read_dir(file.path.parent().expect("a folder")).expect("listed").count(), 1);
    }

    #[test]
    fn whatever_the_toml_nothing_of_theirs_is_touched(
        root in prop::collection::btree_map("[a-g]{1,3}", "[a-z ]{0,9}", 0..4),
        tables in prop::collection::btree_map("[m-z]{1,3}", prop::collection::btree_map("[a-z]{1,3}", any::<i16>(), 0..3), 0..4),
        others in prop::collection::vec("[a-z ]{1,12}", 0..3),
        comment in "(# [a-z ]{0,9}\n)?",
    ) {
        let root = root.iter().map(|(key, value)| format!("{key} = '{value}' # {key}\n"));
        let tables = tables.iter().map(|(name, fields)| {
            let fields: Vec<_> = fields.iter().map(|(key, value)| format!("{key}={value}\n")).collect();
            format!("\n[{name}]\n{}", fields.concat())
        });
        let others = others.iter().map(|command| {
            format!("[[hooks.Stop]]\n[[hooks.Stop.hooks]]\ncommand = \"{command}\"\n")
        });
        let text = std::iter::once(comment.clone()).chain(root).chain(tables).chain(others);
        let text: String = text.chain([comment]).collect();
        let home = TempDir::new().expect("a directory");
        let file = &user_files(Agent::Codex, &home)[0];
        let after = file.with_hooks(Some(&text)).expect("it can be read");
        prop_assert_eq!(&file.with_hooks(Some(&after)).expect("it can be read"), &after);
        prop_assert_eq!(file.without_hooks(&after).expect("it can be read"), text);
    }

    #[test]
    fn no_file_panics(text in "[{}\\[\\]\",:=a-h#\n ]{0,40}") {
        let home = TempDir::new().expect("a directory");
        for agent in [Agent::ClaudeCode, Agent::Codex] {
            let file = &user_files(agent, &home)[0];
            let _ = file.with_hooks(Some(&text));
            let _ = file.without_hooks(&text);
        }
    }
}
