//! What is in deploy/jetstream, held against the programs that read it: systemd, Compose's format, HAProxy. The servers'
//! configuration is tried in `access` and `brokers`.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
};

use notifyhub_tests::{repository, server::run_to_end};
use serde_json::Value;

fn deploy(name: &str) -> PathBuf {
    repository("deploy/jetstream").join(name)
}

fn run(command: &mut Command) -> (bool, String) {
    let Output { status, stdout, stderr } = command.output().unwrap_or_else(|error| {
        panic!("{command:?}: {error}; is it installed (scripts/install-test-programs)?")
    });
    (status.success(), String::from_utf8([stdout, stderr].concat()).unwrap())
}

/// In tenths of what `systemd-analyze security` gives: the hub's own, and what a server needs besides, the network.
const MAX_EXPOSURE: &str = "15";

#[test]
fn the_unit_of_a_broker_is_understood_and_hardened() {
    let (is_hardened, said) = run(Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--no-pager", "--threshold", MAX_EXPOSURE])
        .arg(deploy("nats-server.service")));
    assert!(is_hardened && said.contains("Overall exposure level for nats-server.service"), "{said}");

    let directory = tempfile::tempdir().unwrap();
    let unit = fs::read_to_string(deploy("nats-server.service")).unwrap();
    let program = std::env::current_exe().unwrap();
    let here = unit.replace("/usr/local/bin/nats-server", &program.display().to_string());
    assert_ne!(here, unit);
    let file = directory.path().join("nats-server.service");
    fs::write(&file, here).unwrap();
    let (is_understood, said) = run(Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&file));
    assert!(is_understood && !said.contains("nats-server"), "{said}");
    for (key, value) in [("User", "nats"), ("StateDirectory", "nats")] {
        assert!(unit.contains(&format!("\n{key}={value}\n")), "{key}");
    }
    let settings = fs::read_to_string(deploy("nats-server.conf")).unwrap();
    assert!(settings.contains("store_dir: /var/lib/nats\n"), "where the unit lets it write");
    assert!(fs::read_to_string(deploy("nats.sysusers")).unwrap().contains("\nu nats "));
}

#[test]
fn the_balancer_understands_its_configuration() {
    let (is_valid, said) = run(Command::new("haproxy").arg("-c").arg("-f").arg(deploy("haproxy.cfg")));
    assert!(is_valid, "{said}");
}

/// It is parsed, and held against what it names: `docker compose` itself is not here.
#[test]
fn the_compose_file_names_what_is_there() {
    let parse = "import json, sys, yaml; json.dump(yaml.safe_load(open(sys.argv[1])), sys.stdout)";
    let python = std::env::var("TEST_PYTHON").unwrap_or_else(|_| "python3".into());
    let (is_read, text) = run(Command::new(python).args(["-c", parse]).arg(deploy("compose.yaml")));
    assert!(is_read, "{text}");
    let compose: Value = serde_json::from_str(&text).unwrap();
    let services = compose["services"].as_object().unwrap();
    let help = String::from_utf8(run_to_end(&["--help"]).stdout).unwrap();
    let brokers: Vec<_> = services.keys().filter(|name| name.starts_with("nats-")).collect();
    let hubs: Vec<_> = services.keys().filter(|name| name.starts_with("hub-")).collect();
    assert_eq!((brokers.len(), hubs.len(), services.len()), (3, 3, 7));
    for (name, service) in services {
        assert!(service["image"].is_string(), "{name}");
        for volume in service["volumes"].as_array().into_iter().flatten() {
            let source = volume.as_str().unwrap().split(':').next().unwrap();
            let is_there = match source.strip_prefix("./") {
                Some(file) => deploy(file).exists(),
                None => compose["volumes"].as_object().unwrap().contains_key(source),
            };
            assert!(is_there, "{name}: {source}");
        }
        let environment = service["environment"].as_object().into_iter().flatten();
        for (variable, value) in environment.filter(|(variable, _)| variable.starts_with("NOTIFYHUB_")) {
            assert!(help.contains(&format!("[env: {variable}")), "{variable} of {name} is no option");
            if variable == "NOTIFYHUB_STORE" {
                assert!(
                    brokers.iter().all(|broker| value.as_str().unwrap().contains(broker.as_str())),
                    "{value}"
                );
            }
        }
    }
    let settings = fs::read_to_string(deploy("nats-server.conf")).unwrap();
    let balancer = fs::read_to_string(deploy("haproxy.cfg")).unwrap();
    assert!(brokers.iter().all(|broker| settings.contains(&format!("nats://{broker}:6222"))), "{settings}");
    assert!(hubs.iter().all(|hub| balancer.contains(&format!("server {hub} {hub}:9080"))), "{balancer}");
}
