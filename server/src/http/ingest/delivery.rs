//! A request of another program is read, mapped by the adapters, and carried out.

use notifyhub_adapters::{Dialect, Foreign, Refusal};
use poem::{
    Request,
    http::{HeaderValue, uri::Uri},
};
use tokio::sync::Semaphore;

use super::{
    gotify::Numbers,
    inlet::{Inlet, Protocol},
    signature,
};
use crate::http::{
    body::{self, MAX_BODY_BYTES, idempotency_key},
    context::Context,
    error::ApiError,
    outcome::{Done, carry_out},
};

/// The largest body that another program may send: GitHub's tell everything about a repository.
const MAX_FOREIGN_BODY_BYTES: usize = 1 << 20;

/// How many of those that are larger than our own requests are read at a time.
const LARGE_BODIES: usize = 16;

/// What sends a name for its request along, in the order in which they count.
const DELIVERY_IDS: [&str; 3] = ["X-GitHub-Delivery", "X-Gitea-Delivery", "X-Gitlab-Event-UUID"];

/// The inlets of a hub.
pub(in crate::http) struct Ingest {
    context: Context,
    large_bodies: Semaphore,
    pub(super) gotify_numbers: Numbers,
}

impl Ingest {
    pub(in crate::http) fn new(context: Context) -> Self {
        Ingest { context, large_bodies: Semaphore::new(LARGE_BODIES), gotify_numbers: Numbers::default() }
    }

    /// Does what a request asks for; the request is given back as it was read.
    pub(super) async fn deliver(&self, inlet: Inlet, request: Request) -> Result<(Done, Foreign), ApiError> {
        let (foreign, idempotency) = self.read(inlet, request).await?;
        let dialect = inlet.dialect.unwrap_or_else(|| Dialect::recognise(&foreign));
        if let (Some(secret), true) = (&self.context.guards.github_secret, dialect == Dialect::GitHub) {
            self.check_signature(secret.reveal(), &foreign)?;
        }
        if let Dialect::Agent(agent) = dialect {
            let mut event = agent.read(&foreign).map_err(|refusal| of_refusal(&refusal))?;
            event.delivery = idempotency;
            self.context.agents.take(event).await?;
            return Ok((Done::Nothing, foreign));
        }
        let outcome = dialect.map(&foreign).map_err(|refusal| of_refusal(&refusal))?;
        let done = carry_out(&self.context.feed, outcome, idempotency).await?;
        Ok((done, foreign))
    }

    /// A request as plain data, and its sender's name for it.
    async fn read(&self, inlet: Inlet, mut request: Request) -> Result<(Foreign, Option<String>), ApiError> {
        let body = request.take_body();
        let is_large = body::announced_len(&request).is_some_and(|length| length > MAX_BODY_BYTES as u64);
        let (_permit, max_bytes) = if is_large {
            let permit = self.large_bodies.try_acquire().map_err(|_| {
                ApiError::unavailable(
                    "busy",
                    "too many large requests at a time; try again in a few seconds",
                    2,
                )
            })?;
            (Some(permit), MAX_FOREIGN_BODY_BYTES)
        } else {
            (None, MAX_BODY_BYTES)
        };
        let body = body::read_up_to(max_bytes, &request, body).await?.to_vec();
        let headers =
            request.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text_of(value)));
        let foreign = Foreign {
            method: request.method().to_string(),
            path: path_of(inlet, request.uri()),
            query: request.uri().query().unwrap_or_default().to_owned(),
            headers: headers.collect(),
            body,
        };
        let named = DELIVERY_IDS.iter().find_map(|name| Some(format!("{name}:{}", foreign.header(name)?)));
        let idempotency = idempotency_key(&request)?.or(named.filter(|name| name.len() <= 255));
        Ok((foreign, idempotency))
    }

    /// What came with a token of the hub needs no signature; what is signed has to be signed right.
    fn check_signature(&self, secret: &str, foreign: &Foreign) -> Result<(), ApiError> {
        let is_signed = signature::is_signed(foreign);
        if signature::is_right(secret, foreign) || (!is_signed && self.context.guards.tokens.are_required()) {
            return Ok(());
        }
        Err(ApiError::unauthorized(
            "signature_wrong",
            "the webhook is not signed with the secret of this hub (--github-secret); nothing was changed",
        ))
    }
}

/// What ntfy's clients ask for is in the path; where another path leads to it, it is in the body.
fn path_of(inlet: Inlet, uri: &Uri) -> String {
    if inlet.protocol == Protocol::Ntfy { uri.path().to_owned() } else { "/".to_owned() }
}

/// Old clients send Latin-1.
fn text_of(value: &HeaderValue) -> String {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => text.to_owned(),
        Err(_) => value.as_bytes().iter().copied().map(char::from).collect(),
    }
}

fn of_refusal(refusal: &Refusal) -> ApiError {
    let code = match refusal {
        Refusal::NoText => "no_text",
        Refusal::Unreadable(_) => "invalid_body",
        Refusal::Topic => "invalid_topic",
        Refusal::Priority => "invalid_priority",
        Refusal::Undoable("email") => "no_email",
        Refusal::Undoable("call") => "no_call",
        Refusal::Undoable(_) => "no_delay",
    };
    ApiError::invalid(code, refusal.to_string())
}
