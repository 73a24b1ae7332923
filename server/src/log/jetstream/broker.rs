//! The brokers: the stream's settings, and the few requests that a log makes of them. Requests are the JSON of JetStream's
//! API; what is asked has one second to be answered, for a broker that died does not answer at all.

use std::time::Duration;

use async_nats::{Client, HeaderMap, Message as Received, RequestErrorKind, Subscriber, connection::State};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    address::Address,
    connect::{self, describe},
    failure::{BrokerError, OpenError},
    forbidden::Forbidden,
    message::{Part, Record},
    settings,
};
use crate::{
    event_id::Seq,
    log::{IDEMPOTENCY_PERIOD, Retention},
};

/// How often the broker says that there is nothing to send.
const HEARTBEAT: Duration = Duration::from_millis(500);

/// How long it sends to one who does not take it any more.
const FORGET_AFTER: Duration = Duration::from_secs(10);

const PART: &str = "NotifyHub-Part";
const PUBLISHED: &str = "NotifyHub-Published";

/// Codes of JetStream's errors.
const STREAM_NOT_FOUND: u64 = 10059;
const NO_MESSAGE: u64 = 10037;
const WRONG_LAST_SEQUENCE: [u64; 2] = [10071, 10164];
/// No space, by the limits of the stream, of the account, or of the disk.
const NO_SPACE: [u64; 5] = [10023, 10047, 10072, 10077, 10028];

/// See the module.
#[derive(Clone)]
pub(super) struct Broker {
    client: Client,
    stream: String,
    forbidden: Forbidden,
}

/// What the brokers say of the stream.
#[derive(Clone, Debug)]
pub(super) struct Info {
    /// When it was made: tells it from another of the same name.
    pub(super) created: String,
    /// The newest message that there ever was.
    pub(super) last: u64,
    config: Value,
    pub(super) bytes: u64,
}

/// A message of the stream, as it was asked for.
pub(super) struct Stored {
    pub(super) number: u64,
    pub(super) record: Record,
    pub(super) part: Option<Part>,
}

impl Broker {
    /// Connects, and looks whether the brokers are what is needed.
    pub(super) async fn connect(address: &Address) -> Result<Self, OpenError> {
        let forbidden = Forbidden::default();
        let client = connect::connect(address, &forbidden).await?;
        Ok(Broker { client, stream: address.stream.clone(), forbidden })
    }

    /// Gives up the connection, which may only seem to live, and makes another one.
    pub(super) async fn reconnect(&self) {
        if self.client.connection_state() == State::Connected {
            // It fails only when the client is gone.
            let _ = self.client.force_reconnect().await;
        }
    }

    /// The stream's settings and place. Its leader answers.
    pub(super) async fn info(&self) -> Result<Info, BrokerError> {
        #[derive(Deserialize)]
        struct Answer {
            created: String,
            config: Value,
            state: StreamState,
        }
        #[derive(Deserialize)]
        struct StreamState {
            last_seq: u64,
            bytes: u64,
        }
        let answer: Answer = self.ask(&format!("STREAM.INFO.{}", self.stream), &json!({})).await?;
        let Answer { created, config, state } = answer;
        Ok(Info { created, last: state.last_seq, config, bytes: state.bytes })
    }

    /// Makes the stream, if there is none yet; looks whether it is as it must be. Says how much the log keeps: what the hub
    /// was started with that made it, for two hubs must not drop each other's notifications.
    pub(super) async fn open_stream(
        &self,
        replicas: u8,
        retention: &Retention,
        may_be_filling: bool,
    ) -> Result<Retention, OpenError> {
        let failed = |error: &BrokerError| self.failed(error);
        let info = match self.info().await {
            Err(BrokerError::NoStream) => {
                let made: Result<Value, _> = self
                    .ask(
                        &format!("STREAM.CREATE.{}", self.stream),
                        &settings::wanted(&self.stream, replicas, retention),
                    )
                    .await;
                // Another hub may have made it in the same moment.
                match (self.info().await, made) {
                    (Ok(info), _) => info,
                    (Err(_), Err(error)) | (Err(error), Ok(_)) => return Err(failed(&error)),
                }
            }
            Err(BrokerError::Refused(reason)) if reason.contains("10039") || reason.contains("10076") => {
                return Err(OpenError::NoJetStream);
            }
            Err(BrokerError::NobodyThere) => return Err(OpenError::NoJetStream),
            info => info.map_err(|error| failed(&error))?,
        };
        settings::check(&info.config, &self.stream, replicas, retention, may_be_filling)?;
        Ok(settings::retention(&info.config, &self.stream, retention))
    }

