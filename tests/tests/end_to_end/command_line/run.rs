//! `notifyhub run`: a command runs as if it were run alone, and how it went is told beside it.

use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use notifyhub_tests::{
    command_line::{User, finish, finish_with},
    eventually, http,
    push::Pushed,
    repository,
    server::TestServer,
    within,
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::process::Child;

use super::stored;

/// The one card there is.
async fn card(server: &TestServer) -> Value {
    let mut told = stored(server).await;
    assert_eq!(told.len(), 1, "{told:?}");
    told.remove(0)
}

fn text<'a>(card: &'a Value, field: &str) -> &'a str {
    card[field].as_str().unwrap_or_default()
}

/// Waits until a file has this many lines.
async fn lines_of(path: &Path, count: usize) -> Vec<String> {
    eventually("the command writes", async || {
        let lines: Vec<_> = std::fs::read_to_string(path).ok()?.lines().map(str::to_owned).collect();
        (lines.len() >= count).then_some(lines)
    })
    .await
}

#[tokio::test]
async fn a_command_that_fails_is_running_first_and_failed_then_in_one_card() {
    let server = TestServer::start(&[]);
    let user = User::new();
    user.write("work/.git/HEAD", "ref: refs/heads/cart\n");
    let url = server.address();
    let go = user.home().join("go");
    let script = "echo out; echo err >&2; until [ -e ../go ]; do sleep 0.01; done; exit 3";
    let child =
        user.command(&["run", "--url", &url, "--tag", "ci", "--", "sh", "-c", script]).spawn().unwrap();
    let running = eventually("it is told that it runs", async || {
        let told = stored(&server).await;
        (!told.is_empty()).then(|| told[0].clone())
    })
    .await;
    assert_eq!((text(&running, "state"), text(&running, "message")), ("running", "Running"));
    assert_eq!(text(&running, "title"), format!("sh -c '{script}' · work · cart"));
    assert_eq!((text(&running, "source"), &running["tags"]), ("work", &json!(["ci"])));
    std::fs::write(&go, "").unwrap();
    let ended = Pushed::from(within("it ends", child.wait_with_output()).await.unwrap());
    assert_eq!(ended, Pushed { code: 3, stdout: "out\n".into(), stderr: "err\n".into() });
    let failed = card(&server).await;
    assert_eq!((text(&failed, "state"), text(&failed, "level")), ("failed", "error"));
    assert!(text(&failed, "message").starts_with("Failed with exit status 3 after "), "{failed}");
    assert_eq!((&failed["key"], &failed["title"]), (&running["key"], &running["title"]));
}

#[tokio::test]
async fn each_way_to_end_has_the_status_that_a_shell_gives_it() {
    let user = User::new();
    let script = user.write("work/no-program", "text");
    let none = script.to_str().unwrap();
    for (command, code, state, message) in [
        (&["true"][..], 0, "done", "Done in "),
        (&["sh", "-c", "exit 255"], 255, "failed", "Failed with exit status 255 after "),
        (&["sh", "-c", "kill -KILL $$"], 137, "failed", "Killed by SIGKILL after "),
        (&["sh", "-c", "kill -SEGV $$"], 139, "failed", "Killed by SIGSEGV after "),
        (&["no-such-program", "--help"], 127, "failed", "no-such-program: command not found after "),
        (&[none], 126, "failed", &format!("{none}: Permission denied")),
    ] {
        let server = TestServer::start(&["--store", "memory"]);
        let url = server.address();
        let ended = user.run(&[&["run", "--url", &url], command].concat()).await;
        assert_eq!((ended.code, ended.stdout.as_str()), (code, ""), "{command:?}");
        assert_eq!(ended.stderr.is_empty(), !matches!(code, 126 | 127), "{ended:?}");
        let card = card(&server).await;
        assert_eq!(text(&card, "state"), state, "{card}");
        assert!(text(&card, "message").starts_with(message), "{card}");
    }
    let misuse = user.run(&["run"]).await;
    assert_eq!(misuse.code, 2, "{misuse:?}");
}

