//! `notifyhub doctor`: looks at everything between this machine and the hub, and says what to do.
//!
//! # Layout
//! - `report`: what was found, and how that is told.
//! - `reach`: name, connection, encryption, and whether it is a hub.
//! - `stream`: the event stream, as it comes through.

mod reach;
mod report;
mod stream;

use std::process::ExitCode;

use clap::Args;

use self::report::{Finding, Report};
use crate::{
    configuration::Configuration,
    context::Context,
    hub::{Hub, HubOptions},
    spool::Spool,
    terminal::{FAILED, MISUSE, fail},
};

/// Look for what is wrong between this machine and the hub.
///
/// Name, connection, certificate, the hub and its version, the token, the event stream through whatever stands between, the
/// clocks, the time of a round trip, and what waits to be sent. Nothing is posted. Takes a little longer than a heartbeat of the
/// hub, 15 s by default.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 nothing is wrong, though something may be worth a look (!); 1 something is (✗); 2 wrong use."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    hub: HubOptions,

    /// Do not wait for a heartbeat of the hub.
    #[arg(long)]
    quick: bool,

    /// Print one JSON object: {"hub","ok","checks":[{"check","result","found","advice"}]}, where a result is ok, warning or
    /// failed. Of several hubs, one for each.
    #[arg(long)]
    json: bool,
}

impl Arguments {
    /// `notifyhub doctor`.
    pub(crate) async fn run(self, _context: &Context) -> ExitCode {
        let connected = Configuration::read().and_then(|configuration| {
            Ok((self.hub.connect(&configuration)?, self.hub.connect_each(&configuration)?))
        });
        let (together, hubs) = match connected {
            Ok(connected) => connected,
            Err(misuse) => return fail(&misuse, MISUSE),
        };
        let mut is_well = true;
        for (number, hub) in hubs.iter().enumerate() {
            let mut report = Report::begin(&hub.address, self.json);
            if reach::look(hub, &mut report).await {
                stream::look(hub, self.quick, &mut report).await;
            }
            // There is one for all of them.
            if number + 1 == hubs.len() {
                look_at_spool(&together, &mut report);
            }
            is_well &= report.end();
        }
        if is_well { ExitCode::SUCCESS } else { ExitCode::from(FAILED) }
    }
}

fn look_at_spool(hub: &Hub, report: &mut Report) {
    let entries =
        Spool::of(&hub.address).and_then(|spool| spool.entries().map_err(|error| error.to_string()));
    report.add(
        "spool",
        match entries.map(|entries| entries.len()) {
            Ok(0) => Finding::ok("nothing waits to be sent"),
            Ok(count) => Finding::warning(
                if count == 1 {
                    "1 delivery waits to be sent".to_owned()
                } else {
                    format!("{count} deliveries wait to be sent")
                },
                "The next call sends that; now: notifyhub spool flush",
            ),
            Err(reason) => Finding::failed(
                reason,
                "What cannot be delivered cannot be kept either: see to that directory.",
            ),
        },
    );
}
