//! The one error body. Every answer of status 400 and above has it, also where no endpoint was reached.

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

use crate::{log::LogError, notification::InvalidNotification};

/// What went wrong.
#[derive(Clone, Debug, Object, Serialize, Deserialize)]
pub(super) struct Problem {
    /// For programs: a word that stays the same from version to version.
    pub(super) code: String,
    /// For people: what was wrong and what would be right.
    pub(super) message: String,
}

impl Problem {
    pub(super) fn new(code: &str, message: impl Into<String>) -> Json<Self> {
        Json(Problem { code: code.to_owned(), message: message.into() })
    }

    fn storage(error: &LogError) -> Json<Self> {
        match error {
            LogError::Storage(_) => Self::new("storage_unavailable", format!("{error}; nothing was changed")),
            LogError::Closed => Self::new("stopping", "the hub is stopping; try again in a few seconds"),
        }
    }
}

/// Why a post is refused.
#[derive(ApiResponse)]
pub(super) enum PublishError {
    /// The body is not JSON, or not a notification within its limits.
    #[oai(status = 400)]
    Invalid(Json<Problem>),
    /// The body is larger than any notification can be.
    #[oai(status = 413)]
    #[expect(dead_code, reason = "answered before the endpoint is reached; declared for the specification")]
    TooLarge(Json<Problem>),
    /// The body is not declared to be JSON.
    #[oai(status = 415)]
    #[expect(dead_code, reason = "answered before the endpoint is reached; declared for the specification")]
    NotJson(Json<Problem>),
    /// The notification could not be stored; nothing was changed.
    #[oai(status = 503)]
    Unavailable(Json<Problem>),
}

impl From<InvalidNotification> for PublishError {
    fn from(error: InvalidNotification) -> Self {
        PublishError::Invalid(Problem::new("invalid_notification", error.to_string()))
    }
}

impl From<LogError> for PublishError {
    fn from(error: LogError) -> Self {
        PublishError::Unavailable(Problem::storage(&error))
    }
}

/// Why a list is refused.
#[derive(ApiResponse)]
pub(super) enum ListError {
    /// A parameter is not what it should be.
    #[oai(status = 400)]
    Invalid(Json<Problem>),
}

/// Why one notification cannot be had.
#[derive(ApiResponse)]
pub(super) enum FindError {
    /// The id is not a UUID.
    #[oai(status = 400)]
    #[expect(dead_code, reason = "answered before the endpoint is reached; declared for the specification")]
    Invalid(Json<Problem>),
    /// No notification with this id is stored.
    #[oai(status = 404)]
    NotFound(Json<Problem>),
}

/// Why one notification cannot be deleted.
#[derive(ApiResponse)]
pub(super) enum DeleteError {
    /// The id is not a UUID.
    #[oai(status = 400)]
    #[expect(dead_code, reason = "answered before the endpoint is reached; declared for the specification")]
    Invalid(Json<Problem>),
    /// No notification with this id is stored.
    #[oai(status = 404)]
    NotFound(Json<Problem>),
    /// The storage failed; nothing was changed.
    #[oai(status = 503)]
    Unavailable(Json<Problem>),
}

impl From<LogError> for DeleteError {
    fn from(error: LogError) -> Self {
        DeleteError::Unavailable(Problem::storage(&error))
    }
}

/// Why notifications cannot be cleared.
#[derive(ApiResponse)]
pub(super) enum ClearError {
    /// The storage failed; nothing was changed.
    #[oai(status = 503)]
    Unavailable(Json<Problem>),
}

impl From<LogError> for ClearError {
    fn from(error: LogError) -> Self {
        ClearError::Unavailable(Problem::storage(&error))
    }
}

/// An answer with the one error body.
pub fn problem(status: StatusCode, code: &str, message: impl Into<String>) -> Response {
    Problem::new(code, message).with_status(status).into_response()
}

/// The answer to a request that no endpoint took.
pub(super) fn of_error(error: poem::Error, path: &str) -> Response {
    let status = error.status();
    if error.is::<NotFoundError>() {
        let message = format!("there is nothing at {path}; GET /docs shows what there is");
        return problem(status, "not_found", message);
    }
    if error.is::<MethodNotAllowedError>() {
        return problem(
            status,
            "method_not_allowed",
            format!("{path} does not take this method; GET /docs shows what it takes"),
        );
    }
    if error.is::<ContentTypeError>() {
        return problem(
            status,
            "not_json",
            "send the body as JSON, with the header `Content-Type: application/json`",
        );
    }
    if let Some(error) = error.downcast_ref::<ParseRequestPayloadError>() {
        return problem(status, "invalid_body", error.reason.as_str());
    }
    if let Some(error) = error.downcast_ref::<ParseParamError>() {
        return problem(status, "invalid_parameter", format!("`{}`: {}", error.name, error.reason));
    }
    if let Some(error) = error.downcast_ref::<ParsePathError>() {
        return problem(status, "invalid_parameter", format!("{path}: {}", error.reason));
    }
    let code = match status {
        status if status.is_client_error() => "bad_request",
        _ => "internal_error",
    };
    if status.is_server_error() {
        tracing::error!(%error, path, "a request failed");
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
        response => problem(response.status(), code, format!("{path}: {status}")),
    }
}
