//! `/api/read`: how far whoever reads this feed has read.

use poem_openapi::{ApiRequest, Object, OpenApi, payload::Json};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    body::JsonBody,
    context::{Shared, Tag},
    error::ApiError,
    middleware::token::PublishToken,
};

pub(super) struct ReadApi {
    pub(super) shared: Shared,
}

/// How far.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields)]
struct MarkRead {
    /// The newest notification that was read.
    through: Uuid,
}

#[derive(ApiRequest)]
enum MarkReadRequest {
    Json(JsonBody<MarkRead>),
}

/// The read mark.
#[derive(Object)]
struct ReadMark {
    /// Every notification whose id is not greater is read.
    read_through: Uuid,
}

#[OpenApi(tag = "Tag::Notifications")]
impl ReadApi {
    /// Move the read mark
    ///
    /// All who read this feed share one mark: a notification is read when its id is not greater. It never moves back;
    /// the answer says where it is.
    #[oai(path = "/api/read", method = "put", operation_id = "mark_read")]
    async fn mark_read(
        &self,
        _token: PublishToken,
        request: MarkReadRequest,
    ) -> Result<Json<ReadMark>, ApiError> {
        let MarkReadRequest::Json(JsonBody(MarkRead { through })) = request;
        let feed = &self.shared.feed;
        // One that is newer than any id would mark as read what has not been posted yet.
        if !feed.knows(through).await {
            return Err(ApiError::not_found(format!(
                "the notification {through} is newer than any that was posted; nothing was changed"
            )));
        }
        Ok(Json(ReadMark { read_through: feed.mark_read(through).await? }))
    }
}
