//! The one error type: every operation fails with it, so that every status is in the specification, and every answer of
//! status 400 and above has the one error body, also where no operation was reached.

use std::time::Duration;

use poem::{
    IntoResponse, Response,
    error::{MethodNotAllowedError, NotFoundError},
    http::StatusCode,
};
use poem_openapi::{
    ApiResponse, Object,
    error::{ContentTypeError, ParseParamError, ParsePathError, ParseRequestPayloadError},
    payload::Json,
};
use serde::{Deserialize, Serialize};

use super::middleware::token;
use crate::{
    feed::{AppendError, Busy, RemoveError},
    notification::InvalidNotification,
    web_push::ChangeError,
};

/// After how many seconds to come back when the hub is busy or its storage fails.
const RETRY_AFTER_S: u64 = 2;

const TOO_MANY_POSTS: &str =
    "this address publishes more often than the hub allows (--publish-rate); nothing was changed";

fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

/// What went wrong.
#[derive(Clone, Debug, Object, Serialize, Deserialize)]
pub(super) struct ErrorBody {
    /// For programs: a word that stays the same from version to version.
    pub(super) code: String,
    /// For people: what was wrong and what would be right.
    pub(super) message: String,
}

impl ErrorBody {
    pub(super) fn new(code: &str, message: impl Into<String>) -> Json<Self> {
        Json(ErrorBody { code: code.to_owned(), message: message.into() })
    }
}

/// Why an operation did not do what was asked.
#[derive(ApiResponse)]
pub(super) enum ApiError {
    /// The request is not what it should be: a parameter, a header or the body.
    #[oai(status = 400)]
    Invalid(Json<ErrorBody>),
    /// This hub takes a publish token for what changes something, and the request shows none or a wrong one.
    #[oai(status = 401)]
    Unauthorized(
        Json<ErrorBody>,
        /// What to show (RFC 6750, section 3).
        #[oai(header = "WWW-Authenticate")]
        String,
    ),
    /// A page of another site asks, and the hub was not told to let it (`--cors-origin`).
    #[oai(status = 403)]
    Forbidden(Json<ErrorBody>),
    /// There is no such thing (any more).
    #[oai(status = 404)]
    NotFound(Json<ErrorBody>),
    /// The body did not arrive in time.
    #[oai(status = 408)]
    Timeout(Json<ErrorBody>),
    /// The body is larger than any request can be.
    #[oai(status = 413)]
    TooLarge(Json<ErrorBody>),
    /// The body is not declared to be plain JSON.
    #[oai(status = 415)]
    NotJson(Json<ErrorBody>),
    /// The request is for a host that this hub does not go by (`--allowed-host`).
    #[oai(status = 421)]
    Misdirected(Json<ErrorBody>),
    /// The idempotency key was used before, for another content.
    #[oai(status = 422)]
    KeyReused(Json<ErrorBody>),
    /// This address publishes more often than the hub allows (`--publish-rate`), or has shown too many wrong publish
    /// tokens; nothing was changed.
    #[oai(status = 429)]
    TooMany(
        Json<ErrorBody>,
        /// After how many seconds to come back.
        #[oai(header = "Retry-After")]
        u64,
    ),
    /// It cannot be done for now. Unless the code is `outcome_unknown`, nothing was changed.
    #[oai(status = 503)]
    Unavailable(
        Json<ErrorBody>,
        /// After how many seconds to come back.
        #[oai(header = "Retry-After")]
        u64,
    ),
}

impl ApiError {
    pub(super) fn invalid(code: &str, message: impl Into<String>) -> Self {
        ApiError::Invalid(ErrorBody::new(code, message))
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        ApiError::NotFound(ErrorBody::new("not_found", message))
    }

    pub(super) fn timeout(message: impl Into<String>) -> Self {
        ApiError::Timeout(ErrorBody::new("body_timeout", message))
    }

    pub(super) fn too_large(message: impl Into<String>) -> Self {
        ApiError::TooLarge(ErrorBody::new("body_too_large", message))
    }

