//! What goes wrong with the brokers, in words.

/// Why a request came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BrokerError {
    /// Nobody answered: it may have been carried out.
    #[error("the brokers do not answer: {0}")]
    NoAnswer(String),
    /// Nobody was there to take it, such as while another leader is elected: it was not carried out.
    #[error("no broker takes it now")]
    NobodyThere,
    /// There is no such stream.
    #[error("the stream is gone")]
    NoStream,
    /// There is no such message.
    #[error("there is no such message")]
    NoMessage,
    /// Something was stored meanwhile; nothing was stored by this.
    #[error("another message was stored meanwhile")]
    WrongLast,
    /// There is no space; nothing was stored by this.
    #[error("the brokers have no space: {0}")]
    NoSpace(String),
    /// Nothing was stored by this.
    #[error("the brokers refused it: {0}")]
    Refused(String),
    /// The brokers do not let this user do it; nothing was stored by this.
    #[error("the brokers do not let this user do it: {0}")]
    Forbidden(String),
}

/// Why the log cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// There is no connection.
    #[error("cannot connect to {address}: {reason}")]
    Connect {
        /// Which brokers.
        address: String,
        /// Why not.
        reason: String,
    },
    /// The brokers do not know who this is.
    #[error("{address} refuses {shown}")]
    Refused {
        /// Which brokers.
        address: String,
        /// What was shown to them, without the secret.
        shown: String,
    },
    /// Nobody vouches for the brokers.
    #[error(
        "{address} cannot be believed: {reason}; name who vouches for the brokers with ?ca=FILE, and the brokers as their certificates do"
    )]
    Certificate {
        /// Which brokers.
        address: String,
        /// What is wrong with the certificate.
        reason: String,
    },
    /// The brokers do not let the user do what a hub does.
    #[error(
        "the NATS server does not let this user do what a hub does: {0}; deploy/jetstream/nats-server.conf has all that a hub needs"
    )]
    Forbidden(String),
    /// A file that the address names cannot be read.
    #[error("cannot read {path}: {reason}")]
    File {
        /// Which.
        path: String,
        /// Why not.
        reason: String,
    },
    /// The brokers are too old.
    #[error("the NATS server has version {0}; this needs 2.12 or newer, and 2.15 is best")]
    TooOld(String),
    /// The brokers take messages that are too small.
    #[error("the NATS server takes messages of up to {0} bytes; set max_payload to 128 KiB or more")]
    SmallPayload(usize),
    /// JetStream is not switched on.
    #[error("the NATS server has no JetStream: switch it on with jetstream {{}} in its configuration")]
    NoJetStream,
    /// The stream is another's, or was changed.
    #[error("the stream {stream} cannot be used: {reason}")]
    Stream {
        /// Which stream.
        stream: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// The brokers did not do what opening needs.
    #[error("the stream {stream} cannot be opened: {reason}")]
    Request {
        /// Which stream.
        stream: String,
        /// Why.
        reason: String,
    },
}

impl OpenError {
    /// Whether trying again may help.
    pub(super) fn is_passing(&self) -> bool {
        matches!(self, OpenError::Connect { .. } | OpenError::Request { .. } | OpenError::NoJetStream)
    }
}