#[tokio::test]
async fn streams_pass_untouched_with_and_without_a_tail() {
    let server = TestServer::start(&["--store", "memory"]);
    let user = User::new();
    let url = server.address();
    let bytes: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(1 << 20).collect();
    for tail in [&[][..], &["--tail", "5"]] {
        let arguments = [&["run", "--url", &url, "--quiet-success"], tail, &["--", "cat"]].concat();
        let mut child = user.command(&arguments).stdin(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        let written = bytes.clone();
        let writing = tokio::spawn(async move {
            use tokio::io::AsyncWriteExt as _;
            input.write_all(&written).await.unwrap();
        });
        let output = within("it ends", child.wait_with_output()).await.unwrap();
        writing.await.unwrap();
        assert!(output.status.success() && output.stderr.is_empty());
        assert!(output.stdout == bytes, "{} bytes came through", output.stdout.len());
        // Nobody reads on: the command learns of it, as in any pipeline.
        let line = [&["run", "--url", &url], tail, &["--", "yes"]].concat().join(" ");
        let line = format!("{} {line} | head -n 1", user.program());
        let output = finish(&mut user.command_of("sh", &["-c", &line])).await;
        assert_eq!(output.stdout, "y\n", "{output:?}");
    }
}

#[tokio::test]
async fn a_tail_is_the_end_of_what_was_written_in_its_order() {
    let server = TestServer::start(&[]);
    let user = User::new();
    let url = server.address();
    let log = user.home().join("log");
    let script =
        "for n in 1 2 3 4 5; do echo out $n; echo err $n >&2; done; printf '10 %%\\r100 %%\\n'; exit 1";
    let both = std::fs::File::create(&log).unwrap();
    let mut command = user.command(&["run", "--url", &url, "--tail", "5", "--", "sh", "-c", script]);
    command.stdout(both.try_clone().unwrap()).stderr(both);
    let status = within("it ends", command.status()).await.unwrap();
    assert_eq!(status.code(), Some(1));
    let told = card(&server).await;
    let (headline, tail) = text(&told, "message").split_once('\n').unwrap();
    assert!(headline.starts_with("Failed with exit status 1 after "), "{headline}");
    assert_eq!(tail, "out 4\nerr 4\nout 5\nerr 5\n100 %");
    assert_eq!(text(&told, "format"), "code");
    let written = std::fs::read_to_string(&log).unwrap();
    assert!(written.starts_with("out 1\nerr 1\nout 2\n") && written.ends_with("10 %\r100 %\n"), "{written}");

    // What it leaves behind may hold the output open for long.
    let began = Instant::now();
    let leaves = ["run", "--url", &url, "--tail", "1", "--", "sh", "-c", "echo up; sleep 30 & exit 0"];
    assert_eq!(user.run(&leaves).await, Pushed { code: 0, stdout: "up\n".into(), stderr: String::new() });
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert!(text(&stored(&server).await[0], "message").ends_with("\nup"));
}

async fn signalled(user: &User, url: &str, signal: Signal, script: &str) -> (Child, std::path::PathBuf) {
    let said = user.home().join(format!("said-{signal:?}"));
    let mut command = user.command(&["run", "--url", url, "--", "sh", "-c", script]);
    let child = command.env("SAID", &said).spawn().unwrap();
    lines_of(&said, 1).await;
    let pid = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)).unwrap();
    kill_process(pid, signal).unwrap();
    (child, said)
}

#[tokio::test]
async fn signals_reach_the_command_once_and_its_answer_counts() {
    let server = TestServer::start(&["--store", "memory"]);
    let user = User::new();
    let url = server.address();
    for (signal, name) in [
        (Signal::INT, "INT"),
        (Signal::TERM, "TERM"),
        (Signal::HUP, "HUP"),
        (Signal::QUIT, "QUIT"),
        (Signal::USR1, "USR1"),
    ] {
        // It goes on for a moment after the signal: a second one would be heard.
        let script = format!(
            "trap 'echo heard >>$SAID' {name}; echo ready >$SAID; n=0; \
             while [ $n -lt 20 ]; do sleep 0.02; grep -q heard $SAID && n=$((n+1)); done; exit 7"
        );
        let (mut child, said) = signalled(&user, &url, signal, &script).await;
        assert_eq!(within("it ends", child.wait()).await.unwrap().code(), Some(7), "{name}");
        assert_eq!(lines_of(&said, 2).await, ["ready", "heard"], "{name}");
    }
    let script = "echo ready >$SAID; exec sleep 60";
    for (signal, code, message) in
        [(Signal::TERM, 143, "Killed by SIGTERM"), (Signal::INT, 130, "Killed by SIGINT")]
    {
        let _ = std::fs::remove_file(user.home().join(format!("said-{signal:?}")));
        let (mut child, _) = signalled(&user, &url, signal, script).await;
        assert_eq!(within("it ends", child.wait()).await.unwrap().code(), Some(code));
        let told = stored(&server).await.remove(0);
        assert!(text(&told, "message").starts_with(message), "{told}");
        assert_eq!(text(&told, "level"), if code == 130 { "info" } else { "error" });
    }
}

