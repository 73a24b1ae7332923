//! `/api/notifications`, and the earlier hub's `/api/notify`.

use std::time::Instant;

use chrono::{DateTime, Utc};
use poem_openapi::{
    ApiRequest, ApiResponse, Object, OpenApi,
    param::{Header, Path, Query},
    payload::Json,
};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    Shared, Tag,
    payload::{Encoded, JsonBody},
    problem::{ClearError, DeleteError, FindError, ListError, Problem, PublishError},
};
use crate::{
    feed::{Published, Status},
    history::{self, UnknownBefore},
    notification::{Level, NewNotification, Notification},
    page::names_etag,
};

/// The longest idempotency key, in characters.
const MAX_KEY_CHARS: usize = 255;

pub(super) struct NotificationsApi {
    pub(super) shared: Shared,
}

#[derive(ApiRequest)]
enum PublishRequest {
    Json(JsonBody<NewNotification>),
}

#[derive(ApiResponse)]
enum PublishResponse {
    /// The notification is stored and on its way to every subscriber.
    #[oai(status = 201)]
    Created(
        Encoded<Notification>,
        /// Where it can be had again.
        #[oai(header = "Location")]
        String,
        /// `true`: the idempotency key was used before; this is the notification it made then.
        #[oai(header = "Idempotency-Replayed")]
        Option<bool>,
    ),
}

/// The earlier hub's request.
#[derive(Object, Deserialize)]
struct NotifyRequestBody {
    /// The text, 1 to 4096 characters.
    #[oai(validator(min_length = 1, max_length = 4096))]
    message: String,
    /// When it happened, RFC 3339. Without it, the time of arrival counts.
    #[serde(default)]
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

#[derive(ApiResponse)]
enum ListResponse {
    /// Notifications, newest first.
    #[oai(status = 200)]
    Ok(
        Encoded<Vec<Notification>>,
        /// Changes with each change of the feed: send it back as `If-None-Match`.
        #[oai(header = "ETag")]
        String,
        /// Ask each time: the list may have changed.
        #[oai(header = "Cache-Control")]
        String,
    ),
    /// Nothing has changed since the answer with this `ETag`.
    #[oai(status = 304)]
    NotModified(
        /// The same one.
        #[oai(header = "ETag")]
        String,
    ),
}

#[derive(ApiResponse)]
enum FindResponse {
    /// The notification.
    #[oai(status = 200)]
    Ok(Encoded<Notification>),
}

#[derive(ApiResponse)]
enum DeleteResponse {
    /// It is deleted, and every subscriber is told.
    #[oai(status = 204)]
    Deleted,
}

#[derive(ApiResponse)]
enum ClearResponse {
    /// All are deleted, and every subscriber is told.
    #[oai(status = 204)]
    Cleared,
}

impl NotificationsApi {
    async fn store(&self, new: NewNotification, key: Option<String>) -> Result<Published, PublishError> {
        let context = &*self.shared;
        let notification = new.accept(Utc::now())?;
        let started = Instant::now();
        let published = context.feed.publish(notification, key).await?;
        if published.repeated {
            context.metrics.repeated.inc();
        } else {
            context.metrics.published.inc();
            context.metrics.publish_seconds.observe(started.elapsed().as_secs_f64());
        }
        Ok(published)
    }
}

#[expect(clippy::unused_async, reason = "every endpoint is async to poem-openapi")]
#[OpenApi(tag = "Tag::Notifications")]
impl NotificationsApi {
    /// Post a notification
    ///
    /// It is stored first and then sent to every subscriber; the answer comes after both. With an
    /// `Idempotency-Key` a post can safely be repeated: for 24 hours the same key gives the first answer
    /// again, and nothing new is stored or sent.
    #[oai(path = "/api/notifications", method = "post", operation_id = "publish")]
    async fn publish(
        &self,
        /// A name for this post, 1 to 255 characters: made up by the poster, best a UUID.
        #[oai(name = "Idempotency-Key", validator(min_length = 1, max_length = 255))]
        key: Header<Option<String>>,
        request: PublishRequest,
    ) -> Result<PublishResponse, PublishError> {
        let PublishRequest::Json(JsonBody(new)) = request;
        if let Some(key) = &key.0
            && !(1..=MAX_KEY_CHARS).contains(&key.chars().count())
        {
            let message = format!("`Idempotency-Key` must have 1 to {MAX_KEY_CHARS} characters");
            return Err(PublishError::Invalid(Problem::new("invalid_parameter", message)));
        }
        let Published { json, repeated } = self.store(new, key.0).await?;
        let location = format!("/api/notifications/{}", id_of(&json));
        Ok(PublishResponse::Created(Encoded::new(json), location, repeated.then_some(true)))
    }

