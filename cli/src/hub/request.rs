//! Asking the hub with patience: under one idempotency key, so that however often it is tried, it is done once.

use std::time::{Duration, Instant};

use notifyhub_sdk::{
    Client, Error,
    foreign::{FOREIGN_ANSWER, asks_for_password},
    retry::{Backoff, is_temporary, retry_after},
    types,
};

use super::delivery::{Delivery, Done};

/// How long one attempt may take.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
/// The pauses between attempts.
const BACKOFF: Backoff = Backoff { first: Duration::from_millis(200), longest: Duration::from_secs(2) };

/// Why it was not done.
#[derive(Debug)]
pub(crate) enum RequestError {
    /// The hub says what is wrong with it.
    Refused(String),
    /// It takes a token, and got none or a wrong one.
    Unauthorized(String),
    /// What stands before it asks for a user and a password.
    LoginRequired,
    /// Its certificate is not trusted.
    Untrusted(String),
    /// Something else answers there.
    NotAHub(String),
    /// Nothing answers: nothing was sent.
    Unreachable(String),
    /// It was sent, in part at least, and there is no answer.
    Broken(String),
    /// The hub, or what stands before it, answers that it cannot.
    Failing(String),
}

impl RequestError {
    /// Whether the hub may have done it nevertheless.
    pub(crate) fn may_be_done(&self) -> bool {
        matches!(self, RequestError::Broken(_) | RequestError::Failing(_))
    }

    /// What happened at this address, and what to do about it.
    pub(crate) fn told(&self, address: &str) -> String {
        match self {
            RequestError::Refused(reason) => format!("the hub refused the notification: {reason}"),
            RequestError::Unauthorized(reason) => {
                format!("the hub at {address} refused it: {reason} (here: --token, or NOTIFYHUB_TOKEN)")
            }
            RequestError::LoginRequired => format!(
                "not sent: at {address} a user and a password are asked for before the hub is reached. Write the right \
                 ones into the address: --url https://USER:PASSWORD@…, or NOTIFYHUB_URL"
            ),
            RequestError::Untrusted(reason) => format!(
                "not sent: the certificate of {address} is not trusted ({reason}). If the hub made its own, name that \
                 with --ca-cert: notifyhub.tls.pem in its data directory"
            ),
            RequestError::NotAHub(found) => format!(
                "{address} does not look like a NotifyHub: {found}. Name the right one with --url or --port"
            ),
            RequestError::Unreachable(reason) | RequestError::Broken(reason) => format!(
                "not sent: {reason} at {address}. Is the hub running? Start it with `notifyhub-server`, or name \
                 another with --url, --host or --port"
            ),
            RequestError::Failing(reason) => {
                format!("not sent: the hub at {address} has trouble: {reason}")
            }
        }
    }
}

/// Whether trying again may help, and when.
enum Attempt {
    Later(RequestError, Option<Duration>),
    Never(RequestError),
}

/// How long to keep trying.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// After so long it is given up.
    pub(crate) total: Duration,
    /// Whether what failed is tried again.
    pub(crate) again: bool,
}

impl Patience {
    /// One attempt, of at most this length.
    pub(crate) fn once(total: Duration) -> Self {
        Patience { total, again: false }
    }

    /// As many attempts as there is time for.
    pub(crate) fn for_as_long_as(total: Duration) -> Self {
        Patience { total, again: true }
    }
}

/// Sends until it is done, refused, or the patience is at its end. `say_waiting` is told once why it takes longer.
pub(crate) async fn deliver(
    hub: &Client,
    delivery: &Delivery,
    patience: Patience,
    say_waiting: impl Fn(&str),
) -> Result<Done, RequestError> {
    let started = Instant::now();
    let mut failures = 0;
    loop {
        // At least a moment for the first attempt, and no attempt longer than what is left.
        let left = patience
            .total
            .saturating_sub(started.elapsed())
            .max(Duration::from_millis(u64::from(failures == 0)));
        let (error, asked) = match tokio::time::timeout(ATTEMPT_TIMEOUT.min(left), delivery.send(hub)).await {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(error)) => match classify(error) {
                Attempt::Later(error, asked) => (error, asked),
                Attempt::Never(error) => return Err(error),
            },
            Err(_) => (RequestError::Broken("no answer came in time".into()), None),
        };
        failures += 1;
        let left = patience.total.saturating_sub(started.elapsed());
        if left.is_zero() || !patience.again {
            return Err(error);
        }
        if failures == 1
            && let RequestError::Unreachable(reason)
            | RequestError::Broken(reason)
            | RequestError::Failing(reason) = &error
        {
            say_waiting(reason);
        }
        tokio::time::sleep(BACKOFF.delay(failures).max(asked.unwrap_or_default()).min(left)).await;
        // What is known of the last attempt says more than one that there is no time for.
        if started.elapsed() >= patience.total {
            return Err(error);
        }
    }
}

fn classify(error: Error<types::ErrorBody>) -> Attempt {
    match error {
        Error::CommunicationError(error) => {
            // That does not pass by itself.
            let cause = root_cause(&error);
            if error.is_connect() && cause.contains("certificate") {
                return Attempt::Never(RequestError::Untrusted(cause));
            }
            // TLS was asked for, and what came is none.
            if error.is_connect() && cause.contains("InvalidContentType") {
                let found = "it does not encrypt: the address begins with http:// rather than https://";
                return Attempt::Never(RequestError::NotAHub(found.into()));
            }
            let error = if error.is_connect() {
                RequestError::Unreachable(format!("nothing answers ({cause})"))
            } else {
                RequestError::Broken(format!("the connection broke ({cause})"))
            };
            Attempt::Later(error, None)
        }
        // The answer was cut. If it was a 201, the same key gives it again.
        Error::ResponseBodyError(_) => {
            Attempt::Later(RequestError::Broken("the connection broke".into()), None)
        }
        Error::ErrorResponse(response) => {
            let (status, message) = (response.status(), response.message.clone());
            if is_temporary(status) {
                Attempt::Later(RequestError::Failing(message), retry_after(response.headers()))
            } else if status.as_u16() == 413 {
                // A proxy says that too.
                Attempt::Never(RequestError::Refused(message))
            } else if response.code == FOREIGN_ANSWER && asks_for_password(response.headers()) {
                Attempt::Never(RequestError::LoginRequired)
            } else if response.code == FOREIGN_ANSWER {
                Attempt::Never(RequestError::NotAHub(message))
            } else if status.as_u16() == 401 {
                Attempt::Never(RequestError::Unauthorized(message))
            } else {
                Attempt::Never(RequestError::Refused(message))
            }
        }
        Error::UnexpectedResponse(response) => {
            let status = response.status();
            let answered = format!("it answered with status {status}");
            if is_temporary(status) {
                Attempt::Later(RequestError::Failing(answered), retry_after(response.headers()))
            } else {
                Attempt::Never(RequestError::NotAHub(answered))
            }
        }
        _ => Attempt::Never(RequestError::NotAHub("its answer is not a notification".into())),
    }
}

/// The innermost reason: the outer ones only say that a request failed.
fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
