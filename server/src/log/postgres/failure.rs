//! What goes wrong with a database at a distance, in words, and what it means.

use std::io::ErrorKind;

use tokio_postgres::{
    Error,
    error::{ErrorPosition, Severity, SqlState},
};
use tokio_rustls::rustls::{self, CertificateError};

use super::address::InvalidAddress;

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address is none.
    #[error(transparent)]
    Address(#[from] InvalidAddress),
    /// A certificate cannot be used.
    #[error("{0}")]
    Certificates(String),
    /// The server, or what it says of itself.
    #[error("the server {0}")]
    Server(String),
    /// The schema holds other tables.
    #[error(
        "the schema {0} holds tables of another program; choose another with ?schema=NAME, which the hub makes"
    )]
    NotOurs(String),
    /// A newer hub has brought the schema up to its date.
    #[error(
        "the schema {schema} is of version {found}, and this hub knows {known}: start a newer notifyhub-server"
    )]
    Newer {
        /// Which.
        schema: String,
        /// Its version.
        found: usize,
        /// The newest that is known here.
        known: usize,
    },
    /// What the server answered, or that it did not.
    #[error("{}", describe(.0))]
    Engine(#[from] Error),
    /// It took too long.
    #[error("the server does not answer")]
    Timeout,
    /// A pooler lends out its connections for a transaction each.
    #[error(
        "a pooler there gives every transaction another connection (transaction pooling), and the hub needs one to itself: \
         let it pool by session (PgBouncer: pool_mode=session for this database), or name PostgreSQL's own address"
    )]
    TransactionPooling,
    /// It was the primary before another one was promoted.
    #[error(
        "it is an earlier primary: its timeline is {timeline}, and the log has gone on in timeline {newest}; make a standby of it"
    )]
    Earlier {
        /// Its own.
        timeline: i32,
        /// The newest that this hub has seen.
        newest: i32,
    },
    /// None of several servers can be used.
    #[error("{}", .0.iter().map(|(place, error)| format!("{place}: {error}")).collect::<Vec<_>>().join("; "))]
    NoServer(Vec<(String, OpenError)>),
    /// The log was opened, and cannot be read.
    #[error("{0}")]
    Log(String),
    /// Which database it is about.
    #[error("{place}: {error}")]
    At {
        /// Where it is, without the password.
        place: String,
        /// What is wrong.
        error: Box<OpenError>,
    },
}

impl OpenError {
    /// Whether waiting may help: the server does not run (yet), or is busy.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            OpenError::Timeout | OpenError::Earlier { .. } => true,
            OpenError::At { error, .. } => error.may_pass(),
            // A standby that is about to be promoted.
            OpenError::NoServer(servers) => servers.iter().any(|(_, error)| error.may_pass()),
            OpenError::Engine(error) => match error.as_db_error() {
                Some(error) => {
                    let code = error.code();
                    *code == SqlState::CANNOT_CONNECT_NOW
                        || *code == SqlState::ADMIN_SHUTDOWN
                        || *code == SqlState::CRASH_SHUTDOWN
                        || *code == SqlState::LOCK_NOT_AVAILABLE
                        || code.code().starts_with("53")
                }
                None => is_io(error),
            },
            _ => false,
        }
    }
}

fn is_io(error: &Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<std::io::Error>() {
            return !is_foreign(error) && !is_read_only(&error.to_string());
        }
        cause = error.source();
    }
    error.is_closed()
}

/// Whether what was read is no answer of PostgreSQL's: the system's own errors are of other kinds.
fn is_foreign(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::Other)
}

fn is_read_only(text: &str) -> bool {
    text.contains("database does not allow writes")
}

/// In words, for whoever runs the hub.
pub(super) fn describe(error: &Error) -> String {
    let Some(answer) = error.as_db_error() else {
        if let Some(refused) = encryption(error) {
            return refused;
        }
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(error);
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            if error.downcast_ref().is_some_and(is_foreign) && !is_read_only(&text) {
                text = format!("what answers there does not seem to be PostgreSQL ({text})");
            }
            cause = error.source();
        }
        return if is_read_only(&text) {
            "the server takes no writes: it is a standby, or set to be read-only; name the primary".into()
        } else {
            text
        };
    };
    let text = answer.message();
    match answer.code() {
        code if *code == SqlState::READ_ONLY_SQL_TRANSACTION => {
            "the server takes no writes: it is a standby, or set to be read-only; name the primary".into()
        }
        code if *code == SqlState::INVALID_PASSWORD
            || *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION =>
        {
            format!("{text}; check the user and the password of --store")
        }
        code if *code == SqlState::UNDEFINED_DATABASE => format!("{text}; make it with: createdb"),
        code if *code == SqlState::INSUFFICIENT_PRIVILEGE => {
            format!("{text}; the user needs a schema of its own: CREATE SCHEMA notifyhub AUTHORIZATION user")
        }
        _ => match (answer.position(), answer.hint()) {
            (Some(ErrorPosition::Original(at)), _) => format!("{text} (at {at})"),
            (_, Some(hint)) => format!("{text} ({hint})"),
            _ => text.to_owned(),
        },
    }
}

/// What is wrong with the encryption, or with what is shown before the password is, in words; none: it is something else.
fn encryption(error: &Error) -> Option<String> {
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(error) = cause {
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if let Some(refused) = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            return Some(match refused {
                // The second: by another of the same name.
                rustls::Error::InvalidCertificate(
                    CertificateError::UnknownIssuer | CertificateError::BadSignature,
                ) => "its certificate is not vouched for by a certificate in sslrootcert".into(),
                rustls::Error::InvalidCertificate(CertificateError::NotValidForNameContext {
                    expected,
                    presented,
                }) => format!(
                    "its certificate is not for the name {}, but for: {}",
                    expected.to_str(),
                    presented.join(", ")
                ),
                refused => format!("no encrypted connection could be made: {refused}"),
            });
        }
        match error.to_string().as_str() {
            "server does not support TLS" => {
                return Some("the server does not encrypt, and sslmode asks for it".into());
            }
            "password missing" => {
                return Some(
                    "the server asks for a password, and there is none in --store (password missing)".into(),
                );
            }
            _ => cause = error.source(),
        }
    }
    None
}

/// Why nothing came of a transaction.
#[derive(Debug)]
pub(super) enum Failure {
    /// The server refused it: nothing is stored, and the connection is well.
    Refused(String),
    /// The connection is of no use any more; nothing is stored.
    Lost(String),
    /// The connection was lost while the transaction was committed: whether it is stored will be seen.
    Unsettled(String),
}

impl Failure {
    /// Of a statement before the commit: whatever it is, nothing is stored.
    pub(super) fn before_commit(error: &Error) -> Self {
        match error.as_db_error() {
            Some(answer) if is_survived(answer) => Failure::Refused(describe(error)),
            _ => Failure::Lost(describe(error)),
        }
    }

    /// Of a transaction that was sent with its commit.
    pub(super) fn in_commit(error: &Error) -> Self {
        match error.as_db_error() {
            Some(answer) if is_survived(answer) => Failure::Refused(describe(error)),
            _ => Failure::Unsettled(describe(error)),
        }
    }
}

/// Whether the session goes on after it. One that has become read-only does, and is of no use: another server is the
/// primary now.
fn is_survived(answer: &tokio_postgres::error::DbError) -> bool {
    let is_error = answer.parsed_severity().is_none_or(|severity| severity == Severity::Error);
    is_error
        && *answer.code() != SqlState::READ_ONLY_SQL_TRANSACTION
        && *answer.code() != SqlState::LOCK_NOT_AVAILABLE
}
