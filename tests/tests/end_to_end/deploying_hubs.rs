//! What is in `deploy/` for several hubs, held against the programs: compose files, balancers, the unit's addition.

use std::{collections::BTreeSet, fs, process::Command};

use notifyhub_test_engines::Postgres;
use notifyhub_tests::{
    http::{get, post},
    repository,
    server::{Launch, TestServer, run_to_end, server_program},
};
use serde_json::{Map, Value};

use super::deploying::{allowed_system_calls, deploy, run, stderr, stdout, traced_calls};

const COMPOSE_FILES: [&str; 2] = ["several-hubs/compose.yml", "jetstream/compose.yaml"];

/// A compose file as Docker reads it, but for its variables.
fn services_of(name: &str) -> Map<String, Value> {
    let python = std::env::var("TEST_PYTHON").unwrap_or_else(|_| "python3".into());
    let script = "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)";
    let file = fs::File::open(repository("deploy").join(name)).unwrap();
    let parsed = run(Command::new(python).args(["-c", script]).stdin(file));
    assert!(parsed.status.success(), "{name}: {}", stderr(&parsed));
    let whole: Value = serde_json::from_slice(&parsed.stdout).unwrap();
    whole["services"].as_object().unwrap().clone()
}

/// `${NAME:?what to do}` becomes a value.
fn without_variables(text: &str) -> String {
    let mut parts = text.split("${");
    let mut filled = parts.next().unwrap().to_owned();
    for part in parts {
        let (_, rest) = part.split_once('}').unwrap();
        filled += "of-the-hubs";
        filled += rest;
    }
    filled
}

#[test]
fn compose_files_set_options_that_there_are_and_name_what_there_is() {
    let help = stdout(&run_to_end(&["--help"]));
    for name in COMPOSE_FILES {
        let services = services_of(name);
        let mut hubs = 0;
        for (service, what) in &services {
            let needed: Vec<&str> = match &what["depends_on"] {
                Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
                Value::Object(table) => table.keys().map(String::as_str).collect(),
                _ => Vec::new(),
            };
            assert!(
                needed.iter().all(|needed| services.contains_key(*needed)),
                "{name}: {service} needs {needed:?}"
            );
            for volume in what["volumes"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                let source = volume.split(':').next().unwrap();
                let file = repository("deploy").join(name).with_file_name(source.trim_start_matches("./"));
                assert!(!source.starts_with('.') || file.exists(), "{name}: {volume}");
            }
            if what["image"] != "notifyhub" {
                continue;
            }
            hubs += 1;
            for (variable, value) in what["environment"].as_object().unwrap() {
                let is_option = ["=", "]"].iter().any(|end| help.contains(&format!("[env: {variable}{end}")));
                assert!(is_option, "{name}: {variable} is no option");
                if variable == "NOTIFYHUB_STORE" {
                    let store = without_variables(value.as_str().unwrap());
                    // Understood, and not a file.
                    let said = stderr(&run_to_end(&["--store", &store, "check"]));
                    assert!(said.contains("with its own programs"), "{name}: {store}: {said}");
                    let hosts = store.split('@').nth(1).unwrap().split(['/', '?']).next().unwrap();
                    assert!(hosts.split(',').all(|host| services.contains_key(host)), "{name}: {hosts}");
                }
            }
        }
        assert!(hubs >= 2, "{name}");
        let balancer = deploy(&format!("{}/haproxy.cfg", name.split('/').next().unwrap()));
        let behind: BTreeSet<_> = balancer
            .lines()
            .filter_map(|line| line.trim().strip_prefix("server ")?.split([' ', ':']).nth(1))
            .collect();
        let named = services.iter().filter(|(_, what)| what["image"] == "notifyhub");
        assert_eq!(behind, named.map(|(service, _)| service.as_str()).collect(), "{name}");
    }
}

#[test]
fn haproxy_understands_the_balancers() {
    for name in ["several-hubs/haproxy.cfg", "jetstream/haproxy.cfg"] {
        let path = format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default());
        let file = repository("deploy").join(name);
        let checked = run(Command::new("haproxy").env("PATH", path).args(["-c", "-f"]).arg(file));
        assert!(checked.status.success(), "{name}: {}{}", stdout(&checked), stderr(&checked));
    }
}

