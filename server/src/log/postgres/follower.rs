//! What this hub knows of the log, and hands on: the index that decides, the window that is read from, and the feed's
//! replica are kept in step here, and nowhere else.

use std::{
    collections::HashSet,
    num::NonZeroU64,
    sync::{Arc, Mutex, MutexGuard},
};

use super::{
    failure::Failure,
    rows::State,
    session::{Seen, Session},
};
use crate::{
    event_id::Seq,
    log::{
        Commit, Replica, Retention, Stored,
        index::{Index, Step},
        window::Window,
    },
};

/// See the module.
pub(super) struct Follower {
    pub(super) index: Index,
    window: Arc<Mutex<Window>>,
    replica: Arc<dyn Replica>,
    /// The newest row of the table `log` that was taken in; none before the log was loaded.
    state: Option<State>,
}

impl Follower {
    pub(super) fn new(replica: Arc<dyn Replica>) -> Self {
        Follower { index: Index::default(), window: Arc::default(), replica, state: None }
    }

    pub(super) fn window(&self) -> Arc<Mutex<Window>> {
        Arc::clone(&self.window)
    }

    pub(super) fn is_loaded(&self) -> bool {
        self.state.is_some()
    }

    /// The newest entry that was taken in.
    pub(super) fn head(&self) -> Seq {
        self.index.positions().head
    }

    /// The limits of all hubs.
    pub(super) fn retention(&self) -> Retention {
        self.state.as_ref().map_or(Retention::keeping(NonZeroU64::MIN), |state| state.retention)
    }

    /// Why what the database holds is not what follows what was taken in, in words.
    pub(super) fn differs(&self, seen: &Seen) -> Option<String> {
        let Some(known) = &self.state else { return Some("it was not read yet".into()) };
        let head = self.head();
        if seen.state.head < head {
            return Some(format!(
                "the log has gone back from entry {head} to {}: it was restored to an earlier state, or has lost what \
                 it had acknowledged",
                seen.state.head
            ));
        }
        let epoch = known.epoch.map(|epoch| epoch.as_str().to_owned());
        if seen.epoch.as_ref().map(|(_, epoch)| epoch) != epoch.as_ref() {
            return Some("the log holds another history than before: it was restored or replaced".into());
        }
        if seen.state.oldest_resume_point > head {
            return Some(format!(
                "this hub has lost touch for so long that entries after {head} are no longer kept"
            ));
        }
        None
    }

    /// Takes everything in anew.
    pub(super) fn load(&mut self, seen: Seen) {
        let mut index = Index::default();
        for (entry, published) in &seen.entries {
            index.load(entry, *published);
        }
        index.set_oldest_resume_point(seen.state.oldest_resume_point);
        index.advance(seen.state.head, seen.state.newest_id);
        let stored = Stored {
            entries: seen.entries.into_iter().map(|(entry, _)| entry).collect(),
            oldest_resume_point: seen.state.oldest_resume_point,
        };
        *self.window_mut() = Window::of(&stored, index.positions());
        self.index = index;
        self.state = Some(seen.state);
        self.replica.load(stored);
    }

    /// Takes in what other hubs have stored, as of one moment: the session is in the transaction that has seen it.
    pub(super) async fn follow(&mut self, session: &Session, seen: Seen) -> Result<(), Failure> {
        if let Some(reason) = self.differs(&seen) {
            return Err(Failure::Lost(reason));
        }
        let drops = self.state.as_ref().map_or(0, |state| state.drops);
        let mut gone = Vec::new();
        if seen.state.drops != drops {
            gone = self.index.up_to(seen.state.dropped_through);
            let stored = session.stored(&gone).await?;
            let stored: HashSet<_> = stored.into_iter().collect();
            gone.retain(|id| !stored.contains(id));
        }
        let steps: Vec<_> =
            seen.entries.into_iter().map(|(entry, published)| self.index.follow(entry, published)).collect();
        // Some of them were not dropped but removed.
        let dropped = self.index.follow_dropped(gone);
        self.index.set_oldest_resume_point(seen.state.oldest_resume_point);
        self.index.advance(seen.state.head, seen.state.newest_id);
        let commit = Commit { dropped, ..Commit::default() };
        self.hand_over(steps, commit, seen.state);
        Ok(())
    }

    /// Hands over what the index has taken in or carried out.
    pub(super) fn hand_over(&mut self, steps: Vec<Step>, mut commit: Commit, state: State) {
        let positions = self.index.positions();
        self.window_mut().apply(&steps, &commit.dropped, positions);
        let has_moved =
            self.state.as_ref().map(|known| known.oldest_resume_point) != Some(state.oldest_resume_point);
        self.state = Some(state);
        if steps.is_empty() && commit.dropped.is_empty() && !has_moved {
            return;
        }
        commit.entries = steps.into_iter().map(|step| step.entry).collect();
        commit.oldest_resume_point = positions.oldest_resume_point;
        self.replica.apply(commit);
    }

    /// The row that this hub's next transaction goes on from.
    pub(super) fn state(&self) -> Option<&State> {
        self.state.as_ref()
    }

    fn window_mut(&self) -> MutexGuard<'_, Window> {
        self.window.lock().expect("no code panics while it holds the window")
    }
}