/// Under nohup the command is to outlive the terminal, too.
#[tokio::test]
async fn what_was_ignored_stays_ignored() {
    let server = TestServer::start(&["--store", "memory"]);
    let user = User::new();
    let url = server.address();
    let ignoring = r#"trap "" HUP; exec "$0" run --url "$1" -- sh -c 'kill -HUP $$ $PPID; echo alive'"#;
    let ended = finish(&mut user.command_of("sh", &["-c", ignoring, &user.program(), &url])).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (0, "alive\n"), "{ended:?}");
}

/// Runs a program in a terminal, and types what is to be typed.
async fn in_a_terminal(user: &User, steps: &Value, program: &[&str]) -> Pushed {
    let driver = repository("tests/clients/terminal.py");
    let steps = steps.to_string();
    let arguments = [&[driver.to_str().unwrap(), &steps], program].concat();
    finish(user.command_of("python3", &arguments).env("TERM", "xterm")).await
}

/// Its bytes, its keys, its size and its signals are the same as without us.
#[tokio::test]
async fn a_full_screen_program_has_the_terminal_to_itself() {
    let server = TestServer::start(&[]);
    let user = User::new();
    let url = server.address();
    let notifyhub = user.program();
    let script = repository("tests/clients/full_screen.py");
    let full_screen = ["python3", script.to_str().unwrap()];
    let steps = json!([
        ["24x80 ready", "a"],
        ["key 97", { "resize": [30, 100] }],
        ["30x100", "\u{3}"],
        ["", "i"],
        ["interrupted 1 times", "q"],
    ]);
    let alone = in_a_terminal(&user, &steps, &full_screen).await;
    assert_eq!((alone.code, alone.stderr.as_str()), (4, ""), "{alone:?}");
    for tail in [&[][..], &["--tail", "10"]] {
        let wrapped = [&[notifyhub.as_str(), "run", "--url", &url], tail, &["--"], &full_screen].concat();
        let within_run = in_a_terminal(&user, &steps, &wrapped).await;
        assert_eq!(within_run.code, 4, "{within_run:?}");
        assert_eq!(within_run.stdout, alone.stdout, "{tail:?}");
    }
    assert!(text(&stored(&server).await[0], "message").starts_with("Failed with exit status 4 after "));
}

#[tokio::test]
async fn a_shell_stops_and_continues_it() {
    let server = TestServer::start(&[]);
    let user = User::new();
    let url = server.address();
    let notifyhub = user.program();
    let steps = json!([
        ["READY> ", format!("{notifyhub} run --url {url} -- sh -c 'echo u\"\"p; exec cat'\n")],
        ["up\r\n", "\u{1a}"],
        ["Stopped", ""],
        ["READY> ", "fg\n"],
        ["notifyhub run", "hello\n"],
        ["hello\r\nhello\r\n", "\u{4}"],
        ["READY> ", "echo status=$?.\n"],
        ["status=0.", "exit\n"],
    ]);
    let shell = ["env", "PS1=READY> ", "bash", "--norc", "--noprofile", "-i"];
    let ended = in_a_terminal(&user, &steps, &shell).await;
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(text(&card(&server).await, "state"), "done");
}

