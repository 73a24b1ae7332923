//! What comes with the hub for Prometheus and Grafana, against the real Prometheus that scrapes a real hub: each query
//! of `deploy/grafana.json` has an answer, and each rule of `deploy/alerts.yml` asks for what is there.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Output, Stdio},
};

use notifyhub_tests::{
    events::RawEvents,
    eventually,
    http::{get, post, request},
    server::{TestServer, free_port},
    within,
};
use serde_json::Value;
use tokio::{
    io::AsyncWriteExt as _,
    process::{Child, Command},
};

fn deployed(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").join("deploy").join(name)
}

fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.kill_on_drop(true).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

async fn promtool(arguments: &[&str], input: &str) -> Output {
    let mut child = command("promtool")
        .args(arguments)
        .spawn()
        .unwrap_or_else(|error| panic!("promtool: {error}; scripts/install-test-programs installs it"));
    child.stdin.take().unwrap().write_all(input.as_bytes()).await.unwrap();
    within("promtool ends", child.wait_with_output()).await.unwrap()
}

fn assert_succeeds(output: &Output) {
    let text = String::from_utf8_lossy(&[&*output.stdout, &*output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{text}");
}

/// Some of everything.
async fn traffic(address: SocketAddr, stream: &mut RawEvents) {
    assert_eq!(
        post(address, "/api/notifications", r#"{"message":"x","state":"running"}"#).await.status(),
        201
    );
    assert_eq!(post(address, "/api/notifications", r#"{"message":""}"#).await.status(), 400);
    while stream.next().await.event() != "notification" {}
}

#[tokio::test]
async fn promtool_likes_the_rules_and_a_real_scrape() {
    let rules = deployed("alerts.yml");
    assert_succeeds(&promtool(&["check", "rules", rules.to_str().unwrap()], "").await);
    let tests = deployed("alerts.test.yml");
    assert_succeeds(&promtool(&["test", "rules", tests.to_str().unwrap()], "").await);

    let server = TestServer::start(&[]);
    let address = server.socket_address();
    traffic(address, &mut RawEvents::open(address, "/events", &[]).await).await;
    let scraped = get(address, "/metrics").await;
    assert_succeeds(&promtool(&["check", "metrics"], scraped.text()).await);
    // It would tell if something were wrong.
    let wrong = scraped.text().replace("_seconds_count", "_milliseconds_count");
    assert!(!promtool(&["check", "metrics"], &wrong).await.status.success());
}

/// The queries of a dashboard, wherever they stand in it.
fn collect_queries(json: &Value, queries: &mut Vec<String>) {
    match json {
        Value::Object(fields) => {
            queries.extend(fields.get("expr").and_then(Value::as_str).map(ToOwned::to_owned));
            fields.values().for_each(|value| collect_queries(value, queries));
        }
        Value::Array(values) => values.iter().for_each(|value| collect_queries(value, queries)),
        _ => {}
    }
}

/// What a query selects: `notifyhub_x` or `notifyhub_x{…}`.
fn selectors(query: &str) -> Vec<&str> {
    let starts = query.match_indices("notifyhub_").map(|(start, _)| start);
    starts
        .map(|start| {
            let rest = &query[start..];
            let name = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            let labels = if rest[name..].starts_with('{') { rest[name..].find('}').unwrap() + 1 } else { 0 };
            &rest[..name + labels]
        })
        .collect()
}

fn percent_encoded(text: &str) -> String {
    text.bytes().flat_map(|byte| format!("%{byte:02x}").into_bytes()).map(char::from).collect()
}

struct Prometheus {
    _process: Child,
    _directory: tempfile::TempDir,
    address: SocketAddr,
}

impl Prometheus {
    async fn scraping(hub: SocketAddr) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let rules = deployed("alerts.yml");
        let config = format!(
            "global: {{ scrape_interval: 200ms, scrape_timeout: 200ms, evaluation_interval: 200ms }}\n\
             rule_files: [ \"{}\" ]\n\
             scrape_configs:\n- job_name: notifyhub\n  static_configs: [ {{ targets: [ \"{hub}\" ] }} ]\n",
            rules.display()
        );
        let file = directory.path().join("prometheus.yml");
        std::fs::write(&file, config).unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], free_port("127.0.0.1")));
        let process = command("prometheus")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", directory.path().join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .arg("--log.level=error")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("prometheus: {error}; scripts/install-test-programs installs it"));
        eventually("Prometheus listens", async || tokio::net::TcpStream::connect(address).await.ok()).await;
        eventually("it is ready", async || (get(address, "/-/ready").await.status() == 200).then_some(()))
            .await;
        Prometheus { _process: process, _directory: directory, address }
    }

    /// The series that a query gives.
    async fn query(&self, query: &str) -> Vec<Value> {
        let form = [("Content-Type", "application/x-www-form-urlencoded")];
        let body = format!("query={}", percent_encoded(query));
        let answer = request(self.address, "POST", "/api/v1/query", &form, body).await.json();
        assert_eq!(answer["status"], "success", "{query}: {answer}");
        answer["data"]["result"].as_array().unwrap().clone()
    }

    async fn gives_something(&self, query: &str) {
        eventually(&format!("there is an answer to {query}"), async || {
            (!self.query(query).await.is_empty()).then_some(())
        })
        .await;
    }

    async fn alert_state(&self, name: &str) -> Option<String> {
        let rules = get(self.address, "/api/v1/rules").await.json();
        let rules = rules["data"]["groups"][0]["rules"].as_array()?;
        let rule = rules.iter().find(|rule| rule["name"] == name)?;
        assert!(rule["lastError"].is_null(), "{rule}");
        Some(rule["state"].as_str()?.to_owned())
    }
}

#[tokio::test]
async fn every_panel_and_every_alert_asks_for_what_is_there() {
    let server = TestServer::start(&[]);
    let hub = server.socket_address();
    let prometheus = Prometheus::scraping(hub).await;
    let mut stream = RawEvents::open(hub, "/events", &[]).await;
    let dashboard = std::fs::read_to_string(deployed("grafana.json")).unwrap();
    let mut queries = Vec::new();
    collect_queries(&serde_json::from_str(&dashboard).unwrap(), &mut queries);
    assert!(queries.len() > 25, "{queries:?}");
    let rules = std::fs::read_to_string(deployed("alerts.yml")).unwrap();
    let expressions = rules.split("expr:").skip(1).map(|rule| rule.split("labels:").next().unwrap());
    let selected: Vec<_> = expressions.flat_map(selectors).collect();
    assert!(selected.len() > 12, "{selected:?}");
    let asking = async {
        for query in &queries {
            // As Grafana does.
            let query = query.replace("$instance", ".*").replace("$__rate_interval", "1m");
            prometheus.gives_something(&query).await;
            for selector in selectors(&query) {
                prometheus.gives_something(selector).await;
            }
        }
        for selector in selected {
            prometheus.gives_something(&selector.split_whitespace().collect::<String>()).await;
        }
    };
    let posting = async {
        loop {
            traffic(hub, &mut stream).await;
        }
    };
    tokio::select! {
        () = asking => {}
        () = posting => {}
    }
    let p99 = "histogram_quantile(0.99, sum by (le) (rate(notifyhub_delivery_seconds_bucket[1m])))";
    let value = prometheus.query(p99).await[0]["value"][1].as_str().unwrap().parse::<f64>().unwrap();
    assert!(value > 0.0, "{value}");

    // And the hub's illness arrives where somebody is woken by it.
    assert_eq!(prometheus.alert_state("NotifyHubNotReady").await.as_deref(), Some("inactive"));
    std::fs::remove_file(server.data_directory().join("notifyhub.db")).unwrap();
    eventually("the alert is on its way", async || {
        (prometheus.alert_state("NotifyHubNotReady").await? == "pending").then_some(())
    })
    .await;
}
