//! `notifyhub hook install`: what it writes is what the agents run, and the hub has a card of it.

use std::{fs, process::Stdio};

use notifyhub_tests::{command_line::User, eventually, http, repository, server::TestServer, within};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, process::Command};

/// The settings that name the hub, as somebody writes them once.
fn with_hub(server: &TestServer) -> User {
    let user = User::new();
    user.write("config/notifyhub/config.toml", &format!("url = \"{}\"\n", server.address()));
    user
}

/// What an agent sends: recorded, as `adapters/` has it.
fn recorded(name: &str) -> Value {
    let path = repository("adapters/tests/golden").join(format!("{name}.request.json"));
    let request: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    request["json"].clone()
}

/// Runs a command line as the agents do, in the user's surroundings, and gives what it printed.
async fn run_shell(user: &User, line: &str, input: &str) -> String {
    let mut shell = user.other_program("sh", &["-c", line]);
    let mut child = shell.stdin(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    let output = within("the command ends", child.wait_with_output()).await.unwrap();
    assert!(output.status.success(), "{line}");
    String::from_utf8(output.stdout).unwrap()
}

/// All strings of fields that hold a command, with the event they are for.
fn commands(settings: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (event, entries) in settings["hooks"].as_object().unwrap() {
        for entry in entries.as_array().unwrap() {
            let handler = if entry["hooks"].is_array() { &entry["hooks"][0] } else { entry };
            let command = handler["command"].as_str().or(handler["bash"].as_str()).unwrap();
            found.push((event.clone(), command.to_owned()));
        }
    }
    found
}

async fn cards(server: &TestServer, key: &str) -> Vec<Value> {
    let path = format!("/api/notifications?key={key}");
    http::get(server.socket_address(), &path).await.json().as_array().unwrap().clone()
}

#[tokio::test]
async fn what_is_installed_makes_a_card_of_what_the_agent_says() {
    let server = TestServer::start(&[]);
    let of_copilot = json!({ "sessionId": "p", "timestamp": 1_760_000_000_000_u64, "cwd": "/srv/p", "stopReason": "end_turn" });
    for (agent, file, event, payload, key) in [
        ("claude-code", ".claude/settings.json", "Stop", recorded("claude-code/stop"), "session_id"),
        ("gemini", ".gemini/settings.json", "AfterAgent", recorded("gemini/after-agent"), "session_id"),
        ("cursor", ".cursor/hooks.json", "stop", recorded("cursor/stop"), "conversation_id"),
        ("copilot", ".copilot/hooks/notifyhub.json", "agentStop", of_copilot, "sessionId"),
        ("goose", ".agents/plugins/notifyhub/hooks/hooks.json", "Stop", recorded("goose/stop"), "session_id"),
    ] {
        let user = with_hub(&server);
        let installed = user.run(&["hook", "install", agent]).await;
        assert_eq!(installed.code, 0, "{agent}: {installed:?}");
        assert!(installed.stdout.contains(&server.address()), "{agent}: {installed:?}");
        let settings: Value =
            serde_json::from_str(&fs::read_to_string(user.home().join(file)).unwrap()).unwrap();
        let (_, command) =
            commands(&settings).into_iter().find(|(found, _)| found == event).expect("the event has a hook");
        assert!(command.starts_with('/'), "agents of a desktop have another PATH: {command}");
        assert_eq!(run_shell(&user, &command, &payload.to_string()).await, "", "{agent}: nothing is printed");
        let session = payload[key].as_str().unwrap();
        let card = eventually(&format!("{agent} has a card"), async || {
            cards(&server, &format!("{agent}:{session}")).await.pop()
        })
        .await;
        assert_eq!((&card["actor"], &card["state"]), (&json!(agent), &json!("done")), "{agent}");
    }
}

#[tokio::test]
async fn what_is_installed_for_codex_and_opencode_makes_a_card_too() {
    let server = TestServer::start(&[]);
    let user = with_hub(&server);
    assert_eq!(user.run(&["hook", "install", "codex", "opencode"]).await.code, 0);
    let toml = fs::read_to_string(user.home().join(".codex/config.toml")).unwrap();
    let command = toml.lines().find_map(|line| line.strip_prefix("command = ")).unwrap();
    let stop = recorded("codex/stop");
    run_shell(&user, command.trim_matches('"'), &stop.to_string()).await;
    let key = format!("codex:{}", stop["session_id"].as_str().unwrap());
    eventually("codex has a card", async || cards(&server, &key).await.pop()).await;

    // The plugin in another engine than OpenCode's, with the events that it gets.
    let plugin = user.home().join("config/opencode/plugins/notifyhub.js");
    let driver = format!(
        r#"
        import {{ NotifyHub }} from "{}"
        const {{ event }} = await NotifyHub({{ directory: "/srv/oc" }})
        const send = (type, properties) => event({{ event: {{ type, properties }} }})
        await send("session.created", {{ info: {{ id: "child", parentID: "ses_1" }} }})
        await send("session.idle", {{ sessionID: "child" }})
        await send("session.error", {{ sessionID: "ses_1", error: {{ name: "APIError", data: {{ message: "boom" }} }} }})
        await send("session.idle", {{ sessionID: "ses_1" }})
        "#,
        plugin.with_extension("mjs").display()
    );
    fs::copy(&plugin, plugin.with_extension("mjs")).unwrap();
    let driver = user.write("work/driver.mjs", &driver);
    run_shell(&user, &format!("node {}", driver.display()), "").await;
    let told = cards(&server, "opencode:ses_1").await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[1]["message"], "Stopped: boom");
    let all = http::get(server.socket_address(), "/api/notifications").await.json();
    assert_eq!(all.as_array().unwrap().len(), 3, "agents of the agent are silent");
}

