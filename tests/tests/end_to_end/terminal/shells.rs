//! `notifyhub shell-init` in the real shells, at a terminal of their own.

use std::process::Stdio;

use notifyhub_tests::{command_line::User, eventually, http, server::TestServer, within};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, ChildStdin},
    sync::watch,
};

/// A shell that somebody types into.
struct Terminal {
    _child: Child,
    keyboard: ChildStdin,
    screen: watch::Receiver<String>,
    /// How many prompts there were. Each shows its number: shells draw one again and again while somebody types.
    prompts: usize,
}

impl Terminal {
    /// Starts a shell with this start-up file, in a terminal (`script` makes one).
    async fn start(user: &User, shell: &str, start_up: &str) -> Self {
        let line = match shell {
            "bash" => format!("bash --noprofile --rcfile {} -i", user.write("bashrc", start_up).display()),
            "zsh" => {
                user.write(".zshrc", start_up);
                "zsh -d -i".to_owned()
            }
            _ => format!("fish --no-config -i -C 'source {}'", user.write("init.fish", start_up).display()),
        };
        let mut child = user
            .other_program("script", &["-qefc", &line, "/dev/null"])
            .env("TERM", "dumb")
            .env("NOTIFYHUB_MIN", "1")
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("`script` can be run");
        let mut output = child.stdout.take().unwrap();
        let (sender, screen) = watch::channel(String::new());
        tokio::spawn(async move {
            let mut bytes = vec![0; 4096];
            while let Ok(count @ 1..) = output.read(&mut bytes).await {
                let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
                sender.send_modify(|screen| screen.push_str(&text));
            }
        });
        let keyboard = child.stdin.take().unwrap();
        let mut terminal = Terminal { _child: child, keyboard, screen, prompts: 0 };
        terminal.prompt().await;
        terminal
    }

    async fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).await.unwrap();
        self.keyboard.flush().await.unwrap();
    }

    /// Types a line, and waits until the prompt is back. Gives what was shown in between.
    async fn line(&mut self, line: &str) -> String {
        let before = self.screen.borrow().len();
        self.press(&format!("{line}\r")).await;
        self.prompt().await;
        self.screen.borrow()[before..].to_owned()
    }

    /// Waits for the next prompt.
    async fn prompt(&mut self) {
        self.prompts += 1;
        let prompt = format!("<{}>", self.prompts);
        let shown = self.screen.clone();
        let found = self.screen.wait_for(|screen| screen.contains(&prompt));
        let found = tokio::time::timeout(notifyhub_tests::PATIENCE, found).await.is_ok();
        assert!(found, "there is no {prompt}: {:?}", shown.borrow());
    }
}

async fn told(server: &TestServer) -> Vec<Value> {
    let all = http::get(server.socket_address(), "/api/notifications").await.json();
    let mut all = all.as_array().unwrap().clone();
    all.reverse();
    all
}

async fn has_told(server: &TestServer, count: usize) -> Vec<Value> {
    eventually(&format!("{count} are told"), async || {
        let told = told(server).await;
        (told.len() >= count).then_some(told)
    })
    .await
}