    /// Post a notification, as the earlier hub took it
    ///
    /// Kept for those who already use it. `POST /api/notifications` can do more.
    #[oai(path = "/api/notify", method = "post", operation_id = "notify")]
    async fn notify(&self, request: NotifyRequest) -> Result<Json<NotifyResponseBody>, PublishError> {
        let NotifyRequest::Json(JsonBody(NotifyRequestBody { message, timestamp })) = request;
        let new = NewNotification { message, timestamp, ..NewNotification::default() };
        let published = self.store(new, None).await?;
        Ok(Json(NotifyResponseBody { success: true, id: id_of(&published.json) }))
    }

    /// List notifications, newest first
    ///
    /// Without parameters: all that are stored, at most 1000 in one answer. To get older ones, pass the id of
    /// the last one as `before`. The filters can be combined.
    #[oai(path = "/api/notifications", method = "get", operation_id = "list")]
    async fn list(
        &self,
        /// The most to return.
        #[oai(validator(maximum(value = "1000")))]
        limit: Query<Option<u16>>,
        /// Only those older than the one with this id.
        before: Query<Option<Uuid>>,
        /// Only those whose message, title or tags contain this text, whatever the case.
        q: Query<Option<String>>,
        /// Only those of this level.
        level: Query<Option<Level>>,
        /// Only those with exactly this tag.
        tag: Query<Option<String>>,
        /// The `ETag` of an earlier answer: 304 if nothing has changed since.
        #[oai(name = "If-None-Match")]
        known: Header<Option<String>>,
    ) -> Result<ListResponse, ListError> {
        let query = history::Query {
            limit: limit.0.map(usize::from),
            before: before.0,
            text: q.0.filter(|text| !text.is_empty()),
            level: level.0,
            tag: tag.0.filter(|tag| !tag.is_empty()),
        };
        let feed = &self.shared.feed;
        // Before the list: a tag that is older than its list costs a poller one answer, one that is newer a change.
        let etag = etag(&feed.status());
        if known.0.is_some_and(|known| names_etag(known.as_bytes(), &etag)) {
            return Ok(ListResponse::NotModified(etag));
        }
        match feed.list(&query) {
            Ok(json) => Ok(ListResponse::Ok(Encoded::new(json), etag, "no-cache".into())),
            Err(UnknownBefore) => {
                let message =
                    "`before` must be the id of a stored notification; this one is not stored (any more)";
                Err(ListError::Invalid(Problem::new("unknown_before", message)))
            }
        }
    }

    /// Get one notification
    #[oai(path = "/api/notifications/:id", method = "get", operation_id = "get")]
    async fn get(
        &self,
        /// The notification's id.
        id: Path<Uuid>,
    ) -> Result<FindResponse, FindError> {
        let json = self.shared.feed.get(id.0);
        json.map(|json| FindResponse::Ok(Encoded::new(json)))
            .ok_or_else(|| FindError::NotFound(not_stored(id.0)))
    }

    /// Delete one notification
    #[oai(path = "/api/notifications/:id", method = "delete", operation_id = "delete")]
    async fn delete(
        &self,
        /// The notification's id.
        id: Path<Uuid>,
    ) -> Result<DeleteResponse, DeleteError> {
        if self.shared.feed.delete(id.0).await? {
            Ok(DeleteResponse::Deleted)
        } else {
            Err(DeleteError::NotFound(not_stored(id.0)))
        }
    }

    /// Delete all notifications
    #[oai(path = "/api/notifications", method = "delete", operation_id = "clear")]
    async fn clear(&self) -> Result<ClearResponse, ClearError> {
        self.shared.feed.clear().await?;
        Ok(ClearResponse::Cleared)
    }
}

/// The number that is stored belongs to it: a restart with another `--max-notifications` changes the list
/// without an event.
fn etag(status: &Status) -> String {
    format!("\"{}.{}\"", status.latest_id, status.stored)
}

fn not_stored(id: Uuid) -> Json<Problem> {
    Problem::new("not_found", format!("no notification with the id {id} is stored"))
}

fn id_of(json: &[u8]) -> Uuid {
    #[derive(Deserialize)]
    struct Id {
        id: Uuid,
    }
    serde_json::from_slice::<Id>(json).expect("every encoded notification has an id").id
}
