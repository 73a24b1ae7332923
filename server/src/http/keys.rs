//! `/api/keys`: what notifications are about.

use poem_openapi::{OpenApi, param::Path, payload::Json};

use super::{
    context::{Shared, Tag},
    error::ApiError,
    middleware::token::PublishToken,
    notifications::Removed,
};

pub(super) struct KeysApi {
    pub(super) shared: Shared,
}

#[OpenApi(tag = "Tag::Notifications")]
impl KeysApi {
    /// Withdraw the open notifications of a key
    ///
    /// For a poster whose question has been answered, or whose run was given up: what waits or runs under this key is
    /// removed. What is done, failed or resolved stays.
    #[oai(path = "/api/keys/:key", method = "delete", operation_id = "withdraw")]
    async fn withdraw(
        &self,
        _token: PublishToken,
        /// The key that they were posted with, percent-encoded.
        key: Path<String>,
    ) -> Result<Json<Removed>, ApiError> {
        let removed = self.shared.feed.withdraw(&key.0).await?;
        Ok(Json(Removed { removed }))
    }
}
