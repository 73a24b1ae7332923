//! What docs/recipes says is to be copied does what it says: with the real tools, where a machine of ours can have them. cron,
//! systemd, pueue, watchexec, GitHub and GitLab are stood in for by what they do with a recipe: a shell in their surroundings.

use std::{cell::Cell, ffi::OsStr, fs, os::unix::fs::PermissionsExt as _, path::PathBuf, process::Output};

use notifyhub_tests::{command_line::User, eventually, http, repository, server::TestServer, within};
use serde_json::Value;
use tokio::process::Command;

const TOKEN: &str = "0123456789abcdef";

/// A page of recipes. Every block of it has to be used: one that nobody tries may be wrong.
struct Page {
    name: &'static str,
    blocks: Vec<(String, String, Cell<bool>)>,
}

impl Page {
    fn read(name: &'static str) -> Self {
        let text = fs::read_to_string(repository("docs/recipes").join(name)).unwrap();
        let blocks = text.split("```").skip(1).step_by(2).map(|block| {
            let (language, block) = block.split_once('\n').unwrap();
            (language.to_owned(), block.to_owned(), Cell::new(false))
        });
        Page { name, blocks: blocks.collect() }
    }

    /// The next block of this language.
    fn next(&self, language: &str) -> String {
        let found = self.blocks.iter().find(|(of, _, used)| of == language && !used.get());
        let (_, block, used) = found.unwrap_or_else(|| panic!("{}: no more {language}", self.name));
        used.set(true);
        block.clone()
    }

    fn end(self) {
        let unused = self.blocks.iter().filter(|(_, _, used)| !used.get()).count();
        assert_eq!(unused, 0, "{}: not every block is tried", self.name);
    }
}

/// Somebody with a hub, and `notifyhub` on the PATH.
struct Desk {
    server: TestServer,
    user: User,
}

impl Desk {
    fn new(options: &[&str]) -> Self {
        Desk { server: TestServer::start(options), user: User::new() }
    }

    /// A program to be run in the user's surroundings, with what `make test-rust` has installed: pytest and just.
    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = self.user.other_program(program, arguments);
        let is_path =
            |(name, value): (&OsStr, Option<&OsStr>)| value.filter(|_| name == "PATH").map(OsStr::to_owned);
        let path = command.as_std().get_envs().find_map(is_path).unwrap_or_default();
        let python = std::env::var("TEST_PYTHON").map(PathBuf::from).unwrap_or_default();
        let own = [Some(self.user.home().join("bin")), python.parent().map(PathBuf::from)];
        let path =
            std::env::join_paths(own.into_iter().flatten().chain(std::env::split_paths(&path))).unwrap();
        command.env("PATH", path).env("NOTIFYHUB_URL", self.server.address());
        command
    }

    async fn shell(&self, script: &str) -> Output {
        output(&mut self.command("sh", &["-c", script])).await
    }

    fn executable(&self, path: &str, text: &str) -> PathBuf {
        let path = self.user.write(path, text);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    async fn told(&self) -> Vec<Value> {
        let all = http::get(self.server.socket_address(), "/api/notifications").await.json();
        all.as_array().unwrap().clone()
    }

    /// The newest, once there are so many.
    async fn newest(&self, count: usize) -> Value {
        eventually(&format!("{count} are told"), async || {
            let told = self.told().await;
            (told.len() == count).then(|| told[0].clone())
        })
        .await
    }
}

async fn output(command: &mut Command) -> Output {
    within("the recipe ends", command.output()).await.unwrap()
}

fn check(notification: &Value, fields: &[(&str, &str)]) {
    for (field, expected) in fields {
        let found = notification[field].as_str().unwrap_or_default();
        assert!(found.contains(expected), "{field} is not {expected:?}: {notification}");
    }
}

#[tokio::test]
async fn git_hooks() {
    let (desk, page) = (Desk::new(&[]), Page::read("git-hooks.md"));
    let setup = "git init -q --bare ../hub.git; git init -q -b main . &&
        git config user.email a@example.com && git config user.name Ann && git remote add origin ../hub.git &&
        printf 'test:\\n\\t@exit $$(cat result)\\n' > Makefile && echo 0 > result &&
        git add . && git commit -qm 'First words'";
    let made = desk.shell(setup).await;
    assert!(made.status.success(), "{made:?}");
    desk.executable("work/.git/hooks/pre-push", &page.next("sh"));
    desk.executable("hub.git/hooks/post-receive", &page.next("sh"));
    page.end();
    let pushed = desk.shell("git push -q origin main").await;
    assert!(pushed.status.success(), "{pushed:?}");
    let told = desk.newest(1).await;
    check(&told, &[("title", "Pushed: main"), ("message", "Ann: First words")]);
    let deleted = desk
        .shell("git push -q --no-verify origin main:other && git push -q --no-verify origin :other")
        .await;
    assert!(deleted.status.success(), "{deleted:?}");
    check(&desk.newest(3).await, &[("title", "Pushed: other"), ("message", "deleted")]);
    let refused = desk.shell("echo 1 > result; git commit -qam 'Worse'; git push -q origin main").await;
    assert!(!refused.status.success(), "failing tests hold a push up");
    let stays = desk.shell("test $(git -C ../hub.git rev-parse main) != $(git rev-parse main)").await;
    assert!(stays.status.success(), "nothing went out");
}

