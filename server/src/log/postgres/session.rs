//! One connection to the database: what is asked over it, as few round trips as there are. Statements that need not wait for
//! each other's answers are sent at once.

use std::{sync::Arc, time::Duration};

use futures_util::future::{BoxFuture, join_all};
use tokio::time::timeout;
use tokio_postgres::{Client, Error, Row, Statement, types::ToSql};
use tokio_postgres_rustls::MakeRustlsConnect;
use uuid::Uuid;

use super::{
    address::Address,
    failure::{Failure, OpenError},
    link::Link,
    rows::{Changes, State, entry_of, number},
    schema,
    servers::{self, Connection},
    statements::Statements,
};
use crate::{
    event_id::{Epoch, Seq},
    log::{
        Entry, Retention,
        idempotency::{FirstUse, IdempotencyKey},
    },
};

/// The longest a round trip may take; a commit waits for standby servers.
const TRIP: Duration = Duration::from_secs(8);

/// The longest it may take to connect and to look around.
const OPEN: Duration = Duration::from_secs(10);

/// The longest it may take to read everything.
const LOAD: Duration = Duration::from_mins(1);

/// Held by a hub that is frozen in a transaction, the log would stand still for all of them.
const SETTINGS: &str = "SET idle_in_transaction_session_timeout = '3s'; SET lock_timeout = '5s';
    SET client_min_messages = warning; SET DateStyle = ISO";

/// Begins a transaction that holds nobody up: it may take its time to make something of much.
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
    SET LOCAL idle_in_transaction_session_timeout = '60s'";

/// See the module.
pub(super) struct Session {
    connection: Connection,
    statements: Statements,
    /// What tells this history of this database from another one: of another server, of a copy that was restored, of a
    /// standby that was promoted, and of a run of the server before it was restarted.
    pub(super) incarnation: String,
}

type Parameter<'a> = &'a (dyn ToSql + Sync);

/// What the database holds, as of one moment.
pub(super) struct Seen {
    pub(super) state: State,
    /// The entries after the one that was named.
    pub(super) entries: Vec<(Entry, Seq)>,
    /// The newest epoch up to the entry that was named.
    pub(super) epoch: Option<(Seq, String)>,
    /// What is remembered of the keys that were named.
    pub(super) keys: Vec<(String, FirstUse)>,
    /// The newest transaction of this hub.
    pub(super) batch: Option<i64>,
}

/// What a transaction stores.
pub(super) struct Write<'a> {
    pub(super) changes: Changes,
    pub(super) keys: Vec<(&'a IdempotencyKey, Uuid)>,
    pub(super) time_ms: i64,
    /// The row of the table `log` after it, and the resume point before it.
    pub(super) state: &'a State,
    pub(super) point_before: Seq,
    /// Who stores it: the hub, and the number of the transaction.
    pub(super) signature: (Uuid, i64),
}

impl Session {
    /// Connects, makes our schema where it is missing, and listens for what other hubs store. `newest` is the newest timeline
    /// that was seen.
    pub(super) async fn open(
        address: &Address,
        connector: &MakeRustlsConnect,
        retention: &Retention,
        link: &Arc<Link>,
        newest: i32,
    ) -> Result<Self, OpenError> {
        timeout(OPEN, Session::connect(address, connector, retention, link, newest))
            .await
            .unwrap_or(Err(OpenError::Timeout))
    }

    async fn connect(
        address: &Address,
        connector: &MakeRustlsConnect,
        retention: &Retention,
        link: &Arc<Link>,
        newest: i32,
    ) -> Result<Self, OpenError> {
        let connection = servers::connect(address, connector, link, newest).await?;
        let client = &connection.client;
        client.batch_execute(SETTINGS).await?;
        // Of version 14; ends what waits for a lock when the hub has gone.
        let _ = client.batch_execute("SET client_connection_check_interval = '1s'").await;
        let name = &address.schema;
        schema::prepare(client, name, retention).await?;
        client.batch_execute(&format!("SET search_path = {name}, pg_catalog; LISTEN {name}")).await?;
        let incarnation = incarnation(client).await?;
        let statements = Statements::prepare(client, name).await?;
        Ok(Session { connection, statements, incarnation })
    }

