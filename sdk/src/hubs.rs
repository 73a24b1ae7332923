//! Several hubs that share one feed: which of them is asked. Whoever finds that one does not answer goes on to the next, and
//! with it everything that uses the same client.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use std::time::Duration;

use reqwest::{
    Method, Request, Response,
    header::{AUTHORIZATION, HeaderValue},
};
use uuid::Uuid;

const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// How long one hub may take to answer where another one can be asked.
const PATIENCE: Duration = Duration::from_secs(1);

/// The hubs that a client may ask, in their order; none, if it has one address only.
#[derive(Clone, Debug, Default)]
pub struct Hubs {
    hubs: Arc<[Hub]>,
    /// Whose turn it is.
    current: Arc<AtomicUsize>,
}

/// One of them. Each has a connection pool of its own, for what has to be shown to one is not for the others.
#[derive(Debug)]
pub(crate) struct Hub {
    pub(crate) address: String,
    pub(crate) client: reqwest::Client,
}

impl Hubs {
    pub(crate) fn new(hubs: Vec<Hub>) -> Self {
        Hubs { hubs: hubs.into(), current: Arc::default() }
    }

    /// The address of the one that is asked next: the one that answered, if one did. None, if there is one address only.
    pub fn current(&self) -> Option<&str> {
        self.hubs.get(self.current.load(Ordering::Relaxed)).map(|hub| hub.address.as_str())
    }

    /// How many there are; 0, if there is one address only.
    pub(crate) fn len(&self) -> usize {
        self.hubs.len()
    }

    /// Begins to ask one of them.
    pub(crate) fn turn(&self) -> Option<Turn<'_>> {
        let index = self.current.load(Ordering::Relaxed);
        self.hubs.get(index).map(|hub| Turn { hubs: self, hub, index, has_answered: false })
    }

    /// This one does not answer any more: the next one's turn comes, unless it has come already.
    pub(crate) fn leave(&self, index: usize) {
        let next = (index + 1) % self.hubs.len().max(1);
        // Another request may have found it out before.
        let _ = self.current.compare_exchange(index, next, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Asks one hub after the other, until one can answer; `client`, if there is one address only. What could be done twice
    /// by that gets a name first, and what has none is sent to another hub only if it was not sent before.
    pub(crate) async fn execute(
        &self,
        client: &reqwest::Client,
        mut request: Request,
        operation: &str,
    ) -> reqwest::Result<Response> {
        if self.len() > 0 && operation == "publish" && !request.headers().contains_key(IDEMPOTENCY_KEY) {
            let name = HeaderValue::try_from(Uuid::now_v7().to_string()).expect("a UUID is a header's value");
            request.headers_mut().insert(IDEMPOTENCY_KEY, name);
        }
        let may_repeat = request.method() != Method::POST || request.headers().contains_key(IDEMPOTENCY_KEY);
        let mut others = self.len();
        loop {
            let Some((turn, attempt)) = self.turn().and_then(|turn| {
                let attempt = self.readdress(&request, turn.hub)?;
                Some((turn, attempt))
            }) else {
                return client.execute(request).await;
            };
            others = others.saturating_sub(1);
            let attempt = turn.hub.client.execute(attempt?);
            let answer = if others > 0 && may_repeat {
                match tokio::time::timeout(PATIENCE, attempt).await {
                    Ok(answer) => answer,
                    Err(_) => continue,
                }
            } else {
                attempt.await
            };
            let goes_on = match &answer {
                Ok(response) => response.status().is_server_error() && may_repeat,
                Err(error) => error.is_connect() || may_repeat,
            };
            if answer.as_ref().is_ok_and(|response| !response.status().is_server_error()) {
                turn.has_answered();
            }
            if !goes_on || others == 0 {
                return answer;
            }
        }
    }

    /// The request as it was made for the first hub, for another one. None if its body can be read only once.
    fn readdress(&self, request: &Request, hub: &Hub) -> Option<reqwest::Result<Request>> {
        let mut copy = request.try_clone()?;
        let base = self.hubs.first().and_then(|first| reqwest::Url::parse(&first.address).ok())?;
        let path = copy.url().path();
        let path = path.strip_prefix(base.path().trim_end_matches('/')).unwrap_or(path);
        let query = copy.url().query().map_or_else(String::new, |query| format!("?{query}"));
        let built =
            hub.client.request(copy.method().clone(), format!("{}{path}{query}", hub.address)).build();
        Some(built.map(|mut readdressed| {
            for (name, value) in request.headers() {
                // The user and the password of one address are not shown to another.
                if name != AUTHORIZATION {
                    readdressed.headers_mut().append(name, value.clone());
                }
            }
            *readdressed.timeout_mut() = copy.timeout().copied();
            *readdressed.body_mut() = copy.body_mut().take();
            readdressed
        }))
    }
}

/// One of the hubs is being asked. Dropped without an answer, also because the time for it is over, it is the next one's
/// turn.
pub(crate) struct Turn<'a> {
    hubs: &'a Hubs,
    hub: &'a Hub,
    pub(crate) index: usize,
    has_answered: bool,
}

