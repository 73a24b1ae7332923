//! Clients by others, unchanged, receive everything and resume. They need Python and Node packages, which
//! `make test-rust` installs.

use notifyhub_tests::{
    proxy::Proxy,
    reader::publish,
    server::TestServer,
    third_party::{Library, ThirdParty},
};

/// Receives, is cut off and comes back, sees the hub restart and be wiped.
async fn receives_everything_once(library: Library) {
    let mut server = TestServer::start(&["--drain", "200ms"]);
    let client = server.client();
    publish(&client, "stored").await;
    let proxy = Proxy::to(server.socket_address()).await;
    let mut reader = ThirdParty::start(library, &format!("{}/events", proxy.address()));

    assert_eq!(reader.expect("hello").await["reason"], "fresh");
    assert_eq!(reader.expect("init").await[0]["message"], "stored");
    for text in ["live", "two\nlines\r\n\r🎉 \u{2028}\0\"'", "third"] {
        publish(&client, text).await;
        reader.expect_message(text).await;
    }

    proxy.cut();
    for n in 0..20 {
        publish(&client, &format!("missed {n}")).await;
    }
    let hello = reader.expect("hello").await;
    assert_eq!((&hello["reason"], &hello["missed"]), (&"resumed".into(), &20.into()));
    for n in 0..20 {
        reader.expect_message(&format!("missed {n}")).await;
    }

    assert!(server.stop().success());
    server.start_again(&["--drain", "200ms"]);
    publish(&client, "after the restart").await;
    assert_eq!(reader.expect("hello").await["reason"], "resumed");
    reader.expect_message("after the restart").await;
    client.clear().send().await.unwrap();
    reader.expect("cleared").await;

    server.kill();
    for entry in std::fs::read_dir(server.data_directory()).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
    server.start_again(&[]);
    publish(&client, "a new log").await;
    assert_eq!(reader.expect("hello").await["reason"], "unknown");
    assert_eq!(reader.expect("init").await[0]["message"], "a new log");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn httpx_sse_receives_everything_once() {
    receives_everything_once(Library::HttpxSse).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eventsource_for_node_receives_everything_once() {
    receives_everything_once(Library::Eventsource).await;
}
