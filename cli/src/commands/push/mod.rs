//! Posts one notification, or withdraws what is open under a key, and says how that went.

pub(crate) mod fields;

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Args;
use notifyhub_adapters::limits::MAX_KEY_CHARS;
use notifyhub_sdk::types;

pub(crate) use self::fields::Fields;
use self::fields::one;
use crate::{
    Misuse,
    configuration::{Configuration, SetIn, Setting},
    context::Context,
    hub::{
        Hub, answering,
        delivery::{Deed, Delivery, Done},
        request::{self, Patience, RequestError},
    },
    origin::Origin,
    spool::Spool,
    terminal::{self, FAILED, MISUSE, fail, print_sent},
};

/// Post a notification, or withdraw what is open under a key.
///
/// Whoever has the hub's page open, or is subscribed to it, has the notification at once.
#[derive(Debug, Args)]
#[command(after_help = after_help("notifyhub push"))]
pub(crate) struct Arguments {
    #[command(flatten)]
    fields: Fields,

    /// Keep what cannot be delivered within --timeout, for the next call of `push`, `run`, `hook` or `spool flush`
    /// to send; it exits with 0 then.
    #[arg(long, conflicts_with = "json")]
    spool: bool,
}

/// What stands below the options.
pub(crate) fn after_help(program: &str) -> String {
    format!(
        "\
Examples:
  {program} Tests passed
  make 2>&1 | tail -3 | {program} --title Build
  cargo test && {program} -l success \"Tests passed\" || {program} -l error \"Tests failed\"

A message that begins with a dash goes after `--`.
What is always the same goes into the configuration file, ~/.config/notifyhub/config.toml:
  url = \"https://hub.example.com\"
  token = \"…\"
Options count more than the environment, and that more than the file.
Exit codes: 0 sent; 1 not delivered; 2 wrong use (nothing was sent)."
    )
}

impl Arguments {
    /// `notifyhub push`.
    pub(crate) async fn run(self, context: &Context) -> ExitCode {
        let (hub, delivery) = match prepare(&self.fields, context, true) {
            Ok(ready) => ready,
            Err(misuse) => return fail(&misuse, MISUSE),
        };
        let started = Instant::now();
        let left = || self.fields.timeout.saturating_sub(started.elapsed());
        let spool = Spool::of(&hub.address);
        if let Ok(spool) = &spool
            && !spool.is_empty()
        {
            // What waits comes first; if that is much, half of the time is this post's.
            let flushed = spool.flush(&hub.client, Patience::once(left() / 2)).await;
            flushed.refused.iter().for_each(|reason| say_refused(reason));
            if self.spool && flushed.stopped.is_some() {
                return self.queue(spool, &hub, delivery, left()).await;
            }
        }
        let done = attempt(&hub, &delivery, &self.fields, left()).await;
        match done {
            Err(error) if self.spool && !matches!(error, RequestError::Refused(_)) => {
                match spool.and_then(|spool| spool.put(delivery)) {
                    Ok(()) => {
                        say_kept(&error.told(&hub.address), &self.fields);
                        ExitCode::SUCCESS
                    }
                    Err(reason) => fail(
                        &format!("{}; and it cannot be kept: {reason}", error.told(&hub.address)),
                        FAILED,
                    ),
                }
            }
            done => tell(done, &hub, &self.fields),
        }
    }

    /// Keeps it behind what waits already, and sends all of that for as long as there is time.
    async fn queue(&self, spool: &Spool, hub: &Hub, delivery: Delivery, left: Duration) -> ExitCode {
        if let Err(reason) = spool.put(delivery) {
            return fail(&format!("not sent, and it cannot be kept: {reason}"), FAILED);
        }
        let flushed = spool.flush(&hub.client, Patience::for_as_long_as(left)).await;
        flushed.refused.iter().for_each(|reason| say_refused(reason));
        match flushed.stopped {
            Some(stopped) => say_kept(&stopped.told(&hub.address), &self.fields),
            None if !flushed.refused.is_empty() => return ExitCode::from(FAILED),
            None if self.fields.quiet => {}
            None => return print_sent(&format!("{} sent, after what had waited", terminal::check_mark())),
        }
        ExitCode::SUCCESS
    }
}

