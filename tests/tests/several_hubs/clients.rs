//! Clients that know several hubs, of which some do not do what they should: frozen, out of touch, behind, not there, stopping.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Instant,
};

use futures_util::future::join_all;
use notifyhub_sdk::{Client, Event, Subscribe as _, connect, types::NewNotification};
use notifyhub_tests::{
    command_line::{User, finish},
    eventually,
    fake_hub::FakeHub,
    http::{get, post},
    proxy::Proxy,
    reader::{Reader, publish},
    reverse_proxy::ReverseProxy,
    server::TestServer,
    within,
};
use rustix::process::Signal;

use super::{database, hub};

async fn messages(hub: &TestServer) -> Vec<String> {
    let list = get(hub.socket_address(), "/api/notifications?limit=1000").await.json();
    list.as_array().unwrap().iter().map(|item| item["message"].as_str().unwrap().to_owned()).collect()
}

fn list<'a>(hubs: impl IntoIterator<Item = &'a TestServer>) -> String {
    hubs.into_iter().map(TestServer::address).collect::<Vec<_>>().join(",")
}

/// How many streams a hub has.
async fn streams(hub: &TestServer) -> usize {
    let status = get(hub.socket_address(), "/api/status").await.json();
    usize::try_from(status["streams"].as_u64().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_hub_is_left_and_what_it_does_later_is_no_second_time() {
    let (_postgres, url) = database();
    let options = ["--store", &url, "--heartbeat", "300ms"];
    let hubs = [TestServer::start(&options), TestServer::start(&options)];
    let client = connect(&list(&hubs)).unwrap();
    let mut reader = Reader::start(&client).await;
    publish(&client, "before").await;
    assert_eq!(reader.message().await, "before");

    hubs[0].signal(Signal::STOP);
    // Sent to the frozen one first, which takes it up when it goes on.
    publish(&client, "meanwhile").await;
    assert_eq!(reader.message().await, "meanwhile");
    let user = User::new();
    let mut push = user.command(&["push", "from the command line"]);
    let pushed = finish(push.env("NOTIFYHUB_URL", list(&hubs))).await;
    assert!(pushed.stdout.contains(&format!("to {}", hubs[1].address())), "{pushed:?}");
    // A new subscriber does not wait for it, either.
    Reader::start(&connect(&list(&hubs)).unwrap()).await;
    hubs[0].signal(Signal::CONT);

    publish(&client, "after").await;
    assert_eq!(reader.messages(2).await, ["from the command line", "after"]);
    let expected = ["after", "from the command line", "meanwhile", "before"];
    assert_eq!(messages(&hubs[1]).await, expected);
    // Whoever reads there has been answered after what was sent before.
    eventually("the other one has all of them", async || {
        (messages(&hubs[0]).await == expected).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_that_is_behind_or_not_there_is_passed_over_and_the_stream_goes_on_elsewhere() {
    let (_postgres, url) = database();
    let hub = hub(&url);
    publish(&hub.client(), "one").await;
    let mut before = Reader::of(hub.client().subscribe());
    before.init().await;
    let last = before.last_event_id().unwrap();
    publish(&hub.client(), "two").await;
    let behind = FakeHub::start().await;
    let unused = notifyhub_tests::server::free_port("127.0.0.1");
    let addresses = format!(
        "{},http://no-such-hub.invalid,http://127.0.0.1:{unused},{}",
        behind.address(),
        hub.address()
    );
    let client = connect(&addresses).unwrap();
    let answering = tokio::spawn(async move {
        let request = behind.request().await;
        let asked = request.header("Last-Event-ID").map(str::to_owned);
        let body = r#"{"code":"behind","message":"this hub has lost touch"}"#;
        request
            .answer("503 Service Unavailable", "Content-Type: application/json\r\nRetry-After: 2\r\n", body)
            .await;
        asked
    });
    let mut reader = Reader::of(client.subscribe().after(last.clone()));
    assert_eq!(reader.message().await, "two");
    assert_eq!(answering.await.unwrap(), Some(last));

    // The command line, to which nobody answers behind that address any more.
    let user = User::new();
    let pushed = finish(user.command(&["push", "three"]).env("NOTIFYHUB_URL", &addresses)).await;
    assert!(pushed.stdout.contains(&format!("to {}", hub.address())), "{pushed:?}");
    assert_eq!(reader.message().await, "three");
    assert_eq!(messages(&hub).await, ["three", "two", "one"]);
}

/// It has lost touch with the database, and cannot know of it that the other one has not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_leave_a_hub_that_has_lost_touch_and_posts_are_not_refused() {
    let (postgres, url) = database();
    let way = Proxy::to(([127, 0, 0, 1], postgres.port()).into()).await;
    let other_way = url.replace(&postgres.port().to_string(), &way.socket_address().port().to_string());
    let cut_off = TestServer::start(&["--store", &other_way, "--heartbeat", "500ms"]);
    let hubs = [cut_off, hub(&url)];
    let client = connect(&list(&hubs)).unwrap();
    let mut reader = Reader::start(&client).await;
    assert_eq!(streams(&hubs[0]).await, 1);
    way.part();
    // At the hub that is cut off it waits, and is made at the other one under the same key.
    publish(&client, "meanwhile").await;
    assert_eq!(reader.message().await, "meanwhile");
    assert_eq!((streams(&hubs[0]).await, streams(&hubs[1]).await), (0, 1));
    way.join();
    eventually("it has all of it", async || (messages(&hubs[0]).await == ["meanwhile"]).then_some(())).await;
}

/// Who knows the balancer only, as the page does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_the_balancer_streams_go_on_at_a_hub_that_is_in_touch_and_reading_goes_on_without_any() {
    let (mut postgres, url) = database();
    let way = Proxy::to(([127, 0, 0, 1], postgres.port()).into()).await;
    let other_way = url.replace(&postgres.port().to_string(), &way.socket_address().port().to_string());
    let hubs = [hub(&other_way), hub(&url)];
    let balancer = ReverseProxy::start_balancer([hubs[0].socket_address(), hubs[1].socket_address()]);
    let address = balancer.socket_address();
    let client = connect(&format!("http://{address}")).unwrap();
    let mut readers = [Reader::start(&client).await, Reader::start(&client).await];
    assert_eq!((streams(&hubs[0]).await, streams(&hubs[1]).await), (1, 1));
    publish(&client, "one").await;

    // The database is away: no hub is ready, and all show what they have.
    postgres.kill();
    eventually("the balancer has taken both out", async || {
        let status = get(address, "/api/status").await;
        assert_eq!(status.status(), 200, "{status:?}");
        let json = status.json();
        (json["ready"] == false && balancer.said().matches("is DOWN").count() == 2).then_some(())
    })
    .await;
    let list = get(address, "/api/notifications").await;
    assert_eq!((list.status(), list.json()[0]["message"].as_str()), (200, Some("one")));
    let refused = post(address, "/api/notifications", r#"{"message":"refused"}"#).await;
    assert_eq!((refused.status(), refused.json()["code"].as_str()), (503, Some("storage_unavailable")));
    for reader in &mut readers {
        assert_eq!(reader.message().await, "one");
        assert!(reader.hello().await.resumed, "it goes on at a hub that is not ready");
    }

    // It is back for one hub: all go there, also from the other one.
    way.part();
    postgres.start_again();
    eventually("the hub that is in touch is ready", async || {
        (get(hubs[1].socket_address(), "/readyz").await.status() == 200).then_some(())
    })
    .await;
    publish(&hubs[1].client(), "two").await;
    for reader in &mut readers {
        assert_eq!(reader.message().await, "two");
    }
    eventually("the balancer has seen it", async || balancer.said().contains("is UP").then_some(())).await;
    publish(&client, "three").await;
    for reader in &mut readers {
        assert_eq!(reader.message().await, "three");
    }
    assert_eq!((streams(&hubs[0]).await, streams(&hubs[1]).await), (0, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_streams_of_a_drained_hub_are_spread_over_time_and_the_other_hubs() {
    const STREAMS: usize = 300;
    let (_postgres, url) = database();
    let options = ["--store", &url, "--drain", "2s"];
    let mut hubs = [(); 3].map(|()| TestServer::start(&options));
    // Each knows all of them, and prefers another one.
    let clients: Vec<_> = (0..STREAMS)
        .map(|number| connect(&list(hubs.iter().cycle().skip(number % 3).take(3))).unwrap())
        .collect();
    let mut readers = join_all(clients.iter().map(Reader::start)).await;
    for hub in &hubs {
        assert_eq!(streams(hub).await, STREAMS / 3);
    }
    let drained = Instant::now();
    hubs[0].signal(Signal::TERM);
    publish(&hubs[1].client(), "meanwhile").await;
    let back = readers.iter_mut().enumerate().map(async |(number, reader)| {
        // Those of the drained hub may be told before they leave, or after.
        let (mut came, mut is_told) = (None, false);
        while !is_told || (came.is_none() && number % 3 == 0) {
            match reader.event().await {
                Event::Hello(hello) => {
                    assert!(hello.resumed, "{hello:?}");
                    came = Some(drained.elapsed());
                }
                Event::Notification(notification) => {
                    assert!(!is_told && notification.message == "meanwhile", "{notification:?}");
                    is_told = true;
                }
                Event::Init(_) => panic!("the stream of client {number} started afresh"),
                _ => {}
            }
        }
        came
    });
    let back = within("all are back", join_all(back)).await;
    let others = [streams(&hubs[1]).await, streams(&hubs[2]).await];
    let mut times: Vec<_> = back.into_iter().flatten().map(|came| came.as_millis()).collect();
    times.sort_unstable();
    println!("of {} streams {others:?} are at the others; back after {:?} ms", times.len(), times);
    assert_eq!((times.len(), others.iter().sum::<usize>()), (STREAMS / 3, STREAMS));
    assert!(others.iter().all(|count| *count >= STREAMS / 3 + STREAMS / 9 - 10), "{others:?}");
    // In no tenth of that time more than three tenths of them, where at once would be all.
    let (first, last) = (times[0], times[times.len() - 1]);
    let tenth = (last - first) / 10 + 1;
    let most = times
        .iter()
        .map(|from| times.iter().filter(|time| (*from..from + tenth).contains(time)).count())
        .max();
    assert!(most.unwrap() <= times.len() * 3 / 10, "{most:?} within {tenth} ms of {first}..{last}");
    assert!(hubs[0].wait().success());
}

/// Posts until it is told to stop; how many.
async fn keep_posting(client: Client, name: usize, stop: Arc<AtomicBool>, posted: Arc<AtomicUsize>) -> usize {
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            return number;
        }
        let message = format!("{name}-{number}");
        let new = NewNotification::builder().message(message.as_str());
        let stored = within("it is stored", client.publish().body(new).send()).await;
        stored.unwrap_or_else(|error| panic!("{message} was refused: {error}"));
        posted.fetch_add(1, Ordering::Relaxed);
    }
    unreachable!("numbers do not end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_under_load_refuses_no_post_and_loses_none() {
    let (_postgres, url) = database();
    let options = ["--store", &url, "--max-notifications", "100000", "--drain", "1s"];
    let mut hubs = [(); 3].map(|()| TestServer::start(&options));
    let clients: Vec<_> =
        (0..6).map(|number| connect(&list(hubs.iter().cycle().skip(number % 3).take(3))).unwrap()).collect();
    let mut readers = join_all(clients.iter().map(Reader::start)).await;
    let (stop, posted) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
    let posting: Vec<_> = clients
        .iter()
        .enumerate()
        .map(|(name, client)| {
            tokio::spawn(keep_posting(client.clone(), name, Arc::clone(&stop), Arc::clone(&posted)))
        })
        .collect();
    for hub in &mut hubs {
        let before = posted.load(Ordering::Relaxed);
        assert!(hub.stop().success());
        hub.start_again(&options);
        eventually("posts went on", async || (posted.load(Ordering::Relaxed) > before + 50).then_some(()))
            .await;
    }
    stop.store(true, Ordering::Relaxed);
    let mut counts = BTreeMap::new();
    for (name, posting) in posting.into_iter().enumerate() {
        counts.insert(name, posting.await.unwrap());
    }
    let total: usize = counts.values().sum();
    publish(&clients[0], "the end").await;
    let read = readers.iter_mut().map(async |reader| {
        let mut read = Vec::new();
        loop {
            match reader.message().await {
                end if end == "the end" => return read,
                message => read.push(message),
            }
        }
    });
    let mut expected: Vec<_> = counts
        .iter()
        .flat_map(|(name, count)| (0..*count).map(move |number| format!("{name}-{number}")))
        .collect();
    expected.sort_unstable();
    for mut read in join_all(read).await {
        read.sort_unstable();
        assert_eq!(read.len(), total);
        assert_eq!(read, expected);
    }
    println!("{total} posts over the restart of three hubs");
    for hub in &hubs {
        assert_eq!(get(hub.socket_address(), "/api/status").await.json()["stored"], total + 1);
    }
}
