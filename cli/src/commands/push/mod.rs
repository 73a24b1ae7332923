//! Posts one notification, or withdraws what is open under a key, and says how that went.

mod fields;

use std::process::ExitCode;

use clap::Args;
use notifyhub_sdk::types;

pub(crate) use self::fields::Fields;
use crate::{
    configuration::Configuration,
    context::Context,
    hub::{
        Hub,
        request::{self, RequestError},
    },
    terminal::{self, MISUSE, fail, print},
};

/// Post a notification, or withdraw what is open under a key.
///
/// Whoever has the hub's page open, or is subscribed to it, has the notification at once.
#[derive(Debug, Args)]
#[command(after_help = after_help("notifyhub push"))]
pub(crate) struct Arguments {
    #[command(flatten)]
    fields: Fields,
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
        send(&self.fields, context).await
    }
}

/// Does what was asked for, and says how that went.
pub(crate) async fn send(fields: &Fields, context: &Context) -> ExitCode {
    let hub_and_post = Configuration::read().and_then(|configuration| {
        let hub = fields.hub.connect(&configuration)?;
        let notification = match fields.withdraw {
            Some(_) => None,
            None => Some(fields.notification(context.program, &configuration)?),
        };
        Ok((hub, notification))
    });
    let (hub, notification) = match hub_and_post {
        Ok(ready) => ready,
        Err(misuse) => return fail(&misuse, MISUSE),
    };
    let done = match (&notification, &fields.withdraw) {
        (Some(notification), _) => post(&hub, notification, fields).await,
        (None, key) => withdraw(&hub, key.as_deref().unwrap_or_default(), fields).await,
    };
    match done {
        Ok(line) => line.map_or(ExitCode::SUCCESS, |line| print(&line)),
        Err(error) => {
            let code = if matches!(error, RequestError::Refused(_)) { MISUSE } else { terminal::FAILED };
            fail(&error.told(&hub.address), code)
        }
    }
}

/// Posts, and gives what to print.
async fn post(
    hub: &Hub,
    notification: &types::NewNotification,
    fields: &Fields,
) -> Result<Option<String>, RequestError> {
    let say_waiting = |reason: &str| say_waiting(fields, reason);
    let stored = request::post(&hub.client, notification, fields.timeout, say_waiting).await?;
    let success = || format!("{} Notification sent successfully", terminal::check_mark());
    Ok(if fields.json {
        Some(serde_json::to_string(&stored).expect("a notification always encodes"))
    } else {
        (!fields.quiet).then(success)
    })
}

/// Withdraws, and gives what to print.
async fn withdraw(hub: &Hub, key: &str, fields: &Fields) -> Result<Option<String>, RequestError> {
    let say_waiting = |reason: &str| say_waiting(fields, reason);
    let removed = request::withdraw(&hub.client, key, fields.timeout, say_waiting).await?;
    let text = match removed {
        0 => format!("nothing waits or runs under {key:?}"),
        1 => "1 notification withdrawn".into(),
        many => format!("{many} notifications withdrawn"),
    };
    Ok((!fields.quiet).then(|| format!("{} {text}", terminal::check_mark())))
}

fn say_waiting(fields: &Fields, reason: &str) {
    if !fields.quiet {
        let patience = humantime::format_duration(fields.timeout);
        terminal::hint(&format!("{reason}; trying again for {patience}"));
    }
}
