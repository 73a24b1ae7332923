//! schemathesis makes up requests from the specification, valid ones and others, alone and in sequence, and compares every
//! answer with what the specification says. `make test-rust` installs it.

use std::{path::Path, process::Stdio};

use notifyhub_tests::server::TestServer;
use tokio::process::Command;

const TOKEN: &str = "0123456789abcdef";

/// How many requests are made up for each operation in each phase.
const EXAMPLES: &str = "50";

async fn finds_nothing(server: &TestServer, more: &[&str]) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemathesis");
    let program = match std::env::var_os("TEST_PYTHON") {
        Some(python) => Path::new(&python).with_file_name("schemathesis"),
        None => "schemathesis".into(),
    };
    let output = Command::new(&program)
        .arg("--config-file")
        .arg(directory.join("schemathesis.toml"))
        .args(["--no-color", "run", &format!("{}/openapi.json", server.address())])
        .args(["--url", &server.address(), "--checks", "all", "--max-examples", EXAMPLES])
        .args(["--continue-on-failure", "--warnings", "off"])
        .args(more)
        .env("PYTHONPATH", &directory)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(server.data_directory())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap_or_else(|error| {
            panic!("{}: {error}; run `make test-rust`, which installs it", program.display())
        });
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{errors}");
    for phase in ["Coverage", "Fuzzing", "Stateful"] {
        assert!(said.contains(&format!("✅  {phase}")), "{phase} did not run:\n{said}");
    }
    assert!(!server.said().contains("panicked"), "{}", server.said());
}

#[tokio::test]
async fn an_open_hub_answers_as_its_specification_says() {
    finds_nothing(&TestServer::start(&["--durability", "relaxed"]), &[]).await;
}

/// Also that what takes a token does not do without it.
#[tokio::test]
async fn a_hub_with_a_token_answers_as_its_specification_says() {
    let server = TestServer::start(&["--durability", "relaxed", "--publish-token", TOKEN]);
    finds_nothing(&server, &["--header", &format!("Authorization: Bearer {TOKEN}")]).await;
}