#[tokio::test]
async fn a_project_has_hooks_that_harm_nobody_who_has_no_notifyhub() {
    let server = TestServer::start(&[]);
    let user = with_hub(&server);
    fs::create_dir(user.work().join(".git")).unwrap();
    fs::create_dir(user.work().join("deep")).unwrap();
    let mut install = user.command(&["hook", "install", "claude-code", "--project"]);
    install.current_dir(user.work().join("deep"));
    assert!(within("it ends", install.output()).await.unwrap().status.success());
    let text = fs::read_to_string(user.work().join(".claude/settings.json")).unwrap();
    let settings: Value = serde_json::from_str(&text).unwrap();
    let (_, command) = commands(&settings).into_iter().find(|(event, _)| event == "Stop").unwrap();
    assert!(!command.contains(user.home().to_str().unwrap()), "it is for everybody: {command}");
    run_shell(&user, &command, &recorded("claude-code/stop").to_string()).await;
    eventually("there is a card", async || {
        let all = http::get(server.socket_address(), "/api/notifications").await.json();
        (all.as_array().unwrap().len() == 1).then_some(())
    })
    .await;
    // Without the program.
    let alone =
        Command::new("/bin/sh").args(["-c", &command]).env("PATH", "/nonexistent").output().await.unwrap();
    assert!(alone.status.success() && alone.stdout.is_empty() && alone.stderr.is_empty(), "{alone:?}");
}

#[tokio::test]
async fn it_says_what_it_did_and_what_is_to_be_done() {
    let user = User::new();
    let printed = user.run(&["hook", "print", "claude-code"]).await;
    assert_eq!(printed.code, 0);
    assert!(printed.stderr.contains(".claude/settings.json"), "{printed:?}");
    let fragment: Value = serde_json::from_str(&printed.stdout).unwrap();
    assert!(!user.home().join(".claude").exists(), "nothing is written");

    let settings = "{\n    \"theme\": \"dark\" // mine\n}\n";
    let file = user.write(".claude/settings.json", settings);
    let backup = file.with_file_name("settings.json.notifyhub-backup");
    let first = user.run(&["hook", "install", "claude-code"]).await;
    assert!(first.stdout.contains(backup.to_str().unwrap()), "{first:?}");
    let installed = fs::read_to_string(&file).unwrap();
    assert!(installed.contains("\"theme\": \"dark\", // mine"), "{installed}");
    for command in commands(&fragment) {
        assert!(installed.contains(&command.1));
    }
    let again = user.run(&["hook", "install", "claude-code"]).await;
    assert!(again.stdout.contains("has the hooks already"), "{again:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), installed);
    let gone = user.run(&["hook", "uninstall", "claude-code"]).await;
    assert!(gone.stdout.contains("is as it was before"), "{gone:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), settings);
    assert!(!backup.exists());

    let codex = user.write(".codex/config.toml", "model = \nx");
    let refused = user.run(&["hook", "install", "codex", "cursor"]).await;
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains(&format!("{}, line 2: ", codex.display())), "{refused:?}");
    assert!(user.home().join(".cursor/hooks.json").exists(), "the others are done");
    assert_eq!(fs::read_to_string(codex).unwrap(), "model = \nx");

    user.write(".codex/config.toml", "notify = [\"notifyhub\", \"hook\", \"codex\"]\n");
    let twice = user.run(&["hook", "install", "codex"]).await;
    assert!(twice.stdout.contains("`notify` tells the end of each turn too"), "{twice:?}");
    let unknown = user.run(&["hook", "install", "clippy"]).await;
    assert_eq!(unknown.code, 2);
    assert!(unknown.stderr.contains("possible values: claude-code"), "{unknown:?}");
}