impl Turn<'_> {
    pub(crate) fn hub(&self) -> &Hub {
        self.hub
    }

    pub(crate) fn has_answered(mut self) {
        self.has_answered = true;
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.has_answered {
            self.hubs.leave(self.index);
        }
    }
}

/// The addresses in a list that is separated by commas. A comma that no address follows belongs to the address before it.
pub fn addresses(list: &str) -> Vec<&str> {
    let mut addresses = Vec::new();
    let mut start = 0;
    for (comma, _) in list.match_indices(',') {
        let rest = list[comma + 1..].trim_start();
        if rest.is_empty() || rest.starts_with("http://") || rest.starts_with("https://") {
            addresses.push(list[start..comma].trim());
            start = comma + 1;
        }
    }
    let rest = list[start..].trim();
    if !rest.is_empty() || addresses.is_empty() {
        addresses.push(rest);
    }
    addresses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_cut_where_an_address_begins() {
        assert_eq!(addresses("http://a"), ["http://a"]);
        assert_eq!(addresses(" http://a , https://b:1/c,"), ["http://a", "https://b:1/c"]);
        assert_eq!(addresses("https://desk:a,b@c,http://d"), ["https://desk:a,b@c", "http://d"]);
        assert_eq!(addresses(""), [""]);
    }

    #[test]
    fn a_password_goes_to_its_own_hub_only() {
        let hub = |address: &str| Hub { address: address.into(), client: reqwest::Client::new() };
        let hubs =
            Hubs::new(vec![hub("http://desk:secret@a/x"), hub("http://b/y"), hub("http://desk:other@c")]);
        let first = &hubs.hubs[0];
        let made = first.client.post(format!("{}/events?limit=1", first.address)).body("body").build();
        let made = made.expect("valid");
        let mut seen = Vec::new();
        for _ in 0..3 {
            let turn = hubs.turn().expect("there are three");
            let request = hubs.readdress(&made, turn.hub).expect("it can be copied").expect("valid");
            assert_eq!(request.body().and_then(reqwest::Body::as_bytes), Some(&b"body"[..]));
            let shown = request.headers().get(AUTHORIZATION).map(|value| value.as_bytes().to_vec());
            seen.push((request.url().to_string(), shown));
        }
        assert_eq!(
            hubs.current(),
            Some("http://desk:secret@a/x"),
            "none has answered: it is the first one's turn"
        );
        let urls: Vec<_> = seen.iter().map(|(url, _)| url.as_str()).collect();
        assert_eq!(
            urls,
            ["http://a/x/events?limit=1", "http://b/y/events?limit=1", "http://c/events?limit=1"]
        );
        assert!(seen[0].1.is_some() && seen[1].1.is_none() && seen[2].1.is_some() && seen[0].1 != seen[2].1);
    }
}
