//! What the adapters made of another program's request is carried out.

use std::sync::Arc;

use notifyhub_adapters::{Note, Outcome};

use super::error::ApiError;
use crate::{
    feed::{Feed, Filter, Published},
    notification::NewNotification,
};

/// What was done.
pub(super) enum Done {
    /// A notification was stored.
    Posted(Published, Box<Note>),
    /// So many were removed.
    Removed(u64),
    /// There was nothing to do.
    Nothing,
}

/// Posts, withdraws or removes.
pub(super) async fn carry_out(
    feed: &Arc<Feed>,
    outcome: Outcome,
    idempotency: Option<String>,
) -> Result<Done, ApiError> {
    Ok(match outcome {
        Outcome::Post(note) => {
            let draft = NewNotification::from((*note).clone()).check()?;
            let idempotency = idempotency.or_else(|| note.delivery.clone());
            Done::Posted(feed.publish(draft, idempotency).await?, note)
        }
        Outcome::Withdraw(key) => Done::Removed(feed.withdraw(&key).await?),
        Outcome::Remove(key) => {
            let filter = Filter { keys: vec![key], ..Filter::default() };
            Done::Removed(feed.remove_matching(filter).await?)
        }
        Outcome::Nothing => Done::Nothing,
    })
}
