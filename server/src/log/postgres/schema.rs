//! Our schema in the database: who owns it, and what brings an older one up to date.

use tokio_postgres::Client;
use uuid::Uuid;

use super::failure::OpenError;
use crate::log::Retention;

/// The oldest server that is taken, as `server_version_num`.
const OLDEST_SERVER: i32 = 130_000;

/// What brings a schema from each version to the next; the table `version` counts them. Only ever add to the end.
const MIGRATIONS: &[&str] = &["
    -- One row, locked by whoever appends: numbers are given out in the order of commits.
    CREATE TABLE log (
        single boolean PRIMARY KEY DEFAULT true CHECK (single),
        head bigint NOT NULL,
        newest_id uuid NOT NULL,
        oldest_resume_point bigint NOT NULL,
        -- How often retention has dropped something, and the greatest id that it has.
        drops bigint NOT NULL,
        dropped_through uuid NOT NULL,
        -- The newest epoch, and the server's history that it was begun in.
        epoch_seq bigint NOT NULL,
        epoch text NOT NULL,
        incarnation text NOT NULL,
        -- The limits of all hubs; they may be changed here while hubs run.
        max_notifications bigint NOT NULL CHECK (max_notifications > 0),
        max_entries bigint NOT NULL CHECK (max_entries > 0),
        max_age_ms bigint CHECK (max_age_ms > 0)
    ) WITH (fillfactor = 10);
    -- The kinds are those of rows.rs. A notification has one row: that of its newest entry; `published` is the entry that
    -- published it.
    CREATE TABLE entry (
        seq bigint PRIMARY KEY,
        kind text NOT NULL,
        notification_id uuid,
        published bigint,
        content text
    );
    CREATE UNIQUE INDEX entry_by_id ON entry (notification_id) WHERE kind = 'put';
    CREATE INDEX entry_epoch ON entry (seq) WHERE kind = 'epoch';
    CREATE TABLE idempotency_key (
        key bytea PRIMARY KEY,
        fingerprint bytea NOT NULL,
        notification_id uuid NOT NULL,
        time_ms bigint NOT NULL,
        number bigint GENERATED ALWAYS AS IDENTITY UNIQUE
    );
    -- The newest transaction of each hub: tells one whose connection broke whether it was stored.
    CREATE TABLE hub (
        id uuid PRIMARY KEY,
        batch bigint NOT NULL,
        seen timestamptz NOT NULL
    ) WITH (fillfactor = 50);
"];

/// Refuses a server that cannot be used, and a schema that is another's or a newer hub's; makes ours where it is missing,
/// with these limits, and brings it up to date.
pub(super) async fn prepare(client: &Client, schema: &str, retention: &Retention) -> Result<(), OpenError> {
    let settings = client
        .query_one(
            "SELECT current_setting('server_version_num')::int, current_setting('server_version'),
                current_setting('server_encoding')",
            &[],
        )
        .await?;
    if settings.get::<_, i32>(0) < OLDEST_SERVER {
        return Err(OpenError::Server(format!(
            "is PostgreSQL {}; 13 or newer is needed",
            settings.get::<_, &str>(1)
        )));
    }
    if settings.get::<_, &str>(2) != "UTF8" {
        return Err(OpenError::Server(format!(
            "keeps text as {}; make a database with the encoding UTF8 (CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0)",
            settings.get::<_, &str>(2)
        )));
    }
    client.batch_execute("BEGIN ISOLATION LEVEL READ COMMITTED").await?;
    // Hubs that start at the same time.
    client.execute("SELECT pg_advisory_xact_lock(hashtext('notifyhub'), hashtext($1))", &[&schema]).await?;
    let version = version(client, schema).await?;
    let known = MIGRATIONS.len();
    match version {
        Some(found) if found > known => return Err(OpenError::Newer { schema: schema.into(), found, known }),
        Some(found) if found == known => {}
        found => {
            if found.is_none() {
                make(client, schema).await?;
            }
            for migration in &MIGRATIONS[found.unwrap_or(0)..] {
                client
                    .batch_execute(&format!("SET LOCAL search_path = {schema}, pg_catalog; {migration}"))
                    .await?;
            }
            if found.is_none() {
                begin(client, schema, retention).await?;
            }
            let known = i32::try_from(known).unwrap_or(i32::MAX);
            client.execute(&format!("UPDATE {schema}.version SET number = $1"), &[&known]).await?;
        }
    }
    client.batch_execute("COMMIT").await?;
    Ok(())
}

/// The version of the schema; `None`: there is none, or it is empty.
async fn version(client: &Client, schema: &str) -> Result<Option<usize>, OpenError> {
    let tables = client
        .query_one(
            "SELECT count(*), count(*) FILTER (WHERE relname = 'version') FROM pg_catalog.pg_class
                JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
                WHERE nspname = $1 AND relkind IN ('r', 'p')",
            &[&schema],
        )
        .await?;
    match (tables.get::<_, i64>(0), tables.get::<_, i64>(1)) {
        (0, _) => Ok(None),
        (_, 0) => Err(OpenError::NotOurs(schema.into())),
        _ => {
            let query = format!("SELECT number FROM {schema}.version WHERE program = 'notifyhub'");
            let found = client.query_opt(&query, &[]).await;
            let number = found.ok().flatten().and_then(|row| row.try_get::<_, i32>(0).ok());
            let number = number.ok_or_else(|| OpenError::NotOurs(schema.into()))?;
            Ok(Some(usize::try_from(number).unwrap_or(usize::MAX)))
        }
    }
}

async fn make(client: &Client, schema: &str) -> Result<(), OpenError> {
    let exists =
        client.query_opt("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1", &[&schema]).await?;
    if exists.is_none() {
        client.batch_execute(&format!("CREATE SCHEMA {schema}")).await?;
    }
    client
        .batch_execute(&format!(
            "CREATE TABLE {schema}.version (program text PRIMARY KEY, number int NOT NULL);
             INSERT INTO {schema}.version VALUES ('notifyhub', 0)"
        ))
        .await?;
    Ok(())
}

async fn begin(client: &Client, schema: &str, retention: &Retention) -> Result<(), OpenError> {
    let (max_notifications, max_entries, max_age_ms) = super::rows::of_retention(retention);
    client
        .execute(
            &format!(
                "INSERT INTO {schema}.log (head, newest_id, oldest_resume_point, drops, dropped_through, epoch_seq,
                    epoch, incarnation, max_notifications, max_entries, max_age_ms)
                    VALUES (0, $1, 0, 0, $1, 0, '', '', $2, $3, $4)"
            ),
            &[&Uuid::nil(), &max_notifications, &max_entries, &max_age_ms],
        )
        .await?;
    Ok(())
}
