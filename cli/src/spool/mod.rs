//! What could not be delivered yet: a directory for each hub, a file for each delivery, numbered in their order. A file is
//! there whole or not at all (a new name, fsync, rename), whatever kills the program or the machine.
//!
//! It is bounded. Where it is full, the oldest events of agents give way, for newer ones say more of how a session stands; a
//! post never does: the new one is refused instead, and its caller told.
//!
//! # Layout
//! - this file: writing, listing, dropping.
//! - `flush`: sending, by one program at a time.
//! - `send`: sending something new, or keeping it.

mod flush;
mod send;

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

pub(crate) use self::send::Sent;
use crate::{
    Misuse,
    hub::delivery::{Deed, Delivery},
};

/// The most that waits for one hub.
const MAX_FILES: usize = 2000;
/// The most bytes of it.
const MAX_BYTES: u64 = 16 << 20;
/// How many of those are looked at that the hub refused.
const MAX_REFUSED: usize = 100;

/// Held while files are numbered, written or counted: for moments.
const WRITE_LOCK: &str = "write.lock";
/// The file that is being written.
const UNFINISHED: &str = "unfinished";
/// Where those lie that the hub refused for good.
const REFUSED: &str = "refused";

/// What waits for one hub.
#[derive(Clone, Debug)]
pub(crate) struct Spool {
    directory: PathBuf,
}

/// A file of it. Its name says what is to be known without reading it: `000000000012-event-tried.json`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) number: u64,
    /// Whether it is an agent's.
    is_event: bool,
    /// Whether it was sent once, and the hub may have it.
    pub(super) was_tried: bool,
}

/// A delivery that the hub refused, and why.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Refused {
    pub(crate) reason: String,
    pub(crate) delivery: Delivery,
}

impl Entry {
    fn name(&self) -> String {
        let kind = if self.is_event { "event" } else { "post" };
        let tried = if self.was_tried { "-tried" } else { "" };
        format!("{:012}-{kind}{tried}.json", self.number)
    }

    fn from_name(name: &str) -> Option<Self> {
        let mut parts = name.strip_suffix(".json")?.split('-');
        let number = parts.next()?.parse().ok()?;
        let is_event = parts.next()? == "event";
        Some(Entry { number, is_event, was_tried: parts.next() == Some("tried") })
    }
}

impl Spool {
    /// What waits for the hub at this address.
    pub(crate) fn of(address: &str) -> Result<Self, Misuse> {
        Ok(Spool { directory: root()?.join(encoded(address.trim_end_matches('/'))) })
    }

    /// Of every hub that something waits for, with its address.
    pub(crate) fn all() -> Result<Vec<(String, Self)>, Misuse> {
        let directories = match fs::read_dir(root()?) {
            Ok(directories) => directories,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(format!("cannot read {}: {error}", root()?.display())),
        };
        let mut all: Vec<_> = directories
            .flatten()
            .filter_map(|entry| {
                Some((decoded(entry.file_name().to_str()?)?, Spool { directory: entry.path() }))
            })
            .collect();
        all.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(all)
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries().is_ok_and(|entries| entries.is_empty())
    }

