//! How far a `tail` has come, in a file: it is written when something is done, so that a later one goes on there.

use std::{
    fs::{self, File},
    io::ErrorKind,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Misuse, new_file::NewFile};

/// How far it has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// The hub, as it is shown to people.
    pub(super) hub: String,
    /// The event after which to resume.
    pub(super) after: Option<String>,
    /// The newest notification: what comes with a greater id is new.
    pub(super) newest: Option<Uuid>,
}

/// The file, held by one `tail` alone.
pub(super) struct CursorFile {
    path: PathBuf,
    written: Place,
    _lock: File,
}

impl CursorFile {
    /// Opens the file. `None`: there is no place in it yet.
    pub(super) fn open(path: &Path, hub: &str) -> Result<(Self, Option<Place>), Misuse> {
        let failed = |what: &str, error| format!("cannot {what} {}: {error}", path.display());
        // Not the file itself: each place is a new one.
        let mut name = path.as_os_str().to_owned();
        name.push(".lock");
        let lock = File::options().create(true).append(true).open(&name);
        let lock = lock.map_err(|error| failed("make a lock beside", error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                return Err(format!(
                    "another `notifyhub tail` goes by {}; name another --cursor",
                    path.display()
                ));
            }
            Err(fs::TryLockError::Error(error)) => return Err(failed("lock", error)),
        }
        let place = match fs::read_to_string(path) {
            Ok(text) => Some(serde_json::from_str::<Place>(&text).map_err(|error| {
                format!(
                    "{} is no cursor of `notifyhub tail`: {error}. Remove it, or name another",
                    path.display()
                )
            })?),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(failed("read", error)),
        };
        if let Some(place) = &place
            && place.hub != hub
        {
            return Err(format!(
                "{} is a place in the feed of {}, and this is {hub}. Remove it, or name another",
                path.display(),
                place.hub
            ));
        }
        let file =
            CursorFile { path: path.to_owned(), written: place.clone().unwrap_or_default(), _lock: lock };
        Ok((file, place))
    }

    /// Writes the place down, unless it stands there already.
    pub(super) fn write(&mut self, place: &Place) -> Result<(), String> {
        if *place == self.written {
            return Ok(());
        }
        let text = serde_json::to_string(place).expect("text always encodes") + "\n";
        NewFile::write(&self.path, text.as_bytes(), None)
            .and_then(NewFile::put_in_place)
            .map_err(|error| format!("cannot write {}: {error}", self.path.display()))?;
        self.written = place.clone();
        Ok(())
    }
}