    pub(super) fn unsupported(code: &str, message: impl Into<String>) -> Self {
        ApiError::NotJson(ErrorBody::new(code, message))
    }

    pub(super) fn of_token(refusal: token::Refusal) -> Self {
        let (code, message) = refusal.describe();
        ApiError::Unauthorized(ErrorBody::new(code, message), refusal.challenge().into())
    }

    pub(super) fn of_origin(origin: &str) -> Self {
        let message = format!(
            "the page of {origin:?} may not do this here; to let it, start the hub with --cors-origin; behind a proxy, \
             have it pass the `Host` header on"
        );
        ApiError::Forbidden(ErrorBody::new("foreign_origin", message))
    }

    pub(super) fn of_host(host: &str) -> Self {
        let message = format!(
            "this hub does not go by the name {host:?}; if it should, start it with --allowed-host and that name"
        );
        ApiError::Misdirected(ErrorBody::new("unknown_host", message))
    }

    pub(super) fn of_rate(wait: Duration) -> Self {
        ApiError::TooMany(ErrorBody::new("too_many_posts", TOO_MANY_POSTS), whole_seconds(wait))
    }

    pub(super) fn of_guesses(wait: Duration) -> Self {
        let message =
            "this address has shown too many wrong publish tokens and has to wait; nothing was changed";
        ApiError::TooMany(ErrorBody::new("too_many_tokens", message), whole_seconds(wait))
    }

    /// As [`ApiError::of_rate`] for senders that would lose the notification after a 429.
    pub(super) fn busy_for(wait: Duration) -> Self {
        ApiError::unavailable("too_many_posts", TOO_MANY_POSTS, whole_seconds(wait))
    }

    /// The status and the body, for senders that know other words for it.
    pub(super) fn parts(&self) -> (StatusCode, &ErrorBody) {
        match self {
            ApiError::Invalid(Json(body)) => (StatusCode::BAD_REQUEST, body),
            ApiError::Unauthorized(Json(body), _) => (StatusCode::UNAUTHORIZED, body),
            ApiError::Forbidden(Json(body)) => (StatusCode::FORBIDDEN, body),
            ApiError::NotFound(Json(body)) => (StatusCode::NOT_FOUND, body),
            ApiError::Timeout(Json(body)) => (StatusCode::REQUEST_TIMEOUT, body),
            ApiError::TooLarge(Json(body)) => (StatusCode::PAYLOAD_TOO_LARGE, body),
            ApiError::NotJson(Json(body)) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, body),
            ApiError::Misdirected(Json(body)) => (StatusCode::MISDIRECTED_REQUEST, body),
            ApiError::KeyReused(Json(body)) => (StatusCode::UNPROCESSABLE_ENTITY, body),
            ApiError::TooMany(Json(body), _) => (StatusCode::TOO_MANY_REQUESTS, body),
            ApiError::Unavailable(Json(body), _) => (StatusCode::SERVICE_UNAVAILABLE, body),
        }
    }

    pub(super) fn forbidden(code: &str, message: impl Into<String>) -> Self {
        ApiError::Forbidden(ErrorBody::new(code, message))
    }

    pub(super) fn unauthorized(code: &str, message: impl Into<String>) -> Self {
        let challenge = token::Refusal::Missing.challenge().into();
        ApiError::Unauthorized(ErrorBody::new(code, message), challenge)
    }

    pub(super) fn unavailable(code: &str, message: impl Into<String>, retry_after_s: u64) -> Self {
        ApiError::Unavailable(ErrorBody::new(code, message), retry_after_s)
    }
}

impl From<InvalidNotification> for ApiError {
    fn from(error: InvalidNotification) -> Self {
        ApiError::invalid("invalid_notification", error.to_string())
    }
}

