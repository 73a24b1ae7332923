//! What is left out costs nothing.

use std::process::Command;

fn dependencies(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--package", "notifyhub-server", "--edges", "normal", "--prefix", "none"])
        .args(arguments)
        .output()
        .expect("cargo can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn a_hub_without_an_engine_has_nothing_of_it() {
    for (engine, crates) in [("postgres", &["tokio-postgres v", "tokio-postgres-rustls v"][..])] {
        let with = dependencies(&["--no-default-features", "--features", engine]);
        let without = dependencies(&["--no-default-features"]);
        for name in crates {
            assert!(with.contains(name) && !without.contains(name), "{name}");
        }
    }
}