/// The lines of a YAML block behind `run: |` or `- |`, as a shell has them.
fn script_of(yaml: &str, mark: &str) -> String {
    let mut lines = yaml.lines().skip_while(|line| !line.trim_end().ends_with(mark)).skip(1).peekable();
    let indent = lines.peek().unwrap().len() - lines.peek().unwrap().trim_start().len();
    let lines: Vec<_> = lines.map(|line| line.get(indent..).unwrap_or_default()).collect();
    lines.join("\n")
}

#[tokio::test]
async fn github_actions() {
    let (desk, page) = (Desk::new(&["--publish-token", TOKEN]), Page::read("github-actions.md"));
    let script = script_of(&page.next("yaml"), "run: |");
    page.end();
    for (status, state, count) in [("success", "done", 1), ("failure", "failed", 2)] {
        let mut step = desk.command("bash", &["-e", "-c", &script]);
        step.envs([
            ("NOTIFYHUB_TOKEN", TOKEN),
            ("STATUS", status),
            ("GITHUB_WORKFLOW", "CI & more"),
            ("GITHUB_RUN_NUMBER", "7"),
            ("GITHUB_RUN_ID", "99"),
            ("GITHUB_REF_NAME", "feature/x"),
            ("GITHUB_REPOSITORY", "acme/shop"),
            ("GITHUB_SERVER_URL", "https://github.example.com"),
        ]);
        let ended = output(&mut step).await;
        assert!(ended.status.success(), "{ended:?}");
        let told = desk.newest(count).await;
        check(
            &told,
            &[
                ("message", &format!("CI & more #7 on feature/x: {status}")),
                ("source", "shop"),
                ("state", state),
                ("key", "acme/shop/CI & more/feature/x"),
                ("link", "https://github.example.com/acme/shop/actions/runs/99"),
            ],
        );
    }
    let mut away = desk.command("bash", &["-e", "-c", &script.replace("--retry 3", "")]);
    let ended = output(away.env("NOTIFYHUB_URL", "http://127.0.0.1:1").env("STATUS", "success")).await;
    assert!(
        ended.status.success() && String::from_utf8_lossy(&ended.stdout).contains("::warning::"),
        "{ended:?}"
    );
}

#[tokio::test]
async fn gitlab_ci() {
    let (desk, page) = (Desk::new(&["--publish-token", TOKEN]), Page::read("gitlab-ci.md"));
    let script = script_of(&page.next("yaml"), "- |");
    page.end();
    let mut job = desk.command("sh", &["-e", "-c", &script]);
    job.envs([
        ("NOTIFYHUB_TOKEN", TOKEN),
        ("CI_JOB_STATUS", "failed"),
        ("CI_JOB_NAME", "test"),
        ("CI_COMMIT_REF_NAME", "main"),
        ("CI_PROJECT_NAME", "shop"),
        ("CI_PROJECT_PATH", "acme/shop"),
        ("CI_JOB_URL", "https://gitlab.example.com/acme/shop/-/jobs/1"),
    ]);
    let ended = output(&mut job).await;
    assert!(ended.status.success(), "{ended:?}");
    let told = desk.newest(1).await;
    check(&told, &[("message", "test on main: failed"), ("key", "acme/shop/test/main"), ("state", "failed")]);
}

#[tokio::test]
async fn cron() {
    let (desk, page) = (Desk::new(&[]), Page::read("cron.md"));
    let backup =
        desk.executable("backup", "#!/bin/sh\necho copying\necho no space left\nexit $(cat result)\n");
    let with_program = page.next("crontab");
    let plain = page.next("crontab");
    page.end();
    assert!(with_program.starts_with("PATH="), "cron's own has no /usr/local/bin");
    for (crontab, count) in [(with_program, 1), (plain, 2)] {
        let job = crontab.lines().find(|line| line.starts_with("15 3")).unwrap();
        let command = job.splitn(6, ' ').last().unwrap().trim();
        assert!(!command.contains('%'), "cron makes line breaks of it");
        let command = command
            .replace("/usr/local/bin/backup", backup.to_str().unwrap())
            .replace("http://localhost:9080", &desk.server.address())
            .replace("/tmp/backup.log", desk.user.home().join("backup.log").to_str().unwrap());
        for result in ["0", "3"] {
            desk.user.write("work/result", result);
            let ended = desk.shell(&command).await;
            assert!(ended.stdout.is_empty() || crontab.contains("curl"), "cron would send mail: {ended:?}");
        }
        let told = desk.newest(count).await;
        check(&told, &[("title", "Nightly backup"), ("state", "failed"), ("message", "no space left")]);
    }
}

