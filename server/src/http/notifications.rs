//! `/api/notifications`.

use chrono::{DateTime, Utc};
use poem::Request;
use poem_openapi::{
    ApiRequest, ApiResponse, Object, OpenApi,
    param::{Header, Path, Query},
    payload::Json,
};
use serde::{Deserialize, Deserializer};
use uuid::Uuid;

use super::{
    body::{Encoded, EncodedList, JsonBody, idempotency_key},
    conditional::names_etag,
    context::{Shared, Tag},
    error::ApiError,
    filters::FilterParameters,
    middleware::token::PublishToken,
};
use crate::{
    feed::{self, Published, Status},
    notification::{Level, NewNotification, Notification, Revision, State},
};

/// Caches ask each time: the list may have changed.
const CACHE_CONTROL: &str = "no-cache";

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
        /// Where it can be had again, relative to the address that was posted to.
        #[oai(header = "Location")]
        String,
        /// `true`: the idempotency key was used before; this is the notification it made then.
        #[oai(header = "Idempotency-Replayed")]
        Option<bool>,
    ),
}

/// What to change; a field that is left out stays as it is.
#[derive(Object, Deserialize)]
#[oai(example)]
#[serde(deny_unknown_fields)]
struct RevisionBody {
    /// Whether it is settled: `true` closes what waits or runs, and says that a failure is dealt with.
    #[serde(default, deserialize_with = "not_null")]
    resolved: Option<bool>,
    /// Until when it should not ask for attention, RFC 3339; `null`: it should again.
    #[serde(default, deserialize_with = "present")]
    #[oai(nullable)]
    #[expect(
        clippy::option_option,
        reason = "a field that is left out is another thing than one that is null"
    )]
    snoozed_until: Option<Option<DateTime<Utc>>>,
}

impl poem_openapi::types::Example for RevisionBody {
    fn example() -> Self {
        RevisionBody { resolved: Some(true), snoozed_until: None }
    }
}

/// Tells a field that is `null` from one that is left out.
#[expect(clippy::option_option, reason = "see the field")]
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<DateTime<Utc>>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// `null` is neither of the two answers.
fn not_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    bool::deserialize(deserializer).map(Some)
}

#[derive(ApiRequest)]
enum RevisionRequest {
    Json(JsonBody<RevisionBody>),
}

/// How much was removed.
#[derive(Object)]
pub(super) struct Removed {
    /// How many notifications.
    pub(super) removed: u64,
}