#[test]
fn postgresql_understands_what_the_compose_file_sets() {
    let services = services_of("several-hubs/compose.yml");
    let postgres = Postgres::start();
    let command: Vec<_> =
        services["primary"]["command"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let settings: Vec<_> = command.iter().filter_map(|word| word.split_once('=')).collect();
    assert_eq!(settings.len(), 2, "{command:?}");
    for (name, value) in settings {
        postgres.sql("postgres", &format!("ALTER SYSTEM SET {name} = '{value}'"));
    }
    // The standby is known by the name that the primary waits for; the tests' own standbys are made in the same way.
    let script = services["standby"]["command"][2].as_str().unwrap();
    let checked = run(Command::new("bash").args(["-n", "-c", script]));
    assert!(checked.status.success(), "{checked:?}");
    assert!(
        script.contains("--write-recovery-conf") && script.contains("application_name=standby"),
        "{script}"
    );
    postgres.sql("postgres", "ALTER SYSTEM SET wal_retrieve_retry_interval = '500ms'");
    assert!(script.contains("-c wal_retrieve_retry_interval=500ms"), "{script}");
    assert!(command.contains(&"synchronous_standby_names=ANY 1 (standby)"), "{command:?}");
}

#[test]
fn systemd_understands_the_addition_for_a_shared_store() {
    let directory = tempfile::tempdir().unwrap();
    let addition = directory.path().join("notifyhub.service.d");
    fs::create_dir(&addition).unwrap();
    fs::write(addition.join("network.conf"), deploy("several-hubs/notifyhub-network.conf")).unwrap();
    let program = server_program();
    let service = deploy("notifyhub.service")
        .replace("ExecStart=/usr/bin/notifyhub-server", &format!("ExecStart={}", program.display()));
    let unit = directory.path().join("notifyhub.service");
    fs::write(&unit, service).unwrap();
    fs::write(directory.path().join("notifyhub.socket"), deploy("notifyhub.socket")).unwrap();
    let verified = run(Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&unit));
    let said = stderr(&verified);
    assert!(verified.status.success() && !said.contains("notifyhub"), "{said}");

    // It opens what it has to, and nothing else: in tenths, as for the unit alone, which has no network at all.
    let judged = run(Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--no-pager", "--json=short", "--threshold", "20"])
        .arg(&unit));
    assert!(judged.status.success(), "{}{}", stdout(&judged), stderr(&judged));
    let judgement: Value = serde_json::from_slice(&judged.stdout).unwrap();
    let has = |name: &str| {
        let mut found = judgement.as_array().unwrap().iter();
        found.find(|item| item["json_field"] == name).unwrap_or_else(|| panic!("{name}: {judgement}"))["set"]
            .clone()
    };
    assert_eq!(has("PrivateNetwork"), false, "the network is there");
    assert_eq!(has("RestrictAddressFamilies_AF_INET_INET6"), false, "the internet is");
    assert_eq!(has("RestrictAddressFamilies_AF_PACKET"), true, "packets are not");
}

/// Between a hub and PostgreSQL no system call and no kind of socket is used that the unit denies.
#[tokio::test]
async fn a_hub_on_postgresql_does_nothing_that_the_unit_denies() {
    let mut postgres = Postgres::start();
    let url = postgres.database("feed").replace("127.0.0.1", "localhost");
    let directory = tempfile::tempdir().unwrap();
    let trace = directory.path().join("trace");
    let under = ["strace", "-D", "-f", "-q", "-o", trace.to_str().unwrap()];
    let options = ["--store", &url];
    let mut server = TestServer::launch(Launch { under: &under, options: &options, ..Launch::default() });
    let address = server.socket_address();
    assert_eq!(post(address, "/api/notifications", r#"{"message":"x"}"#).await.status(), 201);
    // Found again, too.
    postgres.kill();
    postgres.start_again();
    assert_eq!(post(address, "/api/notifications", r#"{"message":"y"}"#).await.status(), 201);
    get(address, "/metrics").await;
    assert!(server.stop().success());
    let (made, lines) = traced_calls(&trace, 1).await;
    let allowed = allowed_system_calls();
    let denied: Vec<_> = made.difference(&allowed).collect();
    assert!(made.contains("connect") && denied.is_empty(), "{denied:?}");
    let addition = deploy("several-hubs/notifyhub-network.conf");
    // The C library asks for the machine's addresses by one, and does without where it may not.
    let is_allowed = |family: &str| addition.contains(family) || family == "AF_NETLINK";
    for line in lines.lines() {
        if let Some((_, rest)) = line.split_once(" socket(") {
            let family = rest.split(',').next().unwrap();
            assert!(is_allowed(family), "{line}");
        }
    }
}
