//! `/api/notify`: the earlier hub's way to post, kept for those who already use it.

use chrono::{DateTime, Utc};
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
struct NotifyRequestBody {
    /// The text, 1 to 4096 characters.
    #[oai(validator(min_length = 1, max_length = 4096))]
    message: String,
    /// When it happened, RFC 3339. Without it, the time of arrival counts.
    #[serde(default)]
    #[oai(nullable)]
    timestamp: Option<DateTime<Utc>>,
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
        let NotifyRequest::Json(JsonBody(NotifyRequestBody { message, timestamp })) = body;
        let new = NewNotification { message, timestamp, ..NewNotification::default() };
        let published = self.shared.feed.publish(new.check()?, idempotency_key(request)?).await?;
        Ok(Json(NotifyResponseBody { success: true, id: published.id }))
    }
}
