//! What docs/INTEGRATIONS.md says is to be copied does what it says.

use std::{fs, path::Path, process::Stdio};

use notifyhub_tests::{server::TestServer, within};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, process::Command};

use super::{count, newest};

const TOKEN: &str = "Anotifyhub.post";

/// The snippets of a language, for this hub.
fn snippets(language: &str, server: &TestServer) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/INTEGRATIONS.md");
    let text = fs::read_to_string(path).unwrap();
    let of_language = text
        .split("```")
        .skip(1)
        .step_by(2)
        .filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n'));
    of_language
        .map(|block| block.replace("http://localhost:9080", &server.address()).replace("TOKEN", TOKEN))
        .collect()
}

/// Runs a command with this on its standard input; says whether all went well.
async fn run(mut command: Command, input: &str) -> bool {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("it can be run");
    let mut stdin = child.stdin.take().expect("it is a pipe");
    // It may not read it.
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    within("the command ends", child.wait()).await.unwrap().success()
}

async fn run_shell(line: &str, input: &str) {
    let mut command = Command::new("sh");
    // A refusal is to show, which the snippets for hooks hide on purpose.
    let line = line.replace("curl ", "curl -sSf ").replace(" || true", "");
    command.arg("-c").arg(&line);
    assert!(run(command, input).await, "{line}");
}

#[tokio::test]
async fn each_command_posts() {
    let server = TestServer::start(&[]);
    let question = json!({
        "hook_event_name": "AfterAgent", "session_id": "a", "cwd": "/srv/shop", "prompt_response": "Ready.",
    });
    let mut posted = 0;
    for snippet in snippets("sh", &server) {
        for line in snippet.lines() {
            run_shell(line, &question.to_string()).await;
            posted += usize::from(!line.contains("DELETE"));
            assert_eq!(count(&server, "").await, posted, "{line}");
        }
    }
    assert!(posted >= 8, "{posted}");
}

#[tokio::test]
async fn the_hooks_of_agents_are_what_the_agents_take() {
    let server = TestServer::start(&[]);
    let blocks = snippets("json", &server);
    let settings: Value = serde_json::from_str(&blocks[0]).unwrap();
    for (event, entries) in settings["hooks"].as_object().unwrap() {
        let hook = &entries[0]["hooks"][0];
        assert_eq!(
            (&hook["type"], &hook["url"]),
            (&json!("http"), &json!(format!("{}/hooks/claude-code", server.address()))),
            "{event}"
        );
    }
    let done = json!({ "hook_event_name": "Stop", "session_id": "a", "cwd": "/srv/shop", "last_assistant_message": "It's done." });
    let command: Value = serde_json::from_str(&blocks[1]).unwrap();
    run_shell(command["command"].as_str().unwrap(), &done.to_string()).await;
    assert_eq!(newest(&server).await["message"], "It's done.");

    // Codex adds the event as the last argument.
    let toml = &snippets("toml", &server)[0];
    let mut arguments: Vec<String> =
        serde_json::from_str(toml.trim().strip_prefix("notify = ").unwrap()).unwrap();
    let turn = json!({ "type": "agent-turn-complete", "thread-id": "t", "cwd": "/x/api", "last-assistant-message": "Don't panic." });
    arguments.push(turn.to_string());
    let mut codex = Command::new(&arguments[0]);
    codex.args(&arguments[1..]);
    assert!(run(codex, "").await);
    assert_eq!(newest(&server).await["message"], "Don't panic.");
}

#[tokio::test]
async fn the_plugin_for_opencode_tells_what_happens() {
    let server = TestServer::start(&[]);
    let plugin = &snippets("js", &server)[0];
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("notifyhub.mjs");
    let driver = r#"
        const { event } = await NotifyHub({ directory: "/srv/oc" })
        const send = (type, properties) => event({ event: { type, properties } })
        await send("session.created", { info: { id: "child", parentID: "ses_1" } })
        await send("session.idle", { sessionID: "child" })
        await send("message.updated", { sessionID: "ses_1" })
        await send("session.error", { sessionID: "ses_1", error: { name: "APIError", data: { message: "boom" } } })
        await send("session.idle", { sessionID: "ses_1" })
    "#;
    fs::write(&file, format!("{plugin}{driver}")).unwrap();
    let mut node = Command::new("node");
    node.arg(&file);
    assert!(run(node, "").await);
    assert_eq!(count(&server, "?key=opencode:ses_1&source=oc").await, 2);
    assert_eq!(count(&server, "").await, 2, "agents of the agent are silent");
}
