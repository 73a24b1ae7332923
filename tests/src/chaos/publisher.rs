//! Publishers: each takes the next post, and tries under one key until it is acknowledged, as a client should.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use notifyhub_sdk::{
    Client, Error, ResponseValue, connect,
    retry::{Backoff, is_temporary},
    types,
};

use super::{
    dice::dice,
    work::{Ledger, Post, Then},
};

/// How long one attempt may take.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);

/// The pauses between attempts.
const BACKOFF: Backoff = Backoff { first: Duration::from_millis(20), longest: Duration::from_millis(500) };

/// What all publishers share.
pub(crate) struct Publishing {
    pub(crate) seed: u64,
    pub(crate) count: usize,
    pub(crate) keeps_all: bool,
    /// The longest that a publisher waits before the next post. Subscribers that are cut off are away for seconds: in a
    /// short run there would be nothing left to miss.
    pub(crate) longest_pause_ms: u64,
    pub(crate) next: AtomicUsize,
    pub(crate) ledger: Ledger,
    /// Attempts, of all requests.
    pub(crate) attempts: AtomicUsize,
    /// Attempts that were not answered, or asked to come back.
    pub(crate) retries: AtomicUsize,
    /// Requests that were carried out.
    pub(crate) acknowledged: AtomicUsize,
}

impl Publishing {
    /// Posts what is left to post, each time to the next of these hubs; an error: one refused what it should have taken.
    pub(crate) async fn run(self: Arc<Self>, addresses: Vec<String>) -> Result<(), String> {
        let clients: Vec<_> = addresses
            .iter()
            .map(|address| connect(address).expect("the address of a server is valid"))
            .collect();
        loop {
            let number = self.next.fetch_add(1, SeqCst);
            if number >= self.count {
                return Ok(());
            }
            let mut dice = dice(self.seed, "pace", number);
            tokio::time::sleep(Duration::from_millis(dice.u64(..=self.longest_pause_ms))).await;
            let post = Post::of(self.seed, number, self.keeps_all);
            self.post(&clients, post).await.map_err(|error| format!("post {number}: {error}"))?;
        }
    }

    /// Posts one, each attempt to the next of these; its id.
    pub(crate) async fn post(&self, clients: &[Client], post: Post) -> Result<String, String> {
        let at = |number: usize| &clients[number % clients.len()];
        let mut body = types::NewNotification::builder().message(post.message.as_str());
        if let Some(card) = &post.card {
            body = body.key(Some(card.parse().map_err(|_| "the name of a card is a key")?));
        }
        if let Some(state) = post.state {
            body = body.state(Some(state.parse().map_err(|_| "a state")?));
        }
        let attempt = |number: usize| {
            let client = at(number);
            let request = client.publish().body(body.clone());
            match &post.idempotency_key {
                Some(key) => request.idempotency_key(key.as_str()).send(),
                None => request.send(),
            }
        };
        let stored = self.persist(attempt).await?;
        if stored.message.as_str() != post.message {
            return Err(format!("it was answered with another's: {:.20}", stored.message.as_str()));
        }
        let id = stored.id;
        match post.then {
            Then::Nothing => {}
            Then::Delete => {
                allow_missing(self.persist(|number| at(number).delete().id(id).send()).await)?;
            }
            Then::Resolve => {
                let revision = types::RevisionBody::builder().resolved(Some(true));
                self.persist(|number| at(number).revise().id(id).body(revision.clone()).send()).await?;
            }
        }
        if !self.ledger.acknowledge(id.to_string(), post) {
            return Err(format!("the id {id} was given twice"));
        }
        Ok(id.to_string())
    }

    async fn persist<T, F>(&self, attempt: impl Fn(usize) -> F) -> Result<T, String>
    where
        F: Future<Output = Result<ResponseValue<T>, Error<types::ErrorBody>>>,
    {
        let mut failures = 0;
        loop {
            let number = self.attempts.fetch_add(1, SeqCst);
            match tokio::time::timeout(ATTEMPT_TIMEOUT, attempt(number)).await {
                Ok(Ok(done)) => {
                    self.acknowledged.fetch_add(1, SeqCst);
                    return Ok(done.into_inner());
                }
                Ok(Err(Error::ErrorResponse(refused))) if !is_temporary(refused.status()) => {
                    return Err(format!("{}: {}", refused.status(), refused.message));
                }
                Ok(Err(Error::UnexpectedResponse(refused))) if !is_temporary(refused.status()) => {
                    return Err(format!("unexpected: {}", refused.status()));
                }
                // Cut, lost, or to come back later.
                Ok(Err(_)) | Err(_) => {}
            }
            self.retries.fetch_add(1, SeqCst);
            failures += 1;
            tokio::time::sleep(BACKOFF.delay(failures)).await;
        }
    }
}

/// The attempt before may have done it.
fn allow_missing<T>(outcome: Result<T, String>) -> Result<(), String> {
    match outcome {
        Err(error) if !error.starts_with("404") => Err(error),
        _ => Ok(()),
    }
}
