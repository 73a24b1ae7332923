//! What is in `deploy/`, held against the programs: systemd's units, the image, options, manual pages. The packages are
//! tested by `make test-deb`, the reverse proxies in `reverse_proxies`.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Command, Output},
};

use notifyhub_tests::{
    eventually,
    http::{get, post},
    push,
    reader::{Reader, publish},
    repository,
    server::{Launch, TestServer, run_to_end, server_program},
    tls::own_certificate,
};

pub(crate) fn deploy(name: &str) -> String {
    fs::read_to_string(repository("deploy").join(name)).unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

pub(crate) fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| {
        panic!("{command:?}: {error}; is it installed (scripts/install-test-programs)?")
    })
}

#[tokio::test]
async fn health_says_whether_a_hub_is_ready_and_why_not() {
    let server = TestServer::start(&[]);
    let port = server.socket_address().port().to_string();
    for options in [
        &["--port", &port, "health"][..],
        &["--host", "0.0.0.0", "--port", &port, "health"],
        &["--host", "localhost", "--port", &port, "health"],
        &["health", "--url", &server.address()],
    ] {
        let output = run_to_end(options);
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(0), "ready\n"), "{output:?}");
    }
    fs::remove_file(server.data_directory().join("notifyhub.db")).unwrap();
    eventually("the hub notices", async || {
        (get(server.socket_address(), "/readyz").await.status() == 503).then_some(())
    })
    .await;
    let ill = run_to_end(&["--port", &port, "health"]);
    assert_eq!(ill.status.code(), Some(1));
    let said = stderr(&ill);
    assert!(said.contains("is not ready: ") && said.contains("notifyhub.db"), "{said}");
    drop(server);
    let gone = run_to_end(&["--port", &port, "health"]);
    assert_eq!(gone.status.code(), Some(1));
    assert!(stderr(&gone).contains("nothing answers at"), "{gone:?}");
    let wrong = run_to_end(&["health", "--url", "localhost"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(stderr(&wrong).contains("http://localhost:9080"), "{wrong:?}");
}

#[test]
fn health_asks_an_encrypted_hub_too() {
    let server = TestServer::start(&["--tls-self-signed"]);
    assert!(own_certificate(&server).exists());
    let port = server.socket_address().port().to_string();
    let output = run_to_end(&["--tls-self-signed", "--port", &port, "health"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let plain = run_to_end(&["--port", &port, "health"]);
    assert_eq!(plain.status.code(), Some(1), "{plain:?}");
    assert!(stderr(&plain).contains("https://"), "{plain:?}");
}

/// `systemd-analyze security` gives 0.0 for no exposure and 10.0 for a service without any protection.
const MAX_EXPOSURE_IN_TENTHS: &str = "10";

#[test]
fn the_unit_is_hardened() {
    let output = run(Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--no-pager", "--threshold", MAX_EXPOSURE_IN_TENTHS])
        .arg(repository("deploy/notifyhub.service")));
    assert!(output.status.success(), "{}{}", stdout(&output), stderr(&output));
    assert!(stdout(&output).contains("Overall exposure level for notifyhub.service"), "{output:?}");
}

#[test]
fn systemd_understands_the_units() {
    let directory = tempfile::tempdir().unwrap();
    // The program is installed by the packages.
    let program = server_program();
    let service = deploy("notifyhub.service");
    let here =
        service.replace("ExecStart=/usr/bin/notifyhub-server", &format!("ExecStart={}", program.display()));
    assert_ne!(here, service);
    fs::write(directory.path().join("notifyhub.service"), here).unwrap();
    fs::write(directory.path().join("notifyhub.socket"), deploy("notifyhub.socket")).unwrap();
    let output = run(Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .args(["notifyhub.service", "notifyhub.socket"].map(|unit| directory.path().join(unit))));
    let said = stderr(&output);
    assert!(output.status.success() && !said.contains("notifyhub"), "{said}");
}

/// The hub as the unit runs it: the socket comes from systemd, and there is no network besides.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_that_systemd_holds_is_served_without_a_network() {
    // Only root may take its network away; everyone else has the socket alone.
    let without_network: &[&str] =
        if rustix::process::geteuid().is_root() { &["unshare", "--net"] } else { &[] };
    let address = {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap()
    };
    let listen = address.to_string();
    let under = [&["systemd-socket-activate", "--listen", &listen], without_network].concat();
    // It starts the hub when the first connection comes.
    let first = tokio::spawn(async move {
        loop {
            if let Ok(connection) = tokio::net::TcpStream::connect(address).await {
                return connection;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    });
    let mut server =
        tokio::task::block_in_place(|| TestServer::launch(Launch { under: &under, ..Launch::default() }));
    assert_eq!(server.socket_address(), address, "not on --port");
    let mut reader = Reader::start(&server.client()).await;
    publish(&server.client(), "Hello").await;
    assert_eq!(reader.message().await, "Hello");
    assert!(server.stop().success());
    drop(first.await);
}

/// What a unit's `SystemCallFilter=` lines let through.
pub(crate) fn allowed_system_calls() -> BTreeSet<String> {
    let mut allowed = BTreeSet::new();
    let service = deploy("notifyhub.service");
    for filter in service.lines().filter_map(|line| line.strip_prefix("SystemCallFilter=")) {
        let (is_denied, groups) = filter.strip_prefix('~').map_or((false, filter), |groups| (true, groups));
        for group in groups.split_whitespace() {
            for call in system_calls_of(group) {
                if is_denied {
                    allowed.remove(&call)
                } else {
                    allowed.insert(call)
                };
            }
        }
    }
    allowed
}

fn system_calls_of(group: &str) -> BTreeSet<String> {
    let output = run(Command::new("systemd-analyze").args(["syscall-filter", group]));
    let text = stdout(&output);
    let names = text.lines().skip(1).map(str::trim).filter(|name| !name.is_empty() && !name.starts_with('#'));
    names
        .flat_map(|name| match name.strip_prefix('@') {
            Some(_) => system_calls_of(name),
            None => BTreeSet::from([name.to_owned()]),
        })
        .collect()
}

/// The names of the system calls in what strace has written of so many processes or threads and more, and all of it.
pub(crate) async fn traced_calls(trace: &Path, ended: usize) -> (BTreeSet<String>, String) {
    let trace = eventually("the trace is complete", async || {
        let trace = fs::read_to_string(trace).unwrap();
        (trace.matches("+++ exited with").count() >= ended).then_some(trace)
    })
    .await;
    let made = trace
        .lines()
        // `PID name(arguments` or `PID <... name resumed>`.
        .filter_map(|line| line.split_once(' ')?.1.trim_start().split_once('('))
        .map(|(name, _)| name.to_owned())
        .filter(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
        .collect();
    (made, trace)
}

#[tokio::test]
async fn the_hub_makes_no_system_call_that_the_unit_denies() {
    let allowed = allowed_system_calls();
    assert!(allowed.contains("write") && !allowed.contains("mount"), "{allowed:?}");
    let directory = tempfile::tempdir().unwrap();
    let trace = directory.path().join("trace");
    // -D: the hub is the process that was started, and strace is beside it.
    let under = ["strace", "-D", "-f", "-q", "-o", trace.to_str().unwrap()];
    let options = ["--heartbeat", "50ms", "--max-age", "1h", "--tls-self-signed"];
    let mut server = TestServer::launch(Launch { under: &under, options: &options, ..Launch::default() });
    let port = server.socket_address().port().to_string();
    let certificate = own_certificate(&server);
    let push =
        ["--url", &format!("https://localhost:{port}"), "--ca-cert", certificate.to_str().unwrap(), "x"];
    let pushed = push::push(&push).await;
    assert_eq!(pushed.code, 0, "{}", pushed.stderr);
    server.stop();
    let plain = ["--heartbeat", "50ms", "--max-connections-per-ip", "10"];
    server.relaunch(Launch { under: &[&under[..], &["-A"]].concat(), options: &plain, ..Launch::default() });
    let address = server.socket_address();
    let mut reader = Reader::start(&server.client()).await;
    for n in 0..20 {
        assert_eq!(
            post(address, "/api/notifications", format!(r#"{{"message":"{n}"}}"#)).await.status(),
            201
        );
        assert_eq!(reader.message().await, n.to_string());
    }
    for path in ["/", "/docs", "/metrics", "/api/status", "/api/notifications?q=x"] {
        get(address, path).await;
    }
    assert!(server.stop().success());
    let (mut made, _) = traced_calls(&trace, 3).await;
    assert!(made.contains("fdatasync") && made.contains("accept4"), "{made:?}");
    if rustix::process::geteuid().is_root() {
        // SQLite gives its files to the database's owner, if it may. The unit's user may not.
        made.remove("fchown");
    }
    let denied: Vec<_> = made.difference(&allowed).collect();
    assert!(denied.is_empty(), "{denied:?}");
}

#[test]
fn every_option_that_is_set_or_proposed_is_one() {
    let help = stdout(&run_to_end(&["--help"]));
    for name in ["notifyhub.service", "notifyhub.default", "Dockerfile"] {
        let text = deploy(name);
        let set: Vec<_> = text
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .filter(|word| word.len() > "NOTIFYHUB_".len() && word.starts_with("NOTIFYHUB_"))
            .collect();
        assert!(!set.is_empty(), "{name}");
        for variable in set {
            let is_option = ["=", "]"].iter().any(|end| help.contains(&format!("[env: {variable}{end}")));
            assert!(is_option, "{variable} of {name} is no option");
        }
    }
}

/// What the image is built from is there, and it is not run as root. That it builds is not tested: it takes Docker.
#[test]
fn the_image_is_built_from_what_is_there() {
    let text = deploy("Dockerfile");
    let instructions: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split_whitespace().collect())
        .collect();
    let of = |name: &'static str| instructions.iter().filter(move |words| words.first() == Some(&name));
    let stages: BTreeSet<_> = of("FROM").filter_map(|words| words.get(3).copied()).collect();
    let mut copied = BTreeSet::new();
    for words in of("COPY") {
        let (flags, files): (Vec<&str>, Vec<&str>) =
            words[1..].iter().copied().partition(|word| word.starts_with("--"));
        if let Some(stage) = flags.iter().find_map(|flag| flag.strip_prefix("--from=")) {
            assert!(stages.contains(stage), "{words:?}");
            continue;
        }
        for file in &files[..files.len() - 1] {
            assert!(repository(file).exists(), "{file} is missing");
            copied.insert(*file);
        }
    }
    let manifest = fs::read_to_string(repository("Cargo.toml")).unwrap();
    let members = manifest.lines().find_map(|line| line.strip_prefix("members = [")).unwrap();
    for member in members.split('"').skip(1).step_by(2) {
        let is_copied = copied.iter().any(|folder| Path::new(member).starts_with(folder));
        assert!(is_copied, "{member} is a member of the workspace, and is not copied");
    }
    let ignored = fs::read_to_string(repository(".dockerignore")).unwrap();
    assert!(ignored.lines().all(|line| !copied.contains(line)), "{ignored}");
    let last = of("FROM").next_back().unwrap();
    assert_eq!(last[1], "scratch");
    let user: Vec<_> = of("USER").collect();
    assert!(user.len() == 1 && !user[0][1].starts_with('0') && !user[0][1].starts_with("root"), "{user:?}");
    let check = text.split_once("HEALTHCHECK ").unwrap().1.lines().next().unwrap();
    assert!(check.ends_with(r#"CMD ["/usr/bin/notifyhub-server", "health"]"#), "{check}");
}

#[tokio::test]
async fn manual_pages_and_completions_have_every_option() {
    let server = |arguments: &[&str]| stdout(&run_to_end(arguments));
    let push = async |arguments: &[&str]| push::push(arguments).await.stdout;
    let programs = [
        (
            server(&["--help"]),
            server(&["man"]),
            server(&["completions", "bash"]),
            server(&["completions", "fish"]),
        ),
        (
            push(&["--help"]).await,
            push(&["--man"]).await,
            push(&["--completions", "bash"]).await,
            push(&["--completions", "fish"]).await,
        ),
    ];
    for (help, man, bash, fish) in programs {
        let lines = help.lines().filter_map(|line| line.trim_start().split_once("--"));
        let options: BTreeSet<_> = lines
            .filter(|(before, _)| before.is_empty() || before.ends_with(", "))
            .filter_map(|(_, option)| option.split([' ', '[', '=']).next())
            .collect();
        assert!(options.len() > 15, "{options:?}");
        for option in options {
            assert!(man.contains(&option.replace('-', r"\-")), "{option}: {man}");
            assert!(
                bash.contains(&format!("--{option}")) && fish.contains(&format!("-l {option}")),
                "{option}"
            );
        }
        assert!(man.starts_with(".ie") && !man.contains("(1)"), "it names no page that is not there");
        let checked = run(Command::new("bash").args(["-n", "-c", &bash]));
        assert!(checked.status.success(), "{checked:?}");
    }
}