#[tokio::test]
async fn systemd() {
    let (desk, page) = (Desk::new(&[]), Page::read("systemd.md"));
    let (service, drop_in) = (page.next("ini"), page.next("ini"));
    page.end();
    // systemd's own judgement, with programs that are here.
    let units = desk.user.home().join("units");
    desk.user.write("units/notifyhub@.service", &service.replace("/usr/bin/notifyhub", "/bin/true"));
    desk.user.write("units/backup.service", "[Service]\nExecStart=/bin/true\n");
    desk.user.write("units/backup.service.d/notifyhub.conf", &drop_in);
    let mut verify = desk.command("systemd-analyze", &["verify", "--man=no"]);
    let verified =
        output(verify.arg(units.join("backup.service")).arg(units.join("notifyhub@x.service"))).await;
    assert!(verified.status.success() && verified.stderr.is_empty(), "{verified:?}");

    // What it would run, as it would.
    let line = service.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    desk.executable("bin/journalctl", "#!/bin/sh\necho \"$2 says: out of memory\"\n");
    let line =
        line.replace("/usr/bin/notifyhub", "notifyhub").replace("%i", "backup.service").replace("%H", "nas");
    let ended = desk.shell(&line).await;
    assert!(ended.status.success(), "{ended:?}");
    let told = desk.newest(1).await;
    let message = ("message", "backup.service says: out of memory");
    check(
        &told,
        &[message, ("title", "backup.service failed"), ("source", "nas"), ("key", "unit/backup.service")],
    );
}

#[tokio::test]
async fn make_and_just() {
    let (desk, page) = (Desk::new(&[]), Page::read("make-and-just.md"));
    desk.executable("work/run-tests", "#!/bin/sh\necho \"$# ran\"\nexit $(cat result)\n");
    desk.user.write("work/Makefile", &page.next("make"));
    desk.user.write("work/justfile", &page.next("just"));
    let (outside, after) = (page.next("sh"), page.next("sh"));
    page.end();
    // Within the half minute nothing is told; the test has no time for that.
    let told_at_once = |text: &str| text.replace("--min 30s ", "");
    for name in ["Makefile", "justfile"] {
        let path = desk.user.work().join(name);
        fs::write(&path, told_at_once(&fs::read_to_string(&path).unwrap())).unwrap();
    }
    desk.user.write("work/result", "0");
    for (count, line) in [(2, &*told_at_once(&outside)), (3, "make test"), (4, "just test")] {
        let ended = desk.shell(line).await;
        assert!(ended.status.success(), "{line}: {ended:?}");
        assert!(String::from_utf8_lossy(&ended.stdout).contains("0 ran"), "{line}: {ended:?}");
        check(&desk.newest(count).await, &[("state", "done")]);
        let mut without = desk.command("sh", &["-c", "make test"]);
        let ended = output(without.env("PATH", "/usr/bin:/bin")).await;
        assert!(ended.status.success(), "without notifyhub: {ended:?}");
    }
    desk.user.write("work/result", "2");
    desk.shell(&after).await;
    check(&desk.newest(6).await, &[("state", "failed"), ("title", "make test")]);
}

#[tokio::test]
async fn cargo() {
    let (desk, page) = (Desk::new(&[]), Page::read("cargo.md"));
    desk.user.write("work/Cargo.toml", "[package]\nname = \"shop\"\nedition = \"2024\"\n[workspace]\n");
    desk.user.write("work/src/lib.rs", "#[test]\nfn adds_up() {\n    assert_eq!(1, 2);\n}\n");
    let (outside, with_lines) = (page.next("sh"), page.next("sh"));
    page.end();
    let ours = std::env::var("HOME").unwrap_or_default();
    for (count, line) in [(1, outside.replace("--min 30s ", "")), (2, with_lines)] {
        let mut cargo = desk.command("sh", &["-c", &line]);
        // Where the toolchain is.
        cargo.env("CARGO_HOME", std::env::var("CARGO_HOME").unwrap_or_else(|_| format!("{ours}/.cargo")));
        cargo.env("RUSTUP_HOME", std::env::var("RUSTUP_HOME").unwrap_or_else(|_| format!("{ours}/.rustup")));
        cargo.env("CARGO_NET_OFFLINE", "true").env_remove("CARGO_TARGET_DIR");
        let ended = output(&mut cargo).await;
        assert_eq!(ended.status.code(), Some(101), "{line}: {ended:?}");
        let told = desk.newest(count).await;
        check(&told, &[("state", "failed"), ("title", "cargo test")]);
        if count == 2 {
            check(&told, &[("message", "adds_up")]);
        }
    }
}

