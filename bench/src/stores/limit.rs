//! What a store does without a hub: the same notifications, each stored by itself, and the next when that is
//! acknowledged. What a hub adds to it, or saves by storing many at a time, shows beside this.

use std::{
    cell::{Cell, RefCell},
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{closed_loop::Answers, message, tally::nanoseconds};

/// Before what counts.
const WARM_UP: Duration = Duration::from_millis(300);

/// How long a new stream may take until it stores something.
const READY: Duration = Duration::from_secs(10);

/// PostgreSQL: one row a transaction, a connection for each client.
pub(super) fn of_postgres(url: &str, clients: usize, window: Duration) -> io::Result<Answers> {
    run(async {
        let connect = || tokio_postgres::connect(url, tokio_postgres::NoTls);
        let mut connections = Vec::new();
        for _ in 0..clients {
            let (client, connection) = connect().await.map_err(io::Error::other)?;
            tokio::spawn(connection);
            connections.push(client);
        }
        let table = "CREATE TABLE entry (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, content text)";
        connections[0].batch_execute(table).await.map_err(io::Error::other)?;
        let insert = "INSERT INTO entry (content) VALUES ($1)";
        let prepared = join_all(connections.iter().map(|client| client.prepare(insert))).await;
        let prepared = prepared.into_iter().collect::<Result<Vec<_>, _>>().map_err(io::Error::other)?;
        let clients: Vec<_> = connections.iter().zip(prepared).collect();
        closed_loop(clients.len(), window, async |client, number| {
            let (connection, insert) = &clients[client];
            let row = message::notification(number);
            connection.execute(insert, &[&row]).await.map(drop).map_err(io::Error::other)
        })
        .await
    })
}

/// JetStream: one message on a subject of its own, as many in flight as there are clients.
pub(super) fn of_jetstream(
    addresses: &[SocketAddr],
    stream: &str,
    clients: usize,
    window: Duration,
) -> io::Result<Answers> {
    run(async {
        let servers: Vec<_> = addresses.iter().map(|address| format!("nats://{address}")).collect();
        let client = async_nats::connect(servers).await.map_err(io::Error::other)?;
        let ask = async |subject: String, payload: String| {
            let answer = client.request(subject, payload.into()).await.map_err(io::Error::other)?;
            let answer: Value = serde_json::from_slice(&answer.payload)?;
            let error = &answer["error"];
            if error.is_null() {
                Ok(())
            } else {
                Err(io::Error::other(format!("JetStream answered {error}")))
            }
        };
        let settings = json!({
            "name": stream,
            "subjects": [format!("{stream}.>")],
            "num_replicas": addresses.len(),
            "max_msgs_per_subject": 1,
        });
        ask(format!("$JS.API.STREAM.CREATE.{stream}"), settings.to_string()).await?;
        // Made is not ready: the broker that leads has yet to tell the others that it takes its subjects.
        let deadline = Instant::now() + READY;
        while let Err(error) = ask(format!("{stream}.first"), String::new()).await {
            if Instant::now() > deadline {
                return Err(error);
            }
            sleep(Duration::from_millis(20)).await;
        }
        closed_loop(clients, window, async |_, number| {
            ask(format!("{stream}.{number}"), message::notification(number)).await
        })
        .await
    })
}

/// Lets every client store the next message as soon as its last is stored.
async fn closed_loop(
    clients: usize,
    window: Duration,
    store: impl AsyncFn(usize, u32) -> io::Result<()>,
) -> io::Result<Answers> {
    let answers = RefCell::new(Answers::new());
    let number = Cell::new(0);
    let counted_from = Instant::now() + WARM_UP;
    let until = counted_from + window;
    let one = async |client: usize| -> io::Result<()> {
        loop {
            let began = Instant::now();
            if began >= until {
                return Ok(());
            }
            number.set(number.get() + 1);
            store(client, number.get()).await?;
            if began >= counted_from {
                let mut answers = answers.borrow_mut();
                answers.count += 1;
                answers.taken.saturating_record(nanoseconds(began.elapsed()));
            }
        }
    };
    join_all((0..clients).map(one)).await.into_iter().collect::<io::Result<()>>()?;
    let mut answers = answers.into_inner();
    answers.elapsed = counted_from.elapsed();
    Ok(answers)
}

fn run<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}