#[derive(ApiResponse)]
enum ListResponse {
    /// Notifications, newest first.
    #[oai(status = 200)]
    Ok(
        EncodedList<Notification>,
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
        /// The same as with status 200.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

#[derive(ApiResponse)]
enum NotificationResponse {
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

#[OpenApi(tag = "Tag::Notifications")]
impl NotificationsApi {
    /// Post a notification
    ///
    /// It is stored first and then sent to every subscriber; the answer comes after both. What is open under the same
    /// `key` is removed with it. With an `Idempotency-Key` a post can safely be repeated: for 24 hours the same key
    /// with the same content gives the first answer again, and nothing new is stored or sent.
    #[oai(path = "/api/notifications", method = "post", operation_id = "publish")]
    async fn publish(
        &self,
        _token: PublishToken,
        request: &Request,
        /// A name for this post, 1 to 255 characters: made up by the poster, best a UUID.
        #[oai(name = "Idempotency-Key", validator(min_length = 1, max_length = 255))]
        _key: Header<Option<String>>,
        body: PublishRequest,
    ) -> Result<PublishResponse, ApiError> {
        let PublishRequest::Json(JsonBody(new)) = body;
        let Published { json, id, replayed } =
            self.shared.feed.publish(new.check()?, idempotency_key(request)?).await?;
        // Relative to the address that was posted to: a proxy may have given the hub another path.
        let location = format!("notifications/{id}");
        Ok(PublishResponse::Created(Encoded::new(json), location, replayed.then_some(true)))
    }

    /// List notifications, newest first
    ///
    /// Without parameters: all that are stored, at most 1000 in one answer. To get older ones, pass the id of
    /// the last one as `before`; it may be gone meanwhile. Values of one parameter are alternatives, parameters combine.
    #[oai(path = "/api/notifications", method = "get", operation_id = "list")]
    #[expect(clippy::too_many_arguments, reason = "each is a parameter of the operation")]
    async fn list(
        &self,
        /// The most to return.
        #[oai(validator(minimum(value = "0"), maximum(value = "1000")))]
        limit: Query<Option<u16>>,
        /// Only those older than the one with this id is or was.
        before: Query<Option<Uuid>>,
        /// Only those with all of these words in message, title, link, source, actor or tags, whatever the case; words
        /// in double quotes have to stand together.
        q: Query<Option<String>>,
        /// Only those of this level.
        #[oai(default)]
        level: Query<Vec<Level>>,
        /// Only those with exactly this tag; with `-` before it, those without.
        #[oai(default)]
        tag: Query<Vec<String>>,
        /// Only those about this source.
        #[oai(default)]
        source: Query<Vec<String>>,
        /// Only those from this actor.
        #[oai(default)]
        actor: Query<Vec<String>>,
        /// Only those in this state.
        #[oai(default)]
        state: Query<Vec<State>>,
        /// Only those of this key.
        #[oai(default)]
        key: Query<Vec<String>>,
        /// Only those that are open, or only those that are not.
        open: Query<Option<bool>>,
        /// The `ETag` of an earlier answer: 304 if nothing has changed since.
        #[oai(name = "If-None-Match")]
        known: Header<Option<String>>,
    ) -> Result<ListResponse, ApiError> {
        let parameters = FilterParameters {
            q: q.0,
            level: level.0,
            tag: tag.0,
            source: source.0,
            actor: actor.0,
            state: state.0,
            key: key.0,
            open: open.0,
        };
        let feed = &self.shared.feed;
        // Before the list: a tag that is older than its list costs a poller one answer, one that is newer a change.
        let etag = etag(&feed.status());
        if known.0.is_some_and(|known| names_etag(known.as_bytes(), &etag)) {
            return Ok(ListResponse::NotModified(etag, CACHE_CONTROL.into()));
        }
        let query =
            feed::Query { limit: limit.0.map(usize::from), before: before.0, filter: parameters.into() };
        let list = feed.list(query).await?;
        Ok(ListResponse::Ok(EncodedList::new(list), etag, CACHE_CONTROL.into()))
    }

    /// Delete notifications
    ///
    /// Without parameters: all of them. With the filters of a list: those that it would show, on all its pages.
    #[oai(path = "/api/notifications", method = "delete", operation_id = "clear")]
    #[expect(clippy::too_many_arguments, reason = "each is a parameter of the operation")]
    async fn clear(
        &self,
        _token: PublishToken,
        /// Only those with all of these words in message, title, link, source, actor or tags, whatever the case; words
        /// in double quotes have to stand together.
        q: Query<Option<String>>,
        /// Only those of this level.
        #[oai(default)]
        level: Query<Vec<Level>>,
        /// Only those with exactly this tag; with `-` before it, those without.
        #[oai(default)]
        tag: Query<Vec<String>>,
        /// Only those about this source.
        #[oai(default)]
        source: Query<Vec<String>>,
        /// Only those from this actor.
        #[oai(default)]
        actor: Query<Vec<String>>,
        /// Only those in this state.
        #[oai(default)]
        state: Query<Vec<State>>,
        /// Only those of this key.
        #[oai(default)]
        key: Query<Vec<String>>,
        /// Only those that are open, or only those that are not.
        open: Query<Option<bool>>,
    ) -> Result<Json<Removed>, ApiError> {
        let parameters = FilterParameters {
            q: q.0,
            level: level.0,
            tag: tag.0,
            source: source.0,
            actor: actor.0,
            state: state.0,
            key: key.0,
            open: open.0,
        };
        let removed = self.shared.feed.remove_matching(parameters.into()).await?;
        Ok(Json(Removed { removed }))
    }

    /// Get one notification
    #[oai(path = "/api/notifications/:id", method = "get", operation_id = "get")]
    async fn get(
        &self,
        /// The notification's id.
        id: Path<Uuid>,
    ) -> Result<NotificationResponse, ApiError> {
        let json = self.shared.feed.get(id.0).await.ok_or_else(|| not_stored(id.0))?;
        Ok(NotificationResponse::Ok(Encoded::new(json)))
    }

    /// Revise one notification
    ///
    /// For its readers: to say that it is settled, or that it should ask again later. Every subscriber is sent the
    /// notification as it is then, under the id it has.
    #[oai(path = "/api/notifications/:id", method = "patch", operation_id = "revise")]
    async fn revise(
        &self,
        _token: PublishToken,
        /// The notification's id.
        id: Path<Uuid>,
        body: RevisionRequest,
    ) -> Result<NotificationResponse, ApiError> {
        let RevisionRequest::Json(JsonBody(RevisionBody { resolved, snoozed_until })) = body;
        let revision = Revision { resolved, snoozed_until };
        if revision == Revision::default() {
            let message = "name what to change: `resolved`, `snoozed_until` or both";
            return Err(ApiError::invalid("nothing_to_change", message));
        }
        let json = self.shared.feed.revise(id.0, revision).await?.ok_or_else(|| not_stored(id.0))?;
        Ok(NotificationResponse::Ok(Encoded::new(json)))
    }

    /// Delete one notification
    #[oai(path = "/api/notifications/:id", method = "delete", operation_id = "delete")]
    async fn delete(
        &self,
        _token: PublishToken,
        /// The notification's id.
        id: Path<Uuid>,
    ) -> Result<DeleteResponse, ApiError> {
        if self.shared.feed.remove(id.0).await? { Ok(DeleteResponse::Deleted) } else { Err(not_stored(id.0)) }
    }
}

/// The number that is stored belongs to it: a restart with another `--max-notifications` changes the list
/// without an event.
fn etag(status: &Status) -> String {
    format!("\"{}.{}\"", status.latest_id, status.stored)
}

fn not_stored(id: Uuid) -> ApiError {
    ApiError::not_found(format!("no notification with the id {id} is stored"))
}
