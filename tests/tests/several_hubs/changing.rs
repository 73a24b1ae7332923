//! Whoever knows the addresses of several hubs goes on at the next one when one dies.

use std::process::Stdio;

use futures_util::StreamExt as _;
use notifyhub_sdk::{Event, Subscribe as _, connect, types::NewNotification};
use notifyhub_tests::{
    command_line::{User, finish},
    http::get,
    within,
};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::{database, hub};

#[tokio::test]
async fn posts_arrive_and_streams_go_on_without_loss_when_a_hub_is_killed() {
    let (_postgres, url) = database();
    let mut hubs = [hub(&url), hub(&url)];
    let both = format!("{},{}", hubs[0].address(), hubs[1].address());
    let client = connect(&both).unwrap();

    let mut events = client.subscribe();
    while !matches!(within("it begins", events.next()).await, Some(Ok(Event::Init(_)))) {}
    let user = User::new();
    let mut tail = user.command(&["tail", "--json"]);
    tail.env("NOTIFYHUB_URL", &both).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut tail = tail.kill_on_drop(true).spawn().unwrap();
    let mut notes = BufReader::new(tail.stderr.take().unwrap()).lines();
    let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines();
    let note = within("it says where it is", notes.next_line()).await.unwrap().unwrap();
    assert!(note.contains(&hubs[0].address()), "{note}");

    let mut expected = Vec::new();
    for number in 0..20 {
        if number == 10 {
            hubs[0].kill();
        }
        let message = format!("message {number}");
        let new = NewNotification::builder().message(message.as_str());
        within("it is posted", client.publish().body(new).send()).await.unwrap();
        expected.push(message);
    }
    let mut push = user.command(&["push", "from the command line"]);
    let pushed = finish(push.env("NOTIFYHUB_URL", &both)).await;
    assert!(pushed.stdout.contains(&format!("to {}", hubs[1].address())), "{pushed:?}");
    expected.push("from the command line".into());

    let (mut told, mut tailed) = (Vec::new(), Vec::new());
    while told.len() < expected.len() {
        if let Event::Notification(notification) = within("it is told", events.next()).await.unwrap().unwrap()
        {
            told.push(notification.message.clone());
        }
    }
    while tailed.len() < expected.len() {
        let line = within("it is printed", lines.next_line()).await.unwrap().unwrap();
        let item: serde_json::Value = serde_json::from_str(&line).unwrap();
        tailed.push(item["message"].as_str().unwrap().to_owned());
    }
    assert_eq!((&told, &tailed), (&expected, &expected));
    let list = get(hubs[1].socket_address(), "/api/notifications?limit=1000").await.json();
    assert_eq!(list.as_array().unwrap().len(), expected.len(), "each is stored once");

    let mut doctor = user.command(&["doctor", "--quick"]);
    let found = finish(doctor.env("NOTIFYHUB_URL", &both)).await;
    assert!(hubs.iter().all(|hub| found.stdout.contains(&format!("{}:\n", hub.address()))), "{found:?}");
}
