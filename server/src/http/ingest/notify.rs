//! `/api/notify`: the earlier hub's way to post, kept for those who already use it.

use chrono::{DateTime, Utc};
use notifyhub_adapters::{Dialect, Foreign, Note, Outcome};
use poem::Request;
use poem_openapi::{ApiRequest, Object, OpenApi, param::Header, payload::Json};
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    http::{
        body::{JsonBody, idempotency_key},
        context::{Shared, Tag},
        error::ApiError,
        middleware::token::PublishToken,
    },
    notification::NewNotification,
};

pub(in crate::http) struct NotifyApi {
    pub(in crate::http) shared: Shared,
}

/// The earlier hub's request.
#[derive(Object, Deserialize)]
#[serde(try_from = "serde_json::Value")]
struct NotifyRequestBody {
    /// The text, 1 to 4096 characters.
    #[oai(validator(min_length = 1, max_length = 4096))]
    message: String,
    /// When it happened, RFC 3339. Without it, the time of arrival counts.
    #[oai(nullable)]
    timestamp: Option<DateTime<Utc>>,
    /// What came in the shape that its own clients send, `{"data":{"message":"…","pwd":"/…"}}`.
    #[oai(skip)]
    of_client: Option<Box<Note>>,
}

#[derive(Deserialize)]
struct MessageAlone {
    message: String,
    #[serde(default)]
    timestamp: Option<DateTime<Utc>>,
}

impl TryFrom<serde_json::Value> for NotifyRequestBody {
    type Error = String;

    fn try_from(body: serde_json::Value) -> Result<Self, String> {
        if !body["data"].is_object() {
            let MessageAlone { message, timestamp } =
                serde_json::from_value(body).map_err(|error| error.to_string())?;
            return Ok(NotifyRequestBody { message, timestamp, of_client: None });
        }
        match Dialect::EarlierHub.map(&Foreign::of_json(body.to_string())) {
            Ok(Outcome::Post(note)) => Ok(NotifyRequestBody {
                message: note.message.clone(),
                timestamp: None,
                of_client: Some(note),
            }),
            Ok(_) => Err("there is nothing to post in it".into()),
            Err(refusal) => Err(refusal.to_string()),
        }
    }
}

#[derive(ApiRequest)]
enum NotifyRequest {
    Json(JsonBody<NotifyRequestBody>),
}

/// The earlier hub's answer.
#[derive(Object)]
struct NotifyResponseBody {
    /// Always `true`; everything else is an error.
    success: bool,
    /// The notification's id.
    id: Uuid,
}

#[OpenApi(tag = "Tag::Notifications")]
impl NotifyApi {
    /// Post a notification, as the earlier hub took it
    ///
    /// Kept for those who already use it. `POST /api/notifications` can do more.
    #[oai(path = "/api/notify", method = "post", operation_id = "notify")]
    async fn notify(
        &self,
        _token: PublishToken,
        request: &Request,
        /// A name for this post, 1 to 255 characters: made up by the poster, best a UUID.
        #[oai(name = "Idempotency-Key", validator(min_length = 1, max_length = 255))]
        _key: Header<Option<String>>,
        body: NotifyRequest,
    ) -> Result<Json<NotifyResponseBody>, ApiError> {
        let NotifyRequest::Json(JsonBody(NotifyRequestBody { message, timestamp, of_client })) = body;
        let new = match of_client {
            Some(note) => NewNotification::from(*note),
            None => NewNotification { message, timestamp, ..NewNotification::default() },
        };
        let published = self.shared.feed.publish(new.check()?, idempotency_key(request)?).await?;
        Ok(Json(NotifyResponseBody { success: true, id: published.id }))
    }
}