fn say_refused(reason: &str) {
    terminal::say(&format!("the hub refused what waited in the spool: {reason}"));
}

/// `notifyhub-push`: posts or withdraws, and says how that went. Nothing is kept for later.
pub(crate) async fn send(fields: &Fields, context: &Context) -> ExitCode {
    match prepare(fields, context, false) {
        Ok((hub, delivery)) => {
            let done = attempt(&hub, &delivery, fields, fields.timeout).await;
            tell(done, &hub, fields)
        }
        Err(misuse) => fail(&misuse, MISUSE),
    }
}

/// The hub that is meant, and what is to be done there.
fn prepare(fields: &Fields, context: &Context, has_origin: bool) -> Result<(Hub, Delivery), Misuse> {
    let mut configuration = Configuration::read()?;
    if has_origin && configuration.source.is_none() {
        configuration.source = repository();
    }
    let hub = fields.hub.connect(&configuration)?;
    let deed = match &fields.withdraw {
        Some(key) => {
            one::<types::NewNotificationKey>("--withdraw", MAX_KEY_CHARS, key)?;
            Deed::Withdraw(key.clone())
        }
        None => Deed::Post(Box::new(fields.notification(context.program, &configuration)?)),
    };
    Ok((hub, Delivery::new(deed)))
}

/// What a post is about that does not say: the repository it is made in. A directory's name alone says nothing of
/// what cron and scripts post.
fn repository() -> Option<Setting<String>> {
    let origin = Origin::of(&std::env::current_dir().ok()?);
    let project = origin.project.filter(|_| origin.is_repository)?;
    Some(Setting { value: project, set_in: SetIn::Repository })
}

async fn attempt(
    hub: &Hub,
    delivery: &Delivery,
    fields: &Fields,
    total: Duration,
) -> Result<Done, RequestError> {
    let say_waiting = |reason: &str| {
        if !fields.quiet {
            terminal::hint(&format!(
                "{reason}; trying again for {}",
                humantime::format_duration(fields.timeout)
            ));
        }
    };
    request::deliver(&hub.client, delivery, Patience::for_as_long_as(total), say_waiting).await
}

/// Says how it went.
fn tell(done: Result<Done, RequestError>, hub: &Hub, fields: &Fields) -> ExitCode {
    match done {
        Ok(done) => line(&done, hub, fields).map_or(ExitCode::SUCCESS, |line| print_sent(&line)),
        Err(error) => {
            let code = if matches!(error, RequestError::Refused(_)) { MISUSE } else { FAILED };
            fail(&error.told(&hub.address), code)
        }
    }
}

fn say_kept(reason: &str, fields: &Fields) {
    if !fields.quiet {
        terminal::say(&format!("kept, and sent by the next call: {reason}"));
    }
}

/// What to print of what was done.
fn line(done: &Done, hub: &Hub, fields: &Fields) -> Option<String> {
    let text = match done {
        Done::Stored(stored) if fields.json => {
            return Some(serde_json::to_string(stored).expect("a notification always encodes"));
        }
        Done::Stored(_) | Done::Taken => {
            let at = answering(&hub.client).map(|address| format!(" to {address}"));
            format!("Notification sent successfully{}", at.unwrap_or_default())
        }
        Done::Removed(0) => {
            format!("nothing waits or runs under {:?}", fields.withdraw.as_deref().unwrap_or_default())
        }
        Done::Removed(1) => "1 notification withdrawn".into(),
        Done::Removed(many) => format!("{many} notifications withdrawn"),
    };
    (!fields.quiet).then(|| format!("{} {text}", terminal::check_mark()))
}