    /// Makes a stream that is to be filled, in the place of one that was to be and was left unfinished.
    pub(super) async fn begin_filling(&self, replicas: u8, retention: &Retention) -> Result<(), OpenError> {
        let failed = |error: &BrokerError| self.failed(error);
        match self.info().await {
            Err(BrokerError::NoStream) => {}
            Ok(info) if settings::is_being_filled(&info.config) => {
                let deleted = self.ask::<Value>(&format!("STREAM.DELETE.{}", self.stream), &json!({})).await;
                deleted.map_err(|error| failed(&error))?;
            }
            Ok(_) => {
                return Err(OpenError::Stream {
                    stream: self.stream.clone(),
                    reason: "it is there already; name one that is not with ?stream=, or delete it with \
                        `nats stream rm`"
                        .into(),
                });
            }
            Err(BrokerError::NobodyThere) => return Err(OpenError::NoJetStream),
            Err(error) => return Err(failed(&error)),
        }
        let settings = settings::filling(settings::wanted(&self.stream, replicas, retention));
        let made = self.ask::<Value>(&format!("STREAM.CREATE.{}", self.stream), &settings).await;
        made.map(drop).map_err(|error| failed(&error))
    }

    /// From here on hubs may use the stream.
    pub(super) async fn end_filling(&self) -> Result<(), OpenError> {
        let info = self.info().await.map_err(|error| self.failed(&error))?;
        let settings = settings::filled(info.config);
        let updated = self.ask::<Value>(&format!("STREAM.UPDATE.{}", self.stream), &settings).await;
        updated.map(drop).map_err(|error| self.failed(&error))
    }

    /// The same, for one who opens the log.
    pub(super) fn failed(&self, error: &BrokerError) -> OpenError {
        if let BrokerError::Forbidden(text) = error {
            return OpenError::Forbidden(text.clone());
        }
        OpenError::Request { stream: self.stream.clone(), reason: error.to_string() }
    }

    /// Stores messages in one step: after `after`, if that is still the newest message; `None`: wherever. Says which
    /// number the last of them has.
    pub(super) async fn store(
        &self,
        append: Uuid,
        records: &[Record],
        after: Option<u64>,
    ) -> Result<u64, BrokerError> {
        // Another one each time: an earlier attempt may have left the half of a batch.
        let batch = Uuid::now_v7().simple().to_string();
        let count = records.len();
        for (index, record) in records.iter().enumerate() {
            let subject = format!("{}.{}", self.stream, record.subject);
            let part = Part { append, index: index as u64, count: count as u64 };
            let mut headers = HeaderMap::new();
            headers.insert(PART, part.text().as_str());
            if let Some(published) = record.published {
                headers.insert(PUBLISHED, published.to_string().as_str());
            }
            if record.expires {
                headers.insert("Nats-TTL", format!("{}s", IDEMPOTENCY_PERIOD.as_secs()).as_str());
            }
            if index == 0 {
                headers.insert("Nats-Expected-Stream", self.stream.as_str());
                if let Some(after) = after {
                    headers.insert("Nats-Expected-Last-Sequence", after.to_string().as_str());
                }
            }
            let is_last = index + 1 == count;
            if count > 1 {
                headers.insert("Nats-Batch-Id", batch.as_str());
                headers.insert("Nats-Batch-Sequence", (index + 1).to_string().as_str());
                if is_last {
                    headers.insert("Nats-Batch-Commit", "1");
                }
            }
            let payload = record.payload.clone();
            if is_last {
                #[derive(Deserialize)]
                struct Answer {
                    seq: u64,
                }
                let answer = self.client.request_with_headers(subject.clone(), headers, payload);
                let stored = self.forbidden.or_answer(&subject, async { parse::<Answer>(answer.await) });
                return stored.await.map(|stored| stored.seq);
            }
            let sent = self.client.publish_with_headers(subject, headers, payload).await;
            sent.map_err(|error| BrokerError::NoAnswer(error.to_string()))?;
        }
        Err(BrokerError::Refused("there was nothing to store".into()))
    }

    /// Deletes the messages on these subjects, behind the stream's name, that come before one.
    pub(super) async fn purge(&self, subject: &str, before: Option<u64>) -> Result<(), BrokerError> {
        let mut request = json!({ "filter": format!("{}.{subject}", self.stream) });
        if let Some(before) = before {
            request["seq"] = before.into();
        }
        self.ask::<Value>(&format!("STREAM.PURGE.{}", self.stream), &request).await.map(drop)
    }

