//! The stream's messages, as the broker sends them, or as it is asked for one. Every gap in what is sent shows here, and so does a broker that has
//! fallen silent: then the source is broken, and another one is made where it ended.

use std::time::Duration;

use async_nats::{Message as Received, StatusCode, Subscriber};
use futures_util::{FutureExt as _, StreamExt as _};

use super::{
    backlog::Read,
    broker::Broker,
    failure::BrokerError,
    message::{Message, Part, Record},
};

/// How long a broker may say nothing at all: longer than two of its heartbeats.
const PATIENCE: Duration = Duration::from_millis(1250);

/// See the module.
pub(super) struct Source {
    broker: Broker,
    subscriber: Subscriber,
    /// How many messages came.
    delivered: u64,
}

/// What comes from it.
#[derive(Debug)]
pub(super) enum Incoming {
    Message(Read),
    /// Everything was sent, for now.
    Idle,
}

/// Nothing more comes from it.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error("the broker has fallen silent")]
    Silent,
    #[error("messages were lost on the way")]
    Lost,
    #[error("the broker has ended it: {0}")]
    Ended(String),
}

impl Source {
    /// Everything from a message on.
    pub(super) async fn open(broker: &Broker, from: u64) -> Result<Self, BrokerError> {
        let subscriber = broker.subscribe(from).await?;
        Ok(Source { broker: broker.clone(), subscriber, delivered: 0 })
    }

    /// What comes next.
    pub(super) async fn next(&mut self) -> Result<Incoming, Broken> {
        loop {
            let received = tokio::time::timeout(PATIENCE, self.subscriber.next()).await;
            let received = received.map_err(|_| Broken::Silent)?.ok_or(Broken::Silent)?;
            if let Some(incoming) = self.take(&received).await? {
                return Ok(incoming);
            }
        }
    }

    /// What has come already.
    pub(super) async fn next_at_once(&mut self) -> Result<Option<Incoming>, Broken> {
        while let Some(Some(received)) = self.subscriber.next().now_or_never() {
            if let Some(incoming) = self.take(&received).await? {
                return Ok(Some(incoming));
            }
        }
        Ok(None)
    }

    async fn take(&mut self, received: &Received) -> Result<Option<Incoming>, Broken> {
        let header = |name: &str| received.headers.as_ref().and_then(|headers| headers.get(name));
        match received.status {
            Some(StatusCode::IDLE_HEARTBEAT) => {
                if let Some(reply) = &received.reply {
                    self.broker.go_on(reply.clone()).await;
                    return Ok(None);
                }
                if let Some(stalled) = header("Nats-Consumer-Stalled") {
                    self.broker.go_on(stalled.as_str().to_owned()).await;
                    return Ok(None);
                }
                let last = header("Nats-Last-Consumer").and_then(|value| value.as_str().parse::<u64>().ok());
                if last.is_some_and(|last| last != self.delivered) {
                    return Err(Broken::Lost);
                }
                return Ok(Some(Incoming::Idle));
            }
            Some(status) => return Err(Broken::Ended(status.to_string())),
            None => {}
        }
        // A late heartbeat's flow control aside, everything else is a message of the stream.
        let (number, delivered) = received.reply.as_deref().and_then(position).ok_or(Broken::Lost)?;
        if delivered != self.delivered + 1 {
            return Err(Broken::Lost);
        }
        self.delivered = delivered;
        let (record, part) = self.broker.record(received);
        Ok(Some(Incoming::Message(understood(number, part, &record))))
    }
}

/// The next message after this one, asked for by itself; `None`: there is none.
pub(super) async fn next_after(broker: &Broker, number: u64) -> Result<Option<Read>, BrokerError> {
    let stored = broker.next_after(number).await?;
    Ok(stored.map(|stored| understood(stored.number, stored.part, &stored.record)))
}

fn understood(number: u64, part: Option<Part>, record: &Record) -> Read {
    let message = match Message::decode(record) {
        Ok(message) => Some(message),
        Err(error) => {
            tracing::warn!(number, %error, "a message of the stream is passed over");
            None
        }
    };
    Read { number, part, message }
}

/// The number of a message, and how many were sent up to it, from where it wants to be acknowledged:
/// `$JS.ACK.<domain>.<account>.<stream>.<consumer>.<sent so often>.<number>.<sent>.<time>.<pending>`, and without the
/// first two from older servers.
fn position(reply: &str) -> Option<(u64, u64)> {
    let words: Vec<_> = reply.strip_prefix("$JS.ACK.")?.split('.').collect();
    let start = match words.len() {
        7 => 3,
        9.. => 5,
        _ => return None,
    };
    Some((words.get(start)?.parse().ok()?, words.get(start + 1)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_an_acknowledgement_are_understood() {
        assert_eq!(position("$JS.ACK.feed.name.1.42.7.1732567890.0"), Some((42, 7)));
        assert_eq!(position("$JS.ACK._.hash.feed.name.1.42.7.1732567890.0.token"), Some((42, 7)));
        assert_eq!(position("$JS.ACK._.hash.feed.name.1.42.7.1732567890.0"), Some((42, 7)));
        assert_eq!(position("_INBOX.x"), None);
    }
}