/// Each shell's way to the same: hooks of other programs beside ours, which is loaded twice, and a prompt with its number.
fn start_up(shell: &str) -> &'static str {
    match shell {
        "bash" => {
            "HISTCONTROL=ignoreboth
             PROMPT_COMMAND='others=\"$others$?,\"; count=$((count + 1))'
             eval \"$(notifyhub shell-init bash)\"
             eval \"$(notifyhub shell-init bash)\"
             PS1='<$count>'"
        }
        "zsh" => {
            "unsetopt zle prompt_cr prompt_sp; setopt hist_ignore_space prompt_subst
             autoload -Uz add-zsh-hook
             before() { others=\"$others$?,\" }
             add-zsh-hook precmd before
             eval \"$(notifyhub shell-init zsh)\"
             eval \"$(notifyhub shell-init zsh)\"
             after() { others=\"$others$?,\"; count=$((count + 1)) }
             add-zsh-hook precmd after
             PS1='<$count>'"
        }
        _ => {
            "function other --on-event fish_postexec; set -g others $others $status; end
             notifyhub shell-init fish | source
             notifyhub shell-init fish | source
             set -g count 0
             function counted --on-event fish_prompt; set -g count (math $count + 1); end
             function fish_prompt; echo -n \"<$count>\"; end
             function fish_greeting; end"
        }
    }
}

async fn long_commands_are_told(shell: &str) {
    let server = TestServer::start(&[]);
    let user = User::new();
    user.write("config/notifyhub/config.toml", &format!("url = \"{}\"\n", server.address()));
    let slow = user.write("work/slow", "#!/bin/sh\nsleep 1.2; exit $1\n");
    std::process::Command::new("chmod").arg("+x").arg(&slow).status().unwrap();
    let mut terminal = Terminal::start(&user, shell, start_up(shell)).await;

    // Short ones are not.
    terminal.line("true").await;
    let shown = terminal.line("./slow 0 --token hunter2").await;
    let one = has_told(&server, 1).await;
    assert!(one[0]["message"].as_str().unwrap().starts_with("slow: done after "), "{one:?}");
    assert_eq!(
        (&one[0]["state"], &one[0]["source"], &one[0]["actor"]),
        (&"done".into(), &"work".into(), &"shell".into())
    );
    for noise in ["[1]", "notifyhub", "Done", "done"] {
        assert!(!shown.contains(noise), "{shown:?}");
    }
    // Its status is told, and is still there for the next command.
    terminal.line("./slow 7").await;
    let two = has_told(&server, 2).await;
    assert!(two[1]["message"].as_str().unwrap().starts_with("slow: failed (7) after "), "{two:?}");
    let status = if shell == "fish" { "$status" } else { "$?" };
    terminal.line("./slow 3").await;
    assert!(terminal.line(&format!("echo \"was\" {status}.")).await.contains("was 3."));
    terminal.line("false").await;
    assert!(terminal.line(&format!("echo \"was\" {status}.")).await.contains("was 1."));
    // So it is for other hooks.
    let others = terminal.line("echo $others").await;
    let others: String = others.chars().filter(char::is_ascii_digit).collect();
    assert!(others.contains('7') && others.contains('3'), "{others:?}");

    // What somebody sits in front of is not told, nor what they stopped.
    has_told(&server, 3).await;
    let is_fish = shell == "fish";
    terminal
        .line(if is_fish { "set -gx NOTIFYHUB_IGNORE slow" } else { "export NOTIFYHUB_IGNORE=slow" })
        .await;
    terminal.line("./slow 0").await;
    terminal.press("sleep 20\r").await;
    tokio::time::sleep(std::time::Duration::from_millis(1300)).await;
    terminal.press("\u{3}").await;
    terminal.prompt().await;
    // A command that is kept out of the history is not named.
    terminal.line(" sleep 1.2").await;
    let last = has_told(&server, 4).await;
    assert!(last[3]["message"].as_str().unwrap().starts_with("A command: done"), "{last:?}");
    assert_eq!(last.len(), 4, "{last:?}");
}

#[tokio::test]
async fn long_commands_are_told_in_bash() {
    long_commands_are_told("bash").await;
}

#[tokio::test]
async fn long_commands_are_told_in_zsh() {
    long_commands_are_told("zsh").await;
}

#[tokio::test]
async fn long_commands_are_told_in_fish() {
    long_commands_are_told("fish").await;
}

#[tokio::test]
async fn bash_keeps_its_last_argument_and_the_traps_of_others() {
    let server = TestServer::start(&[]);
    let user = User::new();
    user.write("config/notifyhub/config.toml", &format!("url = \"{}\"\n", server.address()));
    let start_up = "set -u; count=0; PROMPT_COMMAND='count=$((count + 1))'; \
                    eval \"$(notifyhub shell-init bash)\"; PS1='<$count>'";
    let mut terminal = Terminal::start(&user, "bash", start_up).await;
    terminal.line("mkdir there").await;
    assert!(terminal.line("cd $_; pwd").await.contains("/there"));
    // The same again is no new line of the history.
    for count in 1..=2 {
        terminal.line("sleep 1.1").await;
        let told = has_told(&server, count).await;
        assert!(told[count - 1]["message"].as_str().unwrap().starts_with("sleep: done"), "{told:?}");
    }
    terminal.line("trap 'traced=${traced-}x' DEBUG").await;
    terminal.line("sleep 1.1 && :").await;
    let told = has_told(&server, 3).await;
    assert!(told[2]["message"].as_str().unwrap().starts_with("sleep: done"), "by the history: {told:?}");
    assert!(terminal.line("trap -p DEBUG").await.contains("traced"), "it is still theirs");
    // A command that is not there, and a shell that is not at a terminal.
    let script = "eval \"$(notifyhub shell-init bash)\"; echo \"${PS0-none}\"";
    let mut plain = user.other_program("bash", &["-c", script]);
    let plain = within("bash ends", plain.output()).await.unwrap();
    assert_eq!((plain.stdout, plain.stderr), (b"none\n".to_vec(), Vec::new()));
}