    /// What waits, in its order.
    pub(crate) fn entries(&self) -> io::Result<Vec<Entry>> {
        let files = match fs::read_dir(&self.directory) {
            Ok(files) => files,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let names = files.flatten().filter_map(|file| Entry::from_name(file.file_name().to_str()?));
        let mut entries: Vec<_> = names.collect();
        entries.sort_by_key(|entry| entry.number);
        Ok(entries)
    }

    /// What a file holds.
    pub(crate) fn read(&self, entry: &Entry) -> Result<Delivery, String> {
        let text = fs::read(self.path(entry)).map_err(|error| error.to_string())?;
        serde_json::from_slice(&text).map_err(|error| error.to_string())
    }

    /// Keeps something. When this returns, it is on disk.
    pub(crate) fn put(&self, mut delivery: Delivery) -> Result<(), String> {
        delivery.set_time();
        let is_event = matches!(delivery.deed, Deed::Event(_));
        let text = serde_json::to_vec(&delivery).map_err(|error| error.to_string())?;
        self.write(&text, is_event).map_err(|error| match error.kind() {
            ErrorKind::QuotaExceeded => error.to_string(),
            _ => format!("{}: {error}", self.directory.display()),
        })
    }

    fn write(&self, text: &[u8], is_event: bool) -> io::Result<()> {
        self.make()?;
        let _lock = self.lock(WRITE_LOCK)?;
        let entries = self.entries()?;
        let number = entries.last().map_or(1, |last| last.number + 1);
        self.make_room(entries, text.len() as u64)?;
        let unfinished = self.directory.join(UNFINISHED);
        let mut file = private().create(true).truncate(true).open(&unfinished)?;
        file.write_all(text)?;
        file.sync_all()?;
        fs::rename(&unfinished, self.path(&Entry { number, is_event, was_tried: false }))?;
        sync(&self.directory)
    }

    /// Drops old events until there is room for so many bytes more.
    fn make_room(&self, mut entries: Vec<Entry>, more: u64) -> io::Result<()> {
        let mut bytes: u64 = entries.iter().map(|entry| self.bytes(entry)).sum();
        while entries.len() >= MAX_FILES || bytes + more > MAX_BYTES {
            let Some(oldest) = entries.iter().position(|entry| entry.is_event) else {
                let waiting = entries.len();
                return Err(io::Error::new(
                    ErrorKind::QuotaExceeded,
                    format!(
                        "the spool is full: {waiting} wait, with {} KiB. See `notifyhub spool list`",
                        bytes >> 10
                    ),
                ));
            };
            let oldest = entries.remove(oldest);
            bytes -= self.bytes(&oldest);
            remove(&self.path(&oldest))?;
        }
        Ok(())
    }

    /// Drops what waits under these numbers, and says how much that was.
    pub(crate) fn drop_those(&self, is_meant: impl Fn(&Entry) -> bool) -> io::Result<usize> {
        let entries: Vec<_> = self.entries()?.into_iter().filter(is_meant).collect();
        for entry in &entries {
            remove(&self.path(entry))?;
        }
        Ok(entries.len())
    }

    /// What the hub refused, oldest first.
    pub(crate) fn refused(&self) -> io::Result<Vec<Refused>> {
        let mut names: Vec<_> = self.refused_files()?;
        names.sort();
        Ok(names.iter().filter_map(|path| serde_json::from_slice(&fs::read(path).ok()?).ok()).collect())
    }

    /// Drops what the hub refused.
    pub(crate) fn drop_refused(&self) -> io::Result<usize> {
        let files = self.refused_files()?;
        files.iter().try_for_each(|path| remove(path))?;
        Ok(files.len())
    }

    fn refused_files(&self) -> io::Result<Vec<PathBuf>> {
        match fs::read_dir(self.directory.join(REFUSED)) {
            Ok(files) => Ok(files.flatten().map(|file| file.path()).collect()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Puts aside what can never be delivered, to be looked at.
    fn set_aside(&self, delivery: Delivery, reason: String) -> io::Result<()> {
        let directory = self.directory.join(REFUSED);
        DirBuilder::new().recursive(true).mode(0o700).create(&directory)?;
        let mut others = self.refused_files()?;
        others.sort();
        for oldest in others.iter().take((others.len() + 1).saturating_sub(MAX_REFUSED)) {
            remove(oldest)?;
        }
        let name = format!("{:015}-{}.json", delivery.at.timestamp_millis(), delivery.key);
        let text = serde_json::to_vec(&Refused { reason, delivery }).map_err(io::Error::other)?;
        private().create(true).truncate(true).open(directory.join(name))?.write_all(&text)
    }

    fn make(&self) -> io::Result<()> {
        if self.directory.is_dir() {
            return Ok(());
        }
        DirBuilder::new().recursive(true).mode(0o700).create(&self.directory)?;
        self.directory.parent().map_or(Ok(()), sync)
    }

    fn lock(&self, name: &str) -> io::Result<File> {
        let file = self.lock_file(name)?;
        file.lock()?;
        Ok(file)
    }

    fn lock_file(&self, name: &str) -> io::Result<File> {
        private().create(true).truncate(false).open(self.directory.join(name))
    }

    fn path(&self, entry: &Entry) -> PathBuf {
        self.directory.join(entry.name())
    }

    fn bytes(&self, entry: &Entry) -> u64 {
        fs::metadata(self.path(entry)).map_or(0, |metadata| metadata.len())
    }
}

/// Where the spools of all hubs are.
fn root() -> Result<PathBuf, Misuse> {
    let state = dirs::state_dir().or_else(dirs::data_local_dir);
    state.map(|state| state.join("notifyhub/spool")).ok_or_else(|| "there is no home directory".to_owned())
}

/// What is kept is the user's alone.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

/// Makes the names in a directory last.
fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Removes a file, unless somebody else has.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// An address as a file name.
fn encoded(address: &str) -> String {
    use std::fmt::Write as _;
    address.bytes().fold(String::new(), |mut name, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            name.push(char::from(byte));
        } else {
            let _ = write!(name, "%{byte:02X}");
        }
        name
    })
}

fn decoded(name: &str) -> Option<String> {
    let mut parts = name.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(part.get(..2)?, 16).ok()?);
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::delivery::AgentEvent;

    fn spool(directory: &tempfile::TempDir) -> Spool {
        Spool { directory: directory.path().join("hub") }
    }

    fn withdrawal(key: &str) -> Delivery {
        Delivery::new(Deed::Withdraw(key.into()))
    }

    fn event(bytes: usize) -> Delivery {
        let body = "x".repeat(bytes);
        Delivery::new(Deed::Event(AgentEvent { agent: "codex".into(), query: Vec::new(), body }))
    }

    fn numbers(spool: &Spool) -> Vec<u64> {
        spool.entries().expect("it can be read").iter().map(|entry| entry.number).collect()
    }

    #[test]
    fn an_address_is_a_file_name_and_back() {
        for address in ["http://localhost:9080", "https://desk:…@example.com/hub", "http://[::1]:9080"] {
            let name = encoded(address);
            assert!(!name.contains('/'), "{name}");
            assert_eq!(decoded(&name).as_deref(), Some(address));
        }
        assert_eq!(decoded("a%2"), None);
    }

    #[test]
    fn it_keeps_the_order_and_others_cannot_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().expect("a directory");
        let spool = spool(&directory);
        assert!(spool.is_empty());
        for key in ["a", "b", "c"] {
            spool.put(withdrawal(key)).expect("there is room");
        }
        // What a killed program has left.
        fs::write(spool.directory.join(UNFINISHED), "{").expect("it can be written");
        spool.put(withdrawal("d")).expect("there is room");
        let entries = spool.entries().expect("it can be read");
        let kept = entries.iter().map(|entry| match spool.read(entry).expect("it is whole").deed {
            Deed::Withdraw(key) => key,
            _ => panic!("only withdrawals were kept"),
        });
        assert_eq!(kept.collect::<Vec<_>>(), ["a", "b", "c", "d"]);
        let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
        assert_eq!((mode(&spool.directory), mode(&spool.path(&entries[0]))), (0o700, 0o600));
    }

    #[test]
    fn when_it_is_full_old_events_give_way_and_posts_never() {
        let directory = tempfile::tempdir().expect("a directory");
        let spool = spool(&directory);
        let quarter = usize::try_from(MAX_BYTES / 4).expect("it fits");
        spool.put(withdrawal("first")).expect("there is room");
        for _ in 0..3 {
            spool.put(event(quarter)).expect("there is room");
        }
        assert_eq!(numbers(&spool), [1, 2, 3, 4]);
        spool.put(event(quarter)).expect("an old event gives way");
        assert_eq!(numbers(&spool), [1, 3, 4, 5]);
        let huge = withdrawal(&"x".repeat(3 * quarter));
        spool.put(huge).expect("all events but one give way");
        assert_eq!(numbers(&spool), [1, 6]);
        spool.put(event(quarter)).expect_err("nothing is left that could give way");
        let full = spool.put(withdrawal(&"x".repeat(quarter))).expect_err("a post gives way to nothing");
        assert!(full.contains("the spool is full: 2 wait"), "{full}");
        assert_eq!(numbers(&spool), [1, 6]);
    }
}