    /// Begins a transaction that nobody else can append beside, and looks at what the database holds. `hub`: the one whose
    /// newest transaction is asked for.
    pub(super) async fn lock(
        &self,
        after: Seq,
        keys: &[&IdempotencyKey],
        hub: Option<Uuid>,
    ) -> Result<Seen, Failure> {
        let after = number(after);
        let keys: Vec<&[u8]> = keys.iter().map(|key| key.key.as_bytes()).collect();
        let statements = &self.statements;
        // Each statement sees what was committed before it began, and those behind the first begin with the lock held.
        let position: [Parameter<'_>; 1] = [&after];
        let known_keys = async {
            match keys.is_empty() {
                true => Ok(Vec::new()),
                false => self.connection.client.query(&statements.keys, &[&keys]).await,
            }
        };
        let batch = async {
            match &hub {
                Some(hub) => self.connection.client.query_opt(&statements.batch, &[hub]).await,
                None => Ok(None),
            }
        };
        let asked = async {
            tokio::join!(
                biased;
                self.connection.client.batch_execute("BEGIN ISOLATION LEVEL READ COMMITTED"),
                self.connection.client.query_one(&statements.lock, &[]),
                self.connection.client.query(&statements.entries, &position),
                self.connection.client.query_opt(&statements.epoch, &position),
                known_keys,
                batch,
            )
        };
        let (begun, state, entries, epoch, keys, batch) =
            timeout(TRIP, asked).await.map_err(|_| silent(Failure::Lost))?;
        let before = |error: Error| Failure::before_commit(&error);
        begun.map_err(before)?;
        seen(&state.map_err(before)?, &entries.map_err(before)?, epoch.map_err(before)?.as_ref()).and_then(
            |seen| {
                let keys = keys.map_err(before)?;
                let keys = keys.iter().map(first_use).collect::<Result<_, _>>().map_err(before)?;
                let batch = batch.map_err(before)?.map(|row| row.try_get(0)).transpose().map_err(before)?;
                Ok(Seen { keys, batch, ..seen })
            },
        )
    }

    /// Begins a transaction that only reads, and looks at what the database holds. `after`: `None` for everything.
    pub(super) async fn look(&self, after: Option<Seq>) -> Result<Seen, Failure> {
        let limit = if after.is_some() { TRIP } else { LOAD };
        let after = after.map_or(-1, number);
        let position: [Parameter<'_>; 1] = [&after];
        let asked = async {
            tokio::join!(
                biased;
                self.connection.client.batch_execute(SNAPSHOT),
                self.connection.client.query_one(&self.statements.look, &[]),
                self.connection.client.query(&self.statements.entries, &position),
                self.connection.client.query_opt(&self.statements.epoch, &position),
            )
        };
        let (begun, state, entries, epoch) =
            timeout(limit, asked).await.map_err(|_| silent(Failure::Lost))?;
        let before = |error: Error| Failure::before_commit(&error);
        begun.map_err(before)?;
        seen(&state.map_err(before)?, &entries.map_err(before)?, epoch.map_err(before)?.as_ref())
    }

    /// Which of these notifications are stored.
    pub(super) async fn stored(&self, ids: &[Uuid]) -> Result<Vec<Uuid>, Failure> {
        let ids: [Parameter<'_>; 1] = [&ids];
        let asked = self.connection.client.query(&self.statements.stored, &ids);
        let rows = timeout(TRIP, asked).await.map_err(|_| silent(Failure::Lost))?;
        let before = |error: Error| Failure::before_commit(&error);
        rows.map_err(before)?.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(before)
    }

    /// Ends a transaction without a change.
    pub(super) async fn roll_back(&self) -> Result<(), Failure> {
        match timeout(TRIP, self.connection.client.batch_execute("ROLLBACK")).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Failure::Lost(super::failure::describe(&error))),
            Err(_) => Err(silent(Failure::Lost)),
        }
    }

    /// Stores what [`Session::lock`] began, all of it or nothing.
    pub(super) async fn commit(&self, write: Write<'_>) -> Result<(), Failure> {
        let Write { mut changes, keys, time_ms, state, point_before, signature } = write;
        let statements = &self.statements;
        let deleted = std::mem::take(&mut changes.deleted);
        let removals = std::mem::take(&mut changes.removals);
        let clears = changes.clears;
        let new = changes.columns();
        let names: Vec<&[u8]> = keys.iter().map(|(key, _)| key.key.as_bytes()).collect();
        let fingerprints: Vec<&[u8]> = keys.iter().map(|(key, _)| key.fingerprint.as_slice()).collect();
        let ids: Vec<Uuid> = keys.iter().map(|(_, id)| *id).collect();
        let (point_before, point) = (number(point_before), number(state.oldest_resume_point));
        let (head, epoch_seq) = (number(state.head), number(state.epoch_seq));
        let epoch = state.epoch.as_ref().map_or("", Epoch::as_str);
        let mut all: Vec<(&Statement, Vec<Parameter<'_>>)> = Vec::new();
        if !deleted.is_empty() {
            all.push((&statements.delete, vec![&deleted]));
        }
        if clears {
            all.push((&statements.clear, vec![]));
        }
        if !removals.is_empty() {
            all.push((&statements.make_removals, vec![&removals]));
        }
        if !new.seq.is_empty() {
            let columns: Vec<Parameter<'_>> =
                vec![&new.seq, &new.kind, &new.notification_id, &new.published, &new.content];
            all.push((&statements.insert, columns));
        }
        if point_before < point {
            all.push((&statements.expire, vec![&point_before, &point]));
        }
        if !names.is_empty() {
            all.push((&statements.remember, vec![&names, &fingerprints, &ids, &time_ms]));
        }
        let log: Vec<Parameter<'_>> = vec![
            &head,
            &state.newest_id,
            &point,
            &state.drops,
            &state.dropped_through,
            &epoch_seq,
            &epoch,
            &state.incarnation,
            &signature.0,
            &signature.1,
        ];
        all.push((&statements.conclude, log));
        let sent = all.iter().map(|(statement, parameters)| -> BoxFuture<'_, Result<(), Error>> {
            Box::pin(async move { self.connection.client.execute(*statement, parameters).await.map(drop) })
        });
        let commit: BoxFuture<'_, _> = Box::pin(self.connection.client.batch_execute("COMMIT"));
        // Polled in this order, and sent when they are polled for the first time. Behind a statement that fails the
        // COMMIT is a ROLLBACK.
        let answers = join_all(sent.chain([commit]));
        let answers = timeout(TRIP, answers).await.map_err(|_| silent(Failure::Unsettled))?;
        match answers.into_iter().find_map(Result::err) {
            Some(error) => Err(Failure::in_commit(&error)),
            None => Ok(()),
        }
    }