    /// The oldest message after this one that is still there. The stream's leader answers, and nobody else is needed.
    pub(super) async fn next_after(&self, number: u64) -> Result<Option<Stored>, BrokerError> {
        #[derive(Deserialize)]
        struct Answer {
            message: Message,
        }
        #[derive(Deserialize)]
        struct Message {
            subject: String,
            seq: u64,
            #[serde(default)]
            hdrs: String,
            #[serde(default)]
            data: String,
        }
        let request = json!({ "seq": number + 1, "next_by_subj": format!("{}.>", self.stream) });
        let message = match self.ask::<Answer>(&format!("STREAM.MSG.GET.{}", self.stream), &request).await {
            Ok(Answer { message }) => message,
            Err(BrokerError::NoMessage) => return Ok(None),
            Err(error) => return Err(error),
        };
        let bytes = |text: &str| {
            let decoded = STANDARD.decode(text);
            decoded.map_err(|error| BrokerError::NoAnswer(format!("the message is not understood: {error}")))
        };
        let headers = String::from_utf8_lossy(&bytes(&message.hdrs)?).into_owned();
        let header = |name: &str| {
            let mut lines = headers.lines().filter_map(|line| line.split_once(':'));
            lines.find(|(found, _)| *found == name).map(|(_, value)| value.trim().to_owned())
        };
        let (record, part) = self.stored(&message.subject, header, bytes(&message.data)?.into());
        Ok(Some(Stored { number: message.seq, record, part }))
    }

    /// Has everything from a message on sent to us.
    pub(super) async fn subscribe(&self, from: u64) -> Result<Subscriber, BrokerError> {
        let inbox = self.client.new_inbox();
        let no_answer = |error: String| BrokerError::NoAnswer(error);
        let subscriber =
            self.client.subscribe(inbox.clone()).await.map_err(|error| no_answer(error.to_string()))?;
        let name = Uuid::now_v7().simple().to_string();
        let request = json!({
            "stream_name": self.stream,
            "config": {
                "name": name,
                "deliver_subject": inbox,
                "deliver_policy": "by_start_sequence",
                "opt_start_seq": from.max(1),
                "ack_policy": "none",
                "max_deliver": 1,
                "replay_policy": "instant",
                "flow_control": true,
                "idle_heartbeat": nanos(HEARTBEAT),
                "inactive_threshold": nanos(FORGET_AFTER),
                "num_replicas": 1,
                "mem_storage": true,
            },
        });
        self.ask::<Value>(&format!("CONSUMER.CREATE.{}.{name}", self.stream), &request).await?;
        Ok(subscriber)
    }

    /// Answers a broker that waits for a word before it sends more.
    pub(super) async fn go_on(&self, reply: impl async_nats::subject::ToSubject) {
        // Without it the broker sends no more, and the silence shows.
        let _ = self.client.publish(reply, Bytes::new()).await;
    }

    /// A message as it was stored.
    pub(super) fn record(&self, received: &Received) -> (Record, Option<Part>) {
        let header = |name: &str| received.headers.as_ref()?.get(name).map(|value| value.as_str().to_owned());
        self.stored(&received.subject, header, received.payload.clone())
    }

    fn stored(
        &self,
        subject: &str,
        header: impl Fn(&str) -> Option<String>,
        payload: Bytes,
    ) -> (Record, Option<Part>) {
        let subject = subject.strip_prefix(self.stream.as_str());
        let record = Record {
            subject: subject.and_then(|subject| subject.strip_prefix('.')).unwrap_or_default().to_owned(),
            published: header(PUBLISHED).and_then(|text| text.parse().ok()).map(Seq::new),
            payload,
            expires: false,
        };
        (record, header(PART).as_deref().and_then(Part::parse))
    }

    async fn ask<T: for<'de> Deserialize<'de>>(&self, api: &str, request: &Value) -> Result<T, BrokerError> {
        let subject = format!("$JS.API.{api}");
        let answer = self.client.request(subject.clone(), request.to_string().into());
        self.forbidden.or_answer(&subject, async { parse(answer.await) }).await
    }
}

/// What JetStream answers: what was asked for, or an error.
fn parse<T: for<'de> Deserialize<'de>>(
    answer: Result<Received, async_nats::RequestError>,
) -> Result<T, BrokerError> {
    let answer = answer.map_err(|error| match error.kind() {
        RequestErrorKind::NoResponders => BrokerError::NobodyThere,
        _ => BrokerError::NoAnswer(describe(&error)),
    })?;
    let value: Value = serde_json::from_slice(&answer.payload)
        .map_err(|error| BrokerError::NoAnswer(format!("the answer is no JSON: {error}")))?;
    if let Some(error) = value.get("error") {
        let code = error["err_code"].as_u64().unwrap_or_default();
        let text = format!("{} ({code})", error["description"].as_str().unwrap_or("no reason given"));
        return Err(match code {
            STREAM_NOT_FOUND => BrokerError::NoStream,
            NO_MESSAGE => BrokerError::NoMessage,
            code if WRONG_LAST_SEQUENCE.contains(&code) => BrokerError::WrongLast,
            code if NO_SPACE.contains(&code) => BrokerError::NoSpace(text),
            _ => BrokerError::Refused(text),
        });
    }
    serde_json::from_value(value)
        .map_err(|error| BrokerError::NoAnswer(format!("the answer is not understood: {error}")))
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
