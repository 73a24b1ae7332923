//! Opens the log that a `--store` names.

use std::sync::Arc;

#[cfg(feature = "nats")]
use crate::log::jetstream::{self, JetStreamLog};
#[cfg(feature = "postgres")]
use crate::log::postgres::{self, PostgresLog};
use crate::{
    config::{Config, NoDataDirectory, Store},
    log::{
        Log, Replica, Retention,
        memory::MemoryLog,
        sqlite::{self, SqliteLog},
    },
};

/// Why it is not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no place for the data.
    #[error(transparent)]
    NoDataDirectory(#[from] NoDataDirectory),
    /// The database cannot be opened.
    #[error(transparent)]
    Sqlite(#[from] sqlite::OpenError),
    /// PostgreSQL cannot be used.
    #[cfg(feature = "postgres")]
    #[error(transparent)]
    Postgres(#[from] postgres::OpenError),
    /// The stream cannot be opened.
    #[cfg(feature = "nats")]
    #[error(transparent)]
    JetStream(#[from] jetstream::OpenError),
    /// Opening it panicked.
    #[error("opening the log ended by itself; this is a defect of the hub")]
    Died,
}

/// Opens it, and hands the replica what it holds.
pub async fn open(
    config: &Config,
    store: &Store,
    retention: Retention,
    replica: Arc<dyn Replica>,
) -> Result<Arc<dyn Log>, OpenError> {
    Ok(match store {
        Store::Memory => Arc::new(MemoryLog::open(retention, replica)),
        Store::Sqlite(_) => {
            let directory = config.directory_of(store)?;
            let durability = config.durability.unwrap_or_default();
            let open = move || SqliteLog::open(&directory, retention, durability, replica);
            Arc::new(tokio::task::spawn_blocking(open).await.map_err(|_| OpenError::Died)??)
        }
        #[cfg(feature = "nats")]
        Store::JetStream(address) => Arc::new(JetStreamLog::open(address, retention, replica).await?),
        #[cfg(feature = "postgres")]
        Store::Postgres(url) => Arc::new(PostgresLog::open(url.secret(), retention, replica).await?),
        #[cfg(not(feature = "postgres"))]
        Store::Postgres(_) => unreachable!("it is refused when it is parsed"),
    })
}