    /// How often a standby was promoted in the history of the server.
    pub(super) fn timeline(&self) -> i32 {
        self.connection.timeline
    }

    /// Whether the server has ended it.
    pub(super) fn is_closed(&self) -> bool {
        self.connection.client.is_closed()
    }

    /// What is done from time to time, by every hub: keys that are too old are forgotten, and so are hubs that are gone and
    /// epochs that name nothing any more. Says how many bytes everything takes.
    pub(super) async fn keep_house(&self, max_keys: i64, oldest_ms: i64) -> Result<u64, Error> {
        self.connection
            .client
            .execute(
                "DELETE FROM idempotency_key WHERE number IN
                    (SELECT number FROM idempotency_key ORDER BY number LIMIT 20000)
                    AND (time_ms < $1 OR number <= (SELECT max(number) FROM idempotency_key) - $2)",
                &[&oldest_ms, &max_keys],
            )
            .await?;
        self.connection.client.execute("DELETE FROM hub WHERE seen < now() - interval '1 day'", &[]).await?;
        self.connection.client.execute(
                "DELETE FROM entry WHERE kind = 'epoch' AND seq < (SELECT max(seq) FROM entry WHERE kind = 'epoch'
                    AND seq <= (SELECT oldest_resume_point FROM log))",
                &[],
            )
            .await?;
        let bytes = self
            .connection
            .client
            .query_one(
                "SELECT pg_total_relation_size('entry') + pg_total_relation_size('idempotency_key')
                    + pg_total_relation_size('log')",
                &[],
            )
            .await?;
        Ok(u64::try_from(bytes.try_get::<_, i64>(0)?).unwrap_or(0))
    }
}

fn silent(failure: impl FnOnce(String) -> Failure) -> Failure {
    failure("the server does not answer".into())
}

fn seen(state: &Row, entries: &[Row], epoch: Option<&Row>) -> Result<Seen, Failure> {
    let before = |error: Error| Failure::before_commit(&error);
    let state = State::of(state).map_err(before)?;
    let entries = entries.iter().map(entry_of).collect::<Result<_, _>>().map_err(Failure::Lost)?;
    let epoch = epoch.map(entry_of).transpose().map_err(Failure::Lost)?;
    let epoch = epoch.and_then(|(entry, _)| match entry.change {
        crate::log::Change::Epoch(epoch) => Some((entry.seq, epoch.as_str().to_owned())),
        _ => None,
    });
    Ok(Seen { state, entries, epoch, keys: Vec::new(), batch: None })
}

fn first_use(row: &Row) -> Result<(String, FirstUse), Error> {
    let key = String::from_utf8_lossy(row.try_get(0)?).into_owned();
    let fingerprint = row.try_get::<_, &[u8]>(1)?.try_into().ok();
    Ok((key, FirstUse { fingerprint, id: row.try_get(2)?, time_ms: row.try_get(3)? }))
}

/// What can be found out of it: a managed server may keep some of it to itself.
async fn incarnation(client: &Client) -> Result<String, OpenError> {
    let parts = [
        "SELECT system_identifier::text FROM pg_control_system()",
        "SELECT substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8)",
        "SELECT extract(epoch FROM pg_postmaster_start_time())::text",
        "SELECT 'entry'::regclass::oid::text",
    ];
    let mut found = Vec::new();
    for part in parts {
        match client.query_one(part, &[]).await {
            Ok(row) => found.push(row.try_get::<_, String>(0)?),
            Err(error) if error.as_db_error().is_some() => found.push("-".into()),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(found.join("/"))
}
