//! What is asked of the database in every transaction, prepared once for a connection.

use tokio_postgres::{Client, Error, Statement};

use super::rows::{ENTRY_COLUMNS, LOG_COLUMNS};

/// See the module.
pub(super) struct Statements {
    pub(super) lock: Statement,
    pub(super) look: Statement,
    pub(super) entries: Statement,
    pub(super) epoch: Statement,
    pub(super) keys: Statement,
    pub(super) batch: Statement,
    pub(super) stored: Statement,
    pub(super) delete: Statement,
    pub(super) clear: Statement,
    pub(super) make_removals: Statement,
    pub(super) insert: Statement,
    pub(super) expire: Statement,
    pub(super) remember: Statement,
    pub(super) conclude: Statement,
}

impl Statements {
    pub(super) async fn prepare(client: &Client, schema: &str) -> Result<Self, Error> {
        let prepare = async |text: &str| client.prepare(text).await;
        Ok(Statements {
            lock: prepare(&format!("SELECT {LOG_COLUMNS} FROM log FOR UPDATE")).await?,
            look: prepare(&format!("SELECT {LOG_COLUMNS} FROM log")).await?,
            entries: prepare(&format!("SELECT {ENTRY_COLUMNS} FROM entry WHERE seq > $1 ORDER BY seq")).await?,
            epoch: prepare(&format!(
                "SELECT {ENTRY_COLUMNS} FROM entry WHERE kind = 'epoch' AND seq <= $1 ORDER BY seq DESC LIMIT 1"
            ))
            .await?,
            keys: prepare(
                "SELECT key, fingerprint, notification_id, time_ms FROM idempotency_key WHERE key = ANY($1)",
            )
            .await?,
            batch: prepare("SELECT batch FROM hub WHERE id = $1").await?,
            stored: prepare(
                "SELECT notification_id FROM entry WHERE kind = 'put' AND notification_id = ANY($1)",
            )
            .await?,
            delete: prepare("DELETE FROM entry WHERE seq = ANY($1)").await?,
            clear: prepare("DELETE FROM entry WHERE kind IN ('put', 'remove', 'clear')").await?,
            make_removals: prepare(
                "UPDATE entry SET kind = 'remove', published = NULL, content = NULL WHERE seq = ANY($1)",
            )
            .await?,
            insert: prepare(
                "INSERT INTO entry (seq, kind, notification_id, published, content)
                    SELECT * FROM unnest($1::bigint[], $2::text[], $3::uuid[], $4::bigint[], $5::text[])",
            )
            .await?,
            expire: prepare("DELETE FROM entry WHERE seq > $1 AND seq <= $2 AND kind IN ('remove', 'clear')")
                .await?,
            remember: prepare(
                "INSERT INTO idempotency_key (key, fingerprint, notification_id, time_ms)
                    SELECT key, fingerprint, id, $4::bigint FROM unnest($1::bytea[], $2::bytea[], $3::uuid[])
                        AS new (key, fingerprint, id)
                    ON CONFLICT (key) DO UPDATE SET fingerprint = excluded.fingerprint,
                        notification_id = excluded.notification_id, time_ms = excluded.time_ms, number = DEFAULT",
            )
            .await?,
            // Where the log is now, whose transaction that was, and a hint to the other hubs: one statement costs less than
            // three.
            conclude: prepare(&format!(
                "WITH signed AS (INSERT INTO hub (id, batch, seen) VALUES ($9, $10, now())
                    ON CONFLICT (id) DO UPDATE SET batch = excluded.batch, seen = excluded.seen)
                UPDATE log SET head = $1, newest_id = $2, oldest_resume_point = $3, drops = $4, dropped_through = $5,
                    epoch_seq = $6, epoch = $7, incarnation = $8
                    RETURNING pg_notify('{schema}', '')"
            ))
            .await?,
        })
    }
}
