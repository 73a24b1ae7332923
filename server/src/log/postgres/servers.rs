//! Connecting to the server that the log lives on. Where the address names several, it is the one that takes writes and, if
//! more than one does, the one that was promoted last: an earlier primary that comes back takes writes too, and has not what was
//! acknowledged since.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI32, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tokio::{task::JoinHandle, time::timeout};
use tokio_postgres::{AsyncMessage, Client, Config, Error, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{
    address::{Address, Server},
    failure::OpenError,
    link::Link,
};

/// How long one of several servers may take: one that is frozen takes connections, and says nothing.
const ATTEMPT: Duration = Duration::from_secs(3);

/// How long it may take to find out how a pooler lends its connections.
const CHECK: Duration = Duration::from_secs(10);

/// A connection to a server that takes writes.
pub(super) struct Connection {
    pub(super) client: Client,
    /// Reads what the server sends; ends with this.
    _driver: Driver,
    /// Counts how often a standby was promoted in the history of this server; 0 where it does not say.
    pub(super) timeline: i32,
}

struct Driver(JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        // Also where an answer is still waited for.
        self.0.abort();
    }
}

/// Connects. `newest` is the newest timeline that was seen.
pub(super) async fn connect(
    address: &Address,
    connector: &MakeRustlsConnect,
    link: &Arc<Link>,
    newest: i32,
) -> Result<Connection, OpenError> {
    Ok(find(address, connector, link, newest).await?.1)
}

/// The server, and a connection to it.
async fn find<'a>(
    address: &'a Address,
    connector: &MakeRustlsConnect,
    link: &Arc<Link>,
    newest: i32,
) -> Result<(&'a Server, Connection), OpenError> {
    if let [alone] = address.servers.as_slice() {
        return Ok((alone, open(&alone.config, connector, link).await?));
    }
    let attempt = async |number: usize, server: &Server| {
        let opened = timeout(ATTEMPT, open(&server.config, connector, link)).await;
        (number, opened.map_err(|_| OpenError::Timeout).and_then(|opened| Ok(opened?)))
    };
    let mut attempts: FuturesUnordered<_> =
        address.servers.iter().enumerate().map(|(number, server)| attempt(number, server)).collect();
    let mut best: Option<(usize, Connection)> = None;
    let mut failures = Vec::new();
    while let Some((number, attempt)) = attempts.next().await {
        match attempt {
            Ok(connection) if connection.timeline < newest => {
                failures.push((number, OpenError::Earlier { timeline: connection.timeline, newest }));
            }
            Ok(connection) => {
                // Promoted since: nobody has to wait for a machine that does not answer.
                let is_successor = newest > 0 && connection.timeline > newest;
                let is_better = best
                    .as_ref()
                    .is_none_or(|(other, found)| (connection.timeline, *other) > (found.timeline, number));
                if is_better {
                    best = Some((number, connection));
                }
                if is_successor {
                    break;
                }
            }
            Err(error) => failures.push((number, error)),
        }
    }
    drop(attempts);
    failures.sort_by_key(|(number, _)| *number);
    let server = |number: usize| &address.servers[number];
    let failures =
        failures.into_iter().map(|(number, error)| (server(number).place.clone(), error)).collect();
    best.map(|(number, connection)| (server(number), connection)).ok_or(OpenError::NoServer(failures))
}

async fn open(config: &Config, connector: &MakeRustlsConnect, link: &Arc<Link>) -> Result<Connection, Error> {
    let (client, mut connection) = config.connect(connector.clone()).await?;
    let own = Arc::new(AtomicI32::new(0));
    let driver = tokio::spawn({
        let (own, link) = (Arc::clone(&own), Arc::clone(link));
        async move {
            while let Some(Ok(message)) =
                std::future::poll_fn(|context| connection.poll_message(context)).await
            {
                if let AsyncMessage::Notification(told) = message
                    && told.process_id() != own.load(Ordering::Relaxed)
                {
                    link.hint.notify_one();
                }
            }
            // Whoever waits for something to do finds out that there is no connection any more.
            link.hint.notify_one();
        }
    });
    let driver = Driver(driver);
    own.store(process_of(&client).await?, Ordering::Relaxed);
    let asked = "SELECT ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int";
    let timeline = match number(&client, asked).await {
        Ok(timeline) => timeline,
        Err(error) if error.as_db_error().is_some() => 0,
        Err(error) => return Err(error),
    };
    Ok(Connection { client, _driver: driver, timeline })
}

/// The process of the server that answers on this connection.
async fn process_of(client: &Client) -> Result<i32, Error> {
    number(client, "SELECT pg_backend_pid()").await
}

/// Asks for a number, in one step: what is prepared for a second one may be elsewhere behind a pooler.
async fn number(client: &Client, query: &str) -> Result<i32, Error> {
    let messages = client.simple_query(query).await?;
    let value = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0)?.parse().ok(),
        _ => None,
    });
    Ok(value.unwrap_or_default())
}

/// Fails where a pooler lends out the server's connections for a transaction each: two of ours, of which neither does
/// anything, are then answered by one process. What the hub sets, prepares and listens to would be another's.
pub(super) async fn check_pooling(
    address: &Address,
    connector: &MakeRustlsConnect,
    link: &Arc<Link>,
) -> Result<(), OpenError> {
    let check = async {
        let (server, first) = find(address, connector, link, 0).await?;
        let before = process_of(&first.client).await?;
        // Where no second one is to be had, the first one is ours alone, as far as anybody can tell.
        let Ok(Ok(second)) = timeout(ATTEMPT, open(&server.config, connector, link)).await else {
            return Ok(());
        };
        let other = process_of(&second.client).await?;
        let after = process_of(&first.client).await?;
        if other == before || before != after { Err(OpenError::TransactionPooling) } else { Ok(()) }
    };
    timeout(CHECK, check).await.unwrap_or(Err(OpenError::Timeout))
}