impl From<AppendError> for ApiError {
    fn from(error: AppendError) -> Self {
        let unavailable = |code, message: String| ApiError::unavailable(code, message, RETRY_AFTER_S);
        match error {
            AppendError::Rejected(_) | AppendError::Unavailable { .. } => {
                unavailable("storage_unavailable", format!("{error}; nothing was changed"))
            }
            AppendError::Unknown(_) => unavailable(
                "outcome_unknown",
                format!("{error}; with an Idempotency-Key it can be posted again without being there twice"),
            ),
            AppendError::KeyReused => ApiError::KeyReused(ErrorBody::new(
                "idempotency_key_reused",
                format!("{error}; make up another key for each post, best a UUID"),
            )),
            AppendError::Closed => {
                unavailable("stopping", "the hub is stopping; try again in a few seconds".into())
            }
        }
    }
}

impl From<Busy> for ApiError {
    fn from(busy: Busy) -> Self {
        ApiError::unavailable("busy", format!("{busy}; try again in a few seconds"), RETRY_AFTER_S)
    }
}

impl From<ChangeError> for ApiError {
    fn from(error: ChangeError) -> Self {
        let message = format!("{error}; nothing was changed");
        match error {
            ChangeError::Invalid(invalid) => ApiError::invalid("invalid_subscription", invalid.to_string()),
            ChangeError::TooMany => ApiError::unavailable("too_many_subscriptions", message, 3600),
            ChangeError::Storage(_) => ApiError::unavailable("storage_unavailable", message, RETRY_AFTER_S),
        }
    }
}

impl From<RemoveError> for ApiError {
    fn from(error: RemoveError) -> Self {
        match error {
            RemoveError::Busy(busy) => busy.into(),
            RemoveError::Append(error) => error.into(),
        }
    }
}

/// An answer with the one error body.
pub(super) fn response(status: StatusCode, code: &str, message: impl Into<String>) -> Response {
    ErrorBody::new(code, message).with_status(status).into_response()
}

/// The code of an error whose body is in another's words.
#[derive(Clone)]
pub(super) struct Code(pub(super) String);

/// The code that an answer of status 400 and above carries.
pub(super) async fn code_of(response: &mut Response) -> String {
    if let Some(Code(code)) = response.extensions().get() {
        return code.clone();
    }
    let body = response.take_body().into_bytes().await.unwrap_or_default();
    let code = serde_json::from_slice(&body).map(|ErrorBody { code, .. }| code);
    response.set_body(body);
    code.unwrap_or_else(|_| "other".into())
}

/// The answer to a request that no endpoint took.
pub(super) fn of_error(error: poem::Error, path: &str, request_id: &str) -> Response {
    let status = error.status();
    if error.is::<NotFoundError>() {
        let message = format!("there is nothing at {path}; GET /docs shows what there is");
        return response(status, "not_found", message);
    }
    if error.is::<MethodNotAllowedError>() {
        return response(
            status,
            "method_not_allowed",
            format!("{path} does not take this method; GET /docs shows what it takes"),
        );
    }
    if error.is::<ContentTypeError>() {
        return response(
            status,
            "not_json",
            "send the body as JSON, with the header `Content-Type: application/json`",
        );
    }
    if let Some(error) = error.downcast_ref::<ParseRequestPayloadError>() {
        return response(status, "invalid_body", error.reason.as_str());
    }
    if let Some(error) = error.downcast_ref::<ParseParamError>() {
        return response(status, "invalid_parameter", format!("`{}`: {}", error.name, error.reason));
    }
    if let Some(error) = error.downcast_ref::<ParsePathError>() {
        return response(status, "invalid_parameter", format!("{path}: {}", error.reason));
    }
    let code = match status {
        status if status.is_client_error() => "bad_request",
        _ => "internal_error",
    };
    if status == StatusCode::INTERNAL_SERVER_ERROR {
        tracing::error!(request_id, %error, path, "a request failed");
    }
    match error.into_response() {
        // An answer that an endpoint declared; it has the error body already.
        response
            if response
                .content_type()
                .is_some_and(|content_type| content_type.starts_with("application/json")) =>
        {
            response
        }
        other => response(other.status(), code, format!("{path}: {status}")),
    }
}
