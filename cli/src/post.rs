//! Posting with patience: under one idempotency key, so that however often it is tried, it is posted once.

use std::time::{Duration, Instant};

use notifyhub_sdk::{Client, Error, types};

/// How long one attempt may take.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
/// The first and the longest pause between attempts.
const PAUSES: std::ops::RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(2);

/// Why a notification was not posted.
#[derive(Debug)]
pub(crate) enum PostError {
    /// The hub says what is wrong with it.
    Refused(String),
    /// Something else answers there.
    NotAHub(String),
    /// Nothing answers.
    Unreachable(String),
    /// The hub answers that it cannot.
    Failing(String),
}

/// Posts until it is done, refused, or `patience` is at its end. `say_waiting` is told once why it takes longer.
pub(crate) async fn post(
    hub: &Client,
    notification: &types::NewNotification,
    patience: Duration,
    say_waiting: impl Fn(&str),
) -> Result<types::Notification, PostError> {
    let key = uuid::Uuid::new_v4().to_string();
    let deadline = Instant::now() + patience;
    let mut pause = *PAUSES.start();
    let mut is_first = true;
    loop {
        let attempt = hub.publish().idempotency_key(key.as_str()).body(notification.clone()).send();
        let error = match tokio::time::timeout(ATTEMPT_TIMEOUT, attempt).await {
            Ok(Ok(stored)) => return Ok(stored.into_inner()),
            Ok(Err(error)) => classify(error)?,
            Err(_) => PostError::Unreachable("no answer came in time".into()),
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(error);
        }
        if std::mem::take(&mut is_first)
            && let PostError::Unreachable(reason) | PostError::Failing(reason) = &error
        {
            say_waiting(reason);
        }
        tokio::time::sleep(pause.mul_f64(0.5 + fastrand::f64() / 2.0).min(left)).await;
        pause = (pause * 2).min(*PAUSES.end());
    }
}

/// `Ok`: worth another try. `Err`: trying again changes nothing.
fn classify(error: Error<types::Problem>) -> Result<PostError, PostError> {
    match error {
        Error::CommunicationError(error) if error.is_connect() => {
            Ok(PostError::Unreachable("nothing answers".into()))
        }
        Error::CommunicationError(_) => Ok(PostError::Unreachable("the connection broke".into())),
        Error::ErrorResponse(response) if response.status().is_client_error() => {
            Err(PostError::Refused(response.message.clone()))
        }
        Error::ErrorResponse(response) => Ok(PostError::Failing(response.message.clone())),
        Error::UnexpectedResponse(response) if response.status().is_server_error() => {
            Ok(PostError::Failing(format!("it answered with status {}", response.status())))
        }
        Error::UnexpectedResponse(response) => {
            Err(PostError::NotAHub(format!("it answered with status {}", response.status())))
        }
        _ => Err(PostError::NotAHub("its answer is not a notification".into())),
    }
}
