//! The specification in the repository is the hub's, and the SDK that is made from it understands the hub.

use std::path::Path;

use notifyhub_sdk::{
    Level,
    types::{NewNotification, NotifyRequestBody},
};
use notifyhub_tests::{
    http::get,
    server::{TestServer, run_to_end},
};

#[tokio::test]
async fn the_specification_in_the_repository_is_up_to_date() {
    let output = run_to_end(&["openapi"]);
    assert!(output.status.success());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi.json");
    let committed = std::fs::read_to_string(path).unwrap();
    let current = String::from_utf8(output.stdout).unwrap();
    assert!(committed == current, "openapi.json is stale: run `make spec`");
    let server = TestServer::start(&[]);
    assert_eq!(get(server.socket_address(), "/openapi.json").await.text(), current);
}

/// Each operation once, with every field set where there are fields: the generated types take all answers.
#[tokio::test]
async fn the_sdk_understands_every_answer() {
    let server = TestServer::start(&[]);
    let client = server.client();
    let new = NewNotification::builder()
        .message("All passed")
        .title(Some("CI".parse().unwrap()))
        .level(Some(Level::Success))
        .tags(vec!["ci".parse().unwrap()])
        .link(Some("https://example.com/1".parse().unwrap()))
        .timestamp(Some("2026-08-20T14:26:40.123Z".parse().unwrap()));
    let stored = client.publish().idempotency_key("k").body(new.clone()).send().await.unwrap().into_inner();
    let again = client.publish().idempotency_key("k").body(new).send().await.unwrap().into_inner();
    assert_eq!(stored.id, again.id);
    assert_eq!(stored.message, "All passed");
    let notified =
        client.notify().body(NotifyRequestBody::builder().message("old")).send().await.unwrap().into_inner();
    assert!(notified.success);

    let listed = client
        .list()
        .limit(1000)
        .level(vec![Level::Success])
        .tag(vec!["ci".to_owned()])
        .q("PASSED")
        .send()
        .await
        .unwrap();
    assert_eq!(listed.iter().map(|item| item.id).collect::<Vec<_>>(), [stored.id]);
    let before = client.list().before(notified.id).send().await.unwrap().into_inner();
    assert_eq!(before.len(), 1);
    let found = client.get().id(stored.id).send().await.unwrap().into_inner();
    assert_eq!(serde_json::to_value(&found).unwrap(), serde_json::to_value(&stored).unwrap());

    let status = client.status().send().await.unwrap().into_inner();
    assert_eq!((status.stored, status.streaming), (2, true));
    client.healthz().send().await.unwrap();
    client.readyz().send().await.unwrap();
    client.metrics().send().await.unwrap();
    client.delete().id(stored.id).send().await.unwrap();
    client.clear().send().await.unwrap();

    let error = client.get().id(stored.id).send().await.unwrap_err();
    let notifyhub_sdk::Error::ErrorResponse(problem) = error else { panic!("{error:?}") };
    assert_eq!((problem.status().as_u16(), problem.code.as_str()), (404, "not_found"));
}
