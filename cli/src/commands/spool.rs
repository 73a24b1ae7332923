//! What could not be delivered yet: says what waits, sends it, drops it.

use std::{fmt::Write as _, process::ExitCode, time::Duration};

use clap::{Args, Subcommand};

use crate::{
    configuration::Configuration,
    context::Context,
    hub::{
        HubOptions,
        delivery::{Deed, Delivery},
        request::Patience,
    },
    spool::Spool,
    terminal::{FAILED, MISUSE, check_mark, escaped, fail, print, say},
    values::{duration, spool_number},
};

/// How much of a message is shown.
const SHOWN_CHARS: usize = 60;

/// See, send or drop what could not be delivered yet.
///
/// `hook`, `run` and `push --spool` keep what the hub does not take in time; the next call sends it, in its order and once.
/// At most 2000 wait for one hub, with 16 MiB; then the oldest events of agents give way, and posts are refused.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Say what waits, for which hub, and what a hub refused.
    List,
    /// Send what waits for the hub.
    Flush {
        #[command(flatten)]
        hub: Box<HubOptions>,

        /// How long to keep trying while the hub cannot be reached.
        #[arg(long, env = "NOTIFYHUB_TIMEOUT", value_name = "TIME", default_value = "10s", value_parser = duration)]
        timeout: Duration,
    },
    /// Drop what waits for the hub.
    Drop {
        /// The numbers that `list` shows.
        #[arg(required_unless_present_any = ["all", "refused"], value_parser = spool_number)]
        number: Vec<u64>,

        /// Everything that waits.
        #[arg(long, conflicts_with = "number")]
        all: bool,

        /// What the hub refused.
        #[arg(long)]
        refused: bool,

        #[command(flatten)]
        hub: Box<HubOptions>,
    },
}

impl Arguments {
    /// `notifyhub spool`.
    pub(crate) async fn run(self, _context: &Context) -> ExitCode {
        match self.action {
            Action::List => match list() {
                Ok(text) => print(text.trim_end()),
                Err(reason) => fail(&reason, FAILED),
            },
            Action::Flush { hub, timeout } => flush(&hub, timeout).await,
            Action::Drop { number, all, refused, hub } => {
                let address =
                    Configuration::read().and_then(|configuration| Ok(hub.connect(&configuration)?.address));
                match address.and_then(|address| Ok((Spool::of(&address)?, address))) {
                    Ok((spool, address)) => match drop_some(&spool, &number, all, refused, &address) {
                        Ok(count) => print(&format!("{} {count} dropped", check_mark())),
                        Err(reason) => fail(&reason, FAILED),
                    },
                    Err(misuse) => fail(&misuse, MISUSE),
                }
            }
        }
    }
}

fn list() -> Result<String, String> {
    let mut text = String::new();
    for (address, spool) in Spool::all()? {
        let unreadable = |error: std::io::Error| format!("what waits for {address} cannot be read: {error}");
        let (entries, refused) = (spool.entries().map_err(unreadable)?, spool.refused().map_err(unreadable)?);
        if entries.is_empty() && refused.is_empty() {
            continue;
        }
        let _ = writeln!(text, "{address}: {} waiting", entries.len());
        for entry in entries {
            let told = spool.read(&entry).map_or_else(|error| format!("unreadable: {error}"), |it| told(&it));
            let _ = writeln!(text, "{:>6}  {told}", entry.number);
        }
        for refused in refused {
            let _ = writeln!(text, "refused  {}: {}", told(&refused.delivery), refused.reason);
        }
    }
    Ok(if text.is_empty() { "nothing waits".into() } else { escaped(&text) })
}

/// When it happened, and what it is.
fn told(delivery: &Delivery) -> String {
    let what = match &delivery.deed {
        Deed::Post(notification) => match &notification.title {
            Some(title) => format!("{}: {}", **title, *notification.message),
            None => notification.message.to_string(),
        },
        Deed::Withdraw(key) => format!("withdraw {key}"),
        Deed::Event(event) => format!("an event of {}", event.agent),
    };
    let mut line: String = what.lines().next().unwrap_or_default().chars().take(SHOWN_CHARS).collect();
    if line.len() < what.len() {
        line.push('…');
    }
    let time = delivery.at.with_timezone(&chrono::Local).format("%Y-%m-%d %H:%M:%S");
    format!("{time}  {line}")
}

async fn flush(options: &HubOptions, timeout: Duration) -> ExitCode {
    let ready = Configuration::read().and_then(|configuration| {
        let hub = options.connect(&configuration)?;
        Ok((Spool::of(&hub.address)?, hub))
    });
    let (spool, hub) = match ready {
        Ok(ready) => ready,
        Err(misuse) => return fail(&misuse, MISUSE),
    };
    let flushed = spool.flush(&hub.client, Patience::for_as_long_as(timeout)).await;
    for reason in &flushed.refused {
        say(&format!("the hub refused one: {reason}"));
    }
    match flushed.stopped {
        Some(stopped) => {
            let left = spool.entries().map_or(0, |entries| entries.len());
            let wait = if left == 1 { "waits" } else { "wait" };
            let why = stopped.told(&hub.address);
            fail(&format!("{} sent, {left} still {wait}: {why}", flushed.sent), FAILED)
        }
        None => print(&format!("{} {} sent", check_mark(), flushed.sent)),
    }
}

/// Drops what is meant, and says how much that was; nothing, if one of the numbers is none.
fn drop_some(
    spool: &Spool,
    numbers: &[u64],
    all: bool,
    refused: bool,
    address: &str,
) -> Result<usize, String> {
    let failed = |error: std::io::Error| format!("cannot drop: {error}");
    let waiting = spool.entries().map_err(failed)?;
    if let Some(unknown) = numbers.iter().find(|number| waiting.iter().all(|entry| entry.number != **number))
    {
        return Err(format!(
            "nothing waits under {unknown} for {address}, and nothing was dropped. `notifyhub spool list` shows what \
             waits for which hub; name another with --url"
        ));
    }
    let dropped = spool.drop_those(|entry| all || numbers.contains(&entry.number)).map_err(failed)?;
    Ok(dropped + if refused { spool.drop_refused().map_err(failed)? } else { 0 })
}
