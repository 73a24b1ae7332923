//! Clients by others, unchanged: Apprise, clients of ntfy and Gotify for Python and Node, Alertmanager where it is
//! installed. `make test-rust` installs them.

use std::{path::Path, process::Stdio};

use notifyhub_tests::{http::get, server::TestServer, within};
use serde_json::{Value, json};
use tokio::process::Command;

/// As Mattermost makes them: letters and digits, which all of these clients take.
const TOKEN: &str = "Anotifyhubpost0123456789ab";

/// Runs a script of `tests/clients` to its end; it says by its status whether its client took the answer.
async fn run(interpreter: &str, script: &str, server: &TestServer) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(script);
    let mut command = Command::new(interpreter);
    command
        .arg(&script)
        .arg(server.socket_address().to_string())
        .arg(TOKEN)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = within("the client ends", command.output()).await.unwrap_or_else(|error| {
        panic!("{interpreter}: {error}; run `make test-rust`, which installs what it needs")
    });
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}

/// What is stored, by its message.
async fn stored(server: &TestServer) -> impl Fn(&str) -> Value {
    let list = get(server.socket_address(), "/api/notifications").await.json();
    move |message| {
        let found = list.as_array().unwrap().iter().find(|one| {
            // Where a protocol has no title, Apprise puts it above the message.
            one["message"].as_str().is_some_and(|text| text.lines().last() == Some(message))
        });
        found.unwrap_or_else(|| panic!("no {message:?} in {list:#}")).clone()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_clients_of_other_hubs_post_here() {
    let server = TestServer::start(&["--publish-token", TOKEN]);
    let python = std::env::var("TEST_PYTHON").unwrap_or_else(|_| "python3".into());
    run(&python, "post_with_python_clients.py", &server).await;
    let stored = stored(&server).await;
    let ntfy = stored("by ntfy://");
    assert_eq!(
        (&ntfy["source"], &ntfy["level"], &ntfy["title"]),
        (&json!("builds"), &json!("error"), &json!("Bäume 🎉"))
    );
    assert_eq!((&ntfy["tags"], &ntfy["link"]), (&json!(["ci", "x"]), &json!("https://ci.example/7")));
    assert_eq!(stored("by ntfy:// with a file")["title"], "Bäume 🎉");
    assert_eq!(stored("by gotify://")["level"], "error");
    for scheme in ["json://", "json:// at the API", "form://", "form:// at the API", "apprise://", "mmost://"]
    {
        assert!(stored(&format!("by {scheme}"))["id"].is_string());
    }
    assert_eq!(stored("by json:// at the API")["level"], "error");
    assert_eq!(stored("by ntfy-lite")["source"], "builds");
    assert_eq!(
        stored("by ntfy-lite")["actions"],
        json!([{ "label": "Open", "url": "https://ci.example/8" }])
    );
    assert_eq!(stored("by gotify")["level"], "warning");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn node_clients_of_other_hubs_post_here() {
    let server = TestServer::start(&["--publish-token", TOKEN]);
    run("node", "post_with_node_clients.mjs", &server).await;
    let stored = stored(&server).await;
    let ntfy = stored("by ntfy ü");
    assert_eq!((&ntfy["level"], &ntfy["actions"][0]["label"]), (&json!("success"), &json!("Open")));
    assert_eq!(stored("by gotify-client ü")["title"], "T");
}