#[tokio::test]
async fn pytest() {
    let (desk, page) = (Desk::new(&[]), Page::read("pytest.md"));
    let outside = page.next("sh").replace("--min 30s ", "");
    let plugin = page.next("python");
    page.end();
    desk.user
        .write("work/test_shop.py", "def test_a():\n    assert True\n\ndef test_b():\n    assert False\n");
    let ended = desk.shell(&outside).await;
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    check(&desk.newest(1).await, &[("state", "failed"), ("title", "pytest -q")]);
    desk.user.write("work/conftest.py", &plugin);
    let ended = desk.shell("pytest -q").await;
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    check(
        &desk.newest(2).await,
        &[("state", "failed"), ("message", "1 passed, 1 failed"), ("actor", "pytest")],
    );
}

#[tokio::test]
async fn pueue() {
    let (desk, page) = (Desk::new(&[]), Page::read("pueue.md"));
    let configuration = page.next("yaml");
    desk.executable("bin/pueue-told", &page.next("sh"));
    page.end();
    let callback = configuration.lines().find_map(|line| line.trim().strip_prefix("callback: ")).unwrap();
    for (count, result, code, state) in [(1, "Success", "0", "done"), (2, "Failed(1)", "1", "failed")] {
        let line = callback.trim_matches('"').replace("{{id}}", "4").replace("{{result}}", result);
        let line = line
            .replace("{{exit_code}}", code)
            .replace("{{group}}", "builds")
            .replace("{{path}}", "/srv/my shop");
        let ended = desk.shell(&line).await;
        assert!(ended.status.success(), "{ended:?}");
        let told = desk.newest(count).await;
        check(
            &told,
            &[("state", state), ("title", "pueue builds"), ("source", "my shop"), ("message", "Task 4: ")],
        );
    }
}

#[tokio::test]
async fn tmux() {
    let (desk, page) = (Desk::new(&[]), Page::read("tmux.md"));
    let configuration = desk.user.write("tmux.conf", &page.next("tmux"));
    page.end();
    let socket = desk.user.home().join("tmux.socket");
    let tmux = async |arguments: &[&str]| {
        let base = ["-S", socket.to_str().unwrap(), "-f", configuration.to_str().unwrap()];
        let ended = output(&mut desk.command("tmux", &[&base, arguments].concat())).await;
        assert!(ended.status.success(), "{arguments:?}: {ended:?}");
    };
    tmux(&["new-session", "-d", "-s", "work", "-n", "desk", "cat"]).await;
    tmux(&["new-window", "-d", "-n", "it's done", "sh -c 'read line; printf \"\\a\"; exec cat'"]).await;
    tmux(&["send-keys", "-t", "work:1", "go", "Enter"]).await;
    check(&desk.newest(1).await, &[("title", "work:it's done"), ("message", "Bell"), ("actor", "tmux")]);
    tmux(&["set-option", "-w", "-t", "work:1", "monitor-silence", "1"]).await;
    check(&desk.newest(2).await, &[("message", "Quiet")]);
    tmux(&["kill-server"]).await;
}

#[tokio::test]
async fn watchexec() {
    let (desk, page) = (Desk::new(&[]), Page::read("watchexec.md"));
    let line = page.next("sh");
    page.end();
    desk.user.write("work/Makefile", "test:\n\t@exit 1\n");
    let (_, command) = line.split_once(" -- ").expect("what is run at each change");
    for _ in 0..2 {
        desk.shell(&command.replace("--min 10s ", "")).await;
    }
    check(&desk.newest(2).await, &[("key", "watch/tests"), ("state", "failed")]);
}

#[test]
fn every_page_is_tried_and_listed() {
    let index = fs::read_to_string(repository("docs/recipes/README.md")).unwrap();
    let own = fs::read_to_string(repository("tests/tests/end_to_end/recipes.rs")).unwrap();
    for entry in fs::read_dir(repository("docs/recipes")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name != "README.md" {
            assert!(index.contains(&format!("]({name})")), "{name} is not listed");
            assert!(own.contains(&format!("Page::read(\"{name}\")")), "{name} is not tried");
        }
    }
}
