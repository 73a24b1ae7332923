//! Asks the brokers once a second how the stream is: whether they can be heard, whether it is still the same stream, and
//! whether this hub lacks anything of it. And clears away what is void.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    failure::BrokerError,
    message::notification_subject,
    shared::{DEPOSED_FOR, Lost, Shared},
    state::Litter,
};

const INTERVAL: Duration = Duration::from_secs(1);

/// How often the brokers may not answer before another connection is made: one that was frozen, or cut off from the
/// others, may seem to live.
const MAX_SILENT_ANSWERS: u32 = 3;

/// How often the stream may be missing before it is believed: a broker that starts does not know of it yet.
const MAX_MISSING_ANSWERS: u32 = 3;

/// How often the reader may be where it was a second ago although there is more.
const MAX_TIMES_BEHIND: u32 = 2;

/// How much is cleared away at once, and how long less than that may wait.
const TIDY_AT: usize = 256;
const TIDY_AFTER: Duration = Duration::from_secs(10);

/// What was seen in the last seconds.
#[derive(Default)]
struct Watch {
    silent: u32,
    missing: u32,
    behind: u32,
    behind_at: u64,
    went_back: Option<Instant>,
}

/// Looks after the stream for as long as the log is open.
pub(super) async fn run(shared: Arc<Shared>) {
    let mut closing = shared.closing.subscribe();
    tokio::select! {
        () = look_after(&shared) => {}
        _ = closing.wait_for(|closing| *closing) => {}
    }
}

async fn look_after(shared: &Shared) {
    let mut watch = Watch::default();
    let mut interval = tokio::time::interval(INTERVAL);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut tidied = Instant::now();
    loop {
        interval.tick().await;
        watch.look(shared).await;
        shared.look();
        let litter = shared.held().state.litter().clone();
        let is_much = litter.dead.len() >= TIDY_AT || litter.cleared.is_some() || litter.keys.is_some();
        if is_much || tidied.elapsed() >= TIDY_AFTER {
            tidied = Instant::now();
            if !litter.is_empty()
                && watch.is_well()
                && let Err(error) = tidy(shared, &litter).await
            {
                tracing::debug!(%error, "what is void is not cleared away yet");
            }
        }
    }
}

impl Watch {
    fn is_well(&self) -> bool {
        self.silent == 0 && self.missing == 0 && self.went_back.is_none()
    }

    async fn look(&mut self, shared: &Shared) {
        match shared.broker.info().await {
            Ok(info) => {
                shared.hears(&info);
                (self.silent, self.missing) = (0, 0);
                let (created, position) = {
                    let held = shared.held();
                    (held.created.clone(), held.state.position())
                };
                if info.created != created {
                    return self.lose(shared, Lost::OtherStream);
                }
                if info.last < position {
                    let since = *self.went_back.get_or_insert_with(Instant::now);
                    if since.elapsed() >= DEPOSED_FOR {
                        self.lose(shared, Lost::WentBack);
                    }
                    return;
                }
                self.went_back = None;
                let is_behind = info.last > position && position == self.behind_at;
                self.behind = if is_behind { self.behind + 1 } else { 0 };
                self.behind_at = position;
                if self.behind >= MAX_TIMES_BEHIND {
                    self.behind = 0;
                    shared.is_behind.notify_one();
                }
            }
            Err(BrokerError::NoStream) => {
                self.missing += 1;
                if self.missing >= MAX_MISSING_ANSWERS {
                    shared.is_gone(
                        "the stream is gone; it is not made anew while a hub runs: restore it, or start the hubs again",
                    );
                }
            }
            Err(error) => {
                tracing::debug!(%error, "the brokers were asked in vain");
                self.silent += 1;
                if self.silent >= MAX_SILENT_ANSWERS {
                    self.silent = 0;
                    shared.broker.reconnect().await;
                }
            }
        }
    }

    fn lose(&mut self, shared: &Shared, lost: Lost) {
        self.went_back = None;
        shared.lost.send_if_modified(|known| {
            let is_new = known.is_none();
            *known = Some(lost);
            is_new
        });
    }
}

/// Deletes at the brokers what is void. Each request can be made twice, and by several hubs.
async fn tidy(shared: &Shared, litter: &Litter) -> Result<(), BrokerError> {
    if let Some(clear) = litter.cleared {
        shared.broker.purge("n.>", Some(clear.get())).await?;
    }
    if let Some(oldest) = litter.keys {
        shared.broker.purge("k.>", Some(oldest)).await?;
    }
    let first_of_use = shared.held().state.first_of_use();
    let (early, late): (Vec<_>, Vec<_>) = litter.dead.iter().partition(|(seq, _)| seq.get() < first_of_use);
    if !early.is_empty() {
        shared.broker.purge("n.>", Some(first_of_use)).await?;
    }
    // Something older is still of use: an open one, that waits for long.
    for (_, id) in late {
        shared.broker.purge(&notification_subject(*id), None).await?;
    }
    shared.held().state.is_tidied(litter);
    Ok(())
}
