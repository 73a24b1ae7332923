//! What a broker does not let the user do: it says so beside the requests, which are then never answered.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Instant,
};

use super::failure::BrokerError;

/// How many of these are remembered.
const MAX_HEARD: usize = 16;

/// See the module.
#[derive(Clone, Default)]
pub(super) struct Forbidden {
    heard: Arc<Mutex<VecDeque<(Instant, String)>>>,
}

impl Forbidden {
    /// What a broker complains of.
    pub(super) fn hear(&self, text: &str) {
        if !text.to_ascii_lowercase().contains("permissions violation") {
            return;
        }
        tracing::error!(reason = text, "the brokers do not let this hub do what it needs");
        let mut heard = self.heard.lock().expect("no code panics while it holds them");
        heard.truncate(MAX_HEARD - 1);
        heard.push_front((Instant::now(), text.to_owned()));
    }

    /// Waits for the answer to a request on this subject; where none comes, a broker may have said that it is forbidden.
    pub(super) async fn or_answer<T>(
        &self,
        subject: &str,
        answer: impl Future<Output = Result<T, BrokerError>>,
    ) -> Result<T, BrokerError> {
        let asked = Instant::now();
        match answer.await {
            Err(BrokerError::NoAnswer(reason)) => Err(match self.since(asked, subject) {
                Some(text) => BrokerError::Forbidden(text),
                None => BrokerError::NoAnswer(reason),
            }),
            answer => answer,
        }
    }

    /// Whether since then a request on this subject was refused, or every answer.
    fn since(&self, asked: Instant, subject: &str) -> Option<String> {
        let subject = format!("\"{subject}\"");
        let is_about = |text: &str| text.contains(&subject) || text.contains("_INBOX.");
        let heard = self.heard.lock().expect("no code panics while it holds them");
        let mut newer = heard.iter().take_while(|(at, _)| *at >= asked);
        newer.find(|(_, text)| is_about(text)).map(|(_, text)| text.clone())
    }
}