#[tokio::test]
async fn without_a_hub_the_command_runs_all_the_same_and_its_end_is_told_later() {
    let mut server = TestServer::start(&[]);
    let user = User::new();
    let url = server.address();
    server.kill();
    let ended = user.run(&["run", "--url", &url, "--", "sh", "-c", "echo out; exit 5"]).await;
    assert_eq!(ended, Pushed { code: 5, stdout: "out\n".into(), stderr: String::new() });
    server.start_again(&[]);
    assert_eq!(user.run(&["run", "--url", &url, "--", "true"]).await.code, 0);
    let told = stored(&server).await;
    let of = |n: usize| (text(&told[n], "state"), text(&told[n], "message").split(" after ").next().unwrap());
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(of(1), ("failed", "Failed with exit status 5"));
    assert_eq!(text(&told[0], "state"), "done");

    // Where it cannot even be kept, that is said, also to a log.
    server.kill();
    let mut nowhere = user.command(&["run", "--url", &url, "--", "true"]);
    let nowhere = nowhere.env("HOME", "/proc/nonexistent").env("XDG_STATE_HOME", "/proc/nonexistent");
    let ended = finish_with(nowhere, b"").await;
    assert_eq!(ended.code, 0);
    assert!(ended.stderr.contains("how it went is not told"), "{ended:?}");

    // One that takes connections and never answers.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", silent.local_addr().unwrap());
    let began = Instant::now();
    let ended = user.run(&["run", "--url", &address, "--", "sh", "-c", "exit 6"]).await;
    assert_eq!(ended.code, 6, "{ended:?}");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert!(user.run(&["spool", "list"]).await.stdout.contains("sh -c 'exit 6' · work: Failed with exit"));

    // And none at all that could be meant.
    user.write("config/notifyhub/config.toml", "url = 1");
    let ended = user.run(&["run", "--", "sh", "-c", "echo out; exit 7"]).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (7, "out\n"));
    assert!(ended.stderr.starts_with("✗ nothing will be told: line 1 of "), "{ended:?}");
}

#[tokio::test]
async fn short_and_successful_commands_may_go_untold() {
    let server = TestServer::start(&[]);
    let user = User::new();
    let url = server.address();
    for command in [&["--min", "1h", "--", "false"][..], &["--min", "1h", "true"]] {
        let ended = user.run(&[&["run", "--url", &url], command].concat()).await;
        assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("", ""));
    }
    assert!(stored(&server).await.is_empty());
    let long = ["run", "--url", &url, "--min", "100ms", "--title", "Long", "--", "sleep", "0.3"];
    assert_eq!(user.run(&long).await.code, 0);
    assert_eq!(text(&card(&server).await, "title"), "Long");
    http::request(server.socket_address(), "DELETE", "/api/notifications", &[], "").await;

    let quiet = ["run", "--url", &url, "--quiet-success", "--", "sh", "-c"];
    let go = user.home().join("go");
    let waits = [&quiet[..], &["until [ -e ../go ]; do sleep 0.01; done"]].concat();
    let mut child = user.command(&waits).spawn().unwrap();
    eventually("it is told that it runs", async || (stored(&server).await.len() == 1).then_some(())).await;
    std::fs::write(go, "").unwrap();
    assert!(within("it ends", child.wait()).await.unwrap().success());
    assert!(stored(&server).await.is_empty(), "that it ran is withdrawn");
    assert_eq!(user.run(&[&quiet[..], &["exit 1"]].concat()).await.code, 1);
    assert_eq!(text(&card(&server).await, "state"), "failed");
}

#[tokio::test]
async fn a_command_that_has_run_already_is_told_by_its_status() {
    let server = TestServer::start(&[]);
    let user = User::new();
    let url = server.address();
    for (arguments, code, message) in [
        (
            &["--exit-code", "2", "--duration", "192s", "--", "make", "-j4"][..],
            2,
            "Failed with exit status 2 after 3 min 12 s",
        ),
        (&["--exit-code", "0", "--title", "Backup"], 0, "Done"),
        (&["--exit-code", "137", "x"], 137, "Killed by SIGKILL"),
    ] {
        let ended = user.run(&[&["run", "--url", &url], arguments].concat()).await;
        assert_eq!(ended, Pushed { code, stdout: String::new(), stderr: String::new() });
        assert_eq!(text(&stored(&server).await[0], "message"), message);
    }
    assert_eq!(text(&stored(&server).await[2], "title"), "make -j4 · work");
    let misuse = finish_with(&mut user.command(&["run", "--exit-code", "256"]), b"").await;
    assert_eq!(misuse.code, 2, "{misuse:?}");
}
